from __future__ import annotations

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest

from kconsole.lab.apiserver.resources import RESOURCES

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
NODES = "/api/v1/nodes"
STRATEGIC = "application/strategic-merge-patch+json"


UNCLOSED_CLIENT = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function _SSLProtocolTransport:pytest.PytestUnraisableExceptionWarning"
)
"""Up to Python 3.10 the client's TLS transport warns when it is the server that ends the connection."""


async def test_one_object_is_read_with_its_type_and_version(api: Any) -> None:
    found = await api.get(f"{NODES}/w1")
    assert (found.code, found.body["kind"], found.body["apiVersion"]) == (200, "Node", "v1")
    assert found.body["metadata"]["resourceVersion"]


async def test_a_list_has_one_version_and_its_items_bear_no_type(api: Any) -> None:
    found = await api.get(NODES)
    assert found.body["kind"] == "NodeList"
    assert found.body["metadata"]["resourceVersion"] == str(api.registry.store.revision)
    assert [item["metadata"]["name"] for item in found.body["items"]] == ["cp1", "w1", "w2"]
    assert not any("kind" in item for item in found.body["items"])


async def test_an_empty_list_is_a_list(api: Any) -> None:
    found = await api.get("/api/v1/configmaps")
    assert found.body["items"] == []


async def test_pages_are_of_one_moment_whatever_happens_between_them(api: Any) -> None:
    first = (await api.get(f"{NODES}?limit=2")).body
    assert first["metadata"]["remainingItemCount"] == 1
    await api.registry.delete(RESOURCES["nodes"], None, "w2")
    await api.registry.create(RESOURCES["nodes"], {"metadata": {"name": "w9"}})
    second = (await api.get(f"{NODES}?limit=2&continue={first['metadata']['continue']}")).body
    assert [item["metadata"]["name"] for item in second["items"]] == ["w2"]
    assert second["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}


async def test_pages_of_a_selection_leave_nothing_out_and_do_not_count(api: Any) -> None:
    names: list[str] = []
    token = ""
    while True:
        query = f"limit=1&labelSelector=kubernetes.io/hostname+in+(cp1,w2)&continue={token}"
        page = (await api.get(f"{NODES}?{query}")).body
        assert "remainingItemCount" not in page["metadata"]
        assert len(page["items"]) <= 1
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert names == ["cp1", "w2"]


async def test_any_version_will_do_means_the_whole_list_at_once_as_from_the_real_cache(api: Any) -> None:
    found = (await api.get(f"{NODES}?limit=1&resourceVersion=0")).body
    assert len(found["items"]) == 3
    assert "continue" not in found["metadata"]


async def test_a_page_whose_history_is_gone_is_a_410_with_a_token_to_go_on_without_it(api: Any) -> None:
    token = (await api.get(f"{NODES}?limit=1")).body["metadata"]["continue"]
    await api.registry.create(RESOURCES["nodes"], {"metadata": {"name": "w9"}})
    api.registry.store.compact(api.registry.store.revision)
    refused = await api.get(f"{NODES}?limit=1&continue={token}")
    assert (refused.code, refused.body["reason"]) == (410, "Expired")
    rest = await api.get(f"{NODES}?continue={refused.body['metadata']['continue']}")
    assert [item["metadata"]["name"] for item in rest.body["items"]] == ["w1", "w2", "w9"]


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("labelSelector=a+in", 400, "unable to parse requirement"),
        ("fieldSelector=spec.x=1", 400, "field label not supported: spec.x"),
        ("continue=nonsense", 400, "continue key is not valid"),
        ("resourceVersion=x", 422, "resourceVersion: Invalid value"),
        ("resourceVersionMatch=Exact", 422, "forbidden unless resourceVersion is provided"),
        ("resourceVersion=1&resourceVersionMatch=Newest", 422, "Unsupported value"),
        ("resourceVersion=99999", 504, "Too large resource version: 99999"),
        ("resourceVersion=1&resourceVersionMatch=Exact", 200, ""),
        ("watch=1&resourceVersion=99999", 504, "Too large resource version"),
        ("watch=1&sendInitialEvents=true", 422, "sendInitialEvents requires setting resourceVersionMatch"),
        ("limit=many", 400, "invalid syntax"),
    ],
)
async def test_parameters_are_answered_as_the_real_server_does(api: Any, query: str, code: int, words: str) -> None:
    found = await api.get(f"{NODES}?{query}")
    assert found.code == code
    if code != 200:
        assert words in found.body["message"]
        assert found.body["kind"] == "Status"


