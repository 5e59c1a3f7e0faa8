"""The cluster a person is given to drain: every worker of it, as it comes, with its budgets that never allow."""

from __future__ import annotations

import collections
from typing import Any

import pytest

from parts.judging import REAL, Judged

NEWEST_ONLY = True
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(REAL), reason="these workloads are the built-in cluster's"),
]
LIFTED = ("--ignore-daemonsets", "--delete-emptydir-data", "--force")


def selects(budget: Any, pod: Any) -> bool:
    wanted = budget["spec"]["selector"]["matchLabels"].items()
    same = budget["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same and wanted <= pod["metadata"].get("labels", {}).items()


def never_allowed(budgets: list[Any], pod: Any) -> bool:
    """Whether no waiting helps."""
    over = [budget["status"] for budget in budgets if selects(budget, pod)]
    return len(over) > 1 or any(status["desiredHealthy"] >= status["expectedPods"] for status in over)


async def left_on(judged: Judged, node: str) -> list[Any]:
    """The pods of a node that a drain should have taken and that are not on their way."""
    pods = await judged.json("get", "pods", "-A", f"--field-selector=spec.nodeName={node}")
    owners = {pod["metadata"]["uid"]: pod["metadata"].get("ownerReferences", [{}])[0].get("kind") for pod in pods}
    taken = [pod for pod in pods if owners[pod["metadata"]["uid"]] not in ("DaemonSet", "Node")]
    return [pod for pod in taken if "deletionTimestamp" not in pod["metadata"]]


async def test_it_rests_until_it_is_touched(judged: Judged) -> None:
    await judged.ok("wait", "--for=condition=Ready", "node", "--all", "--timeout=20s")
    statuses = {row[3] for row in (await judged.ok("get", "pods", "-A")).rows[1:]}
    assert {"Running", "Completed", "Pending"} <= statuses
    assert statuses <= {"Running", "Completed", "Pending", "CrashLoopBackOff", "Error"}
    listed = await judged.ok("get", "pdb", "-A")
    assert {"0", "1"} <= {row[4] for row in listed.rows[1:]}
    budgets = await judged.json("get", "pdb", "-A")
    pods = [pod for node in judged.workers for pod in await left_on(judged, node)]
    assert [pod for pod in pods if never_allowed(budgets, pod)]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_drain_takes_all_but_what_a_budget_holds(judged: Judged, place: int) -> None:
    node = judged.workers[place]
    daemons = {p["metadata"]["uid"] for p in await judged.json("get", "pods", "-A", "-l", "k8s-app=kube-proxy")}
    before = await judged.json("get", "pdb", "-A")
    held = {p["metadata"]["uid"] for p in await left_on(judged, node) if never_allowed(before, p)}
    judged.begin()
    try:
        ran = await judged.kubectl("drain", node, *LIFTED, "--timeout=6s", seconds=60)
        left = await left_on(judged, node)
    finally:
        await judged.ok("uncordon", node)
    evictions = judged.requests(verb="create", subresource="eviction")
    assert {asked.code for asked in evictions} <= {201, 429, 500}
    assert max(collections.Counter(asked.name for asked in evictions).values()) <= 3
    assert not judged.requests(verb="delete")
    assert held <= {pod["metadata"]["uid"] for pod in left}
    budgets = await judged.json("get", "pdb", "-A")
    for pod in left:
        over = [budget for budget in budgets if selects(budget, pod)]
        assert len(over) > 1 or over[0]["status"]["disruptionsAllowed"] == 0, pod["metadata"]["name"]
        assert pod["metadata"]["name"] in ran.err
    if left:
        assert ran.code == 1
        assert "violate the pod's disruption budget" in ran.err or "more than one PodDisruptionBudget" in ran.err
    after = {p["metadata"]["uid"] for p in await judged.json("get", "pods", "-A", "-l", "k8s-app=kube-proxy")}
    assert after == daemons
