"""When kubelets speak: a lease every 10 s, a status every 5 min, and at once when the cluster has given a node up.

One loop for all kubelets, however many, by the lab's clock.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping

from kconsole.lab.access import LISTED, Api, ApiAway, keep_doing
from kconsole.lab.clock import LabClock
from kconsole.lab.kubelets.kubelet import Kubelet, ready_status
from kconsole.lab.scope import gather_all

LEASE_SECONDS = 10.0
STATUS_SECONDS = 300.0


class Heartbeats:
    """The heartbeats of `kubelets`, which may grow and shrink meanwhile."""

    def __init__(self, kubelets: Mapping[str, Kubelet], api: Api, clock: LabClock) -> None:
        self._kubelets = kubelets
        self._api = api
        self._clock = clock
        self._cordoned: dict[str, bool] = {}

    async def run(self) -> None:
        """Until cancelled."""
        await gather_all(
            self._beat(LEASE_SECONDS, Kubelet.renew_lease),
            self._beat(STATUS_SECONDS, Kubelet.post_status),
            keep_doing(self._notice, self._api, self._clock),
        )

    async def _beat(self, period: float, act: Callable[[Kubelet], Awaitable[None]]) -> None:
        """Each kubelet once a period, spread over it, so that thousands do not all speak at once."""
        due: list[tuple[float, str]] = []
        known: set[str] = set()
        while True:
            now = self._clock.elapsed()
            fresh = sorted(self._kubelets.keys() - known)
            for place, name in enumerate(fresh):
                heapq.heappush(due, (now + period * (place + 1) / len(fresh), name))
            known |= set(fresh)
            while due and due[0][0] <= now:
                moment, name = heapq.heappop(due)
                kubelet = self._kubelets.get(name)
                if kubelet is None:
                    known.discard(name)
                    continue
                heapq.heappush(due, (max(moment + period, now + period / 2), name))
                if kubelet.alive:
                    await self._speak(kubelet, act)
            wait = due[0][0] - self._clock.elapsed() if due else period
            await self._clock.sleep(min(max(wait, period / 200), period))

    async def _speak(self, kubelet: Kubelet, act: Callable[[Kubelet], Awaitable[None]]) -> None:
        try:
            await act(kubelet)
        except ApiAway:
            await asyncio.sleep(0)  # the next one is due soon enough, as a real kubelet's is

    async def _notice(self) -> None:
        """React to what others did to the nodes: given up while alive, cordoned, made schedulable again."""
        async for kind, obj in self._api.follow("nodes"):
            for node in obj["items"] if kind == LISTED else [obj]:
                name = node["metadata"]["name"]
                kubelet = self._kubelets.get(name)
                if kind == "DELETED" or kubelet is None:
                    self._cordoned.pop(name, None)
                    continue
                if kubelet.alive and ready_status(node) == "Unknown":
                    await kubelet.post_status()
                await self._tell_schedulability(kubelet, cordoned=bool(node["spec"].get("unschedulable")))

    async def _tell_schedulability(self, kubelet: Kubelet, *, cordoned: bool) -> None:
        before = self._cordoned.get(kubelet.name, False)
        self._cordoned[kubelet.name] = cordoned
        if cordoned != before and kubelet.alive:
            reason = "NodeNotSchedulable" if cordoned else "NodeSchedulable"
            await kubelet.tell(reason, f"Node {kubelet.name} status is now: {reason}")
