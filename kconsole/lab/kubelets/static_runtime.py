"""The static Pods of one node: the manifests folder read again and again, what it asks for run, the rest stopped.

Runs whatever `runners` knows by the name of the first container; any other manifest is a container that does nothing.
Publishes a mirror pod for each. A container that ends by itself is started again, after a back-off by the lab's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kconsole.lab.access import Api, ApiAway
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.clock import LabClock
from kconsole.lab.ground.manifests import MANIFESTS
from kconsole.lab.kubelets.kubelet import Kubelet
from kconsole.lab.kubelets.pod_lifecycle import MIRROR
from kconsole.lab.kubelets.static_pods import StaticPod, fingerprint, read_manifests
from kconsole.lab.seeds import pod_objects
from kconsole.lab.stamps import micro_stamp

Object = dict[str, Any]
log = logging.getLogger(__name__)

SYNC_SECONDS = 0.5
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 300.0


@dataclass(frozen=True)
class Place:
    """Where a container runs: its node, the node's root folder, and a scratch folder that is gone when it ends."""

    node: str
    root: Path
    scratch: Path
    log: Path
    ready: Callable[[bool], None]
    """Tells whether the container answers its probes."""

    def real(self, pod: StaticPod, path: str) -> Path:
        """The real file behind a path inside the container."""
        return pod.real(path, root=self.root, scratch=self.scratch)


Runner = Callable[[StaticPod, Place], Awaitable[None]]
"""Runs a container until it ends by itself (returns or raises ContainerFailed) or is cancelled, leaving nothing."""


class ContainerFailed(Exception):
    """The container could not start or ended with an error; the message says why."""


@dataclass
class _Running:
    pod: StaticPod
    task: asyncio.Task[None]
    restarts: int = 0
    ready: bool = False
    reason: str = ""
    """Why it last ended."""


