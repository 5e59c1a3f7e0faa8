"""Deleting: gracefully, at once, with what is owned, behind finalizers, and whole namespaces; and waiting."""

from __future__ import annotations

import asyncio
import json

import pytest

from parts.judging import Judged
from parts.manifests import deployment, job, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")
FINALIZER = {"finalizers": ["conformance.example/hold"]}


async def test_a_pod_stays_terminating_for_its_grace_and_then_goes(judged: Judged, namespace: str) -> None:
    await judged.create(pod("p", judged.workers[0], grace=7), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    async with judged.running("get", "pod", "p", "-w", "-o", "json", "--output-watch-events", namespace=namespace):
        await judged.ok("delete", "pod", "p", "--wait=false", namespace=namespace)
    ran = await judged.ok("wait", "--for=delete", "pod/p", "--timeout=40s", namespace=namespace)
    assert ran.text in ("pod/p condition met\n", "")
    assert (await judged.ok("get", "pods", namespace=namespace)).out == ""


async def test_delete_says_what_it_deleted_and_waits(judged: Judged, namespace: str) -> None:
    await judged.create(pod("p", judged.workers[0]), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    judged.begin()
    ran = await judged.ok("delete", "pod", "p", namespace=namespace)
    assert ran.out.startswith('pod "p" deleted')
    assert "not found" in (await judged.fails("get", "pod", "p", namespace=namespace)).err
    if judged.knows_requests:
        assert len(judged.requests(verb="delete", resource="pods")) == 1
    gone = await judged.fails("delete", "pod", "p", namespace=namespace)
    assert gone.err == 'Error from server (NotFound): pods "p" not found\n'
    assert (await judged.ok("delete", "pod", "p", "--ignore-not-found", namespace=namespace)).code == 0


async def test_the_grace_period_asked_for_is_the_pods(judged: Judged, namespace: str) -> None:
    held = pod("held", judged.workers[0], grace=3)
    held["metadata"] |= FINALIZER
    await judged.create(held, namespace=namespace)
    await judged.ready("held", namespace=namespace)
    await judged.ok("delete", "pod", "held", "--grace-period=17", "--wait=false", namespace=namespace)
    metadata = (await judged.json("get", "pod", "held", namespace=namespace))["metadata"]
    assert metadata["deletionGracePeriodSeconds"] in (17, 0)
    assert "deletionTimestamp" in metadata
    shown = await judged.ok("get", "pod", "held", namespace=namespace)
    assert shown.rows[1][2] in ("Terminating", "Completed", "Error")
    again = await judged.ok("delete", "pod", "held", "--now", "--wait=false", namespace=namespace)
    assert again.code == 0
    await judged.ok("patch", "pod", "held", "-p", '{"metadata":{"finalizers":null}}', namespace=namespace)
    await judged.ok("wait", "--for=delete", "pod/held", "--timeout=40s", namespace=namespace)


async def test_force_deletes_at_once_with_a_warning(judged: Judged, namespace: str) -> None:
    await judged.create(pod("p", judged.workers[0], grace=600), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    ran = await judged.ok("delete", "pod", "p", "--grace-period=0", "--force", namespace=namespace)
    assert "Warning: Immediate deletion does not wait for confirmation" in ran.err
    assert 'pod "p" force deleted' in ran.out
    assert "not found" in (await judged.fails("get", "pod", "p", namespace=namespace)).err
    both = await judged.fails("delete", "pod", "p", "--grace-period=5", "--force", namespace=namespace)
    assert "--force and --grace-period greater than 0 cannot be specified together" in both.err


async def test_a_pod_without_a_node_goes_at_once(judged: Judged, namespace: str) -> None:
    await judged.create(pod("nowhere", nodeSelector={"conformance/none": "such"}), namespace=namespace)
    await judged.ok("delete", "pod", "nowhere", "--wait=false", namespace=namespace)
    assert "not found" in (await judged.fails("get", "pod", "nowhere", namespace=namespace)).err


async def test_what_has_a_finalizer_waits_for_it(judged: Judged, namespace: str) -> None:
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", **FINALIZER}}
    await judged.create(held, namespace=namespace)
    ran = await judged.fails("delete", "configmap", "held", "--timeout=1s", namespace=namespace)
    assert "timed out waiting for the condition" in ran.err
    metadata = (await judged.json("get", "configmap", "held", namespace=namespace))["metadata"]
    assert metadata["deletionTimestamp"]
    more = '{"metadata":{"finalizers":["conformance.example/hold","conformance.example/more"]}}'
    ran = await judged.fails("patch", "configmap", "held", "--type=merge", "-p", more, namespace=namespace)
    assert "no new finalizers can be added if the object is being deleted" in ran.err
    none = '{"metadata":{"finalizers":null}}'
    await judged.ok("patch", "configmap", "held", "--type=merge", "-p", none, namespace=namespace)
    assert "not found" in (await judged.fails("get", "configmap", "held", namespace=namespace)).err


async def test_background_takes_what_is_owned(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    ran = await judged.ok("delete", "deployment", "web", namespace=namespace)
    assert ran.out.startswith('deployment.apps "web" deleted')
    await judged.ok("wait", "--for=delete", "rs,pod", "-l", "app=web", "--timeout=40s", namespace=namespace)


async def test_orphan_leaves_what_is_owned(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 1), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.ok("delete", "deployment", "web", "--cascade=orphan", namespace=namespace)
    (left,) = await judged.json("get", "rs", namespace=namespace)
    assert not left["metadata"].get("ownerReferences")
    assert len((await judged.ok("get", "pods", "-o", "name", namespace=namespace)).out.split()) == 1
    await judged.ok("delete", "rs", left["metadata"]["name"], "--cascade=orphan", namespace=namespace)
    (kept,) = await judged.json("get", "pods", namespace=namespace)
    assert not kept["metadata"].get("ownerReferences")
    assert "deletionTimestamp" not in kept["metadata"]


async def test_foreground_takes_what_is_owned_first(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    await judged.ok("delete", "deployment", "web", "--cascade=foreground", "--timeout=50s", namespace=namespace)
    assert (await judged.ok("get", "rs,pods", "-o", "name", namespace=namespace)).out == ""


async def test_a_jobs_pods_go_with_it(judged: Judged, namespace: str) -> None:
    await judged.create(job("once", judged.workers[0]), namespace=namespace)
    selector = ("-l", "job-name=once")
    while not (await judged.ok("get", "pods", *selector, "-o", "name", namespace=namespace)).out:
        await asyncio.sleep(0.05)
    await judged.ok("delete", "job", "once", namespace=namespace)
    await judged.ok("wait", "--for=delete", "pod", *selector, "--timeout=40s", namespace=namespace)


async def test_all_of_a_kind_by_selector(judged: Judged, namespace: str) -> None:
    for name in ("a", "b"):
        await judged.ok("create", "configmap", name, namespace=namespace)
    await judged.ok("label", "configmap", "a", "gone=yes", namespace=namespace)
    ran = await judged.ok("delete", "configmap", "-l", "gone=yes", namespace=namespace)
    assert ran.out.startswith('configmap "a" deleted')
    named = (await judged.ok("get", "configmap", "-o", "name", namespace=namespace)).out
    assert "configmap/b" in named
    await judged.ok("delete", "configmap", "--all", namespace=namespace)


async def test_a_namespace_ends_with_all_that_is_in_it(judged: Judged, namespace: str) -> None:
    inner = f"{namespace}-inner"
    await judged.ok("create", "namespace", inner)
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", **FINALIZER}}
    await judged.create(held, namespace=inner)
    await judged.ok("delete", "namespace", inner, "--wait=false")
    assert (await judged.ok("get", "namespace", inner)).rows[1][:2] == [inner, "Terminating"]
    ran = await judged.fails("create", "configmap", "late", namespace=inner)
    assert "is forbidden: unable to create new content in namespace" in ran.err
    assert "because it is being terminated" in ran.err
    none = '{"metadata":{"finalizers":null}}'
    await judged.ok("patch", "configmap", "held", "--type=merge", "-p", none, namespace=inner)
    await judged.ok("wait", "--for=delete", f"namespace/{inner}", "--timeout=50s")


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public"])
async def test_a_namespace_the_cluster_lives_by_is_never_deleted(judged: Judged, name: str) -> None:
    ran = await judged.fails("delete", "namespace", name)
    assert f'namespaces "{name}" is forbidden: this namespace may not be deleted' in ran.err
    assert (await judged.ok("get", "namespace", name)).rows[1][1] == "Active"


async def test_wait_for_a_condition_a_field_and_something_that_never_comes(judged: Judged, namespace: str) -> None:
    await judged.create(deployment("web", 1), pod("p", judged.workers[0]), namespace=namespace)
    ready = await judged.ok("wait", "--for=condition=Ready", "pod/p", "--timeout=40s", namespace=namespace)
    assert ready.out == "pod/p condition met\n"
    available = "--for=condition=Available"
    assert await judged.ok("wait", available, "deployment/web", "--timeout=40s", namespace=namespace)
    phase = "--for=jsonpath={.status.phase}=Running"
    assert (await judged.ok("wait", phase, "pod/p", namespace=namespace)).out == "pod/p condition met\n"
    never = await judged.fails("wait", "--for=condition=Other", "pod/p", "--timeout=1s", namespace=namespace)
    assert never.err == "error: timed out waiting for the condition on pods/p\n"
    none = await judged.fails("wait", "--for=condition=Ready", "pod/none", "--timeout=1s", namespace=namespace)
    assert 'pods "none" not found' in none.err
    nodes = await judged.ok("wait", "--for=condition=Ready", "node", "--all", "--timeout=40s")
    assert f"node/{judged.workers[0]} condition met" in nodes.out


async def test_a_uid_that_is_another_objects_stops_a_deletion(judged: Judged, namespace: str) -> None:
    await judged.ok("create", "configmap", "c", namespace=namespace)
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    path = f"/api/v1/namespaces/{namespace}/configmaps/c"
    ran = await judged.fails("delete", "--raw", path, "-f", "-", stdin=json.dumps(options))
    assert "(Conflict)" in ran.err
    assert "the UID in the precondition (another) does not match the UID in record" in ran.err
    assert await judged.json("get", "configmap", "c", namespace=namespace)
