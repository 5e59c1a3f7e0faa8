"""What a drain does with time, budgets and refusals: grace, timeouts, dry runs, DELETE instead of eviction."""

from __future__ import annotations

import asyncio

import pytest

from parts.judging import Judged, only
from parts.manifests import budget, deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENCE = "--timeout=50s"


async def uids(judged: Judged, namespace: str) -> set[str]:
    return {p["metadata"]["uid"] for p in await judged.json("get", "pods", namespace=namespace)}


async def counted(judged: Judged, namespace: str, allowed: int, name: str = "web") -> None:
    """Wait until the budget's numbers are those of its pods."""
    wanted = (f"--for=jsonpath={{.status.disruptionsAllowed}}={allowed}", "--timeout=40s")
    await judged.ok("wait", f"pdb/{name}", *wanted, namespace=namespace)


async def test_a_budget_that_never_allows_keeps_the_pod_and_says_why(
    judged: Judged, namespace: str, worker: str
) -> None:
    await judged.create(deployment("web", 1, worker), budget("web", maxUnavailable=0), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    before = await uids(judged, namespace)
    judged.begin()
    ran = await judged.fails("drain", worker, only(namespace, "web"), "--timeout=7s")
    assert "(will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget." in ran.err
    assert f'There are pending pods in node "{worker}" when an error occurred' in ran.err
    assert "global timeout reached: 7s" in ran.err
    assert await uids(judged, namespace) == before
    if judged.knows_requests:
        evictions = judged.requests(verb="create", resource="pods", subresource="eviction")
        assert {asked.code for asked in evictions} == {429}
        assert 2 <= len(evictions) <= 3
        assert not judged.requests(verb="delete")


async def test_a_budget_lets_one_go_at_a_time(judged: Judged, namespace: str, worker: str) -> None:
    others = judged.workers[1:]
    await judged.ok("cordon", *others)
    try:
        await judged.create(deployment("web", 3), budget("web", minAvailable=2), namespace=namespace)
        await judged.rolled_out("deployment/web", namespace)
    finally:
        await judged.ok("uncordon", *others)
    await counted(judged, namespace, 1)
    seen: list[int] = []
    watching = asyncio.ensure_future(count_healthy(judged, namespace, seen))
    await judged.ok("drain", worker, only(namespace, "web"), PATIENCE, seconds=80)
    watching.cancel()
    assert min(seen) >= 2
    await judged.rolled_out("deployment/web", namespace)
    placed = await judged.json("get", "pods", namespace=namespace)
    live = [p for p in placed if "deletionTimestamp" not in p["metadata"]]
    assert worker not in {p["spec"]["nodeName"] for p in live}
    await counted(judged, namespace, 1)


async def count_healthy(judged: Judged, namespace: str, seen: list[int]) -> None:
    """How many pods are Ready and stay, again and again."""
    while True:
        pods = await judged.json("get", "pods", namespace=namespace)
        live = [p["status"].get("conditions", []) for p in pods if "deletionTimestamp" not in p["metadata"]]
        seen.append(sum(any((c["type"], c["status"]) == ("Ready", "True") for c in found) for found in live))
        await asyncio.sleep(0.1)


async def test_two_budgets_on_one_pod_are_refused_for_good(judged: Judged, namespace: str, worker: str) -> None:
    objects = (deployment("web", 1, worker), budget("one", "web", minAvailable=0), budget("two", "web", minAvailable=0))
    await judged.create(*objects, namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    judged.begin()
    ran = await judged.fails("drain", worker, only(namespace, "web"), PATIENCE)
    assert "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support." in ran.err
    if judged.knows_requests:
        evictions = judged.requests(verb="create", resource="pods", subresource="eviction")
        assert [asked.code for asked in evictions] == [500]


async def test_a_budget_that_is_loosened_lets_a_waiting_drain_go_on(
    judged: Judged, namespace: str, worker: str
) -> None:
    await judged.create(deployment("web", 1, worker), budget("web", minAvailable=1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    drain = asyncio.ensure_future(judged.kubectl("drain", worker, only(namespace, "web"), PATIENCE, seconds=80))
    if judged.knows_requests:
        while not judged.requests(verb="create", subresource="eviction"):
            await asyncio.sleep(0.1)
    loosened = '{"spec":{"minAvailable":0}}'
    await judged.ok("patch", "pdb", "web", "--type=merge", "-p", loosened, namespace=namespace)
    ran = await drain
    assert ran.code == 0, ran.text
    assert ran.out.endswith(f"node/{worker} drained\n")


async def test_pods_that_are_not_running_need_no_budget(judged: Judged, namespace: str, worker: str) -> None:
    pending = pod("web", worker)
    pending["spec"]["nodeName"] = worker
    pending["spec"]["restartPolicy"] = "Never"
    await judged.create(pending, budget("web", minAvailable=1), namespace=namespace)
    await judged.ready("web", namespace=namespace)
    ended = ("--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Failed"}}')
    await judged.ok("patch", "pod", "web", *ended, namespace=namespace)
    await judged.ok("drain", worker, only(namespace, "web"), PATIENCE)
    assert await uids(judged, namespace) == set()


async def test_disable_eviction_goes_past_the_budget(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 1, worker), budget("web", maxUnavailable=0), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    before = await uids(judged, namespace)
    judged.begin()
    ran = await judged.ok("drain", worker, only(namespace, "web"), "--disable-eviction", PATIENCE)
    assert "deleted" in ran.out
    assert not before & await uids(judged, namespace)
    if judged.knows_requests:
        assert not judged.requests(verb="create", subresource="eviction")
        assert len(judged.requests(verb="delete", resource="pods")) == 1


async def test_dry_runs_tell_and_do_nothing(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 1, worker), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    before = await uids(judged, namespace)
    judged.begin()
    ran = await judged.ok("drain", worker, only(namespace, "web"), "--dry-run=client")
    assert f"node/{worker} cordoned (dry run)" in ran.out
    assert f"node/{worker} drained (dry run)" in ran.out
    if judged.knows_requests:
        assert not judged.requests(verb="patch")
        assert not judged.requests(verb="create", subresource="eviction")
    ran = await judged.ok("drain", worker, only(namespace, "web"), "--dry-run=server", PATIENCE)
    assert f"node/{worker} drained (server dry run)" in ran.out
    if judged.knows_requests:
        assert all("dryRun=All" in asked.path for asked in judged.requests(verb="patch"))
        assert {asked.code for asked in judged.requests(subresource="eviction")} == {201}
    assert await uids(judged, namespace) == before
    assert "unschedulable" not in (await judged.json("get", "node", worker))["spec"]


async def test_the_grace_period_of_a_drain_overrides_the_pods(judged: Judged, namespace: str, worker: str) -> None:
    held = pod("slow", worker, grace=600)
    held["metadata"]["finalizers"] = ["conformance.example/hold"]
    await judged.create(held, namespace=namespace)
    await judged.ready("slow", namespace=namespace)
    words = (only(namespace, "slow"), "--force", "--grace-period=3", "--timeout=1s")
    ran = await judged.fails("drain", worker, *words)
    assert "global timeout reached: 1s" in ran.err or "context deadline exceeded" in ran.err
    metadata = (await judged.json("get", "pod", "slow", namespace=namespace))["metadata"]
    assert metadata["deletionGracePeriodSeconds"] <= 3
    skipping = (only(namespace, "slow"), "--force", "--skip-wait-for-delete-timeout=1", PATIENCE)
    await judged.ok("drain", worker, *skipping, seconds=80)
    assert await uids(judged, namespace) == {metadata["uid"]}
    released = '{"metadata":{"finalizers":null}}'
    await judged.ok("patch", "pod", "slow", "--type=merge", "-p", released, namespace=namespace)


async def test_an_evicted_pod_says_who_evicted_it(judged: Judged, namespace: str, worker: str) -> None:
    held = pod("told", worker)
    held["metadata"]["finalizers"] = ["conformance.example/hold"]
    await judged.create(held, namespace=namespace)
    await judged.ready("told", namespace=namespace)
    await judged.fails("drain", worker, only(namespace, "told"), "--force", "--timeout=1s")
    found = await judged.json("get", "pod", "told", namespace=namespace)
    (condition,) = [c for c in found["status"]["conditions"] if c["type"] == "DisruptionTarget"]
    assert (condition["status"], condition["reason"]) == ("True", "EvictionByEvictionAPI")
    assert condition["message"] == "Eviction API: evicting"
    released = '{"metadata":{"finalizers":null}}'
    await judged.ok("patch", "pod", "told", "--type=merge", "-p", released, namespace=namespace)


async def test_chunks_make_no_difference(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(*(pod(f"p{n}", worker, labels={"app": "p"}) for n in range(3)), namespace=namespace)
    await judged.ready("p0", "p1", "p2", namespace=namespace)
    judged.begin()
    ran = await judged.ok("drain", worker, only(namespace, "p"), "--force", "--chunk-size=1", PATIENCE)
    assert [f"pod/p{n} evicted" in ran.out for n in range(3)] == [True] * 3
    if judged.knows_requests:
        pages = [asked for asked in judged.requests(verb="list", resource="pods") if "limit=1&" in f"{asked.path}&"]
        assert len(pages) in (3, 4)  # a last empty one when the server must look to know
