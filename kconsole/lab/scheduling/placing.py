"""Choosing a node for a pod, and saying why there is none, as the real scheduler says it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kconsole.lab.scheduling.facts import NodeFacts, PodFacts, load
from kconsole.lab.scheduling.filters import Refusal, matches_term, refusal, untolerated
from kconsole.lab.scheduling.neighbours import Neighbourhood
from kconsole.lab.seeds.pod_objects import pinned_to

Object = dict[str, Any]

_ELSEWHERE = Refusal(("node(s) didn't satisfy plugin(s) [NodeAffinity]",), hopeless=True)
_ENOUGH = 100
"""Nodes that fit after which no more are looked at."""


@dataclass(frozen=True)
class Placement:
    """The node chosen, or a message that says why none was."""

    node: str = ""
    message: str = ""


def place(
    pod: Object,
    facts: PodFacts,
    nodes: Sequence[NodeFacts],
    *,
    crowd: Mapping[str, int],
    pick: Callable[[Sequence[str]], str],
    also: Callable[[NodeFacts], Refusal | None] = lambda node: None,
) -> Placement:
    """Where `pod` goes. `crowd` is how many of its kind a node has, `pick` chooses among equals, `also` refuses too."""
    neighbourhood = Neighbourhood(pod, facts, nodes)
    fit: list[NodeFacts] = []
    only = pinned_to(pod["spec"])
    refused = [_ELSEWHERE for node in nodes if node.name != only] if only else []
    for node in nodes:
        if only and node.name != only:
            continue
        why = refusal(pod, facts, node) or also(node) or neighbourhood.refusal(node)
        if why is None:
            fit.append(node)
            if len(fit) >= _ENOUGH:
                break
        else:
            refused.append(why)
    if not fit:
        return Placement(message=no_node(len(nodes), refused))
    scores = _scores(pod, facts, fit, crowd=crowd, leaning=neighbourhood.leaning())
    best = max(scores.values())
    return Placement(node=pick([name for name, score in scores.items() if score == best]))


def _scores(
    pod: Object, facts: PodFacts, fit: Sequence[NodeFacts], *, crowd: Mapping[str, int], leaning: Mapping[str, int]
) -> dict[str, int]:
    """Higher is better: first what is preferred, then few of the same kind, then room."""
    spec = pod["spec"]
    wishes = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "preferredDuringSchedulingIgnoredDuringExecution"
    ) or ()
    tolerations = spec.get("tolerations") or ()
    liked = {
        node.name: sum(int(one["weight"]) for one in wishes if matches_term(one.get("preference") or {}, node))
        for node in fit
    }
    most_liked = max(liked.values()) or 1
    most_crowded = max((crowd.get(node.name, 0) for node in fit), default=0) or 1
    furthest = max((abs(leaning.get(node.name, 0)) for node in fit), default=0) or 1
    return {
        node.name: round(
            200 * liked[node.name] / most_liked
            + 200 * leaning.get(node.name, 0) / furthest
            - 150 * crowd.get(node.name, 0) / most_crowded
            - 300 * (untolerated(node.taints, tolerations, "PreferNoSchedule") is not None)
            + 50 * (1 - load(node, facts.asks))
        )
        for node in fit
    }


def no_node(total: int, refused: Sequence[Refusal]) -> str:
    """`0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu. preemption: …`."""
    if not total:
        return "no nodes available to schedule pods"
    reasons = Counter(reason for one in refused for reason in one.reasons)
    hopeless = sum(1 for one in refused if one.hopeless)
    helpless = {
        "Preemption is not helpful for scheduling": hopeless,
        "No preemption victims found for incoming pod": len(refused) - hopeless,
    }
    told = f"0/{total} nodes are available"
    return f"{told}: {_told(reasons)}. preemption: {told}: {_told(helpless)}."


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items() if count))
