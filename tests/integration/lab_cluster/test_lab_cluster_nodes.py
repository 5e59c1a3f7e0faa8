"""What a built-in cluster's kubelets and controllers do, seen by real kubectl and by the registry."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kconsole.errors import UsageError
from kconsole.lab import cluster_faults
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.clock import SteppedClock
from kconsole.lab.cluster import Cluster
from parts.labs import Kubectl, Start, until

NODES, PODS, LEASES, EVENTS = (RESOURCES[name] for name in ("nodes", "pods", "leases", "events"))
UNSCHEDULABLE = ("node.kubernetes.io/unschedulable", "NoSchedule")
UNREACHABLE = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def node_of(cluster: Cluster, name: str) -> dict[str, Any]:
    return next(n for n in cluster.running.registry.list(NODES) if n["metadata"]["name"] == name)


def taints(cluster: Cluster, name: str) -> list[tuple[str, str]]:
    return sorted((t["key"], t["effect"]) for t in node_of(cluster, name)["spec"].get("taints", []))


def conditions(cluster: Cluster, name: str) -> dict[str, str]:
    return {c["type"]: c["status"] for c in node_of(cluster, name)["status"]["conditions"]}


def reasons(cluster: Cluster, name: str) -> set[str]:
    events = cluster.running.registry.list(EVENTS)
    return {event["reason"] for event in events if event["involvedObject"]["name"] == name}


async def test_kubectl_sees_the_default_cluster(lab: Cluster, kubectl: Callable[[Path], Kubectl]) -> None:
    run = kubectl(lab.kubeconfig)
    lines = (await run("get", "nodes", "-o", "wide")).splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [
        ["cp1", "Ready", "control-plane"],
        ["w1", "Ready", "<none>"],
        ["w2", "Ready", "<none>"],
        ["w3", "Ready", "<none>"],
    ]
    assert "Rocky Linux" in lines[4]
    pods = await run("get", "pods", "-A")
    for status in ("Running", "Completed", "CrashLoopBackOff", "Pending"):
        assert status in pods
    assert "kube-apiserver-cp1" in await until(lambda: mirror_pods(lab), "mirror pods")


def mirror_pods(cluster: Cluster) -> list[str]:
    pods = cluster.running.registry.list(PODS, "kube-system")
    return [
        pod["metadata"]["name"]
        for pod in pods
        if "kubernetes.io/config.mirror" in pod["metadata"].get("annotations", {})
    ]


async def test_a_cordon_by_kubectl_gets_its_taint_and_event_and_an_uncordon_ends_it(
    lab: Cluster, kubectl: Callable[[Path], Kubectl]
) -> None:
    run = kubectl(lab.kubeconfig)
    assert "w1 cordoned" in await run("cordon", "w1")
    await until(lambda: taints(lab, "w1") == [UNSCHEDULABLE], "the taint")
    taint = node_of(lab, "w1")["spec"]["taints"][0]
    assert taint["timeAdded"]
    await until(lambda: "NodeNotSchedulable" in reasons(lab, "w1"), "the event")
    await run("uncordon", "w1")
    await until(lambda: taints(lab, "w1") == [], "no taint")
    await until(lambda: "NodeSchedulable" in reasons(lab, "w1"), "the event")


async def test_the_viewer_may_look_and_not_cordon(lab: Cluster, kubectl: Callable[[Path], Kubectl]) -> None:
    run = kubectl(lab.kubeconfig)
    name = lab.folder.name
    assert "w1" in await run("--context", f"{name}-viewer", "get", "nodes")
    refused = await run("--context", f"{name}-viewer", "cordon", "w1")  # kubectl swallows its own error
    assert 'User "viewer" cannot patch resource "nodes"' in refused
    assert "cordoned" in await run("--context", f"{name}-operator", "cordon", "w1")


async def test_a_silent_kubelet_is_given_up_after_the_grace_period_and_heard_again_when_it_returns(
    lab_factory: Start,
) -> None:
    lab = await lab_factory(workers=1)
    await cluster_faults.apply(lab.running, ["kubelet", "w1", "stop"])
    assert cluster_faults.standing(lab.running) == ["kubelet w1 stop"]
    lab.running.clock.set_speed(200)
    await until(lambda: conditions(lab, "w1")["Ready"] == "Unknown", "given up")
    assert {conditions(lab, "w1")[t] for t in ("MemoryPressure", "DiskPressure", "PIDPressure")} == {"Unknown"}
    ready = next(c for c in node_of(lab, "w1")["status"]["conditions"] if c["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == ("NodeStatusUnknown", "Kubelet stopped posting node status.")
    await until(lambda: taints(lab, "w1") == UNREACHABLE, "both taints")
    assert conditions(lab, "cp1")["Ready"] == "True"
    await until(lambda: "NodeNotReady" in reasons(lab, "w1"), "the event")
    await cluster_faults.apply(lab.running, ["clear"])
    await until(lambda: conditions(lab, "w1")["Ready"] == "True", "Ready again")
    await until(lambda: taints(lab, "w1") == [], "no taints")
    await until(lambda: "NodeReady" in reasons(lab, "w1"), "the event")


async def test_stepped_time_gives_a_node_up_after_fifty_seconds_and_not_before(lab_factory: Start) -> None:
    lab = await lab_factory(workers=1, stepped=True)
    clock = lab.running.clock
    assert isinstance(clock, SteppedClock)
    await clock.step(12)
    lab.running.kubelets["w1"].stop()
    await clock.step(38)
    assert conditions(lab, "w1")["Ready"] == "True"
    await clock.step(25)
    assert conditions(lab, "w1")["Ready"] == "Unknown"
    since = next(c for c in node_of(lab, "w1")["status"]["conditions"] if c["type"] == "Ready")["lastTransitionTime"]
    assert since.startswith("2026-05-04T08:01:")


async def test_stepped_memory_clusters_of_one_seed_have_one_history(lab_factory: Start) -> None:
    histories = []
    for _ in range(2):
        lab = await lab_factory(workers=2, stepped=True, seed=7)
        await lab.running.clock.step(30)
        lab.running.kubelets["w2"].stop()
        await lab.running.clock.step(120)
        nodes = lab.running.registry.list(NODES)
        histories.append(json.dumps([(n["metadata"]["uid"], n["spec"], n["status"]) for n in nodes]))
        await lab.down()
    assert histories[0] == histories[1]


async def test_heartbeats_renew_every_lease(lab: Cluster) -> None:
    def times() -> dict[str, str]:
        leases = lab.running.registry.list(LEASES, "kube-node-lease")
        return {lease["metadata"]["name"]: lease["spec"]["renewTime"] for lease in leases}

    first = times()
    assert sorted(first) == ["cp1", "w1", "w2", "w3"]
    lab.running.clock.set_speed(100)
    await until(lambda: all(times()[name] > moment for name, moment in first.items()), "all renewed")


async def test_moving_the_api_servers_manifest_away_stops_it_and_back_starts_it(
    lab: Cluster, kubectl: Callable[[Path], Kubectl], tmp_path: Path
) -> None:
    run = kubectl(lab.kubeconfig)
    manifest = lab.folder.node("cp1") / "etc/kubernetes/manifests/kube-apiserver.yaml"
    aside = tmp_path / "kube-apiserver.yaml"
    manifest.rename(aside)
    await until(lambda: not lab.running.api.up.is_set(), "the API is gone")
    assert "refused" in await run("get", "nodes", ok=False)
    aside.rename(manifest)
    await until(lab.running.api.up.is_set, "the API is back")
    assert "w3" in await run("get", "nodes")


async def test_an_edited_manifest_restarts_its_component_at_the_new_version(
    lab: Cluster, kubectl: Callable[[Path], Kubectl]
) -> None:
    manifest = lab.folder.node("cp1") / "etc/kubernetes/manifests/kube-apiserver.yaml"
    manifest.write_text(manifest.read_text().replace("v1.33.4", "v1.33.5"))
    await until(
        lambda: (
            lab.running.control_plane.listeners["cp1"].version == "1.33.5" if lab.running.api.up.is_set() else False
        ),
        "the new one serves",
    )
    assert "v1.33.5" in await kubectl(lab.kubeconfig)("version")


async def test_the_balancer_goes_on_with_the_api_servers_that_are_left(
    lab_factory: Start, kubectl: Callable[[Path], Kubectl]
) -> None:
    lab = await lab_factory(control_planes=3, workers=0)
    run = kubectl(lab.kubeconfig)
    for node in ("cp1", "cp2"):
        await cluster_faults.apply(lab.running, ["apiserver", node, "stop"])
        assert "cp3" in await run("get", "nodes")
    await cluster_faults.apply(lab.running, ["apiserver", "stop"])
    assert "refused" in await run("get", "nodes", ok=False)
    await cluster_faults.apply(lab.running, ["clear", "apiserver"])
    await until(lambda: len(lab.running.control_plane.listeners) == 3, "all three are back")


async def test_another_control_plane_leads_when_the_leading_controllers_stop(lab_factory: Start) -> None:
    lab = await lab_factory(control_planes=2, workers=1)
    static = lab.running.static_pods
    await static["cp1"].hold("kube-controller-manager")
    await lab.running.api.change("nodes", None, "w1", lambda n: n | {"spec": n["spec"] | {"unschedulable": True}})
    await until(lambda: taints(lab, "w1") == [UNSCHEDULABLE], "the taint, by cp2")
    await static["cp2"].hold("kube-controller-manager")
    await lab.running.api.change("nodes", None, "w1", lambda n: n | {"spec": n["spec"] | {"unschedulable": False}})
    for _ in range(500):  # turns of the loop, of which a controller would need a few
        await asyncio.sleep(0)
    assert taints(lab, "w1") == [UNSCHEDULABLE]


async def test_of_two_control_planes_one_leads(lab_factory: Start) -> None:
    lab = await lab_factory(control_planes=2, workers=0)
    await until(lambda: lab.running.static_pods["cp2"].is_ready("kube-controller-manager"), "both are there")
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w9"}, "spec": {"unschedulable": True}}
    await lab.running.registry.create(NODES, node)
    await until(lambda: taints(lab, "w9") == [UNSCHEDULABLE], "the taint")
    await until(lambda: "RegisteredNode" in reasons(lab, "w9"), "the event")
    for _ in range(500):
        await asyncio.sleep(0)
    events = [event for event in lab.running.registry.list(EVENTS) if event["involvedObject"]["name"] == "w9"]
    assert [(event["reason"], event["count"]) for event in events] == [("RegisteredNode", 1)]


async def test_a_deleted_pod_ends_within_its_grace_and_a_mirror_pod_comes_back(
    lab: Cluster, kubectl: Callable[[Path], Kubectl]
) -> None:
    run = kubectl(lab.kubeconfig)
    await until(lambda: "kube-scheduler-cp1" in mirror_pods(lab), "mirror pods")
    lab.running.clock.set_speed(20)
    await run("delete", "pod", "-n", "tools", "debug-shell", "--timeout=20s")
    first = await run.json("get", "pod", "-n", "kube-system", "kube-scheduler-cp1")
    await run("delete", "pod", "-n", "kube-system", "kube-scheduler-cp1", "--wait=false")
    await until(
        lambda: any(
            p["metadata"]["name"] == "kube-scheduler-cp1" and p["metadata"]["uid"] != first["metadata"]["uid"]
            for p in lab.running.registry.list(PODS, "kube-system")
        ),
        "the mirror is published again",
    )
    assert first["metadata"]["ownerReferences"][0]["kind"] == "Node"


async def test_a_pod_bound_to_a_node_is_started_by_its_kubelet(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "new", "namespace": "default"},
        "spec": {"nodeName": "w2", "containers": [{"name": "c", "image": "registry.example/new:1"}]},
    }
    await lab.running.registry.create(PODS, body, reset_status=True)

    def status() -> dict[str, Any]:
        return next(p for p in lab.running.registry.list(PODS, "default"))["status"]

    await until(lambda: status()["phase"] == "Running", "it runs")
    assert status()["podIP"].startswith("10.244.2.")
    addresses = [p["status"].get("podIP") for p in lab.running.registry.list(PODS) if not p["spec"].get("hostNetwork")]
    given = [address for address in addresses if address]
    assert len(given) == len(set(given))


@pytest.mark.parametrize(
    "words",
    [["kubelet", "stop"], ["kubelet", "w9", "stop"], ["etcd", "cp1"], ["etcd", "kill"], ["colour=red"], [], ["a", "b"]],
)
async def test_a_fault_that_cannot_be_is_refused_with_what_it_should_have_been(lab: Cluster, words: list[str]) -> None:
    with pytest.raises(UsageError):
        await cluster_faults.apply(lab.running, words)
    assert cluster_faults.standing(lab.running) == []


async def test_a_fleet_has_thousands_of_nodes_of_real_size_and_can_be_churned(lab_factory: Start) -> None:
    lab = await lab_factory(workers=1000)
    assert len(lab.running.registry.list(NODES)) == 1001
    entry = lab.running.registry.entry(NODES, None, "w1000")
    assert 10_000 < len(entry.encoded) < 16_000
    assert not lab.folder.node("w1").exists()
    await lab.running.set_churn(500)
    await until(lambda: lab.running.churn.changes > 100, "a hundred changes")
    await lab.running.set_churn(0)
    done = lab.running.churn.changes
    for _ in range(500):
        await asyncio.sleep(0)
    assert lab.running.churn.changes == done
