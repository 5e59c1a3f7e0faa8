"""What kubectl tells about one object and about the cluster as a whole."""

from __future__ import annotations

import pytest

from parts.judging import Judged
from parts.manifests import budget, deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_describe_node(judged: Judged, namespace: str) -> None:
    name = judged.workers[0]
    await judged.create(pod("shown", name), namespace=namespace)
    await judged.ready("shown", namespace=namespace)
    told = (await judged.ok("describe", "node", name)).out
    headings = ("Name:", "Roles:", "Labels:", "Annotations:", "CreationTimestamp:", "Taints:", "Unschedulable:")
    headings += ("Lease:", "Conditions:", "Addresses:", "Capacity:", "Allocatable:", "System Info:", "PodCIDR:")
    headings += ("Non-terminated Pods:", "Allocated resources:")
    for heading in headings:
        assert f"\n{heading}" in f"\n{told}", heading
    assert "HolderIdentity:" in told
    assert ["shown"] in [line.split()[1:2] for line in told.splitlines() if line.strip().startswith(namespace)]
    for kind in ("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"):
        assert kind in told
    if judged.knows_requests:
        lists = [asked.path for asked in judged.requests(verb="list", resource="pods")]
        assert any(f"spec.nodeName={name}" in path and "status.phase!=Succeeded" in path for path in lists)


async def test_describe_pod_with_its_events(judged: Judged, namespace: str) -> None:
    await judged.create(pod("told", judged.workers[0], empty_dir=True), namespace=namespace)
    await judged.ready("told", namespace=namespace)
    told = (await judged.ok("describe", "pod", "told", namespace=namespace)).out
    for words in ("Status:", "IP:", "Containers:", "Container ID:", "Restart Count:", "EmptyDir", "QoS Class:"):
        assert words in told
    assert f"Node:             {judged.workers[0]}/" in told
    assert "Service Account:  default" in told
    assert "BestEffort" in told
    for kind in ("Initialized", "Ready", "ContainersReady", "PodScheduled"):
        assert [kind, "True"] in [line.split() for line in told.splitlines()]
    for reason in ("Scheduled", "Pulled", "Started"):
        assert [reason] in [line.split()[1:2] for line in told.splitlines()], reason


