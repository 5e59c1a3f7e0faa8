"""The OpenAPI v2 document in protobuf, the only form in which clients up to 1.28 read it (for create and explain).

The schemas and operations are those of the v3 documents, written by the field numbers of the gnostic OpenAPIv2 types.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from kconsole.lab.apiserver import openapi
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.schemas import descriptions
from kconsole.lab.apiserver.status import Object

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_DOCUMENT = {"swagger": 1, "info": 2, "paths": 8, "definitions": 9}
_SCHEMA = {
    "reference": 1,
    "description": 4,
    "additional": 21,
    "type": 22,
    "items": 23,
    "properties": 25,
    "extension": 31,
}
_METHODS = {"get": 2, "put": 3, "post": 4, "delete": 5, "patch": 8}
_OPERATION = {"parameters": 8, "responses": 9, "extension": 13}
_QUERY_PARAMETER = {"in": 2, "name": 4, "type": 6}
_GVK = "x-kubernetes-group-version-kind"
_MERGING = ("x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key")


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _field(number: int, value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _named(pairs: Iterable[tuple[str, bytes]], number: int = 1) -> bytes:
    return b"".join(_field(number, _field(1, name) + _field(2, value)) for name, value in pairs)


def _extension(number: int, name: str, value: object) -> bytes:
    # JSON is YAML.
    return _named([(name, _field(2, msgspec.json.encode(value)))], number)


def _reference(target: str) -> str:
    return f"#/definitions/{target.rsplit('/', 1)[1]}"


def _schema(schema: Object) -> bytes:
    found = b""
    if "allOf" in schema or "$ref" in schema:
        # v2 has no description beside a reference.
        return _field(_SCHEMA["reference"], _reference((schema.get("allOf") or [schema])[0]["$ref"]))
    if "description" in schema:
        found += _field(_SCHEMA["description"], schema["description"])
    if isinstance(schema.get("additionalProperties"), dict):
        found += _field(_SCHEMA["additional"], _field(1, _schema(schema["additionalProperties"])))
    found += _field(_SCHEMA["type"], _field(1, schema.get("type", "object")))
    if "items" in schema:
        found += _field(_SCHEMA["items"], _field(1, _schema(schema["items"])))
    if "properties" in schema:
        properties = [(name, _schema(one)) for name, one in schema["properties"].items()]
        found += _field(_SCHEMA["properties"], _named(properties))
    for name in (_GVK, *_MERGING):
        if name in schema:
            found += _extension(_SCHEMA["extension"], name, schema[name])
    return found


def _parameter(parameter: Mapping[str, str]) -> bytes:
    texts = {"in": "query", "name": parameter["name"], "type": "string"}
    query = b"".join(_field(_QUERY_PARAMETER[name], text) for name, text in texts.items())
    # An item is a parameter, that is not in the body, that is in the query.
    return _field(1, _field(2, _field(3, query)))


def _operation(operation: Object) -> bytes:
    found = b"".join(_field(_OPERATION["parameters"], _parameter(one)) for one in operation["parameters"])
    responses = _named([("200", _field(1, _field(1, "OK")))])
    found += _field(_OPERATION["responses"], responses)
    return found + _extension(_OPERATION["extension"], _GVK, operation[_GVK])


def _path(operations: Object) -> bytes:
    return b"".join(_field(_METHODS[method], _operation(one)) for method, one in operations.items())


def _described(name: str, schema: Object) -> Object:
    """The schema with what its type is for, as v2 has no description beside a reference to it."""
    described = descriptions().get((name.rpartition(".")[2], ""))
    return {"description": described, **schema} if described else schema


@lru_cache(maxsize=4)
def document(resources: tuple[Resource, ...]) -> bytes:
    """The document, for all groups."""
    schemas: dict[str, bytes] = {}
    paths: dict[str, bytes] = {}
    for part in openapi.documents(resources).values():
        found = msgspec.json.decode(part)
        schemas |= {name: _schema(_described(name, one)) for name, one in found["components"]["schemas"].items()}
        paths |= {path: _path(operations) for path, operations in found["paths"].items()}
    parts: dict[str, str | bytes] = {
        "swagger": "2.0",
        "info": _field(1, "Kubernetes") + _field(2, "unversioned"),
        "paths": _named(paths.items(), 2),
        "definitions": _named(schemas.items()),
    }
    return b"".join(_field(_DOCUMENT[name], value) for name, value in parts.items())
