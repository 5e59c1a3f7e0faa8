"""Pods whose node is lost: evicted by a NoExecute taint when their patience is over, removed when the node is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.scheduling.filters import tolerates

Object = dict[str, Any]

_QUARANTINE_SECONDS = 40.0
"""How long a node must be gone before its pods are removed, as the real pod garbage collector waits."""


def patience(taints: Sequence[Object], tolerations: Sequence[Object]) -> float | None:
    """For how many seconds a pod bears a node's NoExecute taints: 0 not at all, None for ever."""
    waits: list[float] = []
    for taint in taints:
        if taint["effect"] != "NoExecute":
            continue
        bearing = [one for one in tolerations if tolerates(one, taint)]
        if not bearing:
            return 0.0
        limits = [one["tolerationSeconds"] for one in bearing if one.get("tolerationSeconds") is not None]
        if limits:
            waits.append(max(0.0, float(min(limits))))
    return min(waits) if waits else None


class TaintEviction(Controller):
    """The taint eviction controller. Patience is counted from when this controller saw the taints."""

    follows = ("nodes", "pods")

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._tainted: dict[str, tuple[list[tuple[str, str]], float]] = {}
        self._due: dict[Key, float] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """The pods of a node whose NoExecute taints changed; a pod that came to a tainted node."""
        if resource == "pods":
            node = obj["spec"].get("nodeName")
            if kind == "DELETED":
                self._due.pop(key_of(obj), None)
            elif node in self._tainted and key_of(obj) not in self._due:
                yield key_of(obj)
            return
        name = obj["metadata"]["name"]
        taints = [one for one in (obj.get("spec") or {}).get("taints") or () if one["effect"] == "NoExecute"]
        signs = sorted((one["key"], one.get("value") or "") for one in taints)
        if kind == "DELETED" or not taints:
            known = self._tainted.pop(name, None)
            if known is not None:
                for pod in self.api.list("pods", fields=f"spec.nodeName={name}"):
                    yield key_of(pod)
        elif self._tainted.get(name, ([], 0.0))[0] != signs:
            self._tainted[name] = (signs, self.clock.elapsed())
            for pod in self.api.list("pods", fields=f"spec.nodeName={name}"):
                yield key_of(pod)

    async def sync(self, key: Key) -> None:
        """Delete the pod when it is due, forget it when its node got better."""
        pod = await self.api.get("pods", *key)
        name = pod["spec"].get("nodeName") if pod else None
        node = await self.api.get("nodes", None, name) if name in self._tainted else None
        if pod is None or node is None or pods.is_terminating(pod) or name is None:
            if self._due.pop(key, None) is not None and pod is not None and not pods.is_terminating(pod):
                message = f"Cancelling deletion of Pod {key[0]}/{key[1]}"
                await self.api.event(pod, "TaintManagerEviction", message, source="taint-eviction-controller")
            return
        wait = patience((node.get("spec") or {}).get("taints") or (), pod["spec"].get("tolerations") or ())
        if wait is None:
            self._due.pop(key, None)
            return
        due = self._due[key] = self._tainted[name][1] + wait
        if (left := due - self.clock.elapsed()) > 0:
            self.agenda.note(key, left)
            return
        message = f"Marking for deletion Pod {key[0]}/{key[1]}"
        await self.api.event(pod, "TaintManagerEviction", message, source="taint-eviction-controller")
        told = "Taint manager: deleting due to NoExecute taint"
        await mark_disrupted(self.api, pod, "DeletionByTaintManager", told, self.now)
        await self.api.delete("pods", *key, uid=pod["metadata"]["uid"])


class PodGarbage(Controller):
    """The pod garbage collector: pods of nodes that no longer exist are removed without asking anybody."""

    follows = ("nodes",)

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._gone: dict[str, float] = {}

    async def _follow(self, resource: str) -> None:
        self.agenda.note(("", ""))
        await super()._follow(resource)

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """A look at all pods, a while after a node is gone."""
        if kind == "DELETED":
            self.agenda.note(("", ""), 0.0)
        return ()

    async def sync(self, key: Key) -> None:
        """Remove what has been without a node for long enough."""
        nodes = {node["metadata"]["name"] for node in self.api.list("nodes")}
        lost = [pod for pod in self.api.list("pods") if pod["spec"].get("nodeName", "") not in {"", *nodes}]
        names = {pod["spec"]["nodeName"] for pod in lost}
        now = self.clock.elapsed()
        self._gone = {name: self._gone.get(name, now) for name in names}
        for pod in lost:
            if now - self._gone[pod["spec"]["nodeName"]] >= _QUARANTINE_SECONDS:
                await mark_disrupted(self.api, pod, "DeletionByPodGC", "PodGC: node no longer exists", self.now)
                namespace, name = key_of(pod)
                await self.api.delete("pods", namespace, name, grace_seconds=0, uid=pod["metadata"]["uid"])
        waits = [_QUARANTINE_SECONDS - (now - since) for since in self._gone.values()]
        if ahead := [wait for wait in waits if wait > 0]:
            self.agenda.note(key, min(ahead))


async def mark_disrupted(api: Api, pod: Object, reason: str, message: str, now: str) -> None:
    """Say on the pod why it is being taken away."""

    def mark(one: Object) -> Object:
        status = one.setdefault("status", {})
        conditions = [c for c in status.get("conditions") or () if c["type"] != "DisruptionTarget"]
        new = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
        status["conditions"] = [*conditions, new | {"lastProbeTime": None, "lastTransitionTime": now}]
        if reason == "DeletionByPodGC" and not pods.is_finished(one):
            status["phase"] = "Failed"
        return one

    await api.change("pods", *key_of(pod), mark, subresource="status")