async def test_describe_deployment(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    told = (await judged.ok("describe", "deployment", "web", namespace=namespace)).out
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in told
    assert "RollingUpdateStrategy:  25% max unavailable, 25% max surge" in told
    assert "NewReplicaSet:" in told
    assert "OldReplicaSets:" in told
    assert "ScalingReplicaSet" in told
    assert "Available      True    MinimumReplicasAvailable" in told
    set_name = (await judged.ok("get", "rs", "-o", "name", namespace=namespace)).out.strip()
    told = (await judged.ok("describe", set_name, namespace=namespace)).out
    assert "SuccessfulCreate" in told
    assert "Controlled By:  Deployment/web" in told
    assert "Pods Status:    2 Running / 0 Waiting / 0 Succeeded / 0 Failed" in told


async def test_describe_budget(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 2), budget("web", minAvailable=1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    allowed = "--for=jsonpath={.status.disruptionsAllowed}=1"
    await judged.ok("wait", "pdb/web", allowed, "--timeout=40s", namespace=namespace)
    told = (await judged.ok("describe", "pdb", "web", namespace=namespace)).rows
    for row in (["Min", "available:", "1"], ["Allowed", "disruptions:", "1"], ["Current:", "2"], ["Desired:", "1"]):
        assert row in told
    assert ["Total:", "2"] in told
    table = await judged.ok("get", "pdb", "web", namespace=namespace)
    assert table.rows[1][:4] == ["web", "1", "N/A", "1"]


async def test_describe_what_is_not_there(judged: Judged, namespace: str) -> None:
    missing = await judged.fails("describe", "pod", "none", namespace=namespace)
    assert missing.err == 'Error from server (NotFound): pods "none" not found\n'


async def test_events_of_an_object_and_by_kind(judged: Judged, namespace: str) -> None:
    unplaceable = pod("big", nodeSelector={"conformance/none": "such"})
    await judged.create(unplaceable, pod("small", judged.workers[0]), namespace=namespace)
    await judged.ready("small", namespace=namespace)
    listed = await judged.ok("get", "events", namespace=namespace)
    assert listed.rows[0] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    found = await judged.json("get", "events", namespace=namespace)
    told = {(event["type"], event["reason"], event["involvedObject"]["name"]) for event in found}
    assert {("Normal", "Scheduled", "small"), ("Warning", "FailedScheduling", "big")} <= told
    warnings = await judged.ok("get", "events", "--field-selector", "type=Warning", namespace=namespace)
    assert "FailedScheduling" in warnings.out
    assert " Normal " not in warnings.out
    about = "involvedObject.kind=Pod,involvedObject.name=small"
    narrowed = await judged.ok("get", "ev", "--field-selector", about, "--sort-by=.lastTimestamp", namespace=namespace)
    assert "pod/small" in narrowed.out
    assert "pod/big" not in narrowed.out
    shown = await judged.ok("events", "--for", "pod/small", "--types=Normal", namespace=namespace)
    assert "Started" in shown.out
    message = (await judged.ok("describe", "pod", "big", namespace=namespace)).out
    assert "didn't match Pod's node affinity/selector" in message
    assert "nodes are available" in message


async def test_what_the_server_offers(judged: Judged) -> None:
    listed = set((await judged.ok("api-resources", "-o", "name")).out.split())
    core = {"nodes", "pods", "namespaces", "events", "configmaps", "secrets", "services", "endpoints"}
    core |= {"serviceaccounts", "persistentvolumes", "persistentvolumeclaims", "replicationcontrollers"}
    apps = {f"{kind}.apps" for kind in ("deployments", "replicasets", "statefulsets", "daemonsets")}
    others = {"jobs.batch", "poddisruptionbudgets.policy", "leases.coordination.k8s.io", "controllerrevisions.apps"}
    others |= {"customresourcedefinitions.apiextensions.k8s.io", "volumeattachments.storage.k8s.io"}
    assert core | apps | others <= listed
    wide = (await judged.ok("api-resources", "--api-group=policy", "-o", "wide")).out
    assert "PodDisruptionBudget" in wide
    assert "deletecollection" in wide
    assert (await judged.ok("api-resources", "--namespaced=false", "-o", "name")).out.count("nodes\n") >= 1
    versions = set((await judged.ok("api-versions")).out.split())
    assert {"v1", "apps/v1", "batch/v1", "policy/v1", "coordination.k8s.io/v1"} <= versions


async def test_fields_are_explained(judged: Judged) -> None:
    told = await judged.ok("explain", "pod.spec.containers")
    assert "FIELDS:" in told.out
    assert "KIND:" in told.out
    assert "unschedulable" in (await judged.ok("explain", "node.spec")).out
    assert "replicas" in (await judged.ok("explain", "deployment.spec")).out
    assert "minAvailable" in (await judged.ok("explain", "pdb.spec", "--recursive")).out
    missing = await judged.fails("explain", "pod.spec.nosuchfield")
    assert 'field "nosuchfield" does not exist' in missing.err


async def test_the_cluster_says_what_it_is(judged: Judged) -> None:
    lines = (await judged.ok("version")).out.splitlines()
    assert any("Server Version" in line and f"v1.{judged.server_minor}." in line for line in lines)
    assert "is running at" in (await judged.ok("cluster-info")).out


async def test_what_needs_a_metrics_server_says_so(judged: Judged, namespace: str) -> None:
    for words in (("top", "nodes"), ("top", "pods")):
        ran = await judged.fails(*words, namespace=namespace)
        assert ran.err == "error: Metrics API not available\n"


async def test_rights_are_told(judged: Judged, namespace: str) -> None:
    assert (await judged.ok("auth", "can-i", "delete", "pods", namespace=namespace)).out == "yes\n"
    assert (await judged.ok("auth", "can-i", "create", "pods/eviction")).out == "yes\n"
    assert "Warning: resource 'nodes' is not namespace scoped" in (await judged.ok("auth", "can-i", "get", "nodes")).err
    listed = (await judged.ok("auth", "can-i", "--list")).out
    assert "Resources" in listed
    assert "[*]" in listed


async def test_who_am_i(judged: Judged) -> None:
    if judged.minor < 28:
        ran = await judged.fails("auth", "whoami")
        assert "the selfsubjectreviews API is not enabled in the cluster" in ran.err
        return
    ran = await judged.ok("auth", "whoami")
    assert ran.rows[0] == ["ATTRIBUTE", "VALUE"]
    assert "Username" in ran.out
    assert "system:authenticated" in ran.out
