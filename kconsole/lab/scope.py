"""Tasks that end with whoever started them, and whose failures are not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any


class Scope:
    """`async with Scope() as scope: scope.spawn(…)`: on leaving, every task is cancelled and has ended.

    A task that fails makes `failure` done with its exception, for whoever waits on it; else it is raised on leaving.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: asyncio.Future[None] | None = None
        self._told = False

    def open(self) -> None:
        """Begin; `end` is then the caller's to call."""
        self._failure = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Scope:
        self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()
        assert self._failure is not None
        if self._failure.done() and not self._failure.cancelled():
            failed = self._failure.exception()
            if failed is not None and error is None and not self._told:
                raise failed
        self._failure.cancel()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` until it ends or the scope does."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        if self._failure is not None and not self._failure.done():
            self._failure.set_exception(task.exception() or RuntimeError("a task failed"))

    async def failed(self) -> None:
        """Wait until a task fails, and raise what it raised."""
        assert self._failure is not None
        self._told = True
        await asyncio.shield(self._failure)

    async def end(self) -> None:
        """Cancel every task and wait until all have ended."""
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def gather_all(*works: Coroutine[Any, Any, Any]) -> None:
    """Run `works` together until the first fails or all end; none goes on after that."""
    tasks = [asyncio.get_running_loop().create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
