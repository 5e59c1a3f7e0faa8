"""ReplicaSets and ReplicationControllers: as many pods as asked for, none that nobody asked for."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods
from kconsole.lab.controllers.loop import Controller, Key, key_of, owner_key
from kconsole.lab.indexes import by_controller, controller_of
from kconsole.lab.seeds.pod_objects import owner_reference

Object = dict[str, Any]

_BURST = 500
"""Pods made or ended in one sync, as the real one limits itself."""


def families(pod: Object) -> Iterable[str]:
    """Words for an Index: the controller's uid, or for an orphan its namespace."""
    return by_controller(pod) or (f"orphans of {pod['metadata']['namespace']}",)


class Replicas(Controller):
    """The controller of one of the two kinds."""

    def __init__(self, api: Api, clock: LabClock, *, kind: str, resource: str, source: str) -> None:
        super().__init__(api, clock)
        self.follows = (resource, "pods")
        self._kind, self._resource, self._source = kind, resource, source
        self._pods = api.index("pods", families)
        self._ready = pods.Readiness(clock)

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself, or the owner of a pod; for an orphan, whoever would select it."""
        if resource != "pods":
            return (key_of(obj),)
        if kind == "DELETED":
            self._ready.forget(obj["metadata"]["uid"])
        if controller_of(obj) is None and kind != "DELETED":
            labels = obj["metadata"].get("labels") or {}
            namespace = obj["metadata"]["namespace"]
            owners = self.api.list(self._resource, namespace) if labels else ()
            return [key_of(one) for one in owners if pods.matches(selector_of(one), labels)]
        return owner_key(obj, self._kind)

    async def sync(self, key: Key) -> None:
        """Make or end pods, then tell the status."""
        owner = await self.api.get(self._resource, *key)
        if owner is None:
            return
        if not pods.is_terminating(owner):
            await self._adopt(owner)
            active = [pod for pod in self._owned(owner) if pods.is_active(pod)]
            missing = wanted_of(owner) - len(active)
            if missing > 0:
                await self._create(owner, min(missing, _BURST))
            elif missing < 0:
                await self._end(owner, surplus(active, -missing)[:_BURST])
        await self._post(key, owner)

    def _owned(self, owner: Object) -> list[Object]:
        return self._pods.of(owner["metadata"]["uid"])

    async def _adopt(self, owner: Object) -> None:
        """Take orphans that the selector selects; let go of pods that it selects no longer."""
        namespace, reference = owner["metadata"]["namespace"], owner_reference(owner)
        for pod in self._pods.of(f"orphans of {namespace}"):
            if pods.is_active(pod) and pods.matches(selector_of(owner), pod["metadata"].get("labels") or {}):
                await self.api.change("pods", *key_of(pod), lambda one: _owned_by(one, reference))
        for pod in self._owned(owner):
            selected = pods.matches(selector_of(owner), pod["metadata"].get("labels") or {})
            if not selected and not pods.is_terminating(pod):
                await self.api.change("pods", *key_of(pod), lambda one: _released(one, reference["uid"]))

    async def _create(self, owner: Object, count: int) -> None:
        template = owner["spec"]["template"]
        for _ in range(count):
            body = pods.from_template(owner, template, generate=f"{owner['metadata']['name']}-")
            pod = await self.api.create("pods", body)
            if pod is not None:
                message = f"Created pod: {pod['metadata']['name']}"
                await self.api.event(owner, "SuccessfulCreate", message, source=self._source)

    async def _end(self, owner: Object, doomed: Sequence[Object]) -> None:
        for pod in doomed:
            namespace, name = key_of(pod)
            await self.api.delete("pods", namespace, name, uid=pod["metadata"]["uid"])
            await self.api.event(owner, "SuccessfulDelete", f"Deleted pod: {name}", source=self._source)

    async def _post(self, key: Key, owner: Object) -> None:
        patience = int(owner["spec"].get("minReadySeconds") or 0)
        active = [pod for pod in self._owned(owner) if pods.is_active(pod)]
        waits = [patience - self._ready.seconds(pod) for pod in active if pods.is_ready(pod)]
        template_labels = owner["spec"]["template"]["metadata"].get("labels") or {}
        labelled = [pod for pod in active if template_labels.items() <= (pod["metadata"].get("labels") or {}).items()]
        counts = {
            "replicas": len(active),
            "fullyLabeledReplicas": len(labelled),
            "readyReplicas": len(waits),
            "availableReplicas": sum(1 for wait in waits if wait <= 0),
        }
        status = {name: count for name, count in counts.items() if count or name == "replicas"}
        status["observedGeneration"] = owner["metadata"].get("generation", 1)
        if soonest := [wait for wait in waits if wait > 0]:
            self.agenda.note(key, min(soonest))
        if status == {name: value for name, value in (owner.get("status") or {}).items() if name != "conditions"}:
            return
        kept = {name: value for name, value in (owner.get("status") or {}).items() if name == "conditions"}
        await self.api.change(self._resource, *key, lambda one: one | {"status": status | kept}, subresource="status")


def wanted_of(owner: Object) -> int:
    """spec.replicas, one when it is not said."""
    count = owner["spec"].get("replicas")
    return 1 if count is None else int(count)


def selector_of(owner: Object) -> Object | None:
    """The LabelSelector; a ReplicationController's plain labels made one."""
    selector = owner["spec"].get("selector")
    if owner["kind"] == "ReplicationController":
        labels = selector or owner["spec"]["template"]["metadata"].get("labels")
        return {"matchLabels": labels} if labels else None
    return selector  # type: ignore[no-any-return]


def surplus(active: Sequence[Object], count: int) -> list[Object]:
    """The `count` pods that are missed least: unplaced, pending, unready, cheap, crowded, then the youngest."""
    crowd: dict[str, int] = {}
    for pod in active:
        node = pod["spec"].get("nodeName", "")
        crowd[node] = crowd.get(node, 0) + 1

    def rank(pod: Object) -> tuple[object, ...]:
        metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
        cost = (metadata.get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", "0")
        worth = int(cost) if cost.lstrip("-").isdigit() else 0
        place = (bool(node), pods.phase(pod) == "Running", pods.is_ready(pod), worth, -crowd[node])
        return (*place, _backwards(metadata["creationTimestamp"]), metadata["name"])

    return sorted(active, key=rank)[:count]


def _backwards(stamp: str) -> tuple[int, ...]:
    """Later stamps first."""
    return tuple(-ord(letter) for letter in stamp)


def _owned_by(pod: Object, reference: Object) -> Object | None:
    if controller_of(pod) is not None or pods.is_terminating(pod):
        return None
    pod["metadata"].setdefault("ownerReferences", []).append(copy.deepcopy(reference))
    return pod


def _released(pod: Object, uid: str) -> Object:
    metadata = pod["metadata"]
    metadata["ownerReferences"] = [one for one in metadata.get("ownerReferences") or () if one["uid"] != uid]
    return pod
