"""The protobuf bodies that real clients send, decoded by the field numbers of the API's types. Pure.

Clients from 1.32 on write the built-in kinds below in protobuf: an envelope of magic, type and raw bytes. Only what is
named here is decoded; unknown fields are skipped, unknown kinds are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAGIC = b"k8s\x00"


class UnknownKind(ValueError):
    """A kind that is not decoded here."""


class _Type:
    """How the bytes of a field are read: a scalar, a message, repeated or a string map."""

    def __init__(
        self, scalar: str = "", message: Mapping[int, tuple[str, _Type]] | None = None, many: str = ""
    ) -> None:
        self.scalar = scalar
        self.message = message
        self.many = many


_Message = Mapping[int, tuple[str, _Type]]
_STRING, _INT, _BOOL, _BYTES = _Type("string"), _Type("int"), _Type("bool"), _Type("bytes")
_STRINGS = _Type("string", many="list")
_STRING_MAP = _Type("string", many="map")


def _of(message: _Message, many: str = "") -> _Type:
    return _Type(message=message, many=many)


_OWNER: _Message = {
    1: ("kind", _STRING),
    3: ("name", _STRING),
    4: ("uid", _STRING),
    5: ("apiVersion", _STRING),
    6: ("controller", _BOOL),
    7: ("blockOwnerDeletion", _BOOL),
}
_METADATA: _Message = {
    1: ("name", _STRING),
    2: ("generateName", _STRING),
    3: ("namespace", _STRING),
    5: ("uid", _STRING),
    6: ("resourceVersion", _STRING),
    11: ("labels", _STRING_MAP),
    12: ("annotations", _STRING_MAP),
    13: ("ownerReferences", _of(_OWNER, "list")),
    14: ("finalizers", _STRINGS),
}
_META = ("metadata", _of(_METADATA))
_PRECONDITIONS: _Message = {1: ("uid", _STRING), 2: ("resourceVersion", _STRING)}
_DELETE_OPTIONS: _Message = {
    1: ("gracePeriodSeconds", _INT),
    2: ("preconditions", _of(_PRECONDITIONS)),
    3: ("orphanDependents", _BOOL),
    4: ("propagationPolicy", _STRING),
    5: ("dryRun", _STRINGS),
}
_RESOURCE_ATTRIBUTES: _Message = {
    1: ("namespace", _STRING),
    2: ("verb", _STRING),
    3: ("group", _STRING),
    4: ("version", _STRING),
    5: ("resource", _STRING),
    6: ("subresource", _STRING),
    7: ("name", _STRING),
}
_ACCESS: _Message = {
    1: ("resourceAttributes", _of(_RESOURCE_ATTRIBUTES)),
    2: ("nonResourceAttributes", _of({1: ("path", _STRING), 2: ("verb", _STRING)})),
}
_KINDS: Mapping[str, _Message] = {
    "DeleteOptions": _DELETE_OPTIONS,
    "SelfSubjectAccessReview": {1: _META, 2: ("spec", _of(_ACCESS))},
    "SelfSubjectRulesReview": {1: _META, 2: ("spec", _of({1: ("namespace", _STRING)}))},
    "SelfSubjectReview": {1: _META},
    "Eviction": {1: _META, 2: ("deleteOptions", _of(_DELETE_OPTIONS))},
    "Namespace": {1: _META, 2: ("spec", _of({1: ("finalizers", _STRINGS)}))},
    "ConfigMap": {1: _META, 2: ("data", _STRING_MAP), 4: ("immutable", _BOOL)},
    "ServiceAccount": {1: _META},
}
_TYPE_META: _Message = {1: ("apiVersion", _STRING), 2: ("kind", _STRING)}
_UNKNOWN: _Message = {1: ("typeMeta", _of(_TYPE_META)), 2: ("raw", _BYTES)}


def decode_object(body: bytes) -> dict[str, Any]:
    """The object in an enveloped body. UnknownKind when its kind is not decoded here, ValueError when it is broken."""
    if not body.startswith(MAGIC):
        raise ValueError("no envelope")
    envelope = _decode(_UNKNOWN, body[len(MAGIC) :])
    meta = envelope.get("typeMeta", {})
    if meta.get("kind") not in _KINDS:
        raise UnknownKind(str(meta.get("kind")))
    return {**meta, **_decode(_KINDS[meta["kind"]], envelope.get("raw", b""))}


def _decode(message: _Message, data: bytes) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in message:
            continue
        name, kind = message[number]
        if kind.many == "map":
            pair = _decode({1: ("key", _STRING), 2: ("value", _STRING)}, _bytes(value))
            result.setdefault(name, {})[pair.get("key", "")] = pair.get("value", "")
        elif kind.many == "list":
            result.setdefault(name, []).append(_value(kind, value))
        else:
            result[name] = _value(kind, value)
    # gogo's encoding writes the empty strings of non-pointer fields; JSON leaves them out.
    return {name: value for name, value in result.items() if value != ""}


def _value(kind: _Type, value: int | bytes) -> Any:
    if kind.message is not None:
        return _decode(kind.message, _bytes(value))
    if kind.scalar in ("int", "bool"):
        if not isinstance(value, int):
            raise ValueError("a number was expected")
        signed = value - (1 << 64) if value >= 1 << 63 else value
        return bool(signed) if kind.scalar == "bool" else signed
    return _bytes(value).decode() if kind.scalar == "string" else _bytes(value)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("bytes were expected")
    return value


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        wire = tag & 7
        if wire == 0:
            number, at = _varint(data, at)
            yield tag >> 3, number
            continue
        length, at = _varint(data, at) if wire == 2 else ({1: 8, 5: 4}.get(wire, -1), at)
        if length < 0 or at + length > len(data):
            raise ValueError("cut short")
        yield tag >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("cut short")
        result |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return result, at
