"""What kubelets do with the pods bound to their nodes: start new ones, and end those that are being deleted.

Containers are pretended: a pod starts a moment after it was bound and stops within its grace period. Mirror pods are
not touched; they belong to `static_runtime`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import random
from collections.abc import Mapping
from typing import Any

from kconsole.lab import pod_objects
from kconsole.lab.access import LISTED, Api, ApiAway, keep_doing
from kconsole.lab.clock import LabClock
from kconsole.lab.kubelet import Kubelet
from kconsole.lab.scope import Scope

Object = dict[str, Any]

MIRROR = "kubernetes.io/config.mirror"
_RETRY_SECONDS = 2.0


class PodAddresses:
    """The next address of each node's pod range, round and round, leaving out those that are in use."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}
        self._in_use: set[str] = set()

    def use(self, address: str) -> None:
        """`address` is a pod's already."""
        self._in_use.add(address)

    def free(self, address: str) -> None:
        """Its pod is gone."""
        self._in_use.discard(address)

    def next(self, cidr: str) -> str:
        """A free address in `cidr`; one in use when there is no other."""
        network = ipaddress.ip_network(cidr)
        size = network.num_addresses - 3
        for _ in range(size):
            count = self._given.get(cidr, 0)
            self._given[cidr] = count + 1
            address = str(network[2 + count % size])
            if address not in self._in_use:
                break
        self._in_use.add(address)
        return address


class PodLifecycle:
    """The pods of all `kubelets`."""

    def __init__(
        self,
        kubelets: Mapping[str, Kubelet],
        api: Api,
        clock: LabClock,
        *,
        addresses: PodAddresses,
        seed: int,
    ) -> None:
        self._kubelets = kubelets
        self._api = api
        self._clock = clock
        self._addresses = addresses
        self._chance = random.Random(seed)  # noqa: S311 - how long a pretended container takes
        self._busy: set[tuple[str, str]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        async with Scope() as scope:
            scope.spawn(keep_doing(lambda: self._follow(scope), self._api, self._clock))
            await scope.failed()

    async def _follow(self, scope: Scope) -> None:
        async for kind, obj in self._api.follow("pods"):
            if kind == "DELETED":
                self._addresses.free((obj.get("status") or {}).get("podIP", ""))
            for pod in obj["items"] if kind == LISTED else [obj] if kind != "DELETED" else []:
                metadata = pod["metadata"]
                work = "end" if "deletionTimestamp" in metadata else "start" if _is_new(pod) else ""
                job = (str(metadata["uid"]), work)
                ours = pod["spec"].get("nodeName") in self._kubelets and MIRROR not in metadata.get("annotations", {})
                if work and ours and job not in self._busy:
                    self._busy.add(job)
                    scope.spawn(self._work(pod, job))

    async def _work(self, pod: Object, job: tuple[str, str]) -> None:
        act = self._end if job[1] == "end" else self._start
        try:
            while True:
                with contextlib.suppress(ApiAway):
                    await self._kubelet_alive(pod)
                    await act(pod)
                    return
                await self._clock.sleep(_RETRY_SECONDS)
        finally:
            self._busy.discard(job)

    async def _kubelet_alive(self, pod: Object) -> None:
        """A stopped kubelet neither starts nor ends a pod; when it comes back, it catches up."""
        await self._kubelets[pod["spec"]["nodeName"]].awake.wait()

    async def _start(self, pod: Object) -> None:
        kubelet = self._kubelets[pod["spec"]["nodeName"]]
        address = kubelet.machine.internal_ip
        creating = pod_objects.creating(pod, host_ip=address, now=self._clock.now())
        await self._post(pod, creating)
        await self._clock.sleep(self._chance.uniform(0.4, 1.6))
        own = address if pod["spec"].get("hostNetwork") else self._addresses.next(kubelet.machine.pod_cidr)
        await self._post(pod, pod_objects.running(pod, host_ip=address, pod_ip=own, now=self._clock.now()))
        for container in pod["spec"]["containers"]:
            name = container["name"]
            await self._api.event(
                pod, "Started", f"Started container {name}", source="kubelet", host=kubelet.machine.name
            )

    async def _post(self, pod: Object, status: Object) -> None:
        uid = pod["metadata"]["uid"]

        def post(present: Object) -> Object | None:
            if present["metadata"]["uid"] != uid or "deletionTimestamp" in present["metadata"]:
                return None
            return present | {"status": status}

        metadata = pod["metadata"]
        await self._api.change("pods", metadata["namespace"], metadata["name"], post, subresource="status")

    async def _end(self, pod: Object) -> None:
        metadata, node = pod["metadata"], pod["spec"]["nodeName"]
        for container in pod["spec"]["containers"]:
            message = f"Stopping container {container['name']}"
            await self._api.event(pod, "Killing", message, source="kubelet", host=node)
        grace = float(metadata.get("deletionGracePeriodSeconds") or 0)
        await self._clock.sleep(min(grace, self._chance.uniform(0.5, 2.0)))
        await self._api.delete("pods", metadata["namespace"], metadata["name"], grace_seconds=0, uid=metadata["uid"])


def _is_new(pod: Object) -> bool:
    status = pod.get("status") or {}
    return bool(pod["spec"].get("nodeName")) and status.get("phase") == "Pending" and "startTime" not in status
