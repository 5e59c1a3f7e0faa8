"""Counting the pods of the nodes on the screen, a few at a time, each every so often.

Asks through a function it is given; never asks about nodes out of sight, since a cluster may have thousands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from kconsole.errors import KconsoleError
from kconsole.kube.deadline import within
from kconsole.model.nodes import Node

AT_ONCE = 4
_SETTLE = 0.3
"""Seconds to wait after the view moved, so that paging through a long table asks nothing."""


class PodCounts:
    """Counts until cancelled. `tell` gets counts by node; None: could not be counted."""

    def __init__(
        self,
        count: Callable[[Node], Awaitable[int]],
        wanted: Callable[[], Sequence[Node]],
        tell: Callable[[Mapping[str, int | None]], None],
        every: float,
    ) -> None:
        self._count, self._wanted, self._tell, self._every = count, wanted, tell, every
        self._counted: dict[str, float] = {}
        self._moved = asyncio.Event()

    def look_again(self) -> None:
        """Other nodes may be in view now."""
        self._moved.set()

    async def run(self) -> None:
        """Count what is in view, then again when it is due or something else is in view."""
        loop = asyncio.get_running_loop()
        while True:
            self._moved.clear()
            for few in self._due(loop.time()):
                counts = await asyncio.gather(*(self._one(node) for node in few))
                self._tell({node.name: count for node, count in zip(few, counts, strict=True)})
                self._counted.update(dict.fromkeys((node.name for node in few), loop.time()))
                if self._moved.is_set():
                    break
            await self._wait(loop.time())
            await asyncio.sleep(_SETTLE)

    def _due(self, now: float) -> list[Sequence[Node]]:
        due = [node for node in self._wanted() if now - self._counted.get(node.name, -self._every) >= self._every]
        return [due[at : at + AT_ONCE] for at in range(0, len(due), AT_ONCE)]

    async def _wait(self, now: float) -> None:
        """Until the view moved or the next count is due."""
        oldest = min((self._counted.get(node.name, now) for node in self._wanted()), default=now)
        try:
            await within(max(0.0, oldest + self._every - now), self._moved.wait())
        except asyncio.TimeoutError:
            return

    async def _one(self, node: Node) -> int | None:
        try:
            return await self._count(node)
        except KconsoleError:
            return None