class StaticPods:
    """What the manifests folder of `kubelet`'s node asks for."""

    def __init__(self, kubelet: Kubelet, runners: Mapping[str, Runner], api: Api, clock: LabClock) -> None:
        if kubelet.folder is None:
            raise ValueError("a node without a folder has no manifests")
        self._kubelet = kubelet
        self._folder = kubelet.folder
        self._runners = runners
        self._api = api
        self._clock = clock
        self._running: dict[str, _Running] = {}
        self._held: set[str] = set()
        self._seen: object = None
        self._syncing = asyncio.Lock()
        self._published: dict[str, tuple[str, bool, int]] | None = None

    async def run(self) -> None:
        """Until cancelled; then everything that runs here is stopped."""
        try:
            while True:
                if self._kubelet.alive or self._seen is None:
                    await self.sync()
                    with contextlib.suppress(ApiAway, ApiError):
                        await self._publish_mirrors()
                await asyncio.sleep(SYNC_SECONDS if self._running else 2 * SYNC_SECONDS)
                for one in list(self._running.values()):
                    if one.task.done():  # nothing but a defect ends it
                        one.task.result()
        finally:
            await self.stop()

    async def sync(self) -> None:
        """Start what the folder newly asks for, stop what it no longer does; something rewritten is both."""
        async with self._syncing:
            await self._sync()

    async def _sync(self) -> None:
        seen = (fingerprint(self._folder / MANIFESTS), frozenset(self._held))
        if seen == self._seen:
            return
        pods, problems = read_manifests(self._folder / MANIFESTS)
        for problem in problems:
            log.warning("%s: %s", self._kubelet.name, problem)
        wanted = {name: pod for name, pod in pods.items() if pod.component not in self._held}
        digests = {name: pod.digest for name, pod in wanted.items()}
        await self._stop([name for name, one in self._running.items() if digests.get(name) != one.pod.digest])
        for name, pod in wanted.items():
            if name not in self._running:
                self._start(pod)
        self._seen = seen

    def _start(self, pod: StaticPod) -> None:
        task = asyncio.get_running_loop().create_task(self._keep_running(pod))
        self._running[pod.name] = _Running(pod, task)

    async def _keep_running(self, pod: StaticPod) -> None:
        runner = self._runners.get(pod.component, _idle)
        backoff = _FIRST_BACKOFF
        while True:
            place = self._place(pod)
            began = self._clock.elapsed()
            try:
                await runner(pod, place)
                reason = "it ended"
            except (ContainerFailed, OSError) as failure:
                reason = str(failure)
            finally:
                shutil.rmtree(place.scratch, ignore_errors=True)
            one = self._running.get(pod.name)
            if one is not None:
                one.ready, one.restarts, one.reason = False, one.restarts + 1, reason
            log.warning("%s: %s: %s", self._kubelet.name, pod.name, reason)
            if self._clock.elapsed() - began > _LONGEST_BACKOFF:
                backoff = _FIRST_BACKOFF
            await self._clock.sleep(backoff)
            await self._kubelet.awake.wait()  # nobody starts a container again where the kubelet is down
            backoff = min(backoff * 2, _LONGEST_BACKOFF)

    def _place(self, pod: StaticPod) -> Place:
        def ready(yes: bool) -> None:
            one = self._running.get(pod.name)
            if one is not None and one.pod is pod:
                one.ready = yes

        return Place(
            node=self._kubelet.name,
            root=self._folder,
            scratch=self._folder.parent.parent / "containers" / f"{self._kubelet.name}-{pod.name}",
            log=self._folder.joinpath(
                "var/log/pods", f"kube-system_{pod.name}-{self._kubelet.name}_{pod.digest}", pod.component, "0.log"
            ),
            ready=ready,
        )

    def is_ready(self, component: str) -> bool:
        """Whether a container of that name runs here and answers."""
        return any(one.ready for one in self._running.values() if one.pod.component == component)

    def why_not(self, component: str) -> str:
        """Why a container of that name last ended; empty when nothing is known."""
        return next((one.reason for one in self._running.values() if one.pod.component == component), "")

    async def hold(self, component: str) -> None:
        """Stop a component and keep it stopped, whatever the folder says: a fault."""
        self._held.add(component)
        await self.sync()

    async def release(self, component: str) -> None:
        """End such a fault."""
        self._held.discard(component)
        await self.sync()

    @property
    def held(self) -> frozenset[str]:
        """The components kept stopped by a fault."""
        return frozenset(self._held)

    async def stop(self, *, but: str = "") -> None:
        """Stop everything that runs here, except the component `but`."""
        await self._stop([name for name, one in self._running.items() if one.pod.component != but])

    async def _stop(self, names: list[str]) -> None:
        tasks = [self._running.pop(name).task for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _publish_mirrors(self) -> None:
        """One pod in the API for each static Pod, and none for those that are gone."""
        node = await self._api.get("nodes", None, self._kubelet.name)
        if node is None:
            return
        wanted: dict[str, tuple[str, bool, int]] = {}
        for one in list(self._running.values()):
            name = f"{one.pod.name}-{self._kubelet.name}"
            wanted[name] = (one.pod.digest, one.ready, one.restarts)
            present = await self._api.get("pods", "kube-system", name)
            digest = present and present["metadata"].get("annotations", {}).get("kubernetes.io/config.hash")
            if present is not None and (digest != one.pod.digest or "deletionTimestamp" in present["metadata"]):
                await self._api.delete("pods", "kube-system", name, grace_seconds=0)
                present = None
            if present is None:
                await self._api.create("pods", self._mirror(one, name, node))
            elif (self._published or {}).get(name) != wanted[name]:
                await self._post(name, self._status(one, present))
        if self._published is None or self._published.keys() != wanted.keys():
            for pod in self._api.list("pods", "kube-system", fields=f"spec.nodeName={self._kubelet.name}"):
                metadata = pod["metadata"]
                if MIRROR in metadata.get("annotations", {}) and metadata["name"] not in wanted:
                    await self._api.delete("pods", "kube-system", metadata["name"], grace_seconds=0)
        self._published = wanted

    async def _post(self, name: str, status: Object) -> None:
        await self._api.change("pods", "kube-system", name, lambda pod: pod | {"status": status}, subresource="status")

    def _mirror(self, one: _Running, name: str, node: Object) -> Object:
        body = one.pod.body
        now = self._clock.now()
        metadata = dict(body["metadata"]) | {
            "name": name,
            "annotations": {
                **(body["metadata"].get("annotations") or {}),
                "kubernetes.io/config.hash": one.pod.digest,
                MIRROR: one.pod.digest,
                "kubernetes.io/config.seen": micro_stamp(now),
                "kubernetes.io/config.source": "file",
            },
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "controller": True,
                    "kind": "Node",
                    "name": self._kubelet.name,
                    "uid": node["metadata"]["uid"],
                }
            ],
        }
        tolerations = [{"effect": "NoExecute", "operator": "Exists"}]
        spec = dict(body["spec"]) | {"nodeName": self._kubelet.name, "tolerations": tolerations}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        return pod | {"status": self._status(one, pod)}

    def _status(self, one: _Running, pod: Object) -> Object:
        address, now = self._kubelet.machine.internal_ip, self._clock.now()
        status = pod_objects.running(pod, host_ip=address, pod_ip=address, now=now, restarts=one.restarts)
        if not one.ready:
            status = pod_objects.not_ready(pod, host_ip=address, pod_ip=address, now=now, restarts=one.restarts)
        started = (pod.get("status") or {}).get("startTime")
        return status | ({"startTime": started} if started else {})


async def _idle(pod: StaticPod, place: Place) -> None:
    """A container that runs and does nothing, until it is stopped."""
    place.ready(True)
    await asyncio.get_running_loop().create_future()
