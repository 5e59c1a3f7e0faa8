"""Workloads: scaled, rolled out, undone, paused, restarted; daemons and identities; jobs; where pods are placed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from parts.judging import Judged
from parts.manifests import daemon_set, deployment, job, pod, stateful_set

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEXT = "main=registry.example/conformance/web:2.0"


async def pods(judged: Judged, namespace: str, app: str) -> list[Any]:
    """Those that are not going."""
    found = await judged.json("get", "pods", "-l", f"app={app}", namespace=namespace)
    return [p for p in found if "deletionTimestamp" not in p["metadata"]]


async def test_scaling_up_and_down(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 1), namespace=namespace)
    told = await judged.ok("scale", "deployment", "web", "--replicas=3", namespace=namespace)
    assert told.out == "deployment.apps/web scaled\n"
    await judged.rolled_out("deployment/web", namespace)
    assert len(await pods(judged, namespace, "web")) == 3
    table = await judged.ok("get", "deployment", "web", namespace=namespace)
    assert table.rows[1][:4] == ["web", "3/3", "3", "3"]
    wrong = ("scale", "deployment/web", "--current-replicas=7", "--replicas=1")
    ran = await judged.fails(*wrong, namespace=namespace)
    assert "Expected replicas to be 7, was 3" in ran.err
    await judged.ok("scale", "deployment/web", "--replicas=0", "--timeout=40s", namespace=namespace)
    await judged.ok("wait", "--for=delete", "pod", "-l", "app=web", "--timeout=40s", namespace=namespace)
    (owned,) = await judged.json("get", "rs", namespace=namespace)
    assert owned["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] == "0"
    missing = await judged.fails("scale", "deployment/none", "--replicas=1", namespace=namespace)
    assert 'deployments.apps "none" not found' in missing.err or "no objects passed to scale" in missing.err
    ran = await judged.fails("scale", "pod/none", "--replicas=1", namespace=namespace)
    assert ran.err.strip()


async def test_a_rolling_update_its_history_and_the_way_back(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    told = await judged.ok("set", "image", "deployment/web", NEXT, namespace=namespace)
    assert told.out == "deployment.apps/web image updated\n"
    status = await judged.ok("rollout", "status", "deployment/web", "--timeout=50s", namespace=namespace)
    assert status.out.endswith('deployment "web" successfully rolled out\n')
    found = await pods(judged, namespace, "web")
    assert {p["spec"]["containers"][0]["image"][-3:] for p in found} == {"2.0"}
    history = await judged.ok("rollout", "history", "deployment/web", namespace=namespace)
    assert [row[0] for row in history.rows if row and row[0].isdigit()] == ["1", "2"]
    first = await judged.ok("rollout", "history", "deployment/web", "--revision=1", namespace=namespace)
    assert "web:1.0" in first.out
    undone = await judged.ok("rollout", "undo", "deployment/web", namespace=namespace)
    assert undone.out == "deployment.apps/web rolled back\n"
    await judged.rolled_out("deployment/web", namespace)
    found = await pods(judged, namespace, "web")
    assert {p["spec"]["containers"][0]["image"][-3:] for p in found} == {"1.0"}
    assert len({p["metadata"]["labels"]["pod-template-hash"] for p in found}) == 1
    history = await judged.ok("rollout", "history", "deployment/web", namespace=namespace)
    assert [row[0] for row in history.rows if row and row[0].isdigit()] == ["2", "3"]


async def test_a_paused_rollout_goes_on_when_resumed(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    paused = await judged.ok("rollout", "pause", "deployment/web", namespace=namespace)
    assert paused.out == "deployment.apps/web paused\n"
    await judged.ok("set", "image", "deployment/web", NEXT, namespace=namespace)
    again = await judged.fails("rollout", "pause", "deployment/web", namespace=namespace)
    assert "is already paused" in again.err
    restart = await judged.fails("rollout", "restart", "deployment/web", namespace=namespace)
    assert "can't restart paused deployment" in restart.err
    assert (await pods(judged, namespace, "web"))[0]["spec"]["containers"][0]["image"].endswith("1.0")
    await judged.ok("rollout", "resume", "deployment/web", namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    assert (await pods(judged, namespace, "web"))[0]["spec"]["containers"][0]["image"].endswith("2.0")


@pytest.mark.parametrize(
    "workload", [deployment("web", 2), stateful_set("web", 2), daemon_set("web")], ids=lambda made: made["kind"]
)
async def test_a_restart_replaces_every_pod(judged: Judged, namespace: str, workload: Any) -> None:
    kind = workload["kind"].lower()
    await judged.create(workload, namespace=namespace)
    await judged.rolled_out(f"{kind}/web", namespace)
    before = {p["metadata"]["uid"] for p in await pods(judged, namespace, "web")}
    told = await judged.ok("rollout", "restart", f"{kind}/web", namespace=namespace)
    assert told.out == f"{kind}.apps/web restarted\n"
    await judged.rolled_out(f"{kind}/web", namespace)
    after = await pods(judged, namespace, "web")
    assert len(after) == len(before)
    assert not before & {p["metadata"]["uid"] for p in after}
    assert all("kubectl.kubernetes.io/restartedAt" in p["metadata"]["annotations"] for p in after)


async def test_a_rollout_that_cannot_end_is_not_reported_as_done(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 1, nodeSelector={"conformance/none": "such"}), namespace=namespace)
    ran = await judged.fails("rollout", "status", "deployment/web", "--timeout=1s", namespace=namespace)
    assert "timed out waiting for the condition" in ran.text
    assert 'Waiting for deployment "web" rollout to finish: 0 of 1 updated replicas are available' in ran.out


async def test_a_stateful_sets_pods_keep_their_names_and_come_in_order(judged: Judged, namespace: str) -> None:
    await judged.create(stateful_set("db", 2), namespace=namespace)
    await judged.rolled_out("statefulset/db", namespace)
    found = await judged.json("get", "pods", "-l", "app=db", "--sort-by=.metadata.name", namespace=namespace)
    assert [p["metadata"]["name"] for p in found] == ["db-0", "db-1"]
    assert found[0]["metadata"]["creationTimestamp"] <= found[1]["metadata"]["creationTimestamp"]
    assert found[0]["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "db-0"
    await judged.ok("delete", "pod", "db-0", namespace=namespace)
    await judged.rolled_out("statefulset/db", namespace)
    (again,) = await judged.json("get", "pods", "-l", "statefulset.kubernetes.io/pod-name=db-0", namespace=namespace)
    assert again["metadata"]["uid"] != found[0]["metadata"]["uid"]
    await judged.ok("scale", "statefulset/db", "--replicas=1", namespace=namespace)
    await judged.ok("wait", "--for=delete", "pod/db-1", "--timeout=40s", namespace=namespace)
    assert (await judged.ok("get", "sts", "db", namespace=namespace)).rows[1][:2] == ["db", "1/1"]


async def test_a_daemon_runs_on_every_node_it_may_even_a_cordoned_one(
    judged: Judged, namespace: str, worker: str
) -> None:
    await judged.ok("cordon", worker)
    await judged.create(daemon_set("agent"), namespace=namespace)
    await judged.rolled_out("daemonset/agent", namespace)
    found = await pods(judged, namespace, "agent")
    assert {p["spec"]["nodeName"] for p in found} == set(judged.workers)
    tolerated = {t.get("key") for t in found[0]["spec"]["tolerations"]}
    assert {"node.kubernetes.io/unschedulable", "node.kubernetes.io/not-ready"} <= tolerated
    table = await judged.ok("get", "ds", "agent", namespace=namespace)
    assert table.rows[1][1:6] == [str(len(judged.workers))] * 5


async def test_a_jobs_pods_are_its_own(judged: Judged, namespace: str) -> None:
    await judged.create(job("once"), namespace=namespace)
    words = ("get", "pods", "-l", "job-name=once")
    while not (found := await judged.json(*words, namespace=namespace)):
        await asyncio.sleep(0.05)
    labels = found[0]["metadata"]["labels"]
    assert labels["job-name"] == labels["batch.kubernetes.io/job-name"] == "once"
    assert found[0]["metadata"]["ownerReferences"][0]["kind"] == "Job"
    assert (await judged.ok("get", "job", "once", namespace=namespace)).rows[1][0] == "once"


async def test_pods_are_placed_where_they_may_and_told_why_not(judged: Judged, namespace: str, worker: str) -> None:
    await judged.ok("cordon", worker)
    greedy = pod("greedy")
    greedy["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "9999"}}
    apart = deployment("apart", len(judged.workers) - 1)
    term = {"labelSelector": {"matchLabels": {"app": "apart"}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    apart["spec"]["template"]["spec"]["affinity"] = {"podAntiAffinity": rule}
    await judged.create(pod("stuck", worker), greedy, apart, namespace=namespace)
    await judged.rolled_out("deployment/apart", namespace)
    spread = [p["spec"]["nodeName"] for p in await pods(judged, namespace, "apart")]
    assert sorted(spread) == sorted(set(judged.workers) - {worker})
    for name, reason in (("stuck", "node(s) were unschedulable"), ("greedy", "Insufficient cpu")):
        about = json.dumps(f"involvedObject.name={name},reason=FailedScheduling").strip('"')
        events = await judged.ok("get", "events", "--field-selector", about, namespace=namespace)
        assert reason in events.out
        assert "preemption: " in events.out
        shown = await judged.ok("get", "pod", name, namespace=namespace)
        assert shown.rows[1][2] == "Pending"
    await judged.ok("uncordon", worker)
    await judged.ready("stuck", namespace=namespace)


async def test_a_no_execute_taint_sends_pods_away(judged: Judged, namespace: str, worker: str) -> None:
    patient = pod("patient", worker, tolerations=[{"key": "conformance", "operator": "Exists"}])
    await judged.create(pod("leaver", worker), patient, namespace=namespace)
    await judged.ready("leaver", "patient", namespace=namespace)
    await judged.ok("taint", "node", worker, "conformance=now:NoExecute")
    try:
        await judged.ok("wait", "--for=delete", "pod/leaver", "--timeout=40s", namespace=namespace)
        assert (await judged.ok("get", "pods", namespace=namespace)).names == ["patient"]
    finally:
        await judged.ok("taint", "node", worker, "conformance-")
