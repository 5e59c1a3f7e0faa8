"""DaemonSets: one pod on every node that is eligible, cordoned or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers import pods, revisions, rollout
from kconsole.lab.controllers.loop import Controller, Key, key_of, owner_key
from kconsole.lab.indexes import by_controller
from kconsole.lab.scheduling.facts import NodeFacts, node_facts
from kconsole.lab.scheduling.filters import matches_node, untolerated
from kconsole.lab.seeds.pod_objects import pinned, pinned_to, tolerant

Object = dict[str, Any]

SOURCE = "daemonset-controller"
_NODES_SECONDS = 0.5
"""Many changes of nodes are answered at once."""
GENERATION = "deprecated.daemonset.template.generation"


class DaemonSets(Controller):
    """The DaemonSet controller."""

    follows = ("nodes", "daemonsets", "pods")

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._pods = api.index("pods", by_controller)
        self._revisions = api.index("controllerrevisions", by_controller)
        self._ready = pods.Readiness(clock)
        self._nodes: dict[str, NodeFacts] = {}
        self._judged: dict[tuple[str, int], dict[str, tuple[NodeFacts, tuple[bool, bool]]]] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself, the owner of a pod; all, when a node came, went or changed its labels or taints."""
        if resource == "daemonsets":
            return (key_of(obj),)
        if resource == "pods":
            return owner_key(obj, "DaemonSet")
        name = obj["metadata"]["name"]
        if kind == "DELETED":
            self._nodes.pop(name, None)
        else:
            known, taints = self._nodes.get(name), (obj.get("spec") or {}).get("taints") or ()
            if known and known.labels == (obj["metadata"].get("labels") or {}) and list(known.taints) == list(taints):
                return ()
            self._nodes[name] = node_facts(obj)
        for one in self.api.list("daemonsets"):
            self.agenda.note(key_of(one), _NODES_SECONDS)
        return ()

    def _eligible(self, daemon: Object) -> dict[str, tuple[bool, bool]]:
        """What `eligibility` says of every node; judged again only where a node or the template changed."""
        version = daemon["metadata"]["uid"], int(daemon["metadata"].get("generation", 1))
        before = self._judged.get(version, {})
        if not before:
            self._judged = {one: judged for one, judged in self._judged.items() if one[0] != version[0]}
        spec = tolerant(daemon["spec"]["template"]["spec"])
        judged = {}
        for name in sorted(self._nodes):
            facts, known = self._nodes[name], before.get(name)
            judged[name] = known if known and known[0] is facts else (facts, eligibility(spec, facts))
        self._judged[version] = judged
        return {name: found for name, (_facts, found) in judged.items()}

    async def sync(self, key: Key) -> None:
        """A pod where one is missing, none where none belongs; old ones replaced."""
        daemon = await self.api.get("daemonsets", *key)
        if daemon is None:
            return
        if pods.is_terminating(daemon):
            return
        stored = await revisions.present_revision(self.api, self._revisions, daemon)
        if stored is None:
            return
        hashed = revisions.hash_of(stored)
        eligible = self._eligible(daemon)
        by_node: dict[str, list[Object]] = {}
        for pod in self._pods.of(daemon["metadata"]["uid"]):
            by_node.setdefault(pod["spec"].get("nodeName") or pinned_to(pod["spec"]), []).append(pod)
        for name in eligible:
            should, may_stay = eligible[name]
            present = by_node.get(name, [])
            if should and not present:
                await self._create(daemon, hashed, name)
            elif present:
                await self._thin_out(daemon, present, stay=may_stay)
        await self._roll(daemon, hashed, by_node, eligible)
        await self._post(key, daemon, hashed, eligible)

    async def _create(self, daemon: Object, hashed: str, node: str) -> None:
        body = new_pod(daemon, hashed, node, generate=f"{daemon['metadata']['name']}-")
        pod = await self.api.create("pods", body)
        if pod is not None:
            await self.api.event(daemon, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}", source=SOURCE)

    async def _thin_out(self, daemon: Object, present: Sequence[Object], *, stay: bool) -> None:
        """End what failed, what may not stay, and all but one of several."""
        alive = sorted((pod for pod in present if pods.is_active(pod)), key=lambda pod: not pods.is_ready(pod))
        ended = [pod for pod in present if pods.is_finished(pod) and not pods.is_terminating(pod)]
        for pod in ended:
            namespace, name = key_of(pod)
            message = (
                f"Found failed daemon pod {namespace}/{name} on node {pod['spec']['nodeName']}, will try to kill it"
            )
            await self.api.event(daemon, "FailedDaemonPod", message, source=SOURCE, warning=True)
        for pod in [*ended, *(alive[1:] if stay else alive)]:
            await self._delete(daemon, pod)

    async def _delete(self, daemon: Object, pod: Object) -> None:
        namespace, name = key_of(pod)
        await self.api.delete("pods", namespace, name, uid=pod["metadata"]["uid"])
        await self.api.event(daemon, "SuccessfulDelete", f"Deleted pod: {name}", source=SOURCE)

    async def _roll(
        self, daemon: Object, hashed: str, by_node: Mapping[str, Sequence[Object]], eligible: Mapping[str, Any]
    ) -> None:
        """Replace old pods, as many at once as may be missing."""
        strategy = daemon["spec"].get("updateStrategy") or {}
        if strategy.get("type", "RollingUpdate") != "RollingUpdate":
            return
        wanted = [name for name, (should, _) in eligible.items() if should]
        limit = (strategy.get("rollingUpdate") or {}).get("maxUnavailable")
        budget = max(1, rollout.share(1 if limit is None else limit, len(wanted), up=True))
        alive = {name: [pod for pod in by_node.get(name, ()) if pods.is_active(pod)] for name in wanted}
        old = [pod for found in alive.values() for pod in found if revisions.revision_of(pod) != hashed]
        missing = sum(1 for found in alive.values() if not any(pods.is_ready(pod) for pod in found))
        for pod in [pod for pod in old if not pods.is_ready(pod)]:
            await self._delete(daemon, pod)
        for pod in [pod for pod in old if pods.is_ready(pod)][: max(0, budget - missing)]:
            await self._delete(daemon, pod)

    async def _post(self, key: Key, daemon: Object, hashed: str, eligible: Mapping[str, tuple[bool, bool]]) -> None:
        patience = int(daemon["spec"].get("minReadySeconds") or 0)
        placed: dict[str, Object] = {}
        for pod in self._pods.of(daemon["metadata"]["uid"]):
            if pods.is_active(pod):
                placed[pod["spec"].get("nodeName") or pinned_to(pod["spec"])] = pod
        wanted = [name for name, (should, _) in eligible.items() if should]
        there = [placed[name] for name in wanted if name in placed]
        waits = [patience - self._ready.seconds(pod) for pod in there if pods.is_ready(pod)]
        available = sum(1 for wait in waits if wait <= 0)
        status: Object = {
            "currentNumberScheduled": len(there),
            "desiredNumberScheduled": len(wanted),
            "numberAvailable": available,
            "numberMisscheduled": sum(1 for name in placed if name in eligible and not eligible[name][0]),
            "numberReady": len(waits),
            "numberUnavailable": len(wanted) - available,
            "observedGeneration": daemon["metadata"].get("generation", 1),
            "updatedNumberScheduled": sum(1 for pod in there if revisions.revision_of(pod) == hashed),
        }
        always = ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady")
        status = {name: value for name, value in status.items() if value or name in always}
        if ahead := [wait for wait in waits if wait > 0]:
            self.agenda.note(key, min(ahead))
        if status != (daemon.get("status") or {}):
            await self.api.change("daemonsets", *key, lambda one: one | {"status": status}, subresource="status")


def eligibility(spec: Object, facts: NodeFacts) -> tuple[bool, bool]:
    """(a pod with `spec` should run on that node, one that does may stay)."""
    if not matches_node(spec, facts):
        return False, False
    tolerations = spec["tolerations"]
    stays = untolerated(facts.taints, tolerations, "NoExecute") is None
    return stays and untolerated(facts.taints, tolerations, "NoSchedule") is None, stays


def new_pod(daemon: Object, hashed: str, node: str, *, name: str = "", generate: str = "") -> Object:
    """A pod of `daemon` for `node`, which only that node can take."""
    template = daemon["spec"]["template"]
    spec = pinned(tolerant(template["spec"]), node)
    pod = pods.from_template(daemon, {**template, "spec": spec}, name=name, generate=generate)
    generation = (daemon["metadata"].get("annotations") or {}).get(GENERATION, "1")
    labels = pod["metadata"].get("labels") or {}
    pod["metadata"]["labels"] = labels | {revisions.LABEL: hashed, "pod-template-generation": generation}
    return pod
