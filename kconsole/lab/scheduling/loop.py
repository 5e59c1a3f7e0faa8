"""The scheduler: pods without a node get one, those that fit nowhere are told why and tried again when it may help."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.apiserver.changes import DELETED, Lost
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.indexes import controller_of
from kconsole.lab.scheduling.facts import NodeFacts, node_facts, pod_facts
from kconsole.lab.scheduling.placing import Placement, place
from kconsole.lab.scheduling.volumes import Volumes
from kconsole.lab.seeds.pod_objects import bound, unschedulable

Object = dict[str, Any]

SCHEDULER = "default-scheduler"
_AGAIN_SECONDS = 300.0
_SOON_SECONDS = 1.0


class Picture:
    """Every node with what runs on it, caught up with the store whenever it is asked."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._nodes: dict[str, NodeFacts] = {}
        self._places: dict[str, str] = {}
        self._followers = {resource: api.follower(resource) for resource in ("nodes", "pods")}
        self._read = False
        self._owners: dict[str, str] = {}
        self._crowds: dict[str, Counter[str]] = {}

    def nodes(self) -> list[NodeFacts]:
        """All nodes, by name."""
        try:
            if not self._read:
                self._begin()
            for kind, entry in self._followers["nodes"].take():
                self._see_node(entry.object, gone=kind == DELETED)
            for kind, entry in self._followers["pods"].take():
                self._see_pod(entry.object, gone=kind == DELETED)
        except Lost:
            self._begin()
        return [self._nodes[name] for name in sorted(self._nodes)]

    def crowd(self, owner: str) -> Mapping[str, int]:
        """How many pods of the controller with that uid each node has, as of the last look at the nodes."""
        return self._crowds.get(owner, {})

    def _begin(self) -> None:
        self._nodes.clear()
        self._places.clear()
        self._owners.clear()
        self._crowds.clear()
        for resource, see in (("nodes", self._see_node), ("pods", self._see_pod)):
            self._followers[resource].go_on_from(self._api.revision)
            for obj in self._api.list(resource):
                see(obj, gone=False)
        self._read = True

    def _see_node(self, node: Object, *, gone: bool) -> None:
        name = node["metadata"]["name"]
        before = self._nodes.pop(name, None)
        if not gone:
            self._nodes[name] = node_facts(node)
            for pod in before.pods.values() if before else ():
                self._nodes[name].put(pod)

    def _see_pod(self, pod: Object, *, gone: bool) -> None:
        facts = pod_facts(pod)
        before = self._places.pop(facts.key, "")
        known = self._owners.pop(facts.key, "")
        if known:
            self._crowds[known][before] -= 1
            if not any(self._crowds[known].values()):
                del self._crowds[known]
        if before in self._nodes:
            self._nodes[before].remove(facts.key)
        finished = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if facts.node and not gone and not finished:
            self._places[facts.key] = facts.node
            owner = controller_of(pod)
            if owner is not None:
                self._owners[facts.key] = owner["uid"]
                self._crowds.setdefault(owner["uid"], Counter())[facts.node] += 1
            if facts.node in self._nodes:
                self._nodes[facts.node].put(facts)


class Scheduler(Controller):
    """kube-scheduler, for pods that name no other one."""

    follows = ("pods", "nodes", "persistentvolumeclaims")

    def __init__(self, api: Api, clock: LabClock, seed: int) -> None:
        super().__init__(api, clock)
        self._picture = Picture(api)
        self._volumes = Volumes(api)
        self._chance = random.Random(seed)  # noqa: S311 - which of several equally good nodes
        self._waiting: dict[Key, str] = {}
        self._seen: dict[str, tuple[object, ...]] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """A pod that waits for a node; all that wait, when room or a node came."""
        if resource == "pods":
            key = key_of(obj)
            if _waits(obj) and kind != DELETED:
                return (key,) if key not in self._waiting or kind != "MODIFIED" else ()
            known = self._waiting.pop(key, None)
            freed = kind == DELETED or (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed")
            return self._try_again() if freed and known is None else ()
        if resource == "nodes":
            name = obj["metadata"]["name"]
            looks = () if kind == DELETED else _looks(obj)
            if self._seen.get(name) == looks:
                return ()
            self._seen[name] = looks
        return self._try_again()

    def _try_again(self) -> Iterable[Key]:
        """Whatever waits, soon: many changes in a row are one reason."""
        for key in self._waiting:
            self.agenda.note(key, _SOON_SECONDS)
        return ()

    async def sync(self, key: Key) -> None:
        """Bind the pod, or tell why not."""
        pod = await self.api.get("pods", *key)
        if pod is None or not _waits(pod):
            self._waiting.pop(key, None)
            return
        placement = self._place(pod)
        if not placement.node:
            await self._tell(key, pod, placement.message)
            self.agenda.note(key, _AGAIN_SECONDS)
            return
        self._waiting.pop(key, None)
        now = self.clock.now()
        done = await self.api.change("pods", *key, lambda one: bound(one, placement.node) if _waits(one) else None)
        if done is None or done["spec"].get("nodeName") != placement.node:
            return
        await self.api.change("pods", *key, lambda one: bound(one, placement.node, now=now), subresource="status")
        message = f"Successfully assigned {key[0]}/{key[1]} to {placement.node}"
        await self.api.event(pod, "Scheduled", message, source=SCHEDULER)

    def _place(self, pod: Object) -> Placement:
        nodes, facts = self._picture.nodes(), pod_facts(pod)
        problem, also = self._volumes.of(pod)
        if problem:
            helpless = f"{len(nodes)} Preemption is not helpful for scheduling"
            told = f"0/{len(nodes)} nodes are available"
            return Placement(message=f"{told}: {problem}. preemption: {told}: {helpless}.")
        owner = controller_of(pod)
        crowd = self._picture.crowd(owner["uid"]) if owner else {}
        return place(pod, facts, nodes, crowd=crowd, pick=self._chance.choice, also=also)

    async def _tell(self, key: Key, pod: Object, message: str) -> None:
        if self._waiting.get(key) != message:
            status = unschedulable(pod, message=message, now=self.clock.now())
            await self.api.change("pods", *key, lambda one: one | {"status": status}, subresource="status")
        self._waiting[key] = message
        await self.api.event(pod, "FailedScheduling", message, source=SCHEDULER, warning=True)


def _waits(pod: Object) -> bool:
    """Whether the pod is this scheduler's to place."""
    spec, metadata = pod["spec"], pod["metadata"]
    ours = spec.get("schedulerName", SCHEDULER) == SCHEDULER and not spec.get("schedulingGates")
    return ours and not spec.get("nodeName") and "deletionTimestamp" not in metadata


def _looks(node: Object) -> tuple[object, ...]:
    """What of a node placing depends on."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    labels = tuple(sorted((node["metadata"].get("labels") or {}).items()))
    taints = tuple((taint["key"], taint.get("value"), taint["effect"]) for taint in spec.get("taints") or ())
    return labels, taints, bool(spec.get("unschedulable")), tuple(sorted((status.get("allocatable") or {}).items()))
