"""How things end on the built-in cluster: evictions and budgets, owners and namespaces, nodes that are lost, faults."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab import cluster_faults
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster
from kconsole.lab.kubelets import pod_knobs
from kconsole.lab.seeds import workloads
from parts.labs import Kubectl, Start, until
from parts.workloads import create, events, get, names, owner, pods, running, template

Object = dict[str, Any]
PODS = RESOURCES["pods"]


def bare(name: str, node: str = "w1", **template_options: Any) -> Object:
    made = template(nodeName=node, **template_options)
    metadata = {**made["metadata"], "name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": made["spec"]}


def revisions(lab: Cluster) -> dict[str, str]:
    """The revision of everything but heartbeats, which nodes have too, and what the crash-looper makes."""
    found = {}
    for row in RESOURCES.values():
        if row.stored and row.plural not in ("leases", "nodes", "events"):
            for one in lab.running.registry.list(row):
                if not one["metadata"]["name"].startswith("reporter-"):
                    found[f"{row.plural}/{one['metadata'].get('namespace')}/{one['metadata']['name']}"] = str(
                        one["metadata"]["resourceVersion"]
                    )
    return found


async def stepped(lab_factory: Start, **options: Any) -> Cluster:
    """A lab whose static pods, which go by real time, have all been told of."""
    lab = await lab_factory(stepped=True, **options)

    def mirrors() -> list[str]:
        return [name for name in names(running(lab, "kube-system")) if name.endswith("-cp1")]

    await until(lambda: len(mirrors()) == 3, "the control plane's own pods")
    await lab.running.clock.step(5)
    return lab


async def test_the_default_cluster_is_at_rest(lab_factory: Start) -> None:
    lab = await stepped(lab_factory)
    before = revisions(lab)
    await lab.running.clock.step(200)
    assert revisions(lab) == before
    wanted = sum(w.replicas for w in workloads.APPLICATIONS if w.kind in ("Deployment", "StatefulSet"))
    kept = [pod for space in ("shop", "platform", "monitoring") for pod in pods(lab, space)]
    owners = Counter(pod["metadata"]["ownerReferences"][0]["kind"] for pod in kept)
    assert owners["ReplicaSet"] + owners["StatefulSet"] == wanted


async def test_the_same_seed_and_steps_make_the_same_history(lab_factory: Start) -> None:
    histories = []
    for name in ("one", "two"):
        lab = await stepped(lab_factory, name=name, seed=7)
        for pod in pods(lab, "shop", app="web"):
            await lab.running.registry.delete(PODS, "shop", pod["metadata"]["name"])
        await lab.running.clock.step(30)
        found = running(lab, "shop", app="web")
        histories.append([(p["metadata"]["name"], p["metadata"]["uid"], p["spec"]["nodeName"]) for p in found])
    assert len(histories[0]) == 5
    assert histories[0] == histories[1]


async def test_each_node_of_the_default_cluster_drains_as_its_workloads_allow(
    lab: Cluster, kubectl: Callable[[Path], Kubectl]
) -> None:
    lab.running.clock.set_speed(10)
    run = kubectl(lab.kubeconfig)
    flags = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=30s")
    told = await run("drain", "w1", *flags)
    assert "node/w1 drained" in told
    assert [p for p in pods(lab, "shop") if p["spec"].get("nodeName") == "w1"] == []
    await run("uncordon", "w1")
    told = await run("drain", "w2", *flags[:2], "--timeout=7s", ok=False)
    assert "pod/orders-db-0" in told
    told = await run("drain", "w3", *flags[:2], "--force", "--timeout=7s", ok=False)
    assert "This pod has more than one PodDisruptionBudget" in told


async def test_a_slow_terminator_takes_its_time_and_no_more_than_its_grace(lab_factory: Start) -> None:
    lab = await lab_factory(stepped=True)
    slow = {pod_knobs.TERMINATE_AFTER: "20"}
    await create(lab, "pods", bare("slow", annotations=slow))
    await create(lab, "pods", bare("stubborn", annotations={pod_knobs.TERMINATE_AFTER: "grace"}))
    await create(lab, "pods", bare("held", annotations={pod_knobs.STATE: "hang"}))
    await lab.running.clock.step(10)
    for name in ("slow", "stubborn", "held"):
        await lab.running.registry.delete(PODS, "default", name)
    await lab.running.clock.step(19)
    assert names(pods(lab)) == ["held", "slow", "stubborn"]
    await lab.running.clock.step(2)
    assert names(pods(lab)) == ["held", "stubborn"]
    await lab.running.clock.step(10)
    assert names(pods(lab)) == ["held"]
    await lab.running.clock.step(600)
    assert names(pods(lab)) == ["held"]


async def test_a_full_node_empties_within_the_grace_and_a_second(lab: Cluster) -> None:
    for number in range(80):
        await create(lab, "pods", bare(f"p{number:03}"))
    await until(lambda: len(running(lab)) == 80, "all run")
    began = lab.running.clock.elapsed()
    for name in names(pods(lab)):
        await lab.running.registry.delete(PODS, "default", name, grace_seconds=3)
    await until(lambda: not pods(lab), "all are gone", 10)
    assert lab.running.clock.elapsed() - began <= 4


async def test_a_crash_looping_pod_backs_off_ever_longer(lab_factory: Start) -> None:
    lab = await lab_factory(stepped=True)
    await create(lab, "pods", bare("crashes", annotations={pod_knobs.STATE: "crash"}))
    waits = []
    for _ in range(12):
        await lab.running.clock.step(10)
        (status,) = (get(lab, "pods", "crashes") or {})["status"]["containerStatuses"]
        if "waiting" in status["state"]:
            waits.append(status["state"]["waiting"]["message"].split()[1])
    assert list(dict.fromkeys(waits)) == ["10s", "20s", "40s", "1m20s"]
    assert status["restartCount"] >= 2
    assert status["lastState"]["terminated"]["exitCode"] == 1


async def test_a_pod_played_by_a_fault_fails_and_recovers(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    await create(lab, "pods", bare("played", annotations={pod_knobs.READY_AFTER: "2"}))
    await until(lambda: names(running(lab)) == ["played"], "it is ready after a while")
    await cluster_faults.apply(lab.running, ["pod", "default/played", "unready"])
    assert "pod default/played unready" in cluster_faults.standing(lab.running)
    await until(lambda: running(lab) == [], "it is not ready")
    assert "Unhealthy" in dict(events(lab, "played"))
    await cluster_faults.clear(lab.running, "pod")
    await until(lambda: names(running(lab)) == ["played"], "it is ready again")
    assert cluster_faults.standing(lab.running) == []


async def test_pods_under_way_when_the_api_goes_come_to_their_end_when_it_is_back(lab: Cluster) -> None:
    for number in range(6):
        await create(lab, "pods", bare(f"p{number}"))
    static = lab.running.static_pods["cp1"]
    await until(lambda: all("startTime" in pod["status"] for pod in pods(lab)), "all are being pulled")
    await static.hold("kube-apiserver")
    began = lab.running.clock.elapsed()
    await until(lambda: lab.running.clock.elapsed() - began > 2, "every one of them would have started by now")
    await static.release("kube-apiserver")
    await until(lambda: len(running(lab)) == 6, "all run", 15)


async def test_what_a_finalizer_holds_stays_until_it_is_let_go(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    body = bare("held")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    await create(lab, "pods", body)
    await until(lambda: running(lab), "it runs")
    await lab.running.registry.delete(PODS, "default", "held")
    await until(lambda: (get(lab, "pods", "held") or {})["metadata"]["deletionGracePeriodSeconds"] == 0, "it has ended")
    assert (get(lab, "pods", "held") or {})["status"]["phase"] == "Succeeded"
    await lab.running.api.change(
        "pods", "default", "held", lambda one: one | {"metadata": one["metadata"] | {"finalizers": []}}
    )
    await until(lambda: get(lab, "pods", "held") is None, "it is gone")


@pytest.mark.parametrize("how", ["background", "foreground", "orphan"])
async def test_owners_take_what_they_own_with_them_as_asked(
    lab: Cluster, kubectl: Callable[[Path], Kubectl], how: str
) -> None:
    lab.running.clock.set_speed(20)
    await create(lab, "deployments", owner("Deployment", replicas=2, template=template()))
    await until(lambda: len(running(lab, app="tested")) == 2, "two pods")
    await kubectl(lab.kubeconfig)("delete", "deployment", "tested", f"--cascade={how}", "--timeout=30s")
    assert get(lab, "deployments", "tested") is None
    if how == "foreground":
        assert not lab.running.registry.list(RESOURCES["replicasets"], "default")
        assert not pods(lab, app="tested")
    elif how == "background":
        await until(lambda: not pods(lab, app="tested"), "the pods go too")
    else:
        (kept,) = lab.running.registry.list(RESOURCES["replicasets"], "default")
        assert not kept["metadata"].get("ownerReferences")
        assert len(running(lab, app="tested")) == 2


async def test_a_namespace_is_emptied_and_goes(lab: Cluster, kubectl: Callable[[Path], Kubectl]) -> None:
    lab.running.clock.set_speed(20)
    await kubectl(lab.kubeconfig)("delete", "namespace", "shop", "--timeout=30s")
    assert get(lab, "namespaces", "shop", None) is None
    for row in RESOURCES.values():
        if row.stored and row.namespaced:
            assert lab.running.registry.list(row, "shop") == []
    claimed = [
        one["spec"]["claimRef"]["namespace"] for one in lab.running.registry.list(RESOURCES["persistentvolumes"])
    ]
    assert set(claimed) == {"platform"}


async def test_the_pods_of_a_lost_node_are_moved_when_their_patience_is_over(lab_factory: Start) -> None:
    lab = await lab_factory(stepped=True)
    await lab.running.clock.step(5)
    lab.running.kubelets["w3"].stop()
    here = {p["metadata"]["name"] for p in pods(lab, "shop") if p["spec"]["nodeName"] == "w3"}
    await lab.running.clock.step(70)
    assert not here & set(names(running(lab, "shop")))
    assert not any("deletionTimestamp" in p["metadata"] for p in pods(lab, "shop"))
    await lab.running.clock.step(310)
    lost = [p for p in pods(lab, "shop") if p["metadata"]["name"] in here]
    assert {p["metadata"]["name"] for p in lost} == here
    assert all("deletionTimestamp" in p["metadata"] for p in lost)
    assert len(running(lab, "shop", app="web")) == 5
    await lab.running.kubelets["w3"].start()
    await lab.running.clock.step(10)
    assert [p for p in pods(lab, "shop") if p["metadata"]["uid"] in {one["metadata"]["uid"] for one in lost}] == []
    assert len(running(lab, "shop", app="orders-db")) == 2


async def test_a_deleted_node_takes_its_lease_and_pods_with_it(lab_factory: Start) -> None:
    lab = await lab_factory(stepped=True)
    await lab.running.clock.step(5)
    await lab.running.registry.delete(RESOURCES["nodes"], None, "w3")
    await lab.running.clock.step(60)
    assert get(lab, "leases", "w3", "kube-node-lease") is None
    assert [p for p in lab.running.registry.list(PODS) if p["spec"].get("nodeName") == "w3"] == []
    assert len(running(lab, "shop", app="web")) == 5


async def test_a_budget_that_cannot_be_reckoned_says_so(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    body = owner("Job", "works", version="batch/v1", template=template(restartPolicy="Never"))
    del body["spec"]["selector"]
    body["spec"]["template"]["metadata"]["annotations"] = {pod_knobs.COMPLETE_AFTER: "9999"}
    await create(lab, "jobs", body)
    await until(lambda: running(lab, app="tested"), "its pod")
    budget = owner("PodDisruptionBudget", "strange", version="policy/v1", maxUnavailable=1)
    await create(lab, "poddisruptionbudgets", budget)

    def conditions() -> list[Object]:
        found: list[Object] = ((get(lab, "poddisruptionbudgets", "strange") or {}).get("status") or {}).get(
            "conditions", []
        )
        return found

    await until(conditions, "a condition")
    (condition,) = conditions()
    assert (condition["reason"], condition["message"]) == (
        "SyncFailed",
        "jobs.batch does not implement the scale subresource",
    )


@pytest.mark.parametrize(
    ("provider", "label", "begins"),
    [
        ("gke", "cloud.google.com/gke-nodepool", "gce://"),
        ("eks", "eks.amazonaws.com/nodegroup", "aws:///"),
        ("aks", "kubernetes.azure.com/cluster", "azure:///subscriptions/"),
    ],
)
async def test_nodes_can_look_like_those_of_a_cloud(lab_factory: Start, provider: str, label: str, begins: str) -> None:
    lab = await lab_factory(provider=provider, workers=2)
    nodes = lab.running.registry.list(RESOURCES["nodes"])
    assert names(nodes) == ["w1", "w2"]
    assert all(label in node["metadata"]["labels"] for node in nodes)
    assert all(node["spec"]["providerID"].startswith(begins) for node in nodes)
    await asyncio.sleep(0)
    assert get(lab, "configmaps", "kubeadm-config", "kube-system") is None
    assert (get(lab, "daemonsets", "kube-proxy", "kube-system") or {})["status"]["desiredNumberScheduled"] == 2


async def test_the_nodes_of_a_fleet_are_old_and_some_of_them_run_pods(lab_factory: Start) -> None:
    lab = await stepped(lab_factory, workers=210)
    nodes = [node for node in lab.running.registry.list(RESOURCES["nodes"]) if node["metadata"]["name"] != "cp1"]
    created = {node["metadata"]["creationTimestamp"] for node in nodes}
    assert max(created) < "2026-05-03"
    assert len(created) > 200
    before = revisions(lab)
    await lab.running.clock.step(20)
    assert revisions(lab) == before
    placed = {pod["spec"].get("nodeName") for pod in pods(lab, "kube-system", app="kube-proxy")}
    assert len(placed) == 200
