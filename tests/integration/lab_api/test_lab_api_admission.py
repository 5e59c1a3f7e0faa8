"""What may stop a write after all: webhooks, by configuration and as faults; and faults of evictions and history."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kconsole.errors import UsageError
from kconsole.lab.apiserver.faults import Faults

HOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
MAPS = "/api/v1/namespaces/shop/configmaps"
PODS = "/api/v1/namespaces/shop/pods"
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web-1", "namespace": "shop"}}
NAME = "guard.example.org"
MERGE = {"Content_Type": "application/merge-patch+json"}

Kubectl = Callable[..., Awaitable[Any]]


def hook(client: Any, resources: tuple[str, ...] = ("configmaps",), **more: Any) -> dict[str, Any]:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": list(resources)}
    webhook = {
        "name": NAME,
        "clientConfig": client if isinstance(client, dict) else {"url": client},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
        "rules": [rule],
        **more,
    }
    return {"metadata": {"name": "guard"}, "webhooks": [webhook]}


async def configure(api: Any, *words: Any, **more: Any) -> Any:
    await api.ask("DELETE", f"{HOOKS}/guard")
    made = await api.ask("POST", HOOKS, hook(*words, **more))
    assert made.code == 201
    return made.body


async def add_map(api: Any, name: str = "m") -> Any:
    return await api.ask("POST", MAPS, {"metadata": {"name": name}})


async def test_a_denying_webhook_is_named_with_its_reason(api: Any) -> None:
    made = await configure(api, "https://webhook.lab/deny?message=not+today")
    assert (made["webhooks"][0]["failurePolicy"], made["webhooks"][0]["rules"][0]["scope"]) == ("Fail", "*")
    found = await add_map(api)
    message = f'admission webhook "{NAME}" denied the request: not today'
    assert (found.code, found.body["reason"], found.body["message"]) == (403, "Forbidden", message)
    await configure(api, "https://webhook.lab/deny")
    assert (await add_map(api)).body["message"].endswith("denied the request without explanation")
    await configure(api, "https://webhook.lab/allow")
    assert (await add_map(api)).code == 201


async def test_a_webhook_out_of_reach_stops_what_it_concerns(api: Any) -> None:
    failed = f'Internal error occurred: failed calling webhook "{NAME}": failed to call webhook: Post '
    await configure(api, "https://127.0.0.1:9/deny")
    found = await add_map(api)
    why = '"https://127.0.0.1:9/deny?timeout=2s": dial tcp 127.0.0.1:9: connect: connection refused'
    assert (found.code, found.body["reason"], found.body["message"]) == (500, "InternalError", failed + why)
    await configure(api, {"service": {"name": "svc", "namespace": "ns", "path": "/v"}})
    why = '"https://svc.ns.svc:443/v?timeout=2s": service "svc" not found'
    assert (await add_map(api)).body["message"] == failed + why
    await configure(api, "https://127.0.0.1:9/deny", failurePolicy="Ignore")
    assert (await add_map(api)).code == 201


async def test_a_webhook_is_asked_about_what_its_rules_and_selectors_name(api: Any) -> None:
    deny = "https://webhook.lab/deny"
    await configure(api, deny, ("pods/eviction",))
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)).code == 403
    assert "deletionTimestamp" not in (await api.get(f"{PODS}/web-1")).body["metadata"]
    assert (await api.ask("DELETE", f"{PODS}/web-2")).code == 200
    await configure(api, deny, namespaceSelector={"matchLabels": {"guarded": "yes"}})
    assert (await add_map(api, "a")).code == 201
    await api.ask("PATCH", "/api/v1/namespaces/shop", {"metadata": {"labels": {"guarded": "yes"}}}, **MERGE)
    assert (await add_map(api, "b")).code == 403
    await configure(api, deny, objectSelector={"matchLabels": {"app": "web"}})
    assert (await add_map(api, "b")).code == 201
    update = {
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "operations": ["UPDATE", "DELETE"],
        "resources": ["nodes/status"],
    }
    await configure(api, deny, rules=[update])
    assert (await api.ask("PATCH", "/api/v1/nodes/w1", {"spec": {"unschedulable": True}}, **MERGE)).code == 200
    assert (await api.ask("PATCH", "/api/v1/nodes/w1/status", {"status": {}}, **MERGE)).code == 403


async def test_a_webhook_as_a_fault_stops_writes_and_nothing_else(api: Any) -> None:
    api.faults.add("webhook=deny,verb=patch,resource=nodes")
    found = await api.ask("PATCH", "/api/v1/nodes/w1", {"spec": {"unschedulable": True}}, **MERGE)
    assert (found.code, "denied the request: a fault of the lab" in found.body["message"]) == (403, True)
    assert (await add_map(api)).code == 201
    api.faults.clear()
    api.faults.add("webhook=timeout,resource=pods/eviction,times=1")
    found = await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)
    assert (found.code, "context deadline exceeded" in found.body["message"]) == (500, True)
    assert api.faults.standing() == []
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)).code == 201
    api.faults.add("webhook=fail")
    assert (await api.get("/api/v1/nodes")).code == 200
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "nodes"}}}
    assert (await api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)).code == 201
    assert (await api.ask("DELETE", f"{PODS}/web-2")).code == 500


async def test_a_server_without_evictions_neither_shows_nor_takes_them(api: Any, kubectl: Kubectl) -> None:
    api.faults.add("eviction=off")
    names = [row["name"] for row in (await api.get("/api/v1")).body["resources"]]
    assert "pods/eviction" not in names
    assert "pods/log" in names
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)).code == 404
    ran = await kubectl("drain", "w1", "--force", "--timeout=5s", "--grace-period=0")
    verbs = [(one.verb, one.subresource) for one in api.journal.records(resource="pods") if one.verb != "get"]
    assert ("delete", "") in verbs, ran.err
    assert ("create", "eviction") not in verbs[1:]


async def test_conflicts_over_a_budget_end_in_a_timeout(api: Any) -> None:
    api.faults.add("eviction=conflict,times=1")
    found = await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)
    assert (found.code, found.headers["Retry-After"], found.body["reason"]) == (504, "10", "Timeout")
    assert (await api.ask("POST", f"{PODS}/web-1/eviction", EVICTION)).code == 201


async def test_a_compacted_history_cannot_be_watched_from_before(api: Any) -> None:
    old = (await api.get("/api/v1/nodes")).body["metadata"]["resourceVersion"]
    await api.ask("PATCH", "/api/v1/nodes/w1", {"metadata": {"labels": {"a": "b"}}}, **MERGE)
    first = await api.get(f"/api/v1/nodes?watch=true&resourceVersion={old}&timeoutSeconds=1")
    assert first.code == 200
    api.faults.add("history=compact")
    assert api.faults.standing() == []
    found = await api.get(f"/api/v1/nodes?watch=true&resourceVersion={old}&timeoutSeconds=1")
    assert (found.code, found.body["reason"]) == (410, "Expired")
    assert (await api.get("/api/v1/nodes")).code == 200


async def test_metrics_name_the_deprecated_apis_that_were_asked_for(api: Any) -> None:
    api.faults.add("deprecated=policy/v1beta1/poddisruptionbudgets@1.25")
    text = (await api.get("/metrics")).body.decode()
    assert (
        'apiserver_requested_deprecated_apis{group="policy",removed_release="1.25",'
        'resource="poddisruptionbudgets",subresource="",version="v1beta1"} 1'
    ) in text.splitlines()
    assert (await api.get("/metrics", user="viewer")).code == 403


@pytest.mark.parametrize(
    "words",
    ["webhook=maybe", "eviction=off,verb=create", "history=forget", "deprecated=policy", "history=compact,times=1"],
)
def test_a_fault_that_is_none_says_what_it_could_have_been(words: str) -> None:
    with pytest.raises(UsageError):
        Faults().add(words)
