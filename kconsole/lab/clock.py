"""The lab's time: real by default, faster or paused on request, stepped by hand in tests.

Speed scales delays (grace periods, heartbeats), never timestamps: `now` is always the wall clock, unless the clock is
stepped, where both move only by `step`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
import time

FASTEST = 10_000.0
_SETTLE_ROUNDS = 200
"""Turns of the event loop that whoever was woken gets before stepped time moves on."""


class LabClock:
    """Real time, at a speed: 1 is as it is, 60 makes a minute's delay last a second, 0 is paused."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self._speed = speed
        self._elapsed = 0.0
        self._since = time.monotonic()
        self._changed = asyncio.Event()

    def now(self) -> dt.datetime:
        """The time for timestamps, UTC."""
        return dt.datetime.now(dt.timezone.utc)

    @property
    def speed(self) -> float:
        """How many seconds of delay pass in one second."""
        return self._speed

    def elapsed(self) -> float:
        """Seconds of delay that have passed since the clock was made; what grace periods are measured with."""
        return self._elapsed + (time.monotonic() - self._since) * self._speed

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on; delays already begun go on at the new one. ValueError outside 0…10,000."""
        if not 0 <= speed <= FASTEST:
            raise ValueError(f"speed {speed:g} is not between 0 (paused) and {FASTEST:g}")
        self._jump(0.0, speed)

    async def step(self, seconds: float) -> None:
        """Let `seconds` of delay pass at once."""
        if seconds < 0:
            raise ValueError("time steps forward only")
        self._jump(seconds, self._speed)

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of delay."""
        due = self.elapsed() + seconds
        while (left := due - self.elapsed()) > 0:
            changed = self._changed
            try:
                await asyncio.wait_for(changed.wait(), left / self._speed if self._speed else None)
            except asyncio.TimeoutError:
                continue
        await asyncio.sleep(0)

    def _jump(self, seconds: float, speed: float) -> None:
        self._elapsed, self._since = self.elapsed() + seconds, time.monotonic()
        self._speed = speed
        self._changed.set()
        self._changed = asyncio.Event()


class SteppedClock(LabClock):
    """Time that stands still until `step`: the same steps wake the same sleepers in the same order, every time."""

    def __init__(self, start: dt.datetime) -> None:
        super().__init__(speed=0.0)
        self._start = start
        self._passed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> dt.datetime:
        """The start plus what was stepped."""
        return self._start + dt.timedelta(seconds=self._passed)

    def elapsed(self) -> float:
        """What was stepped, in seconds."""
        return self._passed

    def set_speed(self, speed: float) -> None:
        """ValueError: a stepped clock has no speed."""
        raise ValueError("this lab's clock moves only by steps")

    async def step(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own moment and letting it act before time moves further."""
        if seconds < 0:
            raise ValueError("time steps forward only")
        target = self._passed + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due, _, future = heapq.heappop(self._sleepers)
            self._passed = max(self._passed, due)
            if not future.done():
                future.set_result(None)
                await self._settle()
        self._passed = target
        await self._settle()

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` have been stepped."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + seconds, next(self._order), future))
        await future

    async def _settle(self) -> None:
        for _ in range(_SETTLE_ROUNDS):
            await asyncio.sleep(0)
