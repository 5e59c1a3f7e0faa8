"""Scale, eviction, binding, logs, and deletions that say what becomes of dependents, as clients send them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from kconsole.lab.apiserver.resources import RESOURCES

PODS = "/api/v1/namespaces/shop/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
BUDGETS = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
MERGE = {"Content_Type": "application/merge-patch+json"}

Kubectl = Callable[..., Awaitable[Any]]


def eviction(name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "shop"}, **more}


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
    selector = {"matchLabels": {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": 1, "selector": selector, "template": template, **spec},
    }


async def test_an_eviction_is_answered_with_a_status_and_the_pod_goes(api: Any) -> None:
    found = await api.ask("POST", f"{PODS}/web-1/eviction", eviction("web-1"))
    assert (found.code, found.body) == (
        201,
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201},
    )
    assert "deletionTimestamp" in (await api.get(f"{PODS}/web-1")).body["metadata"]


async def test_an_operator_may_evict_and_a_viewer_may_not(api: Any) -> None:
    refused = await api.ask("POST", f"{PODS}/web-1/eviction", eviction("web-1"), user="viewer")
    assert refused.code == 403
    assert 'cannot create resource "pods/eviction"' in refused.body["message"]
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", eviction("web-1"), user="operator")).code == 201


async def test_a_rehearsed_eviction_leaves_the_pod_whichever_way_it_is_asked_for(api: Any) -> None:
    assert (await api.ask("POST", f"{PODS}/web-1/eviction?dryRun=All", eviction("web-1"))).code == 201
    body = eviction("web-1", deleteOptions={"dryRun": ["All"]})
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", body)).code == 201
    assert "deletionTimestamp" not in (await api.get(f"{PODS}/web-1")).body["metadata"]
    assert [record.dry_run for record in api.journal.records(resource="pods", verb="create")] == [True, True]


async def test_an_eviction_of_something_else_than_the_path_says_is_a_bad_request(api: Any) -> None:
    found = await api.ask("POST", f"{PODS}/web-1/eviction", eviction("web-2"))
    assert (found.code, found.body["message"]) == (400, "name in URL does not match name in Eviction object")
    found = await api.ask("POST", f"{PODS}/web-1/eviction", {"apiVersion": "v1", "kind": "Pod"})
    assert found.code == 400
    elsewhere = {**eviction("web-1"), "metadata": {"name": "web-1", "namespace": "default"}}
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", elsewhere)).code == 400
    assert (await api.get(f"{PODS}/web-1/eviction")).code == 405


async def test_an_eviction_in_protobuf_is_read(api: Any) -> None:
    def text(number: int, raw: bytes) -> bytes:
        return bytes([number << 3 | 2, len(raw)]) + raw

    meta = text(1, text(1, b"policy/v1") + text(2, b"Eviction"))
    raw = text(1, text(1, b"web-1") + text(3, b"shop")) + text(2, bytes([1 << 3, 7]))
    body = b"k8s\x00" + meta + text(2, raw)
    found = await api.ask("POST", f"{PODS}/web-1/eviction", body, Content_Type="application/vnd.kubernetes.protobuf")
    assert found.code == 201
    assert (await api.get(f"{PODS}/web-1")).body["metadata"]["deletionGracePeriodSeconds"] == 7


async def test_discovery_offers_evictions_and_scales_under_their_own_groups(api: Any) -> None:
    rows = {row["name"]: row for row in (await api.get("/api/v1")).body["resources"]}
    assert rows["pods/eviction"] == {
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": True,
        "group": "policy",
        "version": "v1",
        "kind": "Eviction",
        "verbs": ["create"],
    }
    rows = {row["name"]: row for row in (await api.get("/apis/apps/v1")).body["resources"]}
    scale = rows["deployments/scale"]
    assert (scale["group"], scale["version"], scale["kind"]) == ("autoscaling", "v1", "Scale")


async def test_a_scale_is_read_and_written_through_its_own_path(api: Any) -> None:
    await api.ask("POST", DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web/scale"
    found = (await api.get(path)).body
    assert (found["kind"], found["spec"], found["status"]) == (
        "Scale",
        {"replicas": 1},
        {"replicas": 0, "selector": "app=web"},
    )
    wanted = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    assert (await api.ask("PUT", path, wanted)).body["spec"] == {"replicas": 3}
    assert (await api.ask("PATCH", path, {"spec": {"replicas": 0}}, **MERGE)).body["spec"] == {}
    assert (await api.ask("PATCH", f"{path}?dryRun=All", {"spec": {"replicas": 9}}, **MERGE)).code == 200
    workload = (await api.get(f"{DEPLOYMENTS}/web")).body
    assert (workload["spec"]["replicas"], workload["metadata"]["generation"]) == (0, 3)


async def test_a_scale_for_another_state_or_below_zero_is_refused(api: Any) -> None:
    await api.ask("POST", DEPLOYMENTS, deployment())
    path, scale = f"{DEPLOYMENTS}/web/scale", {"kind": "Scale", "apiVersion": "autoscaling/v1"}
    old = {**scale, "metadata": {"name": "web", "resourceVersion": "1"}, "spec": {"replicas": 2}}
    found = await api.ask("PUT", path, old)
    assert (found.code, found.body["details"]["kind"]) == (409, "deployments")
    found = await api.ask("PUT", path, {**scale, "metadata": {"name": "web"}, "spec": {"replicas": -1}})
    message = 'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    assert (found.code, found.body["message"]) == (422, message)
    found = await api.ask("PATCH", path, {"spec": {"replicas": "x"}}, **MERGE)
    assert found.code == 400
    assert (await api.get(f"{DEPLOYMENTS}/none/scale")).code == 404


async def test_a_pod_is_bound_once(api: Any) -> None:
    spec = {"containers": [{"name": "c", "image": "i:1"}]}
    await api.ask("POST", PODS, {"metadata": {"name": "new"}, "spec": spec})
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "new"}, "target": {"name": "w1"}}
    assert (await api.ask("POST", f"{PODS}/new/binding", binding)).code == 201
    found = await api.ask("POST", f"{PODS}/new/binding", binding)
    message = 'Operation cannot be fulfilled on pods/binding "new": pod new is already assigned to node "w1"'
    assert (found.code, found.body["message"]) == (409, message)


async def test_a_deletion_says_what_becomes_of_dependents_by_finalizers(api: Any) -> None:
    for policy, left in (("Foreground", "foregroundDeletion"), ("Orphan", "orphan")):
        await api.ask("POST", DEPLOYMENTS, deployment(policy.lower()))
        found = await api.ask("DELETE", f"{DEPLOYMENTS}/{policy.lower()}", {"propagationPolicy": policy})
        assert (found.code, found.body["metadata"]["finalizers"]) == (200, [left])
        assert found.body["metadata"]["deletionGracePeriodSeconds"] == 0
        again = await api.ask("DELETE", f"{DEPLOYMENTS}/{policy.lower()}?propagationPolicy=Background")
        assert again.body["status"] == "Success"
        assert (await api.get(f"{DEPLOYMENTS}/{policy.lower()}")).code == 404
    await api.ask("POST", DEPLOYMENTS, deployment())
    assert (await api.ask("DELETE", f"{DEPLOYMENTS}/web?orphanDependents=true")).body["metadata"]["finalizers"]


async def test_a_job_leaves_its_pods_when_a_deletion_does_not_say_otherwise(api: Any) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
    await api.ask("POST", JOBS, {"metadata": {"name": "j"}, "spec": {"template": template}})
    assert (await api.ask("DELETE", f"{JOBS}/j?dryRun=All")).body["metadata"]["finalizers"] == ["orphan"]
    assert (await api.ask("DELETE", f"{JOBS}/j?propagationPolicy=Background")).body["status"] == "Success"


async def test_a_propagation_policy_that_is_none_is_refused(api: Any) -> None:
    await api.ask("POST", DEPLOYMENTS, deployment())
    found = await api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Foo")
    assert found.code == 422
    assert found.body["message"] == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "Foo": supported values: '
        '"Foreground", "Background", "Orphan", "nil"'
    )
    found = await api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Orphan&orphanDependents=true")
    assert "orphanDependents and deletionPropagation cannot be both set" in found.body["message"]


async def test_an_object_being_deleted_takes_no_new_finalizer(api: Any) -> None:
    await api.ask("POST", DEPLOYMENTS, deployment())
    await api.ask("DELETE", f"{DEPLOYMENTS}/web?propagationPolicy=Foreground")
    body = {"metadata": {"finalizers": ["foregroundDeletion", "x.example/y"]}}
    found = await api.ask("PATCH", f"{DEPLOYMENTS}/web", body, **MERGE)
    assert found.code == 422
    assert "no new finalizers can be added if the object is being deleted" in found.body["message"]


async def test_a_log_tells_what_is_known_of_the_container(api: Any, kubectl: Kubectl) -> None:
    ran = await kubectl("logs", "web-1", "-n", "shop")
    assert (ran.code, ran.out) == (0, "main: image web:1.2\nmain: started\n")
    ran = await kubectl("logs", "web-1", "-n", "shop", "--tail=1", "--timestamps")
    assert ran.out == "2026-03-01T12:00:00.000000000Z main: started\n"
    ran = await kubectl("logs", "web-1", "-n", "shop", "-c", "other")
    assert (ran.code, "container other is not valid for pod web-1" in ran.err) == (1, True)
    ran = await kubectl("logs", "web-1", "-n", "shop", "--previous")
    assert 'previous terminated container "main" in pod "web-1" not found' in ran.err
    found = await api.get(f"{PODS}/web-1/log?tailLines=-1")
    assert (found.code, found.body["details"]["kind"]) == (422, "PodLogOptions")


async def test_a_followed_log_ends_with_its_container(api: Any, kubectl_process: Any) -> None:
    process = await kubectl_process("logs", "-f", "web-1", "-n", "shop")
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"main: image web:1.2\n"

    def ended(pod: dict[str, Any]) -> dict[str, Any]:
        state = {"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": "2026-03-01T12:00:05Z"}}
        pod["status"]["containerStatuses"][0] |= {"state": state, "ready": False}
        return pod

    await api.registry.change(RESOURCES["pods"], "shop", "web-1", ended, subresource="status")
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out == b"main: started\nmain: ended with exit code 3 (Error)\n"


async def test_a_pod_of_two_containers_wants_to_know_which(api: Any) -> None:
    spec = {"nodeName": "w1", "containers": [{"name": "c", "image": "i:1"}, {"name": "d", "image": "i:1"}]}
    await api.ask("POST", PODS, {"metadata": {"name": "two"}, "spec": spec})
    found = await api.get(f"{PODS}/two/log")
    message = "a container name must be specified for pod two, choose one of: [c d]"
    assert (found.code, found.body["message"]) == (400, message)
    found = await api.get(f"{PODS}/two/log?container=d")
    assert found.body["message"] == 'container "d" in pod "two" is waiting to start: ContainerCreating'


async def test_exec_attach_and_port_forward_are_refused_with_a_reason(kubectl: Kubectl) -> None:
    for words in (("exec", "web-1", "--", "ls"), ("attach", "web-1"), ("port-forward", "web-1", "0:80")):
        ran = await kubectl("-n", "shop", *words)
        assert ran.code != 0
        if words[0] != "port-forward":
            assert "no process runs" in ran.err
