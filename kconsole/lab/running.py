"""The parts of a cluster that run, from its start to its stop: made anew by every start and every reset."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.lab import etcd
from kconsole.lab.access import Api, ApiAway, keep_doing
from kconsole.lab.apiserver.authentication import Authenticator
from kconsole.lab.apiserver.backends import MemoryBackend, Unavailable
from kconsole.lab.apiserver.etcd_backend import EtcdBackend
from kconsole.lab.apiserver.faults import Faults
from kconsole.lab.apiserver.journal import Journal
from kconsole.lab.apiserver.listener import ApiListener
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.store import Store
from kconsole.lab.balancer import Balancer
from kconsole.lab.clock import LabClock, SteppedClock
from kconsole.lab.components import ControlPlane
from kconsole.lab.controllers.lead import Controllers, Schedulers
from kconsole.lab.ground import releases
from kconsole.lab.ground.birth import Plan
from kconsole.lab.ground.folders import LabFolder
from kconsole.lab.ground.topology import Machine
from kconsole.lab.kubelets.heartbeats import Heartbeats
from kconsole.lab.kubelets.kubelet import Kubelet
from kconsole.lab.kubelets.pod_addresses import PodAddresses
from kconsole.lab.kubelets.pod_lifecycle import PodLifecycle
from kconsole.lab.kubelets.static_runtime import StaticPods
from kconsole.lab.scope import Scope, gather_all
from kconsole.lab.seeds import fleet, planting, providers, seeding, workloads
from kconsole.lab.seeds.node_objects import Running

log = logging.getLogger(__name__)

START_SECONDS = 60.0
_EVENTS_SECONDS = 300.0
_COMPACTION_SECONDS = 300.0
"""As kube-apiserver does: what was overwritten longer ago than that is forgotten, or etcd grows for ever."""


class RunningCluster:
    """Everything between `start` and `stop`."""

    def __init__(
        self, plan: Plan, folder: LabFolder, binary: etcd.EtcdBinary | None, *, seed: int, clock: LabClock
    ) -> None:
        version = plan.topology.version
        self.plan = plan
        self.clock = clock
        self.faults = Faults()
        self.journal = Journal()
        self.balancer = Balancer(plan.balancer)
        self.backend = EtcdBackend([]) if plan.etcd else None
        self.store = Store(self.backend or MemoryBackend())
        stepped = isinstance(clock, SteppedClock)
        self.registry = Registry(self.store, clock.now, seed=seed if stepped else None)
        self.api = Api(self.registry, self.balancer.up)
        self.control_plane = ControlPlane(
            store=self.store,
            backend=self.backend,
            balancer=self.balancer,
            controllers=Controllers(self.api, clock, grace_seconds=releases.monitor_grace_seconds(version)),
            schedulers=Schedulers(self.api, clock, seed=seed),
            binary=binary,
            birth={} if _has_etcd_data(plan, folder) else plan.members,
            safe_writes=folder.keep is not None,
            new_listener=self._listener,
        )
        self.kubelets = {machine.name: self._kubelet(machine, folder, seed) for machine in plan.topology.machines}
        self.static_pods = {
            name: StaticPods(kubelet, self.control_plane.runners, self.api, clock)
            for name, kubelet in self.kubelets.items()
            if kubelet.folder is not None
        }
        self._addresses = PodAddresses()
        self._seed = seed
        self._containers = Scope()
        self._loops = Scope()
        self._churning: asyncio.Task[None] | None = None
        self.churn = fleet.Churn(self.kubelets, self.api, seed)

    def _listener(self, node: str, version: str, tls: ssl.SSLContext) -> ApiListener:
        return ApiListener(
            self.registry,
            version=version,
            tls=tls,
            authenticator=Authenticator(),
            faults=self.faults,
            journal=self.journal,
            name=node,
        )

    def _kubelet(self, machine: Machine, folder: LabFolder, seed: int) -> Kubelet:
        version, provider = self.plan.topology.version, self.plan.topology.provider
        bulky = self.plan.is_fleet and not machine.control_plane
        running = Running.first(machine, version)
        return Kubelet(
            machine,
            providers.as_run_by(running, machine, provider) if provider else running,
            api=self.api,
            clock=self.clock,
            folder=folder.node(machine.name) if self.plan.has_folder(machine) else None,
            images=fleet.images(machine, seed) if bulky else _images(version),
            dress=lambda node: self._dressed(node, machine),
            hidden=machine.control_plane and bool(provider),
            quiet=bulky,
        )

    def _dressed(self, node: dict[str, Any], machine: Machine) -> dict[str, Any]:
        if provider := self.plan.topology.provider:
            node = providers.dressed(node, machine, provider)
        if machine.control_plane or not self.plan.is_fleet:
            return node
        workers = self.plan.topology.workers
        pods = machine.name in {one.name for one in workers[: fleet.MOST_WITH_PODS]}
        return fleet.with_bulk(node, machine, self._seed, self.clock.now(), pods=pods)

    async def start(self) -> None:
        """Start everything; returns when the API answers, the nodes are registered and the pods are there."""
        with unhurried_collector() if self.plan.is_fleet else contextlib.nullcontext():
            await self._start()

    async def _start(self) -> None:
        self._containers.open()
        self._loops.open()
        self.balancer.reserve()
        for static in self.static_pods.values():
            self._containers.spawn(static.run())
        await self._until_api_answers(self.plan.topology.control_planes[:1])
        fresh = not seeding.is_seeded(self.api)
        if fresh:
            await seeding.seed_cluster(self.api, self.plan.topology, server=self.plan.server)
        for kubelet in self.kubelets.values():
            await kubelet.start()
        if fresh:
            await planting.seed_workloads(self.api, self.plan.topology, self.clock, self._addresses)
        else:
            self._remember_addresses()
        await self._until_api_answers(self.plan.topology.control_planes)
        self.control_plane.born()
        lifecycle = PodLifecycle(
            self.kubelets,
            self.api,
            self.clock,
            addresses=self._addresses,
            seed=self._seed,
            minor=releases.minor_of(self.plan.topology.version),
        )
        self._loops.spawn(lifecycle.run())
        self._loops.spawn(Heartbeats(self.kubelets, self.api, self.clock).run())
        self._loops.spawn(keep_doing(self._forget_old_events, self.api, self.clock))
        if self.backend is not None:
            self._loops.spawn(self._compact(self.backend))

    async def _until_api_answers(self, machines: Iterable[Machine]) -> None:
        """Wait for the API servers of `machines`. KconsoleError says what is in the way."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        for machine in machines:
            while machine.name not in self.control_plane.listeners:
                static = self.static_pods[machine.name]
                reason = static.why_not("etcd") or static.why_not("kube-apiserver")
                if loop.time() > deadline or (reason and self.plan.kept is False):
                    raise KconsoleError(
                        _("The control plane of {node} does not come up: {reason}").format(
                            node=machine.name, reason=reason or _("it took too long.")
                        )
                    )
                await asyncio.sleep(0.01)

    def _remember_addresses(self) -> None:
        for pod in self.api.list("pods"):
            address = (pod.get("status") or {}).get("podIP")
            if address:
                self._addresses.use(address)

    async def _forget_old_events(self) -> None:
        while True:
            await self.clock.sleep(_EVENTS_SECONDS)
            with contextlib.suppress(ApiAway):
                await self.registry.expire_events()

    async def _compact(self, backend: EtcdBackend) -> None:
        while True:
            revision = self.store.revision
            await self.clock.sleep(_COMPACTION_SECONDS)
            with contextlib.suppress(Unavailable):  # etcd is away, or was restored to before that revision
                await backend.compact(revision)

    async def set_churn(self, rate: float) -> None:
        """Change `rate` nodes a second from now on; 0 stops it."""
        if self._churning is not None:
            self._churning.cancel()
            await asyncio.wait([self._churning])
            self._churning = None
        if rate > 0:
            self._churning = self._loops.spawn(self.churn.run(rate))

    async def failed(self) -> None:
        """Wait until a part of it fails, and raise what it raised: a defect, never an ordinary event."""
        await gather_all(self._containers.failed(), self._loops.failed())

    async def stop(self) -> None:
        """Stop everything; nothing runs and no port is taken afterwards."""
        await self._loops.end()
        for static in self.static_pods.values():
            await static.stop(but="etcd")  # what still writes goes before what is written to
        await self._containers.end()
        await self.balancer.close()
        if self.plan.is_fleet:
            gc.unfreeze()
        if self.backend is not None:
            await self.backend.close()


@contextlib.contextmanager
def unhurried_collector() -> Iterator[None]:
    """Millions of objects are made that all stay: looking for garbage among them, now or later, would take seconds."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()


def _has_etcd_data(plan: Plan, folder: LabFolder) -> bool:
    return any((folder.node(name) / "var/lib/etcd/member").exists() for name in plan.addresses)


def _images(version: str) -> list[tuple[str, int]]:
    """What a node of the default cluster has pulled."""
    shapes = [w.shape for w in (*workloads.system(version, releases.coredns_tag(version)), *workloads.APPLICATIONS)]
    found = {shape.image.name: shape.image.size for shape in shapes}
    found[f"registry.k8s.io/pause:{releases.pause_tag(version)}"] = 320_448
    return sorted(found.items(), key=lambda image: -image[1])