async def test_a_version_from_the_future_comes_with_its_cause_and_a_retry(api: Any) -> None:
    found = await api.get(f"{NODES}?resourceVersion=99999")
    assert found.headers["Retry-After"] == "1"
    assert found.body["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_an_exact_older_list_is_served_while_it_is_known(api: Any) -> None:
    before = api.registry.store.revision
    await api.registry.delete(RESOURCES["nodes"], None, "w1")
    query = f"resourceVersion={before}&resourceVersionMatch=Exact"
    found = await api.get(f"{NODES}?{query}")
    assert [item["metadata"]["name"] for item in found.body["items"]] == ["cp1", "w1", "w2"]
    api.registry.store.compact(api.registry.store.revision)
    assert (await api.get(f"{NODES}?{query}")).code == 410


async def test_a_table_has_the_real_columns_and_carries_metadata(api: Any) -> None:
    found = (await api.get(NODES, Accept=TABLE)).body
    shown = [column["name"] for column in found["columnDefinitions"] if column["priority"] == 0]
    assert shown == ["Name", "Status", "Roles", "Age", "Version"]
    assert found["rows"][0]["cells"][:3] == ["cp1", "Ready", "control-plane"]
    assert found["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    alone = (await api.get(f"{NODES}?includeObject=None", Accept=TABLE)).body
    assert "object" not in alone["rows"][0]


async def test_partial_objects_have_nothing_but_metadata(api: Any) -> None:
    found = (await api.get("/api/v1/pods?fieldSelector=spec.nodeName=w1", Accept=PARTIAL)).body
    assert (found["kind"], len(found["items"])) == ("PartialObjectMetadataList", 1)
    assert set(found["items"][0]) == {"kind", "apiVersion", "metadata"}


async def test_what_cannot_be_written_is_a_406(api: Any) -> None:
    assert (await api.get(NODES, Accept="application/yaml")).code == 406


async def test_a_created_object_is_answered_with_201_and_its_server_made_parts(api: Any) -> None:
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}, "status": {"phase": "Running"}}
    made = await api.ask(
        "POST", "/api/v1/namespaces/default/pods", {**body, "spec": {"containers": [{"name": "a", "image": "i"}]}}
    )
    assert made.code == 201
    assert made.body["metadata"]["name"].startswith("a-")
    assert (made.body["status"]["phase"], made.body["spec"]["restartPolicy"]) == ("Pending", "Always")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/api/v1/nodes", {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a"}}, 400),
        ("/api/v1/pods", {"metadata": {"name": "a"}}, 405),
        ("/api/v1/namespaces/default/pods", {"metadata": {"name": "a", "namespace": "shop"}}, 400),
        ("/api/v1/namespaces/nope/pods", {"metadata": {"name": "a"}}, 404),
        ("/api/v1/nodes", {"metadata": {"name": "w1"}}, 409),
        ("/api/v1/nodes", {"metadata": {}}, 422),
        ("/api/v1/nodes", b"{", 400),
        ("/api/v1/nope", {}, 404),
        ("/apis/apps/v1beta1/deployments", {}, 404),
        ("/api/v1/nodes/w1/log", {}, 404),
        ("/api/v1/nodes/w1", {}, 405),
    ],
)
async def test_what_cannot_be_created_is_refused_with_a_status(api: Any, path: str, body: Any, code: int) -> None:
    found = await api.ask("POST", path, body)
    assert (found.code, found.body["kind"], found.body["code"]) == (code, "Status", code)


async def test_a_cordon_patch_changes_the_spec_and_nothing_else(api: Any) -> None:
    before = (await api.get(f"{NODES}/w1")).body
    after = await api.ask("PATCH", f"{NODES}/w1", {"spec": {"unschedulable": True}}, Content_Type=STRATEGIC)
    assert after.code == 200
    assert after.body["spec"] == {"unschedulable": True}
    assert after.body["status"] == before["status"]
    again = await api.ask("PATCH", f"{NODES}/w1", {"spec": {"unschedulable": None}}, Content_Type=STRATEGIC)
    assert again.body["spec"] == {}


async def test_a_patch_of_an_older_state_is_a_conflict(api: Any) -> None:
    patch = {"metadata": {"resourceVersion": "1", "labels": {"a": "b"}}}
    found = await api.ask("PATCH", f"{NODES}/w1", patch, Content_Type="application/merge-patch+json")
    assert (found.code, found.body["reason"]) == (409, "Conflict")
    assert "the object has been modified" in found.body["message"]


