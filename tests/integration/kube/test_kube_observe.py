"""Facts asked on demand: exact requests, pages, and what is said when part of it cannot be read."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from fractions import Fraction
from typing import Any

import pytest
from scripted_api import Reply, Request, ScriptedApi, node

from kconsole.kube.errors import ApiError, Unreachable
from kconsole.kube.session import Session
from kconsole.observe.access import Verb, allowed
from kconsole.observe.nodes import get_node, get_nodes, list_nodes, node_page, pod_count

PODS, EVENTS = "/api/v1/pods", "/api/v1/events"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def paged(items: list[Any]) -> Any:
    async def answer(request: Request, reply: Reply) -> None:
        start, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        meta = {"continue": str(start + limit)} if start + limit < len(items) else {}
        await reply.json(200, {"metadata": meta, "items": items[start : start + limit]})

    return answer


def refusing(code: int, reason: str) -> Any:
    async def answer(_request: Request, reply: Reply) -> None:
        await reply.status(code, reason, f"{reason} it is")

    return answer


def pod(name: str, namespace: str = "default", phase: str = "Running", cpu: str = "100m") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": "w1", "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]},
        "status": {"phase": phase},
    }


def give_node(api: ScriptedApi, body: dict[str, Any]) -> None:
    async def answer(_request: Request, reply: Reply) -> None:
        await reply.json(200, body)

    api.others[f"/api/v1/nodes/{body['metadata']['name']}"] = answer


async def test_pods_are_counted_by_name_only_page_by_page_and_without_finished_ones(
    api: ScriptedApi, session: Session
) -> None:
    api.others[PODS] = paged([{"metadata": {"name": f"p{number}"}} for number in range(1100)])
    assert await pod_count(session, "w1") == 1100
    assert len(api.requests) == 3
    first = api.requests[0]
    assert first.query["fieldSelector"] == "spec.nodeName=w1,status.phase!=Succeeded,status.phase!=Failed"
    assert (first.header("Accept") or "").startswith("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")


async def test_a_node_that_does_not_exist_is_an_error_alone_and_none_among_others(
    api: ScriptedApi, session: Session
) -> None:
    give_node(api, node("w1"))
    with pytest.raises(ApiError) as caught:
        await get_node(session, "gone")
    assert caught.value.status == 404
    found = await get_nodes(session, ["w1", "gone", "w1"])
    assert found["gone"] is None
    assert found["w1"] is not None
    assert found["w1"].name == "w1"


async def test_some_nodes_that_may_not_be_read_are_an_error(api: ScriptedApi, session: Session) -> None:
    give_node(api, node("w1"))
    api.others["/api/v1/nodes/w2"] = refusing(403, "Forbidden")
    with pytest.raises(ApiError, match="Forbidden it is"):
        await get_nodes(session, ["w1", "w2"])


async def test_all_nodes_are_listed_in_pages_with_the_servers_selector(api: ScriptedApi, session: Session) -> None:
    for number in range(5):
        api.put(f"n{number}")
    found = await list_nodes(session, selector="a in (b,c)", page=2)
    assert [each.name for each in found] == [f"n{number}" for number in range(5)]
    assert {request.query["labelSelector"] for request in api.requests} == {"a in (b,c)"}
    assert len(api.requests) == 3


async def test_a_list_forgotten_half_way_is_begun_again(api: ScriptedApi, session: Session) -> None:
    for number in range(5):
        api.put(f"n{number}")
    api.lists.extend([api.honest_list, refusing(410, "Expired")])
    assert len(await list_nodes(session, page=2)) == 5
    api.lists.extend([refusing(410, "Expired")] * 3)
    with pytest.raises(ApiError, match="Expired it is"):
        await list_nodes(session)
    api.lists.append(refusing(500, "InternalError"))
    with pytest.raises(ApiError, match="InternalError it is"):
        await list_nodes(session)


async def test_a_list_with_an_unreadable_object_is_no_ground_for_a_decision(api: ScriptedApi, session: Session) -> None:
    api.put("good")
    api.nodes["odd"] = {**node("odd"), "spec": "text"}
    with pytest.raises(Unreachable, match="could not be read"):
        await list_nodes(session)


async def test_a_node_page_gathers_pods_events_lease_and_requests(api: ScriptedApi, session: Session) -> None:
    w1 = node("w1")
    w1["status"]["allocatable"] = {"cpu": "2", "memory": "1Gi", "pods": "110"}
    give_node(api, w1)
    api.others[PODS] = paged([pod("b"), pod("a", cpu="1"), pod("done", phase="Succeeded", cpu="5")])

    async def events(request: Request, reply: Reply) -> None:
        by_uid = "involvedObject.uid=uid-w1" in request.query["fieldSelector"]
        old = {"metadata": {"uid": "1"}, "reason": "Old", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 3}
        new = {"metadata": {"uid": "2"}, "reason": "New", "eventTime": "2026-01-02T00:00:00.123456Z"}
        await reply.json(200, {"metadata": {}, "items": [old] if by_uid else [new, old]})

    async def lease(_request: Request, reply: Reply) -> None:
        await reply.json(200, {"spec": {"renewTime": "2026-01-03T00:00:00.000001Z"}})

    api.others |= {EVENTS: events, LEASE: lease}
    page = await node_page(session, "w1")
    assert page.pods is not None
    assert [each.name for each in page.pods] == ["a", "b", "done"]
    assert page.events is not None
    assert [(event.reason, event.count) for event in page.events] == [("New", 1), ("Old", 3)]
    assert page.lease_renewed == datetime(2026, 1, 3, 0, 0, 0, 1, tzinfo=timezone.utc)
    assert page.requested == {"cpu": Fraction(11, 10), "pods": 2}
    assert page.allocatable["memory"] == 2**30
    assert page.problems == ()
    selectors = {r.query["fieldSelector"] for r in api.requests if r.path == EVENTS}
    common = "involvedObject.kind=Node,involvedObject.name=w1,involvedObject.uid="
    assert selectors == {f"{common}uid-w1", f"{common}w1"}


async def test_a_node_page_says_what_it_may_not_read_and_shows_the_rest(api: ScriptedApi, session: Session) -> None:
    give_node(api, node("w1"))
    api.others |= {PODS: refusing(403, "Forbidden"), EVENTS: paged([]), LEASE: refusing(404, "NotFound")}
    page = await node_page(session, "w1")
    assert (page.pods, page.requested, page.events, page.lease_renewed) == (None, None, (), None)
    assert len(page.problems) == 1
    assert "Forbidden it is" in page.problems[0]


async def test_what_is_allowed_is_asked_once_for_each_thing(api: ScriptedApi, session: Session) -> None:
    async def review(request: Request, reply: Reply) -> None:
        asked = json.loads(request.body)["spec"]["resourceAttributes"]
        if asked["resource"] == "leases":
            await reply.status(500, "InternalError", "webhook is away")
        else:
            await reply.json(201, {"status": {"allowed": asked.get("subresource") == "eviction"}})

    api.others[REVIEWS] = review
    patch, evict = Verb("patch", "nodes"), Verb("create", "pods", subresource="eviction", namespace="a")
    lease = Verb("update", "leases", group="coordination.k8s.io")
    assert await allowed(session, [patch, evict, lease, patch]) == {patch: False, evict: True, lease: None}
    assert len(api.requests) == 3
    sent = [json.loads(request.body)["spec"]["resourceAttributes"] for request in api.requests]
    assert {"verb": "create", "resource": "pods", "subresource": "eviction", "namespace": "a"} in sent
