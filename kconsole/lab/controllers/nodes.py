"""The node lifecycle controller: taints that follow cordons and health, and nodes given up when they fall silent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kconsole.lab.access import LISTED, Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers.loop import key_of
from kconsole.lab.controllers.pods import is_ready
from kconsole.lab.kubelets.kubelet import LEASES, ready_status
from kconsole.lab.scope import gather_all
from kconsole.lab.stamps import stamp

Object = dict[str, Any]

SOURCE = "node-controller"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
MONITOR_SECONDS = 5.0
MOST_ANNOUNCED = 200
"""Nodes whose joining is told by an event; a fleet that is made in one go would drown every other event."""
_POSTED_BY_KUBELETS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


def wanted_taints(node: Object, now: str) -> list[Object] | None:
    """spec.taints as cordon and health ask for, or None when they are so already. The others are left as they are."""
    present: Sequence[Object] = node["spec"].get("taints") or []
    ready = ready_status(node)
    wanted: set[tuple[str, str]] = set()
    if node["spec"].get("unschedulable"):
        wanted.add((UNSCHEDULABLE, "NoSchedule"))
    if ready in ("False", "Unknown"):
        key = NOT_READY if ready == "False" else UNREACHABLE
        wanted |= {(key, "NoSchedule"), (key, "NoExecute")}
    ours = (UNSCHEDULABLE, NOT_READY, UNREACHABLE)
    kept = [t for t in present if t["key"] not in ours or (t["key"], t["effect"]) in wanted]
    missing = wanted - {(t["key"], t["effect"]) for t in kept}
    if not missing and len(kept) == len(present):
        return None
    return kept + [{"effect": effect, "key": key, "timeAdded": now} for key, effect in sorted(missing)]


async def follow_taints(api: Api, clock: LabClock) -> None:
    """Keep every node's taints as its cordon and its health ask for."""

    def adjust(node: Object) -> Object | None:
        taints = wanted_taints(node, stamp(clock.now()))
        if taints is None:
            return None
        node["spec"]["taints"] = taints
        return node

    async for kind, obj in api.follow("nodes"):
        for node in obj["items"] if kind == LISTED else [obj]:
            if kind != "DELETED" and wanted_taints(node, "") is not None:
                await api.change("nodes", None, node["metadata"]["name"], adjust)


class NodeHealth:
    """Gives up a node whose lease and status have not changed for the grace period, and says so.

    Silence is measured from what this controller has itself seen change, never by the timestamps of others.
    """

    def __init__(self, api: Api, clock: LabClock, grace_seconds: float) -> None:
        self._api = api
        self._clock = clock
        self._grace = grace_seconds
        self._heard: dict[str, float] = {}

    async def run(self) -> None:
        """Until the API goes away or it is cancelled."""
        await gather_all(self._hear("nodes"), self._hear("leases"), self._monitor())

    async def _hear(self, resource: str) -> None:
        async for kind, obj in self._api.follow(resource):
            for one in obj["items"] if kind == LISTED else [obj]:
                name = one["metadata"]["name"]
                if resource == "leases":
                    if one["metadata"]["namespace"] == LEASES and name in self._heard:
                        self._heard[name] = self._clock.elapsed()
                elif kind == "DELETED":
                    self._heard.pop(name, None)
                elif name not in self._heard:
                    await self._register(one, told=kind == LISTED)

    async def _register(self, node: Object, *, told: bool) -> None:
        name = node["metadata"]["name"]
        self._heard[name] = self._clock.elapsed()
        if not told and len(self._heard) <= MOST_ANNOUNCED:
            message = f"Node {name} event: Registered Node {name} in Controller"
            await self._api.event(node, "RegisteredNode", message, source=SOURCE)

    async def _monitor(self) -> None:
        while True:
            await self._clock.sleep(MONITOR_SECONDS)
            silent = self._clock.elapsed() - self._grace
            for name in [name for name, heard in self._heard.items() if heard < silent]:
                await self._give_up(name)

    async def _give_up(self, name: str) -> None:
        now = stamp(self._clock.now())
        before = await self._api.get("nodes", None, name)
        if before is None or ready_status(before) == "Unknown":
            return
        await self._api.change("nodes", None, name, lambda node: _unknown(node, now), subresource="status")
        message = f"Node {name} status is now: NodeNotReady"
        await self._api.event(before, "NodeNotReady", message, source=SOURCE)
        for pod in self._api.list("pods", fields=f"spec.nodeName={name}"):
            if is_ready(pod):
                await self._api.change("pods", *key_of(pod), lambda one: _unready(one, now), subresource="status")
                await self._api.event(pod, "NodeNotReady", "Node is not ready", source=SOURCE, warning=True)


def _unready(pod: Object, now: str) -> Object:
    """The pod with its Ready condition false: nobody can vouch for it any more."""
    for condition in pod["status"].get("conditions") or ():
        if condition["type"] == "Ready" and condition["status"] == "True":
            condition |= {"status": "False", "lastTransitionTime": now}
    return pod


def _unknown(node: Object, now: str) -> Object:
    """The node with every condition that its kubelet posted set to Unknown."""
    conditions: list[Object] = node["status"].setdefault("conditions", [])
    by_type = {condition["type"]: condition for condition in conditions}
    for kind in _POSTED_BY_KUBELETS:
        condition = by_type.get(kind)
        if condition is None:
            reason, message = "NodeStatusNeverUpdated", "Kubelet never posted node status."
            conditions.append({"type": kind, "lastHeartbeatTime": node["metadata"]["creationTimestamp"]})
            condition = conditions[-1]
        elif condition["status"] == "Unknown":
            continue
        else:
            reason, message = "NodeStatusUnknown", "Kubelet stopped posting node status."
        condition |= {"status": "Unknown", "reason": reason, "message": message, "lastTransitionTime": now}
    return node
