"""The built-in cluster on a real etcd: a drain comes to its end, also when etcd and the API are killed meanwhile."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster
from kconsole.lab.etcd import _candidates
from parts.judging import REAL, Judged, only
from parts.labs import until
from parts.manifests import budget, deployment

NEWEST_ONLY = True
ON_ETCD = True
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not _candidates(os.environ), reason="no etcd program"),
    pytest.mark.skipif(bool(REAL), reason="a real cluster's etcd is not killed"),
    # Python 3.10's TLS client warns when the server hangs up on it.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function _SSLProtocolTransport:pytest.PytestUnraisableExceptionWarning"
    ),
]
REPLICAS = 3


async def gathered(judged: Judged, namespace: str, worker: str) -> None:
    """All pods of the workload are on one node, and may go to any."""
    others = [name for name in judged.workers if name != worker]
    await judged.ok("cordon", *others)
    await judged.create(deployment("web", REPLICAS), budget("web", minAvailable=REPLICAS - 1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.ok("uncordon", *others)
    await judged.ok("wait", "pdb/web", "--for=jsonpath={.status.disruptionsAllowed}=1", namespace=namespace)
    placed = await judged.json("get", "pods", namespace=namespace)
    assert {pod["spec"]["nodeName"] for pod in placed} == {worker}


def ready(lab: Cluster, namespace: str) -> int:
    """How many pods are Ready and stay."""
    pods = lab.running.registry.list(RESOURCES["pods"], namespace)
    conditions = [pod.get("status", {}).get("conditions", []) for pod in pods]
    return sum({"Ready": "True"}.items() <= {c["type"]: c["status"] for c in found}.items() for found in conditions)


async def lowest(lab: Cluster, namespace: str, seen: list[int]) -> None:
    while True:
        seen.append(ready(lab, namespace))
        await asyncio.sleep(0.02)


async def crash(lab: Cluster) -> None:
    """Kill etcd and the API server; both come back."""
    running = lab.running
    static = running.static_pods["cp1"]
    running.control_plane.members["cp1"].kill()
    await static.hold("kube-apiserver")
    assert not running.api.up.is_set()
    await static.release("kube-apiserver")
    await until(lambda: running.api.up.is_set() and static.is_ready("etcd"), "etcd and the API are back")


async def crash_etcd(lab: Cluster) -> None:
    """Kill etcd; it comes back."""
    static = lab.running.static_pods["cp1"]
    first = lab.running.control_plane.members["cp1"].pid
    lab.running.control_plane.members["cp1"].kill()
    members = lab.running.control_plane.members
    await until(lambda: "cp1" in members and members["cp1"].pid != first and static.is_ready("etcd"), "etcd is back")


@pytest.mark.parametrize("fall", [crash, pytest.param(crash_etcd, marks=pytest.mark.exhaustive)])
async def test_a_drain_begun_before_a_crash_is_ended_after_it(
    judged: Judged, namespace: str, worker: str, fall: Any
) -> None:
    lab = judged.lab
    assert lab is not None
    await gathered(judged, namespace, worker)
    seen: list[int] = []
    watching = asyncio.ensure_future(lowest(lab, namespace, seen))
    drain = ("drain", worker, only(namespace, "web"), "--ignore-daemonsets", "--timeout=60s")
    judged.begin()
    first = asyncio.ensure_future(judged.kubectl(*drain, seconds=90))
    await until(lambda: 201 in [asked.code for asked in judged.requests(subresource="eviction")], "one is evicted")
    await fall(lab)
    ended = await first
    if ended.code:  # kubectl gives a pod up when the API cannot be reached; what was done stays done
        assert (await judged.ok("get", "node", worker)).rows[1][1] == "Ready,SchedulingDisabled"
        await judged.ok(*drain, seconds=90)
    watching.cancel()
    await judged.rolled_out("deployment/web", namespace)
    live = [
        p for p in await judged.json("get", "pods", namespace=namespace) if "deletionTimestamp" not in p["metadata"]
    ]
    assert len(live) == REPLICAS
    assert worker not in {pod["spec"]["nodeName"] for pod in live}
    assert min(seen) >= REPLICAS - 1
    assert not judged.requests(verb="delete", resource="pods")


async def test_what_was_made_is_there_after_a_crash(judged: Judged, namespace: str) -> None:
    assert judged.lab is not None
    await judged.ok("apply", "-f", "-", stdin=deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    before = {p["metadata"]["uid"] for p in await judged.json("get", "pods", namespace=namespace)}
    await crash(judged.lab)
    assert {p["metadata"]["uid"] for p in await judged.json("get", "pods", namespace=namespace)} == before
    await judged.ok("scale", "deployment/web", "--replicas=3", namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.ok("set", "image", "deployment/web", "main=registry.example/web:2", namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    history = await judged.ok("rollout", "history", "deployment/web", namespace=namespace)
    assert [row[0] for row in history.rows if row and row[0].isdigit()] == ["1", "2"]
    await judged.ok("delete", "deployment", "web", "--cascade=foreground", "--timeout=50s", namespace=namespace)
