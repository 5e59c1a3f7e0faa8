"""What the containers of a control plane really are here: an etcd process, an API listener, the controllers.

Each runs from its static Pod's flags and files, so that what a manifest says is what happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

from kconsole.lab import etcd
from kconsole.lab.apiserver.backends import Unavailable
from kconsole.lab.apiserver.etcd_backend import EtcdBackend
from kconsole.lab.apiserver.listener import ApiListener
from kconsole.lab.apiserver.store import Store
from kconsole.lab.balancer import Balancer
from kconsole.lab.controllers.lead import Controllers, Schedulers
from kconsole.lab.kubelets.static_pods import StaticPod
from kconsole.lab.kubelets.static_runtime import ContainerFailed, Place, Runner

log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.03
_PROBE_SECONDS = 2.0
_GRACE_SECONDS = 0.3
_KEPT_GRACE_SECONDS = 5.0
"""A member hands its leadership over first; when its peers stop too that takes seconds, worth it for kept data."""

NewListener = Callable[[str, str, ssl.SSLContext], ApiListener]
"""The listener of a node, which claims a version and serves with a TLS context."""


class ControlPlane:
    """What the control-plane containers of one cluster share."""

    def __init__(
        self,
        *,
        store: Store,
        backend: EtcdBackend | None,
        balancer: Balancer,
        controllers: Controllers,
        schedulers: Schedulers,
        binary: etcd.EtcdBinary | None,
        birth: Mapping[str, str],
        safe_writes: bool,
        new_listener: NewListener,
    ) -> None:
        self._store = store
        self._backend = backend
        self._balancer = balancer
        self._controllers = controllers
        self._schedulers = schedulers
        self._binary = binary
        self._birth = dict(birth)
        self._safe_writes = safe_writes
        self._new_listener = new_listener
        self._endpoints: dict[str, list[str]] = {}
        self._loading = asyncio.Lock()
        self._loaded = False
        self._serving: set[str] = set()
        self.listeners: dict[str, ApiListener] = {}
        self.members: dict[str, etcd.EtcdProcess] = {}

    @property
    def runners(self) -> Mapping[str, Runner]:
        """Each by the name of its container."""
        return {
            "etcd": self._run_etcd,
            "kube-apiserver": self._run_apiserver,
            "kube-controller-manager": self._run_controller_manager,
            "kube-scheduler": self._run_scheduler,
        }

    def born(self) -> None:
        """The cluster exists: members that start from now on go by their manifests alone."""
        self._birth.clear()
        self._controllers.seeded.set()
        self._schedulers.seeded.set()

    async def _run_etcd(self, pod: StaticPod, place: Place) -> None:
        if self._binary is None:
            raise ContainerFailed("no etcd program was found on this machine")
        data_dir = place.real(pod, pod.flags.get("data-dir", "/default.etcd"))
        unborn = place.node in self._birth and not (data_dir / "member").exists()
        birth = ",".join(f"{name}={url}" for name, url in self._birth.items()) if unborn else None
        command = etcd.command_line(
            self._binary, pod, lambda path: place.real(pod, path), birth=birth, safe_writes=self._safe_writes
        )
        process = await etcd.EtcdProcess.start(command, data_dir=data_dir, log=place.log)
        self.members[place.node] = process
        watching = asyncio.get_running_loop().create_task(self._watch_etcd(pod, place))
        try:
            code = await process.ended()
            raise ContainerFailed(f"etcd ended with code {code}: {_last_words(place.log)}")
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            await process.stop(_KEPT_GRACE_SECONDS if self._safe_writes else _GRACE_SECONDS)
            if self.members.get(place.node) is process:
                del self.members[place.node]

    async def _watch_etcd(self, pod: StaticPod, place: Place) -> None:
        """Probe the member: often until it serves, then now and then."""
        url = pod.flags.get("advertise-client-urls", "").split(",")[0]
        try:
            tls = etcd.client_tls(
                *(place.real(pod, pod.flags[flag]) for flag in ("trusted-ca-file", "cert-file", "key-file"))
            )
        except (KeyError, OSError, ssl.SSLError) as problem:
            log.warning("%s: etcd cannot be probed: %s", place.node, problem)
            return
        served, pause = False, _LOOK_SECONDS
        async with aiohttp.ClientSession() as session:
            while True:
                serves = await etcd.is_serving(session, url, tls)
                place.ready(serves)
                if serves and not served:
                    with contextlib.suppress(Unavailable):  # the API server brings its picture up to date
                        await self._store.check()
                served = serves
                pause = _LOOK_SECONDS if serves else min(pause * 1.1, _PROBE_SECONDS)
                await asyncio.sleep(_PROBE_SECONDS if serves else pause)

    async def _run_apiserver(self, pod: StaticPod, place: Place) -> None:
        flags = pod.flags
        try:
            tls = _server_tls(
                *(place.real(pod, flags[flag]) for flag in ("tls-cert-file", "tls-private-key-file", "client-ca-file"))
            )
            port = int(flags["secure-port"])
            if self._backend is not None:
                files = (place.real(pod, flags[f"etcd-{kind}"]) for kind in ("cafile", "certfile", "keyfile"))
                self._backend.tls = etcd.client_tls(*files)
                self._endpoints[place.node] = flags["etcd-servers"].split(",")
                self._tell_endpoints()
        except (KeyError, ValueError, OSError, ssl.SSLError) as problem:
            raise ContainerFailed(f"kube-apiserver cannot start: {problem!r}") from problem
        self._serving.add(place.node)
        try:
            await self._load()
            listener = self._new_listener(place.node, pod.tag.removeprefix("v"), tls)
            await listener.start("127.0.0.1", port)
            try:
                await self._balancer.add(port)
                self.listeners[place.node] = listener
                place.ready(True)
                await asyncio.get_running_loop().create_future()
            finally:
                self.listeners.pop(place.node, None)
                await self._balancer.remove(port)
                await listener.stop(abrupt=True)
        finally:
            self._endpoints.pop(place.node, None)
            self._tell_endpoints()
            self._serving.discard(place.node)
            if not self._serving:
                self._loaded = False

    def _tell_endpoints(self) -> None:
        """One store serves all API servers, so it may use the etcd of each."""
        if self._backend is not None and self._endpoints:
            self._backend.endpoints = list(dict.fromkeys(url for urls in self._endpoints.values() for url in urls))

    async def _load(self) -> None:
        """Read everything from etcd when this is the first API server to come up; wait for etcd as long as it takes."""
        async with self._loading:
            while not self._loaded:
                try:
                    await self._store.load()
                    self._loaded = True
                except Unavailable:
                    await asyncio.sleep(_LOOK_SECONDS)

    async def _run_controller_manager(self, pod: StaticPod, place: Place) -> None:
        place.ready(True)
        await self._controllers.run(place.node)

    async def _run_scheduler(self, pod: StaticPod, place: Place) -> None:
        place.ready(True)
        await self._schedulers.run(place.node)


def _server_tls(cert: Path, key: Path, clients: Path) -> ssl.SSLContext:
    """Serve with `cert`; clients may show a certificate that the authority in `clients` signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _last_words(path: Path) -> str:
    """The end of the last line of a log."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return lines[-1][-400:] if lines else ""
