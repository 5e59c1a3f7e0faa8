"""The controllers, the scheduler and the kubelets together: what becomes of workloads on the built-in cluster."""

from __future__ import annotations

from typing import Any

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster
from kconsole.lab.kubelets import pod_knobs
from parts.labs import Start, until
from parts.workloads import create, events, get, names, owner, pods, running, template

Object = dict[str, Any]


async def scale(lab: Cluster, resource: str, replicas: int) -> None:
    await lab.running.api.change(resource, "default", "tested", lambda one: _with_spec(one, replicas=replicas))


def _with_spec(one: Object, **spec: Any) -> Object:
    return one | {"spec": one["spec"] | spec}


async def test_a_deployment_rolls_to_a_new_template_and_back_within_its_limits(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    strategy = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await create(lab, "deployments", owner("Deployment", replicas=3, template=template(), strategy=strategy))
    await until(lambda: len(running(lab, app="tested")) == 3, "three pods")
    (first,) = lab.running.registry.list(RESOURCES["replicasets"], "default")
    fewest = [3]

    def rolled(image: str) -> bool:
        fewest.append(len(running(lab, app="tested")))
        found = pods(lab, app="tested")
        return len(found) == 3 == fewest[-1] and {p["spec"]["containers"][0]["image"] for p in found} == {image}

    async def roll(image: str, revision: str) -> None:
        new = template(image=image)
        await lab.running.api.change("deployments", "default", "tested", lambda one: _with_spec(one, template=new))
        await until(lambda: rolled(image), f"all run {image}")
        deployment = get(lab, "deployments", "tested") or {}
        assert deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == revision

    await roll("a:2", "2")
    await roll("a:1", "3")
    assert min(fewest) >= 3
    sets = {
        one["metadata"]["name"]: one["spec"]["replicas"]
        for one in lab.running.registry.list(RESOURCES["replicasets"], "default")
    }
    assert sets[first["metadata"]["name"]] == 3
    assert sorted(sets.values()) == [0, 3]

    def progressed() -> bool:
        status = (get(lab, "deployments", "tested") or {})["status"]
        return {c["type"]: c["reason"] for c in status["conditions"]} == {
            "Available": "MinimumReplicasAvailable",
            "Progressing": "NewReplicaSetAvailable",
        } and status["updatedReplicas"] == status["availableReplicas"] == 3

    await until(progressed, "the status of a finished roll-out")


async def test_a_paused_deployment_is_scaled_but_not_rolled(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    await create(lab, "deployments", owner("Deployment", replicas=1, template=template()))
    await until(lambda: len(running(lab, app="tested")) == 1, "one pod")
    await lab.running.api.change(
        "deployments",
        "default",
        "tested",
        lambda one: _with_spec(one, paused=True, replicas=2, template=template(image="a:2")),
    )
    await until(lambda: len(running(lab, app="tested")) == 2, "two pods")
    assert {p["spec"]["containers"][0]["image"] for p in pods(lab, app="tested")} == {"a:1"}
    await lab.running.api.change("deployments", "default", "tested", lambda one: _with_spec(one, paused=False))
    await until(
        lambda: [p["spec"]["containers"][0]["image"] for p in running(lab, app="tested")] == ["a:2", "a:2"],
        "it goes on",
    )


async def test_a_replication_controller_replaces_what_is_deleted_and_lets_go_of_what_it_does_not_select(
    lab: Cluster,
) -> None:
    lab.running.clock.set_speed(20)
    body = owner("ReplicationController", version="v1", replicas=2, template=template())
    body["spec"]["selector"] = {"app": "tested"}
    await create(lab, "replicationcontrollers", body)
    await until(lambda: len(running(lab, app="tested")) == 2, "two pods")
    one, other = names(running(lab, app="tested"))
    await lab.running.registry.delete(RESOURCES["pods"], "default", one)
    await lab.running.api.change("pods", "default", other, _relabelled)
    await until(lambda: len(running(lab, app="tested")) == 2 and get(lab, "pods", one) is None, "two others")
    freed = get(lab, "pods", other) or {}
    assert not freed["metadata"].get("ownerReferences")


def _relabelled(pod: Object) -> Object:
    pod["metadata"]["labels"] = {"app": "freed"}
    return pod


async def test_a_stateful_set_keeps_names_order_and_volumes(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    body = owner("StatefulSet", replicas=2, serviceName="tested", template=template(), volumeClaimTemplates=[claim])
    await create(lab, "statefulsets", body)
    async for kind, pod, _ in lab.running.registry.watch(RESOURCES["pods"], "default"):
        if (kind, pod["metadata"]["name"]) == ("ADDED", "tested-1"):
            break
    assert names(running(lab, app="tested")) == ["tested-0"]  # the second comes when the first is ready
    await until(lambda: names(running(lab, app="tested")) == ["tested-0", "tested-1"], "both pods")
    first = get(lab, "pods", "tested-1") or {}
    volume = (get(lab, "persistentvolumeclaims", "data-tested-1") or {})["spec"]["volumeName"]

    def attached() -> list[str]:
        found = lab.running.registry.list(RESOURCES["volumeattachments"])
        return [one["spec"]["nodeName"] for one in found if one["spec"]["source"]["persistentVolumeName"] == volume]

    await until(lambda: attached() == [first["spec"]["nodeName"]], "the volume follows the pod")
    await lab.running.api.change(
        "nodes", None, first["spec"]["nodeName"], lambda one: _with_spec(one, unschedulable=True)
    )
    await lab.running.registry.delete(RESOURCES["pods"], "default", "tested-1")
    await until(lambda: names(running(lab, app="tested")) == ["tested-0", "tested-1"], "the same names again")
    second = get(lab, "pods", "tested-1") or {}
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    await until(lambda: attached() == [second["spec"]["nodeName"]], "attached where it is now, and only there")
    await scale(lab, "statefulsets", 1)
    await until(lambda: names(pods(lab, app="tested")) == ["tested-0"], "the last one goes first")
    assert get(lab, "persistentvolumeclaims", "data-tested-1") is not None


async def test_a_daemon_set_has_a_pod_on_every_node_it_tolerates_cordoned_or_not(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    await lab.running.api.change("nodes", None, "w2", lambda one: _with_spec(one, unschedulable=True))
    body = owner("DaemonSet", template=template())
    await create(lab, "daemonsets", body)

    def nodes() -> list[str]:
        return sorted(pod["spec"]["nodeName"] for pod in running(lab, app="tested"))

    await until(lambda: nodes() == ["w1", "w2", "w3"], "one on each worker")
    tolerant = template(tolerations=[{"operator": "Exists"}])
    await lab.running.api.change("daemonsets", "default", "tested", lambda one: _with_spec(one, template=tolerant))
    await until(lambda: nodes() == ["cp1", "w1", "w2", "w3"], "and on the control plane once it is tolerated")

    def settled() -> bool:
        status = (get(lab, "daemonsets", "tested") or {})["status"]
        return bool(status.get("updatedNumberScheduled") == status.get("numberAvailable") == 4)

    await until(settled, "all are of the new template")


async def test_a_job_tries_again_and_ends(lab: Cluster) -> None:
    lab.running.clock.set_speed(50)
    quick = {pod_knobs.COMPLETE_AFTER: "1"}
    for name, knobs, limit in (("good", quick, 1), ("bad", {**quick, pod_knobs.EXIT_CODE: "3"}, 1)):
        body = owner("Job", name, version="batch/v1", template=template(annotations=knobs, restartPolicy="Never"))
        del body["spec"]["selector"]
        await create(lab, "jobs", _with_spec(body, backoffLimit=limit, completions=2 if name == "good" else 1))

    def status(name: str) -> Object:
        found: Object = (get(lab, "jobs", name) or {}).get("status") or {}
        return found

    await until(lambda: status("good").get("succeeded") == 2, "two successes")
    await until(lambda: status("bad").get("failed") == 2, "two failures")
    await until(lambda: "conditions" in status("good") and "conditions" in status("bad"), "both have ended")
    assert [c["type"] for c in status("good")["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    assert [(c["type"], c["reason"]) for c in status("bad")["conditions"]][-1] == ("Failed", "BackoffLimitExceeded")


async def test_a_pod_that_fits_nowhere_waits_and_is_placed_when_that_changes(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "picky", "namespace": "default"}}
    await create(lab, "pods", body | {"spec": template(nodeSelector={"disk": "fast"})["spec"]})
    await until(lambda: "FailedScheduling" in dict(events(lab, "picky")), "the event")
    assert "3 node(s) didn't match Pod's node affinity/selector" in dict(events(lab, "picky"))["FailedScheduling"]
    await lab.running.api.change("nodes", None, "w2", _with_disk)
    # Sooner than it would be tried again without a reason, which at this speed is every 15 s.
    await until(lambda: names(running(lab)) == ["picky"], "it runs", 8)
    placed = get(lab, "pods", "picky") or {}
    assert placed["spec"]["nodeName"] == "w2"
    assert [reason for reason, _ in events(lab, "picky")].count("Scheduled") == 1
    assert {"Pulling", "Pulled", "Created", "Started"} <= set(dict(events(lab, "picky")))


def _with_disk(node: Object) -> Object:
    node["metadata"]["labels"]["disk"] = "fast"
    return node


async def test_a_stopped_scheduler_places_nothing(lab: Cluster) -> None:
    lab.running.clock.set_speed(20)
    static = lab.running.static_pods["cp1"]
    await static.hold("kube-scheduler")
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits", "namespace": "default"}}
    await create(lab, "pods", body | {"spec": template()["spec"]})
    marker = owner("ReplicaSet", replicas=1, template=template(nodeName="w1"))
    await create(lab, "replicasets", marker)
    await until(lambda: len(running(lab, app="tested")) == 1, "what names its node itself runs")
    assert not (get(lab, "pods", "waits") or {})["spec"].get("nodeName")
    await static.release("kube-scheduler")
    await until(lambda: "waits" in names(running(lab)), "it is placed")


async def test_the_leaders_are_told_by_leases(lab_factory: Start) -> None:
    lab = await lab_factory(control_planes=2, workers=0)

    def holder(component: str) -> str:
        lease = get(lab, "leases", component, "kube-system")
        return str(lease["spec"]["holderIdentity"]) if lease else ""

    async def moves(component: str) -> None:
        await until(lambda: holder(component).startswith("cp1_"), f"cp1 leads {component}")
        await lab.running.static_pods["cp1"].hold(component)
        await until(lambda: holder(component).startswith("cp2_"), f"cp2 leads {component}")

    await moves("kube-controller-manager")
    await moves("kube-scheduler")
