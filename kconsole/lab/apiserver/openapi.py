"""OpenAPI v3 documents: as much as kubectl reads to create, apply and explain. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from kconsole.lab.apiserver.custom import schema_of
from kconsole.lab.apiserver.discovery import groups
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.schemas import descriptions
from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.typed.notation import OF_EVERY_KIND, Field, fields_of, fields_of_kind

_PACKAGE = "io.k8s.api.core.v1."
_COMPONENTS = "#/components/schemas/"
_SCALARS: Mapping[str, Object] = {
    **{name: {"type": "integer", "format": name} for name in ("int32", "int64")},
    **{name: {"type": "string", "format": "date-time"} for name in ("time", "micro")},
    "bool": {"type": "boolean"},
    "string": {"type": "string"},
    "quantity": {"type": "string"},
    "bytes": {"type": "string", "format": "byte"},
    "intstr": {"type": "string", "format": "int-or-string"},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
}


def schema_name(resource: Resource) -> str:
    """The component under which a kind's schema stands."""
    package = resource.group.removesuffix(".k8s.io").replace(".", "-") or "core"
    return f"io.k8s.api.{package}.{resource.version}.{resource.kind}"


def _type_schema(name: str, fields: Mapping[str, Field], needed: set[str]) -> Object:
    properties = {field: _field_schema(name, field, one, needed) for field, one in fields.items()}
    # A field that is described says it all; its type would say it again.
    described = descriptions().get((name, "")) if "kind" in fields else None
    return {"type": "object", **({"description": described} if described else {}), "properties": properties}


def _field_schema(struct: str, name: str, field: Field, needed: set[str]) -> Object:
    if field.kind in _SCALARS:
        one: Object = dict(_SCALARS[field.kind])
    else:
        needed.add(field.kind)
        one = {"default": {}, "allOf": [{"$ref": f"{_COMPONENTS}{_PACKAGE}{field.kind}"}]}
    described = descriptions().get((struct, name))
    found: Object = {"description": described} if described else {}
    if field.shape == "[]":
        found |= {"type": "array", "items": one}
        if field.merges_by is not None:
            found["x-kubernetes-patch-strategy"] = "merge"
        if field.merges_by:
            found["x-kubernetes-patch-merge-key"] = field.merges_by
        return found
    if field.shape == "{}":
        return {**found, "type": "object", "additionalProperties": one}
    return {**found, **one}


def _kind_schema(resource: Resource, needed: set[str]) -> Object:
    if resource.custom is not None:
        schema = schema_of(resource.custom)
        bare = _type_schema(resource.kind, OF_EVERY_KIND, needed)
        properties = {**(schema.get("properties") or {}), **bare["properties"]}
        found = {**schema, "type": "object", "properties": properties}
    else:
        found = _type_schema(resource.kind, fields_of_kind(resource.kind) or OF_EVERY_KIND, needed)
    return {**found, "x-kubernetes-group-version-kind": [_gvk(resource)]}


def _schemas(resources: Iterable[Resource]) -> Object:
    """The components of a document: the kinds, and every type that they are made of."""
    needed: set[str] = set()
    found = {schema_name(resource): _kind_schema(resource, needed) for resource in resources}
    done: set[str] = set()
    while needed - done:
        name = min(needed - done)
        done.add(name)
        found[f"{_PACKAGE}{name}"] = _type_schema(name, fields_of(name), needed)
    return found


def _gvk(resource: Resource) -> Object:
    return {"group": resource.group, "version": resource.version, "kind": resource.kind}


def _path_of(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _paths(resource: Resource) -> Object:
    root = "/" + _path_of(resource.group, resource.version)
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{root}{scope}/{resource.plural}"
    found: Object = {collection: {"post": _operation(resource, "post")}}
    if resource.stored:
        methods = ("get", "put", "patch", "delete")
        found[f"{collection}/{{name}}"] = {method: _operation(resource, method) for method in methods}
    return found


def _operation(resource: Resource, method: str) -> Object:
    names = ["dryRun", "fieldManager", "fieldValidation"] if method in ("post", "put", "patch") else []
    reference = {"$ref": f"#/components/schemas/{schema_name(resource)}"}
    return {
        "tags": [f"{resource.group or 'core'}_{resource.version}"],
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
        "x-kubernetes-action": method,
        "x-kubernetes-group-version-kind": _gvk(resource),
    }


@lru_cache(maxsize=4)
def documents(resources: tuple[Resource, ...]) -> dict[str, bytes]:
    """The documents, by the group's path."""
    found = {}
    for (group, version), served in groups(resources).items():
        paths: Object = {}
        for resource in served:
            paths |= _paths(resource)
        document = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": paths,
            "components": {"schemas": _schemas(served)},
        }
        found[_path_of(group, version)] = msgspec.json.encode(document)
    return found


def index(resources: tuple[Resource, ...]) -> Object:
    """The /openapi/v3 document: where each group's document is."""
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={hashlib.sha256(document).hexdigest()[:32].upper()}"}
            for path, document in documents(resources).items()
        }
    }


def find_document(resources: tuple[Resource, ...], path: str) -> bytes | None:
    """The document at /openapi/v3/…; None when there is none."""
    return documents(resources).get(path.removeprefix("/openapi/v3/"))
