"""Kinds that clients define: served, checked, shown and removed like any other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from kconsole.lab.apiserver.backends import Contents, Kept
from kconsole.lab.apiserver.custom import value_at
from kconsole.lab.apiserver.entry import stored_value
from kconsole.lab.apiserver.store import Store

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "nodemaintenances.maint.example.org"
OBJECTS = "/apis/maint.example.org/v1/nodemaintenances"
MERGE = {"Content_Type": "application/merge-patch+json"}
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
TYPE = {"apiVersion": "maint.example.org/v1", "kind": "NodeMaintenance"}
SPEC = {
    "type": "object",
    "required": ["nodeName"],
    "properties": {
        "nodeName": {"type": "string"},
        "n": {"type": "integer", "minimum": 1},
        "reason": {"type": "string", "default": "none"},
        "mode": {"type": "string", "enum": ["a", "b"]},
    },
}
STATUS = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": "maint.example.org",
        "scope": "Cluster",
        "names": {"plural": "nodemaintenances", "kind": "NodeMaintenance", "shortNames": ["nm"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC, "status": STATUS}}},
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Node", "type": "string", "jsonPath": ".spec.nodeName"},
                    {"name": "N", "type": "integer", "jsonPath": ".spec.n"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
            }
        ],
    },
}

Kubectl = Callable[..., Awaitable[Any]]


def maintenance(name: str = "a", **spec: Any) -> dict[str, Any]:
    return {**TYPE, "metadata": {"name": name}, "spec": {"nodeName": "w1", **spec}}


async def define(api: Any) -> Any:
    made = await api.ask("POST", DEFINITIONS, DEFINITION)
    assert made.code == 201
    return made.body


async def test_a_definition_is_established_and_its_kind_discovered(api: Any) -> None:
    assert (await api.get(OBJECTS)).code == 404
    made = await define(api)
    held = {one["type"]: one["status"] for one in made["status"]["conditions"]}
    assert held == {"NamesAccepted": "True", "Established": "True"}
    assert made["spec"]["names"]["listKind"] == "NodeMaintenanceList"
    group = (await api.get("/apis/maint.example.org")).body
    assert group["preferredVersion"] == {"groupVersion": "maint.example.org/v1", "version": "v1"}
    rows = (await api.get("/apis/maint.example.org/v1")).body["resources"]
    assert [(row["name"], row.get("shortNames")) for row in rows] == [
        ("nodemaintenances", ["nm"]),
        ("nodemaintenances/status", None),
    ]
    assert (await api.get(OBJECTS)).body["kind"] == "NodeMaintenanceList"


async def test_objects_of_a_defined_kind_are_completed_pruned_and_counted(api: Any) -> None:
    await define(api)
    made = await api.ask("POST", OBJECTS, {**maintenance(n=2, foo=1), "status": {"x": 1}})
    assert made.body["spec"] == {"nodeName": "w1", "n": 2, "reason": "none"}
    assert "status" not in made.body
    changed = await api.ask("PATCH", f"{OBJECTS}/a", {"spec": {"n": 3}}, **MERGE)
    assert changed.body["metadata"]["generation"] == 2
    done = await api.ask("PATCH", f"{OBJECTS}/a/status", {"status": {"phase": "Done"}}, **MERGE)
    assert (done.body["status"], done.body["metadata"]["generation"]) == ({"phase": "Done"}, 2)
    strategic = "application/strategic-merge-patch+json"
    assert (await api.ask("PATCH", f"{OBJECTS}/a", {}, Content_Type=strategic)).code == 415


async def test_an_object_that_breaks_its_schema_is_refused(api: Any) -> None:
    await define(api)
    start = 'NodeMaintenance.maint.example.org "a" is invalid: '
    for spec, message in (
        ({}, "spec.nodeName: Required value"),
        (
            {"nodeName": 5},
            'spec.nodeName: Invalid value: "integer": spec.nodeName in body must be of type string: "integer"',
        ),
        (
            {"nodeName": "x", "n": 0, "mode": "q"},
            "[spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1, "
            'spec.mode: Unsupported value: "q": supported values: "a", "b"]',
        ),
    ):
        found = await api.ask("POST", OBJECTS, {**TYPE, "metadata": {"name": "a"}, "spec": spec})
        assert (found.code, found.body["message"]) == (422, start + message)


async def test_a_table_has_the_columns_that_the_definition_names(api: Any) -> None:
    await define(api)
    await api.ask("POST", OBJECTS, maintenance(n=2))
    found = (await api.get(OBJECTS, Accept=TABLE)).body
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Node", "N", "Age"]
    assert found["rows"][0]["cells"] == ["a", "w1", 2, "0s"]


async def test_a_changed_definition_keeps_the_objects_and_tells_the_watchers_to_begin_anew(api: Any) -> None:
    await define(api)
    await api.ask("POST", OBJECTS, maintenance())
    session = api.session()
    async with session.get(OBJECTS, params={"watch": "true"}) as watch:
        assert json.loads(await watch.content.readline())["type"] == "ADDED"
        body = {"spec": {"versions": [{**DEFINITION["spec"]["versions"][0], "additionalPrinterColumns": []}]}}
        assert (await api.ask("PATCH", f"{DEFINITIONS}/{NAME}", body, **MERGE)).code == 200
        last = json.loads(await asyncio.wait_for(watch.content.readline(), 10))
        assert (last["type"], last["object"]["code"]) == ("ERROR", 410)
    found = (await api.get(OBJECTS, Accept=TABLE)).body
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Age"]
    assert found["rows"][0]["cells"] == ["a", "0s"]


async def test_with_a_definition_go_its_objects(api: Any) -> None:
    await define(api)
    await api.ask("POST", OBJECTS, maintenance())
    before = api.registry.store.revision
    assert (await api.ask("DELETE", f"{DEFINITIONS}/{NAME}")).code == 200
    assert api.registry.store.revision == before + 2, "the object and the definition"
    assert (await api.get(OBJECTS)).code == 404
    await define(api)
    assert (await api.get(OBJECTS)).body["items"] == []


async def test_a_definition_of_the_wrong_name_is_refused(api: Any) -> None:
    found = await api.ask("POST", DEFINITIONS, {**DEFINITION, "metadata": {"name": "wrong.maint.example.org"}})
    assert found.code == 422
    assert 'must be spec.names.plural+"."+spec.group' in found.body["message"]


async def test_defined_kinds_are_served_again_after_a_restart(api: Any) -> None:
    await define(api)
    await api.ask("POST", OBJECTS, maintenance())
    store: Store = api.registry.store
    kept = [entry for one in store.served.resources if one.stored for entry in store.shelf(one).under(one.prefix)]
    backend = _Holding(store.revision, kept)
    again = Store(backend)
    await again.load()
    resource = again.served.find("maint.example.org", "v1", "nodemaintenances")
    assert resource is not None
    assert [entry.object["spec"]["nodeName"] for entry in again.shelf(resource).under(resource.prefix)] == ["w1"]


class _Holding:
    """A backend that has what another store had."""

    def __init__(self, revision: int, entries: list[Any]) -> None:
        kept = [Kept(one.key, stored_value(one.resource, one.object), one.revision) for one in entries]
        self._contents = Contents(revision, kept)

    async def load(self) -> Any:
        return self._contents

    async def write(self, key: str, value: bytes | None, expected: int) -> int:
        raise AssertionError

    async def check(self) -> None:
        """Always there."""


async def test_kubectl_makes_and_uses_a_kind_of_its_own(kubectl: Kubectl) -> None:
    assert (await kubectl("create", "-f", "-", stdin=json.dumps(DEFINITION))).code == 0
    ran = await kubectl("wait", "--for=condition=established", f"crd/{NAME}", "--timeout=10s")
    assert ran.out == f"customresourcedefinition.apiextensions.k8s.io/{NAME} condition met\n"
    ran = await kubectl("apply", "-f", "-", stdin=json.dumps(maintenance(n=4)))
    assert (ran.out, ran.err) == ("nodemaintenance.maint.example.org/a created\n", "")
    ran = await kubectl("apply", "-f", "-", stdin=json.dumps(maintenance(n=5)))
    assert (ran.out, ran.err) == ("nodemaintenance.maint.example.org/a configured\n", "")
    ran = await kubectl("get", "nm")
    assert ran.out.split() == ["NAME", "NODE", "N", "AGE", "a", "w1", "5", "0s"]
    assert (await kubectl("delete", "nm", "a")).code == 0


def test_a_json_path_of_names_numbers_and_one_filter_is_followed() -> None:
    obj = {"status": {"conditions": [{"type": "A", "status": "no"}, {"type": "Ready", "status": "yes"}]}}
    assert value_at(obj, '.status.conditions[?(@.type=="Ready")].status') == "yes"
    assert value_at(obj, ".status.conditions[0].type") == "A"
    assert value_at(obj, ".status.conditions[7].type") is None
    assert value_at(obj, ".spec.none.there") is None
