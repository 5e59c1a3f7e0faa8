"""kube-controller-manager and kube-scheduler as processes: many may be there, one leads, and a Lease says which."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence
from typing import Any

from kconsole.lab.access import Api, keep_doing
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers.budgets import Budgets
from kconsole.lab.controllers.daemonsets import DaemonSets
from kconsole.lab.controllers.deployments import Deployments
from kconsole.lab.controllers.endpoints import Endpoints
from kconsole.lab.controllers.garbage import Garbage
from kconsole.lab.controllers.jobs import Jobs
from kconsole.lab.controllers.loop import Controller
from kconsole.lab.controllers.lost_nodes import PodGarbage, TaintEviction
from kconsole.lab.controllers.namespaces import Namespaces
from kconsole.lab.controllers.nodes import NodeHealth, follow_taints
from kconsole.lab.controllers.replicasets import Replicas
from kconsole.lab.controllers.statefulsets import StatefulSets
from kconsole.lab.controllers.volumes import Attachments, Claims
from kconsole.lab.scheduling.loop import Scheduler
from kconsole.lab.scope import gather_all
from kconsole.lab.stamps import micro_stamp

Object = dict[str, Any]

LEASE_SECONDS = 15
_RENEW_SECONDS = 2.0


class Leadership:
    """Of several copies of a component one leads at a time. A lock decides; the Lease tells everybody."""

    def __init__(self, component: str, api: Api, clock: LabClock) -> None:
        self._component = component
        self._api = api
        self._clock = clock
        self._leading = asyncio.Lock()
        self._terms = 0

    async def lead(self, node: str, *works: Callable[[], Any]) -> None:
        """As the copy on `node`: wait to lead, then do all `works` until cancelled, again whenever the API was away."""
        async with self._leading:
            self._terms += 1
            holder = f"{node}_{self._component}-{self._terms}"
            loops = [keep_doing(work, self._api, self._clock) for work in works]
            await gather_all(*loops, keep_doing(lambda: self._renew(holder), self._api, self._clock))

    async def _renew(self, holder: str) -> None:
        def renew(lease: Object) -> Object:
            return _held(lease, holder, micro_stamp(self._clock.now()))

        metadata = {"name": self._component, "namespace": "kube-system"}
        lease: Object = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        while True:
            if await self._api.change("leases", "kube-system", self._component, renew) is None:
                with contextlib.suppress(ApiError):  # its namespace may not be there yet
                    await self._api.create("leases", renew(lease))
            await self._clock.sleep(_RENEW_SECONDS)


def _held(lease: Object, holder: str, now: str) -> Object:
    spec = lease.get("spec") or {}
    taken = spec.get("holderIdentity") != holder
    new = {
        "acquireTime": now if taken else spec["acquireTime"],
        "holderIdentity": holder,
        "leaseDurationSeconds": LEASE_SECONDS,
        "leaseTransitions": int(spec.get("leaseTransitions", -1)) + int(taken),
        "renewTime": now,
    }
    return {**lease, "spec": new}


class Controllers:
    """Every controller of a cluster."""

    def __init__(self, api: Api, clock: LabClock, *, grace_seconds: float) -> None:
        self._api = api
        self._clock = clock
        self._grace = grace_seconds
        self._leadership = Leadership("kube-controller-manager", api, clock)
        self.seeded = asyncio.Event()
        """Set once the first workloads are there; none of them is looked after before."""

    async def run(self, node: str) -> None:
        """As one control plane's kube-controller-manager: wait to lead, then lead until cancelled."""
        api, clock = self._api, self._clock
        await self._leadership.lead(
            node,
            lambda: follow_taints(api, clock),
            lambda: NodeHealth(api, clock, self._grace).run(),
            lambda: Namespaces(api, clock).run(),
            *(functools.partial(self._look_after, make) for make in self._makers()),
        )

    async def _look_after(self, make: Callable[[Api, LabClock], Controller]) -> None:
        """Run a controller of workloads, made anew whenever the API was away."""
        await self.seeded.wait()
        await make(self._api, self._clock).run()

    def _makers(self) -> Sequence[Callable[[Api, LabClock], Controller]]:
        sets = functools.partial(Replicas, kind="ReplicaSet", resource="replicasets", source="replicaset-controller")
        older = functools.partial(
            Replicas, kind="ReplicationController", resource="replicationcontrollers", source="replication-controller"
        )
        for_pods = (sets, older, Deployments, StatefulSets, DaemonSets, Jobs, Budgets)
        return (*for_pods, Garbage, TaintEviction, PodGarbage, Claims, Attachments, Endpoints)


class Schedulers:
    """The schedulers of a cluster."""

    def __init__(self, api: Api, clock: LabClock, *, seed: int) -> None:
        self._api = api
        self._clock = clock
        self._seed = seed
        self._leadership = Leadership("kube-scheduler", api, clock)
        self.seeded = asyncio.Event()
        """Set once the first workloads are there."""

    async def run(self, node: str) -> None:
        """As one control plane's kube-scheduler: wait to lead, then lead until cancelled."""
        await self._leadership.lead(node, self._schedule)

    async def _schedule(self) -> None:
        await self.seeded.wait()
        await Scheduler(self._api, self._clock, self._seed).run()
