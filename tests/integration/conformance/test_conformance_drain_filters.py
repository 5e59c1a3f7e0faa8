"""Which pods a drain takes, leaves, or refuses to touch: each filter, alone and with the flag that lifts it."""

from __future__ import annotations

import pytest

from parts.judging import Judged, only
from parts.manifests import daemon_set, deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENCE = "--timeout=40s"


async def names(judged: Judged, namespace: str) -> list[str]:
    return [p["metadata"]["name"] for p in await judged.json("get", "pods", namespace=namespace)]


async def test_a_managed_pod_is_evicted_and_comes_back_elsewhere(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    placed = await judged.json("get", "pods", "-l", "app=web", namespace=namespace)
    here = [p["metadata"]["name"] for p in placed if p["spec"]["nodeName"] == worker]
    judged.begin()
    ran = await judged.ok("drain", worker, only(namespace, "web"), PATIENCE)
    assert ran.out.startswith(f"node/{worker} cordoned\n")
    assert ran.out.endswith(f"node/{worker} drained\n")
    for name in here:
        assert f"evicting pod {namespace}/{name}" in ran.text
        assert f"pod/{name} evicted" in ran.out
    await judged.rolled_out("deployment/web", namespace)
    placed = await judged.json("get", "pods", "-l", "app=web", namespace=namespace)
    assert worker not in {p["spec"]["nodeName"] for p in placed if "deletionTimestamp" not in p["metadata"]}
    if judged.knows_requests:
        evictions = judged.requests(verb="create", resource="pods", subresource="eviction")
        assert sorted(asked.name for asked in evictions) == sorted(here)
        assert not judged.requests(verb="delete")


async def test_a_bare_pod_needs_force(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(pod("alone", worker), namespace=namespace)
    await judged.ready("alone", namespace=namespace)
    judged.begin()
    ran = await judged.fails("drain", worker, only(namespace, "alone"), PATIENCE)
    assert "cannot delete Pods" in ran.err
    assert f"declare no controller (use --force to override): {namespace}/alone" in ran.err
    assert (await judged.ok("get", "node", worker)).rows[1][1] == "Ready,SchedulingDisabled"
    assert await names(judged, namespace) == ["alone"]
    if judged.knows_requests:
        assert not judged.requests(verb="create", subresource="eviction")
    ran = await judged.ok("drain", worker, only(namespace, "alone"), "--force", PATIENCE)
    assert f"declare no controller: {namespace}/alone" in ran.err.replace("Pods that", "that")
    assert await names(judged, namespace) == []


async def test_a_pod_with_an_empty_dir_needs_consent(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("cache", 1, worker, empty_dir=True), namespace=namespace)
    await judged.rolled_out("deployment/cache", namespace)
    (name,) = await names(judged, namespace)
    ran = await judged.fails("drain", worker, only(namespace, "cache"), PATIENCE)
    assert "with local storage (use --delete-emptydir-data to override)" in ran.err
    assert f"{namespace}/{name}" in ran.err
    assert await names(judged, namespace) == [name]
    ran = await judged.ok("drain", worker, only(namespace, "cache"), "--delete-emptydir-data", PATIENCE)
    assert f"pod/{name} evicted" in ran.out
    assert name not in await names(judged, namespace)


async def test_a_daemons_pod_stays_when_it_is_ignored_and_refuses_otherwise(
    judged: Judged, namespace: str, worker: str
) -> None:
    await judged.create(daemon_set("agent"), namespace=namespace)
    await judged.rolled_out("daemonset/agent", namespace)
    here = f"--field-selector=spec.nodeName={worker}"
    (before,) = await judged.json("get", "pods", here, namespace=namespace)
    name = before["metadata"]["name"]
    ran = await judged.fails("drain", worker, only(namespace, "agent"), PATIENCE)
    assert "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)" in ran.err
    judged.begin()
    ran = await judged.ok("drain", worker, only(namespace, "agent"), "--ignore-daemonsets", PATIENCE)
    assert f"{namespace}/{name}" in ran.err
    assert "ignoring DaemonSet-managed Pods" in ran.err
    (after,) = await judged.json("get", "pods", here, namespace=namespace)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    if judged.knows_requests:
        assert [asked.name for asked in judged.requests(verb="get", resource="daemonsets")] == ["agent"]
        assert not judged.requests(verb="create", subresource="eviction")


async def test_a_pod_whose_daemon_is_gone_needs_force(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(daemon_set("agent"), namespace=namespace)
    await judged.rolled_out("daemonset/agent", namespace)
    await judged.ok("delete", "daemonset", "agent", "--cascade=orphan", namespace=namespace)
    here = f"--field-selector=spec.nodeName={worker}"
    (left,) = await judged.json("get", "pods", here, namespace=namespace)
    name = left["metadata"]["name"]
    owner = '{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","name":"agent",'
    owner += '"uid":"00000000-0000-0000-0000-000000000000","controller":true,"blockOwnerDeletion":false}],'
    owner += '"finalizers":["conformance.example/hold"]}}'
    await judged.ok("patch", "pod", name, "--type=merge", "-p", owner, namespace=namespace)
    ran = await judged.fails("drain", worker, only(namespace, "agent"), "--ignore-daemonsets", PATIENCE)
    assert 'daemonsets.apps "agent" not found' in ran.err
    released = '{"metadata":{"finalizers":null}}'
    await judged.ok("patch", "pod", name, "--type=merge", "-p", released, namespace=namespace)
    await judged.ok("drain", worker, only(namespace, "agent"), "--ignore-daemonsets", "--force", PATIENCE)
    assert not await judged.json("get", "pods", here, namespace=namespace)


async def test_mirror_pods_are_left_alone_without_a_word(judged: Judged) -> None:
    nodes = await judged.json("get", "nodes", "-l", "node-role.kubernetes.io/control-plane")
    name = nodes[0]["metadata"]["name"]
    on_it = await judged.json("get", "pods", "-A", f"--field-selector=spec.nodeName={name}")
    mirrors = [p for p in on_it if "kubernetes.io/config.mirror" in p["metadata"].get("annotations", {})]
    assert mirrors
    assert {p["metadata"]["ownerReferences"][0]["kind"] for p in mirrors} == {"Node"}
    labels = "component in (etcd,kube-apiserver,kube-controller-manager,kube-scheduler)"
    try:
        ran = await judged.ok("drain", name, f"--pod-selector={labels}", PATIENCE)
    finally:
        await judged.ok("uncordon", name)
    assert ran.text == f"node/{name} cordoned\nnode/{name} drained\n"
    after = await judged.json("get", "pods", "-A", f"--field-selector=spec.nodeName={name}")
    assert {p["metadata"]["uid"] for p in mirrors} <= {p["metadata"]["uid"] for p in after}


async def test_a_finished_pod_needs_no_flag(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(pod("done", worker, empty_dir=True, restartPolicy="Never"), namespace=namespace)
    await judged.ready("done", namespace=namespace)
    await finish(judged, namespace, "done")
    await judged.ok("drain", worker, only(namespace, "done"), PATIENCE)
    assert await names(judged, namespace) == []


async def finish(judged: Judged, namespace: str, name: str) -> None:
    """Report the pod's end, as its kubelet would."""
    words = ("patch", "pod", name, "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Succeeded"}}')
    await judged.ok(*words, namespace=namespace)


async def test_one_refused_pod_keeps_all_of_the_node(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 1, worker), pod("alone", worker), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.ready("alone", namespace=namespace)
    before = await names(judged, namespace)
    judged.begin()
    ran = await judged.fails("drain", worker, only(namespace, "web", "alone"), PATIENCE)
    assert f'unable to drain node "{worker}"' in ran.err
    assert await names(judged, namespace) == before
    if judged.knows_requests:
        assert not judged.requests(verb="create", subresource="eviction")


async def test_a_pod_selector_narrows_a_drain(judged: Judged, namespace: str, worker: str) -> None:
    await judged.create(deployment("web", 1, worker), deployment("other", 1, worker), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.rolled_out("deployment/other", namespace)
    (kept,) = await judged.json("get", "pods", "-l", "app=other", namespace=namespace)
    await judged.ok("drain", worker, only(namespace, "web"), PATIENCE)
    (still,) = await judged.json("get", "pods", "-l", "app=other", namespace=namespace)
    assert still["metadata"]["uid"] == kept["metadata"]["uid"]
    wrong = await judged.fails("drain", worker, "--pod-selector=a in b")
    assert "--pod-selector=<pod_selector> must be a valid label selector" in wrong.err


async def test_nodes_are_drained_by_label_one_after_another(judged: Judged, namespace: str, worker: str) -> None:
    other = judged.workers[1]
    await judged.create(pod("a", worker), pod("b", other), namespace=namespace)
    await judged.ready("a", "b", namespace=namespace)
    try:
        selector = f"kubernetes.io/hostname in ({worker},{other})"
        ran = await judged.ok("drain", "-l", selector, only(namespace, "a", "b"), "--force", PATIENCE)
        lines = [line for line in ran.out.splitlines() if line.startswith("node/")]
        cordoned = [f"node/{worker} cordoned", f"node/{other} cordoned"]
        assert lines == [*cordoned, f"node/{worker} drained", f"node/{other} drained"]
    finally:
        await judged.ok("uncordon", other)
    both = await judged.fails("drain", worker, "-l", "a=b")
    assert "cannot specify both a node name and a --selector option" in both.err


async def test_a_drain_of_an_empty_node_is_done_at_once(judged: Judged, worker: str) -> None:
    await judged.ok("cordon", worker)
    ran = await judged.ok("drain", worker, only("none", "nobody"), PATIENCE)
    assert ran.out == f"node/{worker} already cordoned\nnode/{worker} drained\n"
