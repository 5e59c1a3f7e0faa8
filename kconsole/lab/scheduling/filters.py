"""Why a node cannot take a pod, in the order and the words of the real scheduler. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kconsole.lab.scheduling.facts import NodeFacts, PodFacts

Object = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """Reasons why one node is out of the question; `hopeless` if ending pods there would not change it."""

    reasons: tuple[str, ...]
    hopeless: bool


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(taints: Sequence[Object], tolerations: Sequence[Object], *effects: str) -> Object | None:
    """The first taint with one of `effects` that no toleration covers."""
    for taint in taints:
        if taint["effect"] in effects and not any(tolerates(one, taint) for one in tolerations):
            return taint
    return None


def refusal(pod: Object, facts: PodFacts, node: NodeFacts) -> Refusal | None:
    """Why this node alone rules the pod out, whatever runs elsewhere; None when nothing does."""
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or ()
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    if node.unschedulable and not any(tolerates(one, cordon) for one in tolerations):
        return Refusal(("node(s) were unschedulable",), hopeless=True)
    taint = untolerated(node.taints, tolerations, "NoSchedule", "NoExecute")
    if taint is not None:
        reason = f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"
        return Refusal((reason,), hopeless=True)
    if not matches_node(spec, node):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",), hopeless=True)
    if any(facts.ports & other.ports for other in node.pods.values()) if facts.ports else False:
        return Refusal(("node(s) didn't have free ports for the requested pod ports",), hopeless=False)
    return _room(facts.asks, node)


def _room(asks: Mapping[str, int], node: NodeFacts) -> Refusal | None:
    reasons = []
    if len(node.pods) + 1 > node.most_pods:
        reasons.append("Too many pods")
    for name, count in asks.items():
        if count and node.used.get(name, 0) + count > node.holds.get(name, 0):
            reasons.append(f"Insufficient {name}")
    return Refusal(tuple(reasons), hopeless=False) if reasons else None


def matches_node(spec: Object, node: NodeFacts) -> bool:
    """Whether nodeSelector and required node affinity allow the node."""
    selector = spec.get("nodeSelector") or {}
    if any(node.labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(matches_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def matches_term(term: Object, node: NodeFacts) -> bool:
    """Whether a node selector term holds; an empty one never does."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    named = {"metadata.name": node.name}
    return all(_holds(one, node.labels) for one in expressions) and all(_holds(one, named) for one in fields)


def _holds(requirement: Object, values: Mapping[str, str]) -> bool:
    key, operator, wanted = requirement["key"], requirement["operator"], list(requirement.get("values") or ())
    present = values.get(key)
    if operator == "In":
        return bool(present in wanted)
    if operator == "NotIn":
        return bool(present not in wanted)
    if operator in ("Exists", "DoesNotExist"):
        return bool((present is not None) == (operator == "Exists"))
    try:
        left, right = int(present or ""), int(wanted[0])
    except (ValueError, IndexError):
        return False
    return left > right if operator == "Gt" else left < right
