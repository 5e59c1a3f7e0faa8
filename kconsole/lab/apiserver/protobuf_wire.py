"""Protobuf on the wire: bytes into objects as JSON has them, by a table of field numbers. Pure.

Fields that the table does not name are skipped.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any


class Type:
    """How the bytes of a field are read: a scalar, a message, repeated or a map by string."""

    def __init__(self, scalar: str = "", message: Mapping[int, tuple[str, Type]] | None = None, many: str = "") -> None:
        self.scalar = scalar
        self.message = message
        self.many = many


Message = Mapping[int, tuple[str, Type]]

STRING, INT, BOOL, BYTES = Type("string"), Type("int"), Type("bool"), Type("bytes")
POSITIVE, FLAG = Type("positive"), Type("flag")
"""A number or a truth that JSON leaves out when it is zero or false."""
INT_OR_STRING = Type("intstr")
STRINGS = Type("string", many="list")
STRING_MAP, BYTES_MAP, QUANTITY_MAP = (Type(kind, many="map") for kind in ("string", "base64", "quantity"))
_LEFT_OUT: tuple[Any, ...] = ("", None)


def of(message: Message, many: str = "") -> Type:
    """A field that is a message, or many of them."""
    return Type(message=message, many=many)


_INT_OR_STRING: Message = {1: ("type", INT), 2: ("int", INT), 3: ("string", STRING)}


def decode(message: Message, data: bytes) -> dict[str, Any]:
    """The object in `data`; ValueError when it is broken."""
    result: dict[str, Any] = {}
    for number, value in _fields(data):
        if number not in message:
            continue
        name, kind = message[number]
        if kind.many == "map":
            pair = decode({1: ("key", STRING), 2: ("value", Type(kind.scalar))}, _bytes(value))
            result.setdefault(name, {})[pair.get("key", "")] = pair.get("value", "")
        elif kind.many == "list":
            result.setdefault(name, []).append(_value(kind, value))
        else:
            result[name] = _value(kind, value)
    # gogo's encoding writes the empty strings of non-pointer fields; JSON leaves them out.
    return {name: value for name, value in result.items() if value not in _LEFT_OUT or value == 0}


def _value(kind: Type, value: int | bytes) -> Any:
    if kind.message is not None:
        return decode(kind.message, _bytes(value))
    if kind.scalar in ("int", "bool", "positive", "flag"):
        if not isinstance(value, int):
            raise ValueError("a number was expected")
        signed = value - (1 << 64) if value >= 1 << 63 else value
        if kind.scalar in ("positive", "flag") and not signed:
            return None
        return bool(signed) if kind.scalar in ("bool", "flag") else signed
    raw = _bytes(value)
    if kind.scalar == "intstr":
        found = decode(_INT_OR_STRING, raw)
        return found.get("string", "") if found.get("type") else found.get("int", 0)
    if kind.scalar == "quantity":
        return decode({1: ("text", STRING)}, raw).get("text", "0")
    if kind.scalar == "base64":
        return base64.b64encode(raw).decode()
    return raw.decode() if kind.scalar == "string" else raw


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