async def test_apply_is_refused_and_says_what_is_taken(api: Any) -> None:
    found = await api.ask("PATCH", f"{NODES}/w1", b"{}", Content_Type="application/apply-patch+yaml")
    assert found.code == 415
    assert STRATEGIC in found.body["message"]


async def test_an_update_replaces_the_object_and_needs_its_present_version(api: Any) -> None:
    node = (await api.get(f"{NODES}/w1")).body
    node["metadata"]["labels"] = {"new": "label"}
    updated = await api.ask("PUT", f"{NODES}/w1", node)
    assert (updated.code, updated.body["metadata"]["labels"]) == (200, {"new": "label"})
    assert (await api.ask("PUT", f"{NODES}/w1", node)).code == 409
    del node["metadata"]["resourceVersion"]
    assert (await api.ask("PUT", f"{NODES}/w1", node)).code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_dry_run_writes_nothing_with_any_verb(api: Any, method: str) -> None:
    path = NODES if method == "POST" else f"{NODES}/w1"
    body = {"metadata": {"name": "x"}} if method == "POST" else {"metadata": {"labels": {"a": "b"}}}
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    before = api.registry.store.revision
    sent = None if method == "DELETE" else body
    found = await api.ask(method, f"{path}?dryRun=All", sent, Content_Type=kind)
    assert found.code in (200, 201)
    assert api.registry.store.revision == before
    assert api.journal.records()[-1].dry_run
    assert (await api.ask(method, f"{path}?dryRun=Some", sent, Content_Type=kind)).code == 422


async def test_dry_run_in_the_body_of_a_deletion_counts(api: Any) -> None:
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]}
    assert (await api.ask("DELETE", f"{NODES}/w1", body)).code == 200
    assert (await api.get(f"{NODES}/w1")).code == 200
    assert api.journal.records(verb="delete")[-1].dry_run


async def test_a_deleted_node_is_answered_with_success_and_a_pod_with_itself(api: Any) -> None:
    node = await api.ask("DELETE", f"{NODES}/w1")
    assert (node.body["kind"], node.body["status"], node.body["details"]["name"]) == ("Status", "Success", "w1")
    pod = await api.ask("DELETE", "/api/v1/namespaces/shop/pods/web-1?gracePeriodSeconds=3")
    assert pod.body["metadata"]["deletionGracePeriodSeconds"] == 3
    assert (await api.get("/api/v1/namespaces/shop/pods/web-1")).code == 200


async def test_a_collection_is_deleted_by_its_selection(api: Any) -> None:
    path = "/api/v1/namespaces/shop/pods"
    await api.ask("DELETE", f"{path}?labelSelector=app=web&fieldSelector=spec.nodeName=w1&gracePeriodSeconds=0")
    assert [item["metadata"]["name"] for item in (await api.get(path)).body["items"]] == ["web-2"]


