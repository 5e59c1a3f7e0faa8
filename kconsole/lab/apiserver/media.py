"""Content negotiation: which of the formats a client accepts is written, and how a request's body is read. Pure.

JSON is written always, also to clients that would rather have protobuf; protobuf is read for the few kinds that real
clients send in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from kconsole.lab.apiserver.protobuf import UnknownKind, decode_object
from kconsole.lab.apiserver.status import Object, bad_request, not_acceptable, unsupported_media_type

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
WRITTEN = (JSON, PROTOBUF)


@dataclass(frozen=True)
class MediaRange:
    """One entry of an Accept header."""

    type: str
    parameters: tuple[tuple[str, str], ...]

    def __getitem__(self, name: str) -> str:
        return dict(self.parameters).get(name, "")


def parse_accept(header: str) -> list[MediaRange]:
    """The entries of an Accept header, in the order given (a client of Kubernetes orders them by preference)."""
    found = []
    for part in header.split(","):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        if kind:
            pairs = tuple(
                (name.strip(), value.strip()) for name, _, value in (one.partition("=") for one in parameters)
            )
            found.append(MediaRange(kind.lower(), pairs))
    return found


@dataclass(frozen=True)
class Format:
    """What to write: objects as they are when `shape` is empty, else Table or PartialObjectMetadata (or its list)."""

    shape: str = ""
    version: str = "v1"


def negotiate(header: str, shapes: tuple[str, ...]) -> Format:
    """The first format in an Accept header that can be written; 406 when there is none."""
    ranges = parse_accept(header) or [MediaRange("*/*", ())]
    for media in ranges:
        if media.type not in (JSON, "application/*", "*/*"):
            continue
        if not media["as"]:
            return Format()
        if media["as"] in shapes and media["g"] == "meta.k8s.io" and media["v"] in ("v1", "v1beta1"):
            return Format(media["as"], media["v"])
    if any(media.type == PROTOBUF and not media["as"] for media in ranges):
        return Format()
    raise not_acceptable(WRITTEN)


def read_object(content_type: str, body: bytes) -> Object:
    """The object in a request's body; 415 for a format not read here, 400 for what cannot be decoded."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == PROTOBUF:
        try:
            return decode_object(body)
        except UnknownKind as error:
            raise unsupported_media_type((JSON,)) from error
        except ValueError as error:
            raise bad_request(f"the protobuf body cannot be decoded: {error}") from error
    if kind not in (JSON, ""):
        raise unsupported_media_type((JSON,))
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("the body of the request must be a JSON object")
    return found
