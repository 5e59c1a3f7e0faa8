"""Waiting at most so long, without ever losing a cancellation.

asyncio.wait_for of Python 3.10 and 3.11 swallows a cancellation that comes together with the result: a watch would then
go on after it was ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, doing: Coroutine[Any, Any, T], *, undo: Callable[[T], object] | None = None) -> T:
    """The result of `doing`; asyncio.TimeoutError after so many seconds. Either way nothing goes on behind.

    `undo` gets a result that came too late to be returned.
    """
    task = asyncio.ensure_future(doing)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if task.done():
            return task.result()
    except asyncio.CancelledError:
        await _end(task, undo)
        raise
    await _end(task, undo)
    raise asyncio.TimeoutError


async def _end(task: asyncio.Task[T], undo: Callable[[T], object] | None) -> None:
    task.cancel()
    await asyncio.wait({task})
    if undo is not None and not task.cancelled() and task.exception() is None:
        undo(task.result())
