"""The arithmetic of PodDisruptionBudgets, as the disruption controller does it. Pure numbers and API objects."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kconsole.lab.controllers import pods as facts
from kconsole.lab.controllers.rollout import share

Object = dict[str, Any]

DISRUPTION_SECONDS = 120.0
"""How long an evicted pod counts as disrupted while it has not begun to end."""


@dataclass(frozen=True)
class Reckoning:
    """What a budget comes to."""

    expected: int
    desired: int
    healthy: int
    allowed: int


def reckon(budget: Object, *, pods: int, scale: int, healthy: int) -> Reckoning:
    """`pods` that the budget selects, `healthy` of them, and the replicas that their controllers ask for (`scale`)."""
    spec = budget.get("spec") or {}
    if spec.get("maxUnavailable") is not None:
        expected = scale
        desired = max(0, expected - share(spec["maxUnavailable"], expected, up=True))
    elif isinstance(spec.get("minAvailable"), str):
        expected = scale
        desired = share(spec["minAvailable"], expected, up=True)
    else:
        expected, desired = pods, int(spec.get("minAvailable") or 0)
    return Reckoning(expected, desired, healthy, disruptions_allowed(healthy, desired, expected))


def disruptions_allowed(healthy: int, desired: int, expected: int) -> int:
    """How many pods may be evicted now: never negative, and none where no pods are expected."""
    return max(0, healthy - desired) if expected > 0 else 0


def needs_scale(budget: Object) -> bool:
    """Whether the number of pods that should be there has to be asked of their controllers."""
    spec = budget.get("spec") or {}
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def disrupted(
    recorded: Mapping[str, str], pods: Mapping[str, Object], now: dt.datetime
) -> tuple[dict[str, str], list[str], float | None]:
    """The evicted pods that still count as disrupted, those whose time is over, and seconds until the next is.

    A pod that is gone or has begun to end needs no record any more.
    """
    kept: dict[str, str] = {}
    lapsed: list[str] = []
    soonest: float | None = None
    for name, since in recorded.items():
        pod = pods.get(name)
        if pod is None or facts.is_terminating(pod):
            continue
        left = DISRUPTION_SECONDS - (now - facts.moment(since)).total_seconds()
        if left <= 0:
            lapsed.append(name)
        else:
            kept[name] = since
            soonest = left if soonest is None else min(soonest, left)
    return kept, lapsed, soonest


def healthy_pods(pods: Sequence[Object], evicted: Mapping[str, str]) -> int:
    """Those that are ready, not ending, and not about to be."""
    counted = (one for one in pods if not facts.is_terminating(one) and one["metadata"]["name"] not in evicted)
    return sum(1 for one in counted if facts.is_ready(one))


def condition(allowed: int, generation: int, old: Sequence[Object], now: str, *, failed: str = "") -> list[Object]:
    """The conditions with DisruptionAllowed as `allowed` means it; `failed` is why it could not be reckoned."""
    status, reason = ("True", "SufficientPods") if allowed > 0 else ("False", "InsufficientPods")
    observed = {"observedGeneration": generation}
    if failed:
        status, reason, observed = "False", "SyncFailed", {}
    before = next((one for one in old if one["type"] == "DisruptionAllowed"), None)
    since = before["lastTransitionTime"] if before and before["status"] == status else now
    new = {
        "lastTransitionTime": since,
        "message": failed,
        **observed,
        "reason": reason,
        "status": status,
        "type": "DisruptionAllowed",
    }
    return [*(one for one in old if one["type"] != "DisruptionAllowed"), new]
