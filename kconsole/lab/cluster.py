"""The built-in cluster as a whole: up, down, reset.

Puts the parts together in the order a cluster needs them: files, etcd, API servers, nodes, pods, and the loops that
keep it alive. Owns everything it starts; `down` leaves nothing but what `--keep` asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.lab import etcd
from kconsole.lab.clock import LabClock, SteppedClock
from kconsole.lab.control import Control
from kconsole.lab.ground import birth, folders, pki_files, releases
from kconsole.lab.ground.birth import Options, Plan
from kconsole.lab.ground.folders import LabFolder
from kconsole.lab.ground.kubeconfig import person_kubeconfig
from kconsole.lab.ground.pki_files import ClusterPki
from kconsole.lab.running import RunningCluster

_START_OF_STEPPED_TIME = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.timezone.utc)


class Cluster:
    """A cluster that is up. Made by `Cluster.up`; an async context manager that takes it down."""

    def __init__(
        self, options: Options, folder: LabFolder, plan: Plan, pki: ClusterPki, binary: etcd.EtcdBinary | None
    ) -> None:
        self.options = options
        self.folder = folder
        self.plan = plan
        self.binary = binary
        self.control = Control(self)
        self.stop_asked = asyncio.Event()
        self.defect: Exception | None = None
        self._watching: asyncio.Task[None] | None = None
        self._pki = pki
        self._running: RunningCluster | None = None
        self._changing = asyncio.Lock()

    @classmethod
    async def up(cls, options: Options, *, environ: Mapping[str, str] = os.environ) -> Cluster:
        """Start the cluster that `options` ask for; returns when its API answers and its nodes are there.

        KconsoleError says why it cannot be. Where no etcd is found, it runs in memory (`plan.etcd` tells).
        """
        folder = LabFolder(options.name, options.keep, environ=environ)
        binary = None if options.memory else etcd.find_binary(environ)
        _check(options, folder, binary)
        folder.take()
        try:
            plan = birth.plan_cluster(options, folder)
            if binary is None:
                plan = plan.without_etcd()
            pki = _authorities(plan, folder)
            if not plan.kept:
                birth.make_files(plan, folder, pki)
            cluster = cls(options, folder, plan, pki, binary)
        except BaseException:
            folder.give_back()
            raise
        try:
            await cluster.control.start()
            await cluster._start()
            cluster._publish()
        except BaseException:
            await cluster.down()
            raise
        return cluster

    async def _start(self) -> None:
        """Start the parts; one that fails by a defect ends the lab, and `defect` says why."""
        running = RunningCluster(self.plan, self.folder, self.binary, seed=self.options.seed, clock=self._clock())
        self._running = running
        await running.start()
        self._watching = asyncio.get_running_loop().create_task(self._watch(running))

    async def _watch(self, running: RunningCluster) -> None:
        try:
            await running.failed()
        except Exception as defect:  # whatever it is, the lab must not go on half alive
            self.defect = defect
            self.stop_asked.set()

    def _clock(self) -> LabClock:
        return SteppedClock(_START_OF_STEPPED_TIME) if self.options.stepped else LabClock()

    async def down(self) -> None:
        """Stop everything and remove what is not kept."""
        async with self._changing:
            await self._stop()
        await self.control.stop()
        if self.options.kubeconfig:
            self.options.kubeconfig.unlink(missing_ok=True)
        self.folder.give_back()

    async def _stop(self) -> None:
        running, self._running = self._running, None
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._watching = None
        if running is not None:
            await running.stop()

    async def reset(self) -> None:
        """Begin anew: the first objects, files and faults, at the same addresses and with the same authorities."""
        async with self._changing:
            await self._stop()
            birth.make_files(self.plan, self.folder, self._pki)
            await self._start()

    @property
    def running(self) -> RunningCluster:
        """The parts that run. KconsoleError while it is being reset."""
        if self._running is None:
            raise KconsoleError(_("The lab is just being started or reset; try again in a moment."))
        return self._running

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig for a person."""
        return self.folder.kubeconfig

    @property
    def state(self) -> dict[str, Any]:
        """How to reach and control this lab, and what it is."""
        cluster = self.plan.topology
        return {
            "name": self.folder.name,
            "pid": os.getpid(),
            "control": self.control.url,
            "token": self.control.token,
            "kubeconfig": str(self.kubeconfig),
            "server": self.plan.server,
            "version": cluster.version,
            "nodes": len(cluster.machines),
            "etcd": self.binary.version if self.plan.etcd and self.binary else "",
            "etcd_image": releases.etcd_tag(cluster.version) if self.plan.etcd else "",
            "etcd_missing": not self.plan.etcd and not self.options.memory,
            "kept": str(self.folder.keep) if self.folder.keep else "",
        }

    def _publish(self) -> None:
        extension = {"control": self.control.url, "token": self.control.token}
        extension |= {"name": self.folder.name, "pid": str(os.getpid()), "kubeconfig": str(self.kubeconfig)}
        text = person_kubeconfig(
            self.folder.name,
            server=self.plan.server,
            ca=self._pki.ca.pair.cert,
            users={user: self._pki.user(user) for user in pki_files.USERS},
            control=extension,
        )
        for path in (self.kubeconfig, self.options.kubeconfig):
            if path:
                try:
                    folders.write_private(path, text)
                except OSError as error:
                    raise KconsoleError(
                        _("The kubeconfig cannot be written to {path}: {error}.").format(
                            path=path, error=error.strerror
                        )
                    ) from error
        self.folder.write_state(self.state)

    async def __aenter__(self) -> Cluster:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(self.down())


def _check(options: Options, folder: LabFolder, binary: etcd.EtcdBinary | None) -> None:
    if options.keep and options.memory:
        raise KconsoleError(_("--keep keeps what etcd stores, and --memory does without etcd: choose one."))
    if options.keep and binary is None:
        raise KconsoleError(
            _("--keep needs etcd, and none was found. Install it: pip install 'kconsole[lab]', or your system's etcd.")
        )
    if options.stepped and not options.memory:
        raise KconsoleError(_("Stepped time needs --memory: an etcd process goes by real time."))


def _authorities(plan: Plan, folder: LabFolder) -> ClusterPki:
    if not plan.kept:
        return ClusterPki.create()
    first = folder.node(plan.topology.control_planes[0].name)
    try:
        return ClusterPki.read(first)
    except (OSError, ValueError) as error:
        raise KconsoleError(
            _("The kept cluster's certificates in {folder} cannot be read: {error}.").format(
                folder=first / pki_files.PKI, error=error
            )
        ) from error
