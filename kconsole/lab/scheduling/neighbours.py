"""What other pods mean for placing one: affinity, anti-affinity, and even spread over zones and hosts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.controllers.pods import matches
from kconsole.lab.scheduling.facts import NodeFacts, PodFacts
from kconsole.lab.scheduling.filters import Refusal, matches_node, untolerated

Object = dict[str, Any]

_AFFINITY = Refusal(("node(s) didn't match pod affinity rules",), hopeless=True)
_ANTI = Refusal(("node(s) didn't match pod anti-affinity rules",), hopeless=False)
_OTHERS = Refusal(("node(s) didn't satisfy existing pods anti-affinity rules",), hopeless=False)
_SPREAD = Refusal(("node(s) didn't match pod topology spread constraints",), hopeless=False)
_NO_LABEL = Refusal(("node(s) didn't match pod topology spread constraints (missing required label)",), hopeless=True)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


class Neighbourhood:
    """What rules one pod out because of others, reckoned once for all nodes."""

    def __init__(self, pod: Object, facts: PodFacts, nodes: Sequence[NodeFacts]) -> None:
        affinity = pod["spec"].get("affinity") or {}
        self._facts, self._nodes = facts, nodes
        self._wishes = [
            (int(one["weight"]) * sign, one["podAffinityTerm"])
            for kind, sign in (("podAffinity", 1), ("podAntiAffinity", -1))
            for one in (affinity.get(kind) or {}).get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        ] + [
            (-50, one)
            for one in pod["spec"].get("topologySpreadConstraints") or ()
            if one.get("whenUnsatisfiable") == "ScheduleAnyway"
        ]
        self._near = [
            (term, _domains(term, facts, nodes)) for term in (affinity.get("podAffinity") or {}).get(_REQUIRED) or ()
        ]
        self._far = [(term["topologyKey"], _domains(term, facts, nodes)) for term in facts.repels]
        self._itself = all(_selects(term, facts, facts) for term, _ in self._near)
        self._repelled = _repelled(facts, nodes)
        constraints = pod["spec"].get("topologySpreadConstraints") or ()
        self._spread = [
            _Spread(one, pod, facts, nodes) for one in constraints if one.get("whenUnsatisfiable") == "DoNotSchedule"
        ]

    def refusal(self, node: NodeFacts) -> Refusal | None:
        """Why the pods that there are rule this node out."""
        for spread in self._spread:
            if (found := spread.refusal(node)) is not None:
                return found
        for term, domains in self._near:
            value = node.labels.get(term["topologyKey"])
            first = not any(places for _, places in self._near) and self._itself
            if value is None or (value not in domains and not first):
                return _AFFINITY
        for key, domains in self._far:
            if node.labels.get(key) in domains:
                return _ANTI
        if any(node.labels.get(key) == value for key, value in self._repelled):
            return _OTHERS
        return None

    def leaning(self) -> dict[str, int]:
        """How much the pod would like to be on each node, because of the pods that are near it; below zero: away."""
        found: dict[str, int] = {}
        for weight, term in self._wishes:
            key = term["topologyKey"]
            counts: dict[str, int] = {}
            for node in self._nodes:
                if key in node.labels:
                    near = sum(1 for other in node.pods.values() if _selects(term, self._facts, other))
                    counts[node.labels[key]] = counts.get(node.labels[key], 0) + near
            for node in self._nodes if counts else ():
                found[node.name] = found.get(node.name, 0) + weight * counts.get(node.labels.get(key, ""), 0)
        return found


def _selects(term: Object, owner: PodFacts, other: PodFacts) -> bool:
    """Whether an affinity term of `owner` is about `other`."""
    namespaces = term.get("namespaces") or ([] if term.get("namespaceSelector") is not None else [owner.namespace])
    anywhere = term.get("namespaceSelector") == {}
    return (anywhere or other.namespace in namespaces) and matches(term.get("labelSelector"), other.labels)


def _domains(term: Object, owner: PodFacts, nodes: Iterable[NodeFacts]) -> set[str]:
    """The values of the term's topology key where a pod runs that the term is about."""
    key = term["topologyKey"]
    return {
        node.labels[key]
        for node in nodes
        if key in node.labels and any(_selects(term, owner, other) for other in node.pods.values())
    }


def _repelled(facts: PodFacts, nodes: Iterable[NodeFacts]) -> set[tuple[str, str]]:
    """The topology (key, value)s that pods which are there want for themselves against this one."""
    return {
        (term["topologyKey"], node.labels[term["topologyKey"]])
        for node in nodes
        for other in node.repelling.values()
        for term in other.repels
        if term["topologyKey"] in node.labels and _selects(term, other, facts)
    }


class _Spread:
    """One topologySpreadConstraint that must hold."""

    def __init__(self, constraint: Object, pod: Object, facts: PodFacts, nodes: Sequence[NodeFacts]) -> None:
        self._key = constraint["topologyKey"]
        self._most = int(constraint.get("maxSkew", 1))
        selector = constraint.get("labelSelector")
        self._own = 1 if matches(selector, facts.labels) else 0
        self._counts: dict[str, int] = {}
        for node in nodes:
            if self._key not in node.labels or not _counts(constraint, pod, node):
                continue
            count = sum(
                1
                for other in node.pods.values()
                if other.namespace == facts.namespace and not other.terminating and matches(selector, other.labels)
            )
            value = node.labels[self._key]
            self._counts[value] = self._counts.get(value, 0) + count
        enough = len(self._counts) >= int(constraint.get("minDomains") or 1)
        self._least = min(self._counts.values(), default=0) if enough else 0

    def refusal(self, node: NodeFacts) -> Refusal | None:
        value = node.labels.get(self._key)
        if value is None:
            return _NO_LABEL
        if self._counts.get(value, 0) + self._own - self._least > self._most:
            return _SPREAD
        return None


def _counts(constraint: Object, pod: Object, node: NodeFacts) -> bool:
    """Whether the pods of a node count, by the constraint's two policies."""
    spec = pod["spec"]
    if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not matches_node(spec, node):
        return False
    if constraint.get("nodeTaintsPolicy", "Ignore") == "Honor":
        return untolerated(node.taints, spec.get("tolerations") or (), "NoSchedule", "NoExecute") is None
    return True
