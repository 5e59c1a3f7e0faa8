"""The live picture against the built-in cluster, whose faults are its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timezone

import pytest
from kubeconfigs import until

from kconsole.kube.actions import Writer
from kconsole.kube.inventory import Inventory
from kconsole.kube.session import Session
from kconsole.lab import cluster_faults
from kconsole.lab.cluster import Cluster
from kconsole.model.nodes import status_text
from kconsole.observe.access import Verb, allowed
from kconsole.observe.nodes import list_nodes, node_page, pod_count


async def briefly(_seconds: float) -> None:
    await asyncio.sleep(0.01)


@pytest.fixture
async def session(lab: Cluster) -> AsyncIterator[Session]:
    async with await Session.open(str(lab.kubeconfig)) as opened:
        yield opened


@pytest.fixture
async def inventory(session: Session) -> AsyncIterator[Inventory]:
    made = Inventory(session, now=lambda: datetime.now(timezone.utc), pause=briefly)
    running = asyncio.create_task(made.run())
    await until(lambda: made.link.state == "live")
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def cordon(session: Session, name: str, yes: bool = True) -> None:
    await Writer(session).patch_node(name, {"spec": {"unschedulable": yes or None}})


@pytest.mark.parametrize("fault", ["drop", "cut", "garbage", "blank", "expired"])
async def test_a_watch_that_fails_is_followed_by_the_true_picture(
    lab: Cluster, session: Session, inventory: Inventory, fault: str
) -> None:
    await cluster_faults.apply(lab.running, [f"watch={fault},resource=nodes"])
    await cordon(session, "w1")
    await cordon(session, "w2")
    await cordon(session, "w1", yes=False)
    await asyncio.gather(*(list_nodes(session) for _ in range(5)))
    await cluster_faults.clear(lab.running, "watch")
    await until(lambda: inventory.nodes["w2"].unschedulable and not inventory.nodes["w1"].unschedulable)
    await cordon(session, "w3")
    await until(lambda: inventory.nodes["w3"].unschedulable and inventory.link.state == "live")


async def test_an_api_server_stopped_and_started_again_is_survived(
    lab: Cluster, session: Session, inventory: Inventory
) -> None:
    before = set(inventory.nodes)
    await cluster_faults.apply(lab.running, ["apiserver", "stop"])
    await until(lambda: inventory.link.state != "live")
    assert inventory.link.problem
    assert set(inventory.nodes) == before
    await cluster_faults.apply(lab.running, ["apiserver", "start"])
    await until(lambda: inventory.link.state == "live")
    await cordon(session, "w3")
    await until(lambda: status_text(inventory.nodes["w3"]) == "Ready,SchedulingDisabled")


async def test_facts_about_a_node_agree_with_each_other(session: Session, inventory: Inventory) -> None:
    page = await node_page(session, "w1")
    assert page.problems == ()
    assert page.pods is not None
    assert page.requested is not None
    assert page.requested["pods"] == await pod_count(session, "w1") > 0
    assert page.lease_renewed is not None
    assert await session.whoami()
    assert (await session.server_version()).startswith("v1.33.")
    assert inventory.nodes["w1"].metadata.uid == page.node.metadata.uid


async def test_a_viewer_is_told_that_it_may_not_patch(lab: Cluster) -> None:
    patch, see = Verb("patch", "nodes"), Verb("list", "nodes")
    async with await Session.open(str(lab.kubeconfig), "lab1-viewer") as session:
        assert await allowed(session, [patch, see]) == {patch: False, see: True}
