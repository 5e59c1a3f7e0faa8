from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store

NODES, PODS, NAMESPACES = RESOURCES["nodes"], RESOURCES["pods"], RESOURCES["namespaces"]
DEPLOYMENTS, EVENTS = RESOURCES["deployments"], RESOURCES["events"]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def registry(clock: Clock) -> Registry:
    found = Registry(Store(MemoryBackend()), clock, seed=7)
    await found.create(NAMESPACES, {"metadata": {"name": "default"}})
    return found


def pod(name: str = "p", **metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": "w1", "containers": [{"name": "a", "image": "x:1"}]}
    return {
        "metadata": {"name": name, "namespace": "default", **metadata},
        "spec": spec,
        "status": {"phase": "Running"},
    }


def workload() -> dict[str, Any]:
    containers = [{"name": "a", "image": "x:1"}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    return {"selector": {"matchLabels": {"a": "b"}}, "template": template}


def setting(**values: Any) -> Any:
    def edit(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, **values}

    return edit


async def refused(doing: Any) -> ApiError:
    with pytest.raises(ApiError) as error:
        await doing
    return error.value


async def test_a_created_object_gets_its_identity_from_the_server(registry: Registry) -> None:
    made = await registry.create(NODES, {"metadata": {"name": "w1", "uid": "mine", "resourceVersion": "9"}})
    metadata = made["metadata"]
    assert metadata["uid"] != "mine"
    assert metadata["creationTimestamp"] == "2026-03-01T12:00:00Z"
    assert metadata["resourceVersion"] == str(registry.store.revision)
    assert made == await registry.get(NODES, None, "w1")


async def test_the_same_seed_gives_the_same_history(clock: Clock) -> None:
    async def history() -> list[Any]:
        registry = Registry(Store(MemoryBackend()), clock, seed=3)
        await registry.create(NAMESPACES, {"metadata": {"name": "default"}})
        made = await registry.create(PODS, {**pod(), "metadata": {"generateName": "web-", "namespace": "default"}})
        event = await registry.record_event(made, "Normal", "Started", "started", "kubelet")
        return [made, event]

    assert await history() == await history()


async def test_a_name_is_taken_once(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    error = await refused(registry.create(NODES, {"metadata": {"name": "w1"}}))
    assert (error.code, error.reason, str(error)) == (409, "AlreadyExists", 'nodes "w1" already exists')


@pytest.mark.parametrize(
    "metadata", [{}, {"name": "W_1"}, {"name": "a", "labels": {"k": "-"}}, {"name": "a", "labels": {"": "x"}}]
)
async def test_bad_metadata_is_a_422(registry: Registry, metadata: dict[str, Any]) -> None:
    assert (await refused(registry.create(NODES, {"metadata": metadata}))).code == 422


@pytest.mark.parametrize(
    "wrong",
    [{"spec": []}, {"status": "x"}, {"metadata": []}, {"metadata": {"name": 7}}, {"metadata": {"labels": ["a"]}}],
)
async def test_an_object_of_the_wrong_shape_is_a_400_and_no_defect(registry: Registry, wrong: dict[str, Any]) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    assert (await refused(registry.create(NODES, {"metadata": {"name": "w2"}, **wrong}))).code == 400
    assert (await refused(registry.change(NODES, None, "w1", setting(**wrong)))).code == 400


async def test_a_null_counts_as_not_there(registry: Registry) -> None:
    made = await registry.create(NODES, {"metadata": {"name": "w1", "labels": None}, "spec": None, "status": None})
    assert (made["spec"], made["status"]) == ({}, {})


async def test_nothing_is_created_in_a_namespace_that_is_not_there_or_is_going(registry: Registry) -> None:
    lost = pod(namespace="nope")
    error = await refused(registry.create(PODS, lost))
    assert (error.code, str(error)) == (404, 'namespaces "nope" not found')
    await registry.create(NAMESPACES, {"metadata": {"name": "going"}}, reset_status=True)
    namespace = await registry.delete(NAMESPACES, None, "going")
    assert namespace["status"]["phase"] == "Terminating"
    error = await refused(registry.create(PODS, pod(namespace="going")))
    assert error.code == 403
    assert error.status["details"]["causes"][0]["reason"] == "NamespaceTerminating"


async def test_a_namespace_goes_when_its_finalizers_are_gone(registry: Registry) -> None:
    await registry.create(NAMESPACES, {"metadata": {"name": "going"}}, reset_status=True)
    await registry.delete(NAMESPACES, None, "going")
    await registry.change(NAMESPACES, None, "going", setting(spec={"finalizers": []}), subresource="finalize")
    assert (await refused(registry.get(NAMESPACES, None, "going"))).code == 404


async def test_two_writers_at_once_lose_nothing(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1", "labels": {"n": "0"}}})

    def count(obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"]["labels"]["n"] = str(int(obj["metadata"]["labels"]["n"]) + 1)
        return obj

    await asyncio.gather(*(registry.change(NODES, None, "w1", count) for _ in range(10)))
    assert (await registry.get(NODES, None, "w1"))["metadata"]["labels"] == {"n": "10"}


async def test_a_stale_resource_version_is_a_conflict_in_the_servers_words(registry: Registry) -> None:
    old = await registry.create(NODES, {"metadata": {"name": "w1"}})
    await registry.change(NODES, None, "w1", setting(spec={"unschedulable": True}))
    error = await refused(registry.change(NODES, None, "w1", lambda _: old))
    assert (error.code, error.reason) == (409, "Conflict")
    assert str(error) == (
        'Operation cannot be fulfilled on nodes "w1": the object has been modified;'
        " please apply your changes to the latest version and try again"
    )


async def test_the_object_and_its_status_are_changed_by_different_doors(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}, "status": {"a": 1}})
    both = setting(spec={"unschedulable": True}, status={"a": 2})
    by_object = await registry.change(NODES, None, "w1", both)
    assert (by_object["spec"], by_object["status"]) == ({"unschedulable": True}, {"a": 1})
    other = setting(spec={}, status={"a": 3})
    by_status = await registry.change(NODES, None, "w1", other, subresource="status")
    assert (by_status["spec"], by_status["status"]) == ({"unschedulable": True}, {"a": 3})


async def test_a_change_that_changes_nothing_writes_nothing(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    before = registry.store.revision
    await registry.change(NODES, None, "w1", lambda obj: obj)
    await registry.change(NODES, None, "w1", lambda obj: None)
    assert registry.store.revision == before


async def test_the_generation_counts_changes_of_the_spec_only(registry: Registry) -> None:
    metadata = {"name": "d", "namespace": "default"}
    made = await registry.create(DEPLOYMENTS, {"metadata": metadata, "spec": {"replicas": 1, **workload()}})
    assert made["metadata"]["generation"] == 1
    await registry.change(DEPLOYMENTS, "default", "d", setting(status={"replicas": 1}), subresource="status")
    made = await registry.change(DEPLOYMENTS, "default", "d", setting(spec={"replicas": 2, **workload()}))
    assert made["metadata"]["generation"] == 2


async def test_what_the_server_keeps_cannot_be_changed(registry: Registry) -> None:
    made = await registry.create(NODES, {"metadata": {"name": "w1"}})

    def edit(obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"] |= {"creationTimestamp": "1999-01-01T00:00:00Z", "deletionTimestamp": "1999-01-01T00:00:00Z"}
        obj["metadata"]["labels"] = {"a": "b"}
        return obj

    changed = await registry.change(NODES, None, "w1", edit)
    assert changed["metadata"]["creationTimestamp"] == made["metadata"]["creationTimestamp"]
    assert "deletionTimestamp" not in changed["metadata"]
    error = await refused(registry.change(NODES, None, "w1", setting(metadata={"name": "w2"})))
    assert error.code == 400
    error = await refused(registry.change(NODES, None, "w1", setting(metadata={"name": "w1", "uid": "other"})))
    assert error.code == 409


async def test_a_pods_spec_is_fixed_but_for_its_image(registry: Registry) -> None:
    await registry.create(PODS, pod())

    def image(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"]["containers"][0]["image"] = "x:2"
        return obj

    def node(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"]["nodeName"] = "w2"
        return obj

    await registry.change(PODS, "default", "p", image)
    assert (await refused(registry.change(PODS, "default", "p", node))).code == 422


async def test_dry_run_answers_as_if_and_writes_nothing(registry: Registry) -> None:
    before = registry.store.revision
    made = await registry.create(NODES, {"metadata": {"name": "w1"}}, dry_run=True)
    assert made["metadata"]["uid"]
    await registry.create(PODS, pod())
    changed = await registry.change(
        PODS, "default", "p", setting(metadata={"name": "p", "labels": {"a": "b"}}), dry_run=True
    )
    assert changed["metadata"]["labels"] == {"a": "b"}
    gone = await registry.delete(PODS, "default", "p", dry_run=True)
    assert gone["metadata"]["deletionGracePeriodSeconds"] == 30
    assert registry.store.revision == before + 1


async def test_a_pod_is_left_terminating_for_its_grace_and_then_removed(registry: Registry) -> None:
    await registry.create(PODS, pod())
    marked = await registry.delete(PODS, "default", "p")
    assert marked["metadata"]["deletionTimestamp"] == "2026-03-01T12:00:30Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 30
    again = await registry.delete(PODS, "default", "p")
    assert again["metadata"]["resourceVersion"] == marked["metadata"]["resourceVersion"]
    longer = await registry.delete(PODS, "default", "p", grace_seconds=60)
    assert longer["metadata"]["deletionGracePeriodSeconds"] == 30
    shorter = await registry.delete(PODS, "default", "p", grace_seconds=5)
    assert shorter["metadata"]["deletionGracePeriodSeconds"] == 5
    await registry.delete(PODS, "default", "p", grace_seconds=0)
    assert registry.list(PODS) == []


@pytest.mark.parametrize("status", [{"phase": "Succeeded"}, {"phase": "Failed"}])
async def test_a_finished_pod_goes_at_once(registry: Registry, status: dict[str, Any]) -> None:
    await registry.create(PODS, {**pod(), "status": status})
    await registry.delete(PODS, "default", "p")
    assert registry.list(PODS) == []


async def test_a_pod_without_a_node_goes_at_once(registry: Registry) -> None:
    waiting = pod()
    del waiting["spec"]["nodeName"]
    await registry.create(PODS, waiting)
    await registry.delete(PODS, "default", "p")
    assert registry.list(PODS) == []


async def test_finalizers_hold_an_object_until_the_last_is_taken_away(registry: Registry) -> None:
    await registry.create(PODS, pod(finalizers=["x/hold"]))
    held = await registry.delete(PODS, "default", "p", grace_seconds=0)
    assert held["metadata"]["deletionTimestamp"]

    def release(obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"]["finalizers"] = []
        return obj

    await registry.change(PODS, "default", "p", release)
    assert registry.list(PODS) == []


async def test_a_deletion_meant_for_another_object_is_refused(registry: Registry) -> None:
    made = await registry.create(PODS, pod())
    error = await refused(registry.delete(PODS, "default", "p", preconditions={"uid": "other"}))
    assert error.code == 409
    assert "the UID in the precondition (other) does not match" in str(error)
    error = await refused(registry.delete(PODS, "default", "p", preconditions={"resourceVersion": "1"}))
    assert error.code == 409
    await registry.delete(PODS, "default", "p", preconditions={"uid": made["metadata"]["uid"]})


async def test_a_node_goes_at_once(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    await registry.delete(NODES, None, "w1")
    assert (await refused(registry.get(NODES, None, "w1"))).code == 404


async def test_a_watch_begins_with_what_is_there_and_goes_on(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "a"}})
    watch = registry.watch(NODES)
    assert (await anext(watch))[0] == "ADDED"
    await registry.create(NODES, {"metadata": {"name": "b"}})
    await registry.delete(NODES, None, "a")
    seen = [
        (kind, obj["metadata"]["name"], revision) for kind, obj, revision in [await anext(watch), await anext(watch)]
    ]
    assert [(kind, name) for kind, name, _ in seen] == [("ADDED", "b"), ("DELETED", "a")]
    assert seen[1][2] == registry.store.revision
    await watch.aclose()


async def test_an_object_that_leaves_the_selection_is_deleted_to_the_watcher(registry: Registry) -> None:
    await registry.create(NODES, {"metadata": {"name": "a"}})
    watch = registry.watch(NODES, since=registry.store.revision, labels="in=yes")

    def labelled(value: str) -> Any:
        return lambda obj: {**obj, "metadata": {**obj["metadata"], "labels": {"in": value, "n": value}}}

    for value in ("yes", "no"):
        await registry.change(NODES, None, "a", labelled(value))
    assert (await anext(watch))[0] == "ADDED"
    kind, obj, revision = await anext(watch)
    assert (kind, obj["metadata"]["labels"]["in"], revision) == ("DELETED", "yes", registry.store.revision)
    assert obj["metadata"]["resourceVersion"] == str(revision)
    await watch.aclose()


async def test_a_selected_object_that_is_deleted_is_deleted_to_the_watcher_and_another_is_nothing(
    registry: Registry,
) -> None:
    for name, value in (("a", "no"), ("b", "yes")):
        await registry.create(NODES, {"metadata": {"name": name, "labels": {"in": value}}})
    watch = registry.watch(NODES, since=registry.store.revision, labels="in=yes")
    for name in "ab":
        await registry.delete(NODES, None, name)
    kind, obj, revision = await anext(watch)
    assert (kind, obj["metadata"]["name"], revision) == ("DELETED", "b", registry.store.revision)
    await watch.aclose()


async def test_a_watch_of_one_namespace_sees_no_other(registry: Registry) -> None:
    await registry.create(NAMESPACES, {"metadata": {"name": "defaults"}})
    watch = registry.watch(PODS, "default", since=registry.store.revision)
    await registry.create(PODS, pod(namespace="defaults"))
    await registry.create(PODS, pod("mine"))
    assert (await anext(watch))[1]["metadata"]["name"] == "mine"
    await watch.aclose()


async def test_a_watch_from_a_forgotten_revision_is_expired(registry: Registry) -> None:
    registry.store.compact(registry.store.revision)
    error = await refused(anext(registry.watch(NODES, since=1)))
    assert (error.code, error.reason) == (410, "Expired")


async def test_a_watch_is_lost_when_the_store_is_loaded_anew(registry: Registry) -> None:
    watch = registry.watch(NODES, since=registry.store.revision)
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    await registry.store.load()
    assert (await refused(waiting)).code == 410


async def test_the_same_thing_happening_again_is_counted(registry: Registry, clock: Clock) -> None:
    node = await registry.create(NODES, {"metadata": {"name": "w1"}})
    await registry.record_event(node, "Warning", "Broken", "it broke", "kubelet", host="w1")
    clock.now += timedelta(minutes=5)
    event = await registry.record_event(node, "Warning", "Broken", "it broke", "kubelet", host="w1")
    await registry.record_event(node, "Warning", "Broken", "it broke differently", "kubelet", host="w1")
    assert event["count"] == 2
    assert (event["firstTimestamp"], event["lastTimestamp"]) == ("2026-03-01T12:00:00Z", "2026-03-01T12:05:00Z")
    assert len(registry.list(EVENTS, "default", fields="involvedObject.name=w1")) == 2


async def test_events_are_forgotten_after_an_hour_and_can_happen_anew(registry: Registry, clock: Clock) -> None:
    node = await registry.create(NODES, {"metadata": {"name": "w1"}})
    await registry.record_event(node, "Normal", "Old", "old", "kubelet")
    clock.now += timedelta(minutes=59)
    await registry.record_event(node, "Normal", "New", "new", "kubelet")
    clock.now += timedelta(minutes=2)
    await registry.expire_events()
    assert [event["reason"] for event in registry.list(EVENTS)] == ["New"]
    again = await registry.record_event(node, "Normal", "Old", "old", "kubelet")
    assert again["count"] == 1


async def test_pods_are_found_by_their_node_through_every_change(registry: Registry) -> None:
    def on(node: str) -> list[str]:
        return [found["metadata"]["name"] for found in registry.list(PODS, "default", fields=f"spec.nodeName={node}")]

    for name in ("b", "a"):
        await registry.create(PODS, pod(name))
    waiting = pod("c")
    del waiting["spec"]["nodeName"]
    await registry.create(PODS, waiting)
    assert (on("w1"), on("w2")) == (["a", "b"], [])

    def bind(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"]["nodeName"] = "w2"
        return obj

    await registry.change(PODS, "default", "c", bind)
    await registry.delete(PODS, "default", "a", grace_seconds=0)
    assert (on("w1"), on("w2")) == (["b"], ["c"])
    assert registry.list(PODS, "kube-system", fields="spec.nodeName=w1") == []
    await registry.store.load()
    assert on("w2") == ["c"]
