"""Puts the default workloads into a new cluster: their controllers, their pods where they run, all at rest.

The same seed gives the same names on the same nodes. Controllers that start afterwards find nothing to do.
"""

from __future__ import annotations

import random
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import daemonsets, pods, revisions, statefulsets, volumes
from kconsole.lab.ground import releases
from kconsole.lab.ground.topology import Machine, Topology
from kconsole.lab.kubelets.pod_addresses import PodAddresses
from kconsole.lab.seeds import fleet, owner_objects, pod_objects, workloads
from kconsole.lab.seeds.workloads import BARE, DAEMON_SET, DEPLOYMENT, JOB, STATEFUL_SET, Workload
from kconsole.lab.stamps import stamp

Object = dict[str, Any]

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_FIRST_SERVICE = 20


async def seed_workloads(api: Api, topology: Topology, clock: LabClock, addresses: PodAddresses) -> None:
    """The default workloads, running, on the nodes of `topology`."""
    planter = _Planter(api, topology, clock, addresses)
    system = workloads.system(topology.version, releases.coredns_tag(topology.version))
    for workload in (*system, *workloads.APPLICATIONS):
        await planter.plant(workload)


class _Planter:
    """Stores one workload after another, dealing pods out to the workers in turn."""

    def __init__(self, api: Api, topology: Topology, clock: LabClock, addresses: PodAddresses) -> None:
        self._api = api
        self._machines = topology.shown[: fleet.MOST_WITH_PODS + len(topology.control_planes)]
        self._workers = [machine for machine in self._machines if not machine.control_plane]
        self._is_fleet = len(self._machines) < len(topology.shown)
        self._clock = clock
        self._addresses = addresses
        self._chance = random.Random(topology.seed)  # noqa: S311 - names of pods
        self._turn = 0
        self._services = _FIRST_SERVICE

    async def plant(self, workload: Workload) -> None:
        """Its controller, pods, service and budgets."""
        if workload.kind == DEPLOYMENT:
            await self._deployment(workload)
        elif workload.kind == STATEFUL_SET:
            await self._stateful_set(workload)
        elif workload.kind == DAEMON_SET:
            await self._daemon_set(workload)
        elif workload.kind == JOB:
            await self._job(workload)
        elif workload.kind == BARE:
            await self._bare(workload)
        if workload.port:
            self._services += 1
            await self._api.create("services", owner_objects.service(workload, f"10.96.14.{self._services}"))
        for wanted in workload.budgets:
            await self._api.create("poddisruptionbudgets", owner_objects.budget(workload, wanted, self._now))

    @property
    def _now(self) -> str:
        return stamp(self._clock.now())

    async def _deployment(self, workload: Workload) -> None:
        whole, one = owner_objects.deployment(workload, self._now)
        owner = await self._store("deployments", whole)
        one["metadata"]["ownerReferences"] = [pod_objects.owner_reference(owner)]
        one = await self._store("replicasets", one)
        for index in range(workload.replicas):
            name = f"{one['metadata']['name']}-{self._letters(5)}"
            await self._pod(workload, pods.from_template(one, one["spec"]["template"], name=name), index)

    async def _stateful_set(self, workload: Workload) -> None:
        owner = await self._store("statefulsets", owner_objects.stateful_set(workload))
        revision = await self._store("controllerrevisions", revisions.revision(owner, 1))
        status = owner_objects.stateful_status(workload.replicas, revision["metadata"]["name"])
        where = workload.namespace, workload.name
        await self._api.change("statefulsets", *where, lambda one: one | {"status": status}, subresource="status")
        for index in range(workload.replicas):
            machine = self._place(workload, index)
            for claim in statefulsets.claims(owner, f"{workload.name}-{index}"):
                await self._claim(claim, machine)
            hashed = revisions.hash_of(revision)
            body = statefulsets.new_pod(owner, index, owner["spec"]["template"], hashed)
            await self._pod(workload, body, index, machine)

    async def _claim(self, claim: Object, machine: Machine | None) -> None:
        """The claim with its volume, attached."""
        stored = await self._store("persistentvolumeclaims", claim)
        volume = await self._store("persistentvolumes", volumes.volume_for(stored))
        name, where = volume["metadata"]["name"], (stored["metadata"]["namespace"], stored["metadata"]["name"])
        await self._api.change("persistentvolumeclaims", *where, lambda one: volumes.bound(one, name))
        await self._api.change(
            "persistentvolumeclaims", *where, lambda one: volumes.bound(one, name), subresource="status"
        )
        if machine is not None:
            await self._api.create("volumeattachments", volumes.attachment(name, machine.name))

    async def _daemon_set(self, workload: Workload) -> None:
        selector = fleet.WITH_PODS if self._is_fleet else {}
        machines = self._workers if self._is_fleet else self._machines
        owner = await self._store("daemonsets", owner_objects.daemon_set(workload, len(machines), selector))
        revision = await self._store("controllerrevisions", revisions.revision(owner, 1))
        for index, machine in enumerate(machines):
            name, hashed = f"{workload.name}-{self._letters(5)}", revisions.hash_of(revision)
            await self._pod(workload, daemonsets.new_pod(owner, hashed, machine.name, name=name), index, machine)

    async def _job(self, workload: Workload) -> None:
        owner = await self._store("jobs", owner_objects.job(workload, self._now))
        body = pods.from_template(owner, owner["spec"]["template"], name=f"{workload.name}-{self._letters(5)}")
        body["metadata"]["labels"] = owner_objects.job_pod_labels(workload, owner["metadata"]["uid"])
        await self._pod(workload, body, 0)

    async def _bare(self, workload: Workload) -> None:
        labels = owner_objects.labels_of(workload)
        body = pod_objects.pod(workload.name, workload.namespace, workload.shape, labels=labels, owner=None, node=None)
        await self._pod(workload, body, 0)

    async def _pod(self, workload: Workload, body: Object, index: int, machine: Machine | None = None) -> None:
        machine = machine or self._place(workload, index)
        if machine is not None:
            body["spec"]["nodeName"] = machine.name
            body["status"] = self._status(workload, body, machine, first=index == 0)
        await self._api.create("pods", body)

    def _place(self, workload: Workload, index: int) -> Machine | None:
        """Where a pod runs; nowhere when it cannot, or when there are no workers."""
        if workload.state == "unschedulable" or not self._workers:
            return None
        if index < len(workload.on):
            return self._workers[workload.on[index] % len(self._workers)]
        self._turn += 1
        return self._workers[self._turn % len(self._workers)]

    def _status(self, workload: Workload, body: Object, machine: Machine, *, first: bool) -> Object:
        host, now = machine.internal_ip, self._clock.now()
        own = host if workload.shape.host_network else self._addresses.next(machine.pod_cidr)
        restarts = workload.restarts if first else 0
        if workload.state == "completed":
            return pod_objects.completed(body, host_ip=host, pod_ip=own, now=now)
        if workload.state == "crash-looping":
            return pod_objects.crash_looping(body, host_ip=host, pod_ip=own, now=now, restarts=restarts)
        return pod_objects.running(body, host_ip=host, pod_ip=own, now=now, restarts=restarts)

    def _letters(self, count: int) -> str:
        return "".join(self._chance.choices(_LETTERS, k=count))

    async def _store(self, resource: str, body: Object) -> Object:
        stored = await self._api.create(resource, body)
        if stored is None:
            raise ValueError(f"{resource} {body['metadata']['name']} was there before the cluster was")
        return stored
