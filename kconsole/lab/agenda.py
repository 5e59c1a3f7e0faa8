"""What is to be done, and when: keys that become due by the lab's clock, each at most once.

The one queue that controllers, the scheduler and the kubelets take their work from. What the keys mean is theirs.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Hashable
from typing import Generic, TypeVar

from kconsole.lab.clock import LabClock

Key = TypeVar("Key", bound=Hashable)
_LEAST_SECONDS = 0.001


class Agenda(Generic[Key]):
    """Keys with the moment each is due; a key noted again keeps the earlier moment."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, int, Key]] = []
        self._order = itertools.count()
        self._noted = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def note(self, key: Key, after: float = 0.0) -> None:
        """`key` is due `after` seconds from now, or earlier if it already was."""
        moment = self._moment(after)
        present = self._due.get(key)
        if present is None or moment < present:
            self._put(key, moment)

    def move(self, key: Key, after: float) -> None:
        """`key` is due `after` seconds from now, whatever it was before."""
        self._put(key, self._moment(after))

    def _moment(self, after: float) -> float:
        """Never so soon that rounding would make it now: whoever waits for the rest of a span would spin."""
        return self._clock.elapsed() + (max(after, _LEAST_SECONDS) if after > 0 else 0.0)

    def _put(self, key: Key, moment: float) -> None:
        self._due[key] = moment
        heapq.heappush(self._heap, (moment, next(self._order), key))
        self._noted.set()

    def drop(self, key: Key) -> None:
        """`key` is not due any more."""
        self._due.pop(key, None)

    async def next(self) -> Key:
        """The key that is due first, once it is; it is then no longer noted."""
        while True:
            while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
                heapq.heappop(self._heap)
            wait = self._heap[0][0] - self._clock.elapsed() if self._heap else None
            if wait is not None and wait <= 0:
                key = heapq.heappop(self._heap)[2]
                del self._due[key]
                return key
            self._noted.clear()
            await self._pause(wait)

    async def _pause(self, wait: float | None) -> None:
        """Until something is noted, or `wait` seconds have passed."""
        if wait is None:
            await self._noted.wait()
            return
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(self._clock.sleep(wait)), loop.create_task(self._noted.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