async def test_people_may_do_what_their_profile_says_and_reviews_agree(api: Any) -> None:
    for user, may in (("viewer", False), ("operator", True), ("admin", True)):
        patched = await api.ask("PATCH", f"{NODES}/w1", {"spec": {}}, user=user, Content_Type=STRATEGIC)
        assert patched.code == (200 if may else 403)
        review = {"spec": {"resourceAttributes": {"verb": "patch", "resource": "nodes", "name": "w1"}}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        answer = await api.ask("POST", path, review, user=user)
        assert (answer.code, answer.body["status"]["allowed"]) == (201, may)


async def test_without_credentials_one_learns_the_version_and_no_more(api: Any) -> None:
    assert (await api.get("/version", user=None)).body["gitVersion"] == "v1.33.4"
    refused = await api.get(NODES, user=None)
    assert refused.code == 403
    assert 'User "system:anonymous" cannot list resource "nodes"' in refused.body["message"]


async def test_a_wrong_token_is_a_401_and_a_right_one_is_someone(api: Any) -> None:
    assert (await api.get(NODES, user=None, Authorization="Bearer wrong")).code == 401
    assert (await api.get(NODES, user=None, Authorization="Bearer secret")).code == 200
    assert api.journal.records()[-1].user == "tina"


async def test_admins_can_be_taken_for_others_and_others_cannot(api: Any) -> None:
    as_bob = {"Impersonate_User": "bob", "Impersonate_Group": "kconsole:viewers"}
    assert (await api.get(NODES, **as_bob)).code == 200
    assert (api.journal.records()[-1].user, api.journal.records()[-1].on_behalf) == ("bob", "admin")
    refused = await api.get(NODES, user="operator", **as_bob)
    assert refused.code == 403
    assert 'cannot impersonate resource "users"' in refused.body["message"]


async def test_the_journal_tells_who_did_what(api: Any) -> None:
    await api.ask("PATCH", f"{NODES}/w1", {"spec": {}}, user="viewer", Content_Type=STRATEGIC)
    record = api.journal.records(verb="patch")[-1]
    assert (record.user, record.resource, record.name, record.code) == ("viewer", "nodes", "w1", 403)
    assert (record.reason, record.listener) == ("Forbidden", "cp1")


@pytest.mark.parametrize(
    "path",
    [
        *("/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/apis/coordination.k8s.io/v1", "/openapi/v3"),
        *("/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1", "/version"),
    ],
)
async def test_discovery_is_served(api: Any, path: str) -> None:
    found = await api.get(path, user="viewer")
    assert found.code == 200
    assert isinstance(found.body, dict)


async def test_aggregated_discovery_echoes_its_media_type(api: Any) -> None:
    wanted = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    found = await api.get("/api", Accept=f"{wanted},application/json")
    assert found.headers["Content-Type"] == wanted
    (core,) = found.body["items"]
    nodes = next(row for row in core["versions"][0]["resources"] if row["resource"] == "nodes")
    assert (nodes["scope"], nodes["shortNames"]) == ("Cluster", ["no"])


async def test_a_path_that_is_not_served_is_a_404_status(api: Any) -> None:
    for path in ("/nope", "/api/v2", "/apis/nope.io/v1", "/api/v1/nope", "/openapi/v3/nope", "/readyz/nope"):
        found = await api.get(path)
        assert (found.code, found.body["reason"]) == (404, "NotFound"), path


async def test_health_names_its_checks(api: Any) -> None:
    assert (await api.get("/livez", user=None)).body == b"ok"
    verbose = (await api.get("/readyz?verbose", user=None)).body.decode()
    assert "[+]etcd ok" in verbose
    assert verbose.endswith("readyz check passed\n")
    assert (await api.get("/readyz/etcd", user=None)).body == b"ok"


async def test_a_body_that_is_too_large_is_refused(api: Any) -> None:
    found = await api.ask("POST", NODES, io.BytesIO(b" " * (3 * 1024 * 1024 + 1)))
    assert (found.code, found.body["kind"]) == (413, "Status")


async def test_several_listeners_of_different_versions_show_one_cluster(api: Any) -> None:
    other = type(api)(api.registry, api.clock, api.folder, api.authority, api.pairs)
    await other.start("1.32.8")
    try:
        assert (await other.get("/version")).body["minor"] == "32"
        await other.ask("PATCH", f"{NODES}/w1", {"spec": {"unschedulable": True}}, Content_Type=STRATEGIC)
        assert (await api.get(f"{NODES}/w1")).body["spec"] == {"unschedulable": True}
    finally:
        await other.close()


@UNCLOSED_CLIENT
async def test_a_stopped_listener_refuses_connections_and_can_be_started_again(api: Any) -> None:
    async with api.session().get(f"{NODES}?watch=1") as watch:
        await watch.content.readline()
        await api.listener.stop()
        with pytest.raises(aiohttp.ClientError):
            await watch.content.read()
    with pytest.raises(aiohttp.ClientConnectorError):
        await api.get("/version")
    await api.start()
    assert (await api.get("/version")).code == 200


async def test_many_requests_at_once_are_all_answered(api: Any) -> None:
    async def label(number: int) -> int:
        patch = {"metadata": {"labels": {f"n{number}": "x"}}}
        return int((await api.ask("PATCH", f"{NODES}/w1", patch, Content_Type=STRATEGIC)).code)

    assert set(await asyncio.gather(*(label(number) for number in range(40)))) == {200}
    labels = (await api.get(f"{NODES}/w1")).body["metadata"]["labels"]
    assert sum(name.startswith("n") and name[1:].isdigit() for name in labels) == 40


async def test_the_bytes_of_a_list_are_the_bytes_of_its_objects(api: Any) -> None:
    listed = json.dumps((await api.get(NODES)).body["items"][1], sort_keys=True)
    alone = (await api.get(f"{NODES}/w1")).body
    del alone["kind"], alone["apiVersion"]
    assert json.dumps(alone, sort_keys=True) == listed


async def test_a_request_whose_client_left_is_in_the_journal(api: Any) -> None:
    api.faults.add("latency=30s,times=1")
    request = asyncio.ensure_future(api.get(NODES))
    deadline = asyncio.get_running_loop().time() + 10
    while api.faults.standing():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    request.cancel()
    while not api.journal.records(verb="list"):
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    assert api.journal.records()[-1].code == 499
