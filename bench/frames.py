"""The console with a clock on each frame: `python -m bench.frames KUBECONFIG`, run by the scale section.

Times what Textual does between deciding to paint and having handed the bytes to the terminal; writes the milliseconds
of every frame to the file that BENCH_OUT names when it is ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from kconsole.cli.console import prepare_textual


def main(kubeconfig: str) -> None:
    """Run the real console."""
    prepare_textual()
    from textual.screen import Screen

    from kconsole.settings import Settings
    from kconsole.tui.app import run_console

    frames: list[float] = []
    paint = Screen._on_timer_update

    def timed(self: Screen[Any]) -> None:
        begun, dirty = time.perf_counter(), bool(self._dirty_widgets)
        paint(self)
        if dirty:
            frames.append((time.perf_counter() - begun) * 1000)

    Screen._on_timer_update = timed  # type: ignore[method-assign]
    try:
        run_console(Settings(), kubeconfig=kubeconfig, context=None)
    finally:
        Path(os.environ["BENCH_OUT"]).write_text(json.dumps(frames))


if __name__ == "__main__":
    main(sys.argv[1])
