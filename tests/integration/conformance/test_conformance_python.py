"""The official Python client, its sync and its asyncio side and its informer: list, watch, patch, evict."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from kubernetes import client as sync_client
from kubernetes import config as sync_config
from kubernetes import watch as sync_watch
from kubernetes.aio import client as aio_client
from kubernetes.aio import config as aio_config
from kubernetes.aio import watch as aio_watch
from kubernetes.informer import SharedInformer

from parts.judging import Judged
from parts.manifests import budget, deployment, pod

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEWEST_ONLY = True
PATIENCE = 40


@pytest.fixture
def sync(judged: Judged) -> Iterator[Any]:
    """The sync side; to be used in another thread, as the built-in cluster runs in this one."""
    with sync_config.new_client_from_config(str(judged.kubeconfig)) as api:
        yield api


@pytest_asyncio.fixture(loop_scope="module")
async def aio(judged: Judged) -> AsyncIterator[Any]:
    async with await aio_config.new_client_from_config(str(judged.kubeconfig)) as api:
        yield api


async def test_the_sync_client_lists_pages_and_selects(judged: Judged, namespace: str, sync: Any) -> None:
    await judged.create(pod("a", judged.workers[0]), pod("b", judged.workers[1]), namespace=namespace)
    await judged.ready("a", "b", namespace=namespace)
    core = sync_client.CoreV1Api(sync)
    nodes = await asyncio.to_thread(core.list_node)
    assert set(judged.workers) < {node.metadata.name for node in nodes.items}
    first = await asyncio.to_thread(core.list_namespaced_pod, namespace, limit=1)
    second = await asyncio.to_thread(core.list_namespaced_pod, namespace, limit=1, _continue=first.metadata._continue)
    assert [item.metadata.name for item in (*first.items, *second.items)] == ["a", "b"]
    where = f"spec.nodeName={judged.workers[1]}"
    (there,) = (await asyncio.to_thread(core.list_namespaced_pod, namespace, field_selector=where)).items
    assert (there.metadata.name, there.status.phase) == ("b", "Running")
    assert there.metadata.creation_timestamp.tzinfo is not None


async def test_the_sync_client_watches_from_its_list(judged: Judged, namespace: str, sync: Any) -> None:
    core = sync_client.CoreV1Api(sync)
    version = (await asyncio.to_thread(core.list_namespaced_config_map, namespace)).metadata.resource_version

    def follow() -> list[tuple[str, str]]:
        seen = []
        arguments = {"namespace": namespace, "resource_version": version, "timeout_seconds": PATIENCE}
        stream = sync_watch.Watch()
        for event in stream.stream(core.list_namespaced_config_map, **arguments):
            if event["object"].metadata.name == "c":
                seen.append((event["type"], event["object"].metadata.name))
            if event["type"] == "DELETED":
                stream.stop()
        return seen

    following = asyncio.ensure_future(asyncio.to_thread(follow))
    await judged.ok("create", "configmap", "c", namespace=namespace)
    await judged.ok("label", "configmap", "c", "a=b", namespace=namespace)
    await judged.ok("delete", "configmap", "c", namespace=namespace)
    assert await following == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]


async def test_the_sync_client_patches_and_sees_a_conflict(judged: Judged, namespace: str, sync: Any) -> None:
    core, apps = sync_client.CoreV1Api(sync), sync_client.AppsV1Api(sync)
    node = judged.workers[0]
    patched = await asyncio.to_thread(core.patch_node, node, {"metadata": {"labels": {"conformance/py": "yes"}}})
    assert patched.metadata.labels["conformance/py"] == "yes"
    await asyncio.to_thread(core.patch_node, node, {"metadata": {"labels": {"conformance/py": None}}})
    await judged.create(deployment("web", 0), namespace=namespace)
    scaled = await asyncio.to_thread(
        apps.patch_namespaced_deployment_scale, "web", namespace, {"spec": {"replicas": 2}}
    )
    assert (scaled.kind, scaled.spec.replicas) == ("Scale", 2)
    stale = await asyncio.to_thread(apps.read_namespaced_deployment, "web", namespace)
    stale.metadata.resource_version = "1"
    with pytest.raises(sync_client.ApiException) as refused:
        await asyncio.to_thread(apps.replace_namespaced_deployment, "web", namespace, stale)
    assert refused.value.status == 409
    with pytest.raises(sync_client.ApiException) as missing:
        await asyncio.to_thread(core.read_node, "w999")
    assert (missing.value.status, '"reason":"NotFound"' in missing.value.body) == (404, True)


async def test_the_sync_client_evicts_within_a_budget(judged: Judged, namespace: str, sync: Any) -> None:
    core = sync_client.CoreV1Api(sync)
    await judged.create(deployment("web", 2), budget("web", minAvailable=2), namespace=namespace)
    await judged.rolled_out("deployment/web", namespace)
    healthy = "--for=jsonpath={.status.currentHealthy}=2"
    await judged.ok("wait", "pdb/web", healthy, "--timeout=40s", namespace=namespace)
    name = (await judged.json("get", "pods", namespace=namespace))[0]["metadata"]["name"]
    eviction = sync_client.V1Eviction(metadata=sync_client.V1ObjectMeta(name=name, namespace=namespace))
    with pytest.raises(sync_client.ApiException) as refused:
        await asyncio.to_thread(core.create_namespaced_pod_eviction, name, namespace, eviction)
    assert refused.value.status == 429
    assert "Retry-After" not in refused.value.headers
    told = json.loads(refused.value.body)
    assert told["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    (cause,) = told["details"]["causes"]
    assert cause["reason"] == "DisruptionBudget"
    assert cause["message"] == "The disruption budget web needs 2 healthy pods and has 2 currently"
    await judged.ok("patch", "pdb", "web", "--type=merge", "-p", '{"spec":{"minAvailable":1}}', namespace=namespace)
    await judged.ok("wait", "pdb/web", "--for=jsonpath={.status.disruptionsAllowed}=1", namespace=namespace)
    dry_run = sync_client.V1DeleteOptions(dry_run=["All"])
    dry = sync_client.V1Eviction(metadata=eviction.metadata, delete_options=dry_run)
    await asyncio.to_thread(core.create_namespaced_pod_eviction, name, namespace, dry)
    await judged.ok("get", "pod", name, namespace=namespace)
    await asyncio.to_thread(core.create_namespaced_pod_eviction, name, namespace, eviction)
    await judged.ok("wait", "--for=delete", f"pod/{name}", "--timeout=40s", namespace=namespace)


async def test_an_eviction_of_another_pod_of_that_name_is_refused(judged: Judged, namespace: str, sync: Any) -> None:
    core = sync_client.CoreV1Api(sync)
    await judged.create(pod("p", judged.workers[0]), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    other = sync_client.V1DeleteOptions(preconditions=sync_client.V1Preconditions(uid="another"))
    metadata = sync_client.V1ObjectMeta(name="p", namespace=namespace)
    eviction = sync_client.V1Eviction(metadata=metadata, delete_options=other)
    with pytest.raises(sync_client.ApiException) as refused:
        await asyncio.to_thread(core.create_namespaced_pod_eviction, "p", namespace, eviction)
    assert refused.value.status == 409
    assert "the UID in the precondition (another) does not match the UID in record" in refused.value.body
    assert (await judged.ok("get", "pod", "p", namespace=namespace)).rows[1][2] == "Running"


async def test_the_asyncio_client_lists_watches_patches_and_evicts(judged: Judged, namespace: str, aio: Any) -> None:
    core = aio_client.CoreV1Api(aio)
    await judged.create(pod("p", judged.workers[0]), namespace=namespace)
    await judged.ready("p", namespace=namespace)
    listed = await core.list_namespaced_pod(namespace)
    assert [item.metadata.name for item in listed.items] == ["p"]
    seen = []
    body = aio_client.V1Eviction(metadata=aio_client.V1ObjectMeta(name="p", namespace=namespace))
    version = listed.metadata.resource_version
    arguments = {"resource_version": version, "timeout_seconds": PATIENCE}
    async with aio_watch.Watch() as stream:
        await core.patch_namespaced_pod("p", namespace, {"metadata": {"labels": {"seen": "yes"}}})
        await core.create_namespaced_pod_eviction("p", namespace, body)
        async for event in stream.stream(core.list_namespaced_pod, namespace, **arguments):
            seen.append((event["type"], event["object"].metadata.labels.get("seen")))
            if event["type"] == "DELETED":
                break
    assert seen[0] == ("MODIFIED", "yes")
    assert seen[-1] == ("DELETED", "yes")


async def test_the_informer_keeps_up_with_changes(judged: Judged, namespace: str, sync: Any) -> None:
    core = sync_client.CoreV1Api(sync)
    events: list[tuple[str, str]] = []
    gone = threading.Event()
    informer = SharedInformer(core.list_namespaced_pod, namespace=namespace, label_selector="watched=yes")
    for kind in ("ADDED", "MODIFIED", "DELETED"):
        informer.add_event_handler(kind, lambda seen, kind=kind: events.append((kind, seen.metadata.name)))
    informer.add_event_handler("DELETED", lambda _: gone.set())
    await judged.create(pod("old", judged.workers[0], labels={"watched": "yes"}), namespace=namespace)
    informer.start()
    try:
        labels = {"watched": "yes"}
        await judged.create(pod("new", judged.workers[0], labels=labels), pod("other"), namespace=namespace)
        await judged.ready("old", "new", namespace=namespace)
        await judged.ok("delete", "pod", "new", namespace=namespace)
        assert await asyncio.to_thread(gone.wait, PATIENCE)
        assert informer.cache.list_keys() == [f"{namespace}/old"]
        assert {name for _, name in events} == {"old", "new"}
        assert next(kind for kind, name in events if name == "new") == "ADDED"
        assert [kind for kind, name in events if name == "new"][-1] == "DELETED"
    finally:
        await asyncio.to_thread(informer._watch.stop)
        await judged.ok("label", "pod", "old", "last=yes", "watched=yes", "--overwrite", namespace=namespace)
        await asyncio.to_thread(informer.stop)
