"""Choosing a node for a pod, and saying why there is none, as the real scheduler says it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kconsole.lab.scheduling.facts import NodeFacts, PodFacts, load
from kconsole.lab.scheduling.filters import Refusal, matches_term, refusal, untolerated
from kconsole.lab.scheduling.neighbours import Neighbourhood

Object = dict[str, Any]

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
    refused: list[Refusal] = []
    for node in nodes:
        why = refusal(pod, facts, node) or also(node) or neighbourhood.refusal(node)
        if why is None:
            fit.append(node)
            if len(fit) >= _ENOUGH:
                break
        else:
            refused.append(why)
    if not fit:
        return Placement(message=no_node(len(nodes), refused))
    scores = {node.name: _score(pod, facts, node, crowd) for node in fit}
    best = max(scores.values())
    return Placement(node=pick([name for name, score in scores.items() if score == best]))


def _score(pod: Object, facts: PodFacts, node: NodeFacts, crowd: Mapping[str, int]) -> int:
    """Higher is better: few of its own kind, then what it prefers, then room, then images are not looked at."""
    spec = pod["spec"]
    unwanted = untolerated(node.taints, spec.get("tolerations") or (), "PreferNoSchedule") is not None
    preferred = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "preferredDuringSchedulingIgnoredDuringExecution"
    )
    liked = sum(int(one["weight"]) for one in preferred or () if matches_term(one.get("preference") or {}, node))
    return -300 * int(unwanted) - 100 * crowd.get(node.name, 0) + 2 * liked + round(50 * (1 - load(node, facts.asks)))


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
