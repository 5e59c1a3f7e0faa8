"""PodDisruptionBudgets: their status follows the pods they select, a moment later, as the eviction API reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.controllers import disruption, pods
from kconsole.lab.controllers.disruption import Reckoning
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.controllers.replicasets import wanted_of
from kconsole.lab.indexes import controller_of

Object = dict[str, Any]

SOURCE = "controllermanager"
_SCALED = {
    "ReplicationController": "replicationcontrollers",
    "ReplicaSet": "replicasets",
    "StatefulSet": "statefulsets",
    "Deployment": "deployments",
}

_CANNOT = (
    "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To"
    ' account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.'
)


class Unreckonable(Exception):
    """How many pods should be there cannot be told; the message says why."""


class Budgets(Controller):
    """The disruption controller."""

    follows = ("poddisruptionbudgets", "pods", "deployments", "replicasets", "statefulsets", "replicationcontrollers")
    lag = 1.0

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself; for a pod, the budgets that select it; for a controller, those of its namespace."""
        if resource == "poddisruptionbudgets":
            return () if kind == "DELETED" else (key_of(obj),)
        if kind == "LISTED":
            return ()
        budgets = self.api.list("poddisruptionbudgets", obj["metadata"]["namespace"])
        if resource == "pods":
            labels = obj["metadata"].get("labels") or {}
            budgets = [one for one in budgets if pods.matches(one["spec"].get("selector"), labels)]
        return [key_of(one) for one in budgets]

    async def sync(self, key: Key) -> None:
        """Reckon and tell."""
        budget = await self.api.get("poddisruptionbudgets", *key)
        if budget is None or pods.is_terminating(budget):
            return
        selector = (budget.get("spec") or {}).get("selector")
        selected = [
            pod for pod in self.api.list("pods", key[0]) if pods.matches(selector, pod["metadata"].get("labels") or {})
        ]
        if not selected:
            await self.api.event(budget, "NoPods", "No matching pods found", source=SOURCE)
        recorded: Mapping[str, str] = (budget.get("status") or {}).get("disruptedPods") or {}
        by_name = {pod["metadata"]["name"]: pod for pod in selected}
        evicted, lapsed, again = disruption.disrupted(recorded, by_name, self.clock.now())
        for name in lapsed:
            message = f"Pod was expected by PDB {key[0]}/{key[1]} to be deleted but it wasn't"
            await self.api.event(by_name[name], "NotDeleted", message, source=SOURCE)
        if again is not None:
            self.agenda.note(key, again)
        try:
            scale = await self._scale(budget, selected) if disruption.needs_scale(budget) else 0
        except Unreckonable as problem:
            message = f"Failed to calculate the number of expected pods: {problem}"
            await self.api.event(budget, "CalculateExpectedPodCountFailed", message, source=SOURCE, warning=True)
            await self._post(budget, None, evicted, failed=str(problem))
            return
        healthy = disruption.healthy_pods(selected, evicted)
        await self._post(budget, disruption.reckon(budget, pods=len(selected), scale=scale, healthy=healthy), evicted)

    async def _scale(self, budget: Object, selected: Sequence[Object]) -> int:
        """The replicas that the controllers of `selected` ask for, each once; pods that have none are left out."""
        asked: dict[str, int] = {}
        unmanaged = False
        for pod in selected:
            owner = controller_of(pod)
            if owner is None:
                unmanaged = True
            elif owner["uid"] not in asked:
                uid, count = self._asked(pod, owner)
                asked[owner["uid"]] = 0
                asked[uid] = count
        if unmanaged:
            labels = (budget["spec"].get("selector") or {}).get("matchLabels") or {}
            words = "".join(f"{key}: {labels[key]}," for key in sorted(labels))
            shown = f"&LabelSelector{{MatchLabels:map[string]string{{{words}}},"
            shown += "MatchExpressions:[]LabelSelectorRequirement{},}"
            message = (
                f"Pods selected by this PodDisruptionBudget (selector: {shown}) were found to be unmanaged. {_CANNOT}"
            )
            await self.api.event(budget, "UnmanagedPods", message, source=SOURCE, warning=True)
        return sum(asked.values())

    def _asked(self, pod: Object, owner: Object) -> tuple[str, int]:
        """(uid, replicas) of what scales the pod: its controller, or the Deployment above its ReplicaSet."""
        namespace = pod["metadata"]["namespace"]
        resource = _SCALED.get(owner["kind"])
        group = str(owner.get("apiVersion", "")).rpartition("/")[0]
        if resource is None:
            row = next((r for r in RESOURCES.values() if r.kind == owner["kind"] and r.group == group), None)
            if row is None:
                raise Unreckonable(f'no matches for kind "{owner["kind"]}" in version "{owner["apiVersion"]}"')
            raise Unreckonable(f"{row.qualified} does not implement the scale subresource")
        found = self.api.find(resource, namespace, owner["name"])
        if found is None or found["metadata"]["uid"] != owner["uid"]:
            raise Unreckonable(f'found no controllers for pod "{pod["metadata"]["name"]}"')
        above = controller_of(found)
        if owner["kind"] == "ReplicaSet" and above is not None and above["kind"] == "Deployment":
            deployment = self.api.find("deployments", namespace, above["name"])
            if deployment is not None and deployment["metadata"]["uid"] == above["uid"]:
                return above["uid"], wanted_of(deployment)
        return owner["uid"], wanted_of(found)

    async def _post(
        self, budget: Object, found: Reckoning | None, evicted: Mapping[str, str], *, failed: str = ""
    ) -> None:
        before = budget.get("status") or {}
        generation = budget["metadata"].get("generation", 1)
        allowed = found.allowed if found else 0
        status: Object = dict(before) | {"disruptionsAllowed": allowed}
        if found is not None:
            status.pop("disruptedPods", None)
            status |= {
                "observedGeneration": generation,
                "currentHealthy": found.healthy,
                "desiredHealthy": found.desired,
                "expectedPods": found.expected,
            }
            if evicted:
                status["disruptedPods"] = dict(evicted)
        else:
            for name in ("currentHealthy", "desiredHealthy", "expectedPods"):
                status.setdefault(name, 0)
        status["conditions"] = disruption.condition(
            allowed, generation, before.get("conditions") or (), self.now, failed=failed
        )
        if status == before:
            return
        version = budget["metadata"]["resourceVersion"]

        def post(one: Object) -> Object | None:
            # an eviction that came in between changed the numbers: reckon again instead of overwriting them
            return one | {"status": status} if one["metadata"]["resourceVersion"] == version else None

        done = await self.api.change("poddisruptionbudgets", *key_of(budget), post, subresource="status")
        if done is not None and (done.get("status") or {}) != status:
            self.agenda.note(key_of(budget))
