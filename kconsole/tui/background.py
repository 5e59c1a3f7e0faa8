"""Starting a task that belongs to an app or a screen and ends with it.

One seam over Textual's workers: never fire-and-forget, a failure is reported by the app, and the coroutine comes into
being only when the task begins, so that one that is replaced at once was never left waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def start(owner: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Run `work` beside the screen; another one of the same group of this owner is cancelled first."""
    owner.run_worker(cast("Any", work), group=group, exclusive=True, exit_on_error=False)
