"""The protobuf bodies that real clients send, decoded by the field numbers of the API's types. Pure.

Clients from 1.32 on write the built-in kinds below in protobuf: an envelope of magic, type and raw bytes. Only what is
named here is decoded; unknown fields are skipped, unknown kinds are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kconsole.lab.apiserver.protobuf_kinds import CREATED, META
from kconsole.lab.apiserver.protobuf_wire import BOOL, BYTES, INT, STRING, STRINGS, Message, decode, of

MAGIC = b"k8s\x00"


class UnknownKind(ValueError):
    """A kind that is not decoded here."""


_PRECONDITIONS: Message = {1: ("uid", STRING), 2: ("resourceVersion", STRING)}
_DELETE_OPTIONS: Message = {
    1: ("gracePeriodSeconds", INT),
    2: ("preconditions", of(_PRECONDITIONS)),
    3: ("orphanDependents", BOOL),
    4: ("propagationPolicy", STRING),
    5: ("dryRun", STRINGS),
}
_RESOURCE_ATTRIBUTES: Message = {
    1: ("namespace", STRING),
    2: ("verb", STRING),
    3: ("group", STRING),
    4: ("version", STRING),
    5: ("resource", STRING),
    6: ("subresource", STRING),
    7: ("name", STRING),
}
_ACCESS: Message = {
    1: ("resourceAttributes", of(_RESOURCE_ATTRIBUTES)),
    2: ("nonResourceAttributes", of({1: ("path", STRING), 2: ("verb", STRING)})),
}
_KINDS: Mapping[str, Message] = {
    "DeleteOptions": _DELETE_OPTIONS,
    "SelfSubjectAccessReview": {1: META, 2: ("spec", of(_ACCESS))},
    "SelfSubjectRulesReview": {1: META, 2: ("spec", of({1: ("namespace", STRING)}))},
    "SelfSubjectReview": {1: META},
    "Eviction": {1: META, 2: ("deleteOptions", of(_DELETE_OPTIONS))},
    **CREATED,
}
_TYPE_META: Message = {1: ("apiVersion", STRING), 2: ("kind", STRING)}
_UNKNOWN: Message = {1: ("typeMeta", of(_TYPE_META)), 2: ("raw", BYTES)}


def decode_object(body: bytes) -> dict[str, Any]:
    """The object in an enveloped body. UnknownKind when its kind is not decoded here, ValueError when it is broken."""
    if not body.startswith(MAGIC):
        raise ValueError("no envelope")
    envelope = decode(_UNKNOWN, body[len(MAGIC) :])
    meta = envelope.get("typeMeta", {})
    if meta.get("kind") not in _KINDS:
        raise UnknownKind(str(meta.get("kind")))
    return {**meta, **decode(_KINDS[meta["kind"]], envelope.get("raw", b""))}
