"""OpenAPI v3 documents: as much as kubectl reads to create, apply and explain. Pure."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import msgspec

from kconsole.lab.apiserver.discovery import groups
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.schemas import KINDS, Fields
from kconsole.lab.apiserver.status import Object

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_METADATA: Fields = {
    "name": ("string", "The object's name, unique in its namespace."),
    "namespace": ("string", "The scope of the name."),
    "labels": ("map", "What the object can be selected by."),
    "annotations": ("map", "Notes that programs keep on the object."),
    "uid": ("string", "What tells this object from any other that ever was."),
    "resourceVersion": ("string", "Which state of the object this is."),
    "creationTimestamp": ("string", "When it was created."),
    "deletionTimestamp": ("string", "When it is to be gone."),
    "finalizers": ("[string]", "Who must let go of it before it can go."),
    "generateName": ("string", "The beginning of a name that the server completes."),
}


def _schema(kind: str, description: str = "", fields: Fields | None = None) -> Object:
    if kind.startswith("["):
        return {"type": "array", "description": description, "items": _schema(kind[1:-1], fields=fields)}
    found: Object = {"type": kind, **({"description": description} if description else {})}
    if kind == "map":
        found |= {"type": "object", "additionalProperties": {"type": "string"}}
    if fields:
        found["properties"] = {name: _schema(*field) for name, field in fields.items()}
    return found


def schema_name(resource: Resource) -> str:
    """The component under which a kind's schema stands."""
    package = resource.group.removesuffix(".k8s.io").replace(".", "-") or "core"
    return f"io.k8s.api.{package}.{resource.version}.{resource.kind}"


def _kind_schema(resource: Resource) -> Object:
    description, fields = KINDS.get(resource.kind, (f"{resource.kind}.", {}))
    properties: Object = {
        "apiVersion": _schema("string", "The group and version of this representation."),
        "kind": _schema("string", "The kind of object this is."),
        "metadata": {
            "description": "What all objects have.",
            "default": {},
            "allOf": [{"$ref": f"#/components/schemas/{_META}"}],
        },
        **{name: _schema(*field) for name, field in fields.items()},
    }
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "x-kubernetes-group-version-kind": [_gvk(resource)],
    }


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
        schemas: dict[str, Any] = {_META: _schema("object", "What all objects have.", _METADATA)}
        paths: Object = {}
        for resource in served:
            schemas[schema_name(resource)] = _kind_schema(resource)
            paths |= _paths(resource)
        document = {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": "unversioned"},
            "paths": paths,
            "components": {"schemas": schemas},
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
