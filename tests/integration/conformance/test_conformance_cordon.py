"""Nodes taken out of service and given back: cordon and uncordon, one, several and by selector."""

from __future__ import annotations

import asyncio

import pytest

from parts.judging import Judged
from parts.manifests import pod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_cordon_is_one_patch_and_a_second_one_none(judged: Judged, worker: str) -> None:
    judged.begin()
    assert (await judged.ok("cordon", worker)).out == f"node/{worker} cordoned\n"
    assert (await judged.ok("cordon", worker)).out == f"node/{worker} already cordoned\n"
    assert (await judged.ok("get", "node", worker)).rows[1][1] == "Ready,SchedulingDisabled"
    if judged.knows_requests:
        assert [asked.code for asked in judged.requests(verb="patch", resource="nodes")] == [200]
    assert (await judged.ok("uncordon", worker)).out == f"node/{worker} uncordoned\n"
    assert (await judged.ok("uncordon", worker)).out == f"node/{worker} already uncordoned\n"
    assert "unschedulable" not in (await judged.json("get", "node", worker))["spec"]


async def test_the_taint_follows_the_cordon_and_goes_with_it(judged: Judged, worker: str) -> None:
    async def tainted() -> bool:
        spec = (await judged.json("get", "node", worker))["spec"]
        found = [t for t in spec.get("taints", []) if t["key"] == "node.kubernetes.io/unschedulable"]
        assert all(taint["effect"] == "NoSchedule" and taint["timeAdded"] for taint in found)
        return bool(found)

    await judged.ok("cordon", worker)
    while not await tainted():
        await asyncio.sleep(0.05)
    await judged.ok("uncordon", worker)
    while await tainted():
        await asyncio.sleep(0.05)


async def test_nothing_new_is_placed_on_a_cordoned_node_and_nothing_leaves(
    judged: Judged, namespace: str, worker: str
) -> None:
    await judged.create(pod("stays", worker), namespace=namespace)
    await judged.ready("stays", namespace=namespace)
    await judged.ok("cordon", worker)
    await judged.create(pod("waits", worker), namespace=namespace)
    refused = "involvedObject.name=waits,reason=FailedScheduling"
    while not (await judged.ok("get", "events", "--field-selector", refused, namespace=namespace)).out:
        await asyncio.sleep(0.05)
    shown = await judged.ok("get", "pods", namespace=namespace)
    assert [row[:3] for row in shown.rows[1:]] == [["stays", "1/1", "Running"], ["waits", "0/1", "Pending"]]
    told = (await judged.ok("describe", "node", worker)).out
    assert "Unschedulable:      true" in told
    await judged.ok("uncordon", worker)
    await judged.ready("waits", namespace=namespace)


async def test_several_nodes_and_nodes_by_label(judged: Judged, worker: str) -> None:
    other = judged.workers[1]
    both = await judged.ok("cordon", worker, other)
    assert both.out == f"node/{worker} cordoned\nnode/{other} cordoned\n"
    listed = await judged.ok("get", "nodes", "--field-selector", "spec.unschedulable=true", "-o", "name")
    assert listed.out.split() == [f"node/{worker}", f"node/{other}"]
    selector = f"kubernetes.io/hostname in ({worker},{other})"
    back = await judged.ok("uncordon", "-l", selector)
    assert back.out == f"node/{worker} uncordoned\nnode/{other} uncordoned\n"
    assert (await judged.ok("get", "nodes", "--field-selector", "spec.unschedulable=true")).out == ""


async def test_one_unknown_node_stops_everything_before_it_begins(judged: Judged, worker: str) -> None:
    judged.begin()
    for command in (("cordon",), ("drain", "--ignore-daemonsets")):
        ran = await judged.fails(*command, worker, "w999")
        assert 'nodes "w999" not found' in ran.err
    assert "unschedulable" not in (await judged.json("get", "node", worker))["spec"]
    if judged.knows_requests:
        assert not judged.requests(verb="patch")
