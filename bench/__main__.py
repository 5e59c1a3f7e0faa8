"""`python -m bench [startup] [scale] [tables]`: everything, or the sections named."""

from __future__ import annotations

import os
import platform
import sys

from bench import scale, startup, tables

SECTIONS = {"startup": startup.measure, "scale": scale.measure, "tables": tables.measure}


def main(names: list[str]) -> int:
    """Print the sections named, or all."""
    unknown = set(names) - set(SECTIONS)
    if unknown:
        print(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores; medians; trust the ratios more than the seconds."
    )
    for name in names or SECTIONS:
        SECTIONS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
