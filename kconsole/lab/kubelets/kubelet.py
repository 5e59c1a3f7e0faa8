"""One simulated kubelet: it registers its node, renews its lease and posts its status, and can be stopped.

When each of these is due is the business of `heartbeats`; what runs on the node that of `pod_lifecycle` and
`static_runtime`. Talks to the API only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.ground.topology import Machine
from kconsole.lab.seeds import node_objects
from kconsole.lab.seeds.node_objects import Running
from kconsole.lab.stamps import micro_stamp

Object = dict[str, Any]

LEASES = "kube-node-lease"


class Kubelet:
    """The agent of one machine. `folder` is the machine's root folder; machines of a large fleet have none.

    `dress` completes the Node that is registered; a `quiet` kubelet records no events; a
    `hidden` one registers no node.
    """

    def __init__(
        self,
        machine: Machine,
        running: Running,
        *,
        api: Api,
        clock: LabClock,
        folder: Path | None,
        images: Sequence[tuple[str, int]] = (),
        dress: Callable[[Object], Object] | None = None,
        quiet: bool = False,
        hidden: bool = False,
    ) -> None:
        self.machine = machine
        self.running = running
        self.folder = folder
        self.awake = asyncio.Event()
        self._api = api
        self._clock = clock
        self._images = images
        self._dress = dress
        self._quiet = quiet or hidden
        self._hidden = hidden

    @property
    def alive(self) -> bool:
        """Whether it runs; `awake` is for waiting until it does."""
        return self.awake.is_set()

    @property
    def name(self) -> str:
        """The node's."""
        return self.machine.name

    @property
    def reference(self) -> Object:
        """The node as a kubelet names it in events: by its name where others give its uid."""
        return {"apiVersion": "v1", "kind": "Node", "name": self.name, "uid": self.name}

    def has_image(self, name: str) -> bool:
        """Whether the machine had that image from the start."""
        return any(name == image for image, _ in self._images)

    async def start(self) -> None:
        """Begin, as after `systemctl start kubelet`: say so, register the node or post its status, renew the lease."""
        self.awake.set()
        if self._hidden:
            return
        node = node_objects.node(self.machine, self.running, self._clock.now(), self._images)
        if self._dress:
            node = self._dress(node)
        if await self._api.create("nodes", node) is None:
            await self.post_status()
        await self.tell("Starting", "Starting kubelet.")
        await self.renew_lease()

    def stop(self) -> None:
        """Fall silent, as a machine that lost power; what runs on it goes on."""
        self.awake.clear()

    async def tell(self, reason: str, message: str) -> None:
        """An Event about the node."""
        if self._quiet:
            return
        await self._api.event(self.reference, reason, message, source="kubelet", host=self.name)

    async def renew_lease(self) -> None:
        """Say that this kubelet lives. A node that was deleted has no lease any more."""
        now = micro_stamp(self._clock.now())

        def renew(lease: Object) -> Object:
            lease["spec"]["renewTime"] = now
            return lease

        if await self._api.change("leases", LEASES, self.name, renew) is None:
            node = await self._api.get("nodes", None, self.name)
            if node is not None:
                lease = node_objects.lease(self.name, node["metadata"]["uid"], self._clock.now())
                await self._api.create("leases", lease)

    async def post_status(self) -> None:
        """Post that the node is healthy and what it runs; events tell what became better by it."""
        before = await self._api.get("nodes", None, self.name)
        if before is None:
            return
        now = self._clock.now()

        def post(node: Object) -> Object:
            status = node.setdefault("status", {})
            present = status.get("conditions") or []
            status["conditions"] = node_objects.with_conditions(present, node_objects.healthy_conditions(present, now))
            status["nodeInfo"] = node_objects.node_info(self.machine, self.running)
            return node

        await self._api.change("nodes", None, self.name, post, subresource="status")
        if not is_ready(before):
            await self.tell("NodeReady", f"Node {self.name} status is now: NodeReady")


def ready_status(node: Object) -> str:
    """True, False or Unknown of the Ready condition; empty when there is none."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return next((str(c["status"]) for c in conditions if c["type"] == "Ready"), "")


def is_ready(node: Object) -> bool:
    """Whether the Ready condition is True."""
    return ready_status(node) == "True"
