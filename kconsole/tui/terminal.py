"""What the console must know of its terminal: how often to paint, whether it is busy, whether it is gone.

Asks the operating system and, guarded, Textual's output queue; draws nothing.
"""

from __future__ import annotations

import select
from collections.abc import Mapping
from typing import Any

from rich.console import Console

_HUNG_UP = select.POLLHUP | select.POLLERR | select.POLLNVAL


def paints_per_second(wanted: int, environ: Mapping[str, str]) -> int:
    """How often the table may be painted: as the person set it, else four times over SSH and ten locally."""
    return wanted or (4 if environ.get("SSH_CONNECTION") else 10)


def few_colours(console: Console, environ: Mapping[str, str]) -> bool:
    """Whether a theme of the terminal's own sixteen colours is the right one, or none are wanted at all."""
    return "NO_COLOR" in environ or console.color_system in (None, "standard")


def is_busy(driver: Any) -> bool:
    """Whether the terminal still has to take the frames before; painting more would only make the screen older.

    Reads a private queue of Textual's driver, for which there is no public way; where it is missing, nothing is busy.
    """
    queue = getattr(getattr(driver, "_writer_thread", None), "_queue", None)
    return queue is not None and queue.qsize() > 1


def is_gone(descriptor: int) -> bool:
    """Whether the other end of standard input has hung up: nobody is left to answer to."""
    poll = select.poll()
    try:
        poll.register(descriptor, 0)
        return any(event & _HUNG_UP for _descriptor, event in poll.poll(0))
    except (OSError, ValueError):
        return True
