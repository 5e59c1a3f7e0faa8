"""Whether an object fits the types of its kind: what has the wrong type, what is not known. Pure.

The sentences are those of a real server, whose decoder speaks of Go types.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.typed.notation import SCALARS, Field, fields_of, fields_of_kind

_QUANTITY = re.compile(r"([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
_BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_GO = {
    "string": "string",
    "bool": "bool",
    "int32": "int32",
    "int64": "int64",
    "bytes": "[]uint8",
    "time": "string",
    "micro": "string",
    "quantity": "string",
    "intstr": "int32",
}


class Mismatch(Exception):
    """A value of the wrong type; `expected` is the Go type, `given` the JSON type."""

    def __init__(self, message: str, expected: str = "", given: str = "") -> None:
        super().__init__(message)
        self.expected = expected
        self.given = given


@dataclass(frozen=True)
class _Place:
    """Where a value stands: the Go struct that has the field, and the path of the field."""

    struct: str
    path: str
    indexed: str


def fit(kind: str, obj: Object) -> tuple[Object, list[str]]:
    """The object without what its kind does not know, and the paths of that, in order. Mismatch for a wrong type.

    A kind that is not written down is taken as it is.
    """
    fields = fields_of_kind(kind)
    if fields is None:
        return obj, []
    unknown: list[str] = []
    return _fields(fields, obj, kind, "", "", unknown), unknown


def _fields(
    fields: Mapping[str, Field], obj: Object, struct: str, path: str, indexed: str, unknown: list[str]
) -> Object:
    found: Object = {}
    for name, value in obj.items():
        place = _Place(struct, f"{path}.{name}" if path else name, f"{indexed}.{name}" if indexed else name)
        field = fields.get(name)
        if field is None:
            unknown.append(place.indexed)
        else:
            found[name] = _shaped(field, value, place, unknown)
    return found


def _shaped(field: Field, value: Any, place: _Place, unknown: list[str]) -> Any:
    if value is None or (field.kind == "any" and not field.shape):
        return value
    if field.shape == "[]":
        if not isinstance(value, list):
            raise _mismatch(value, place, f"[]{_go(field.kind)}")
        return [
            _one(field.kind, one, _Place(place.struct, place.path, f"{place.indexed}[{at}]"), unknown)
            for at, one in enumerate(value)
        ]
    if field.shape == "{}":
        if not isinstance(value, dict):
            raise _mismatch(value, place, f"map[string]{_go(field.kind)}")
        return {key: _one(field.kind, one, place, unknown) for key, one in value.items()}
    return _one(field.kind, value, place, unknown)


def _one(kind: str, value: Any, place: _Place, unknown: list[str]) -> Any:
    if kind in SCALARS:
        _check_scalar(kind, value, place)
        return value
    if value is None:
        return value
    if not isinstance(value, dict):
        raise _mismatch(value, place, _go(kind))
    return _fields(fields_of(kind), value, kind, place.path, place.indexed, unknown)


def _check_scalar(kind: str, value: Any, place: _Place) -> None:
    if value is None or kind == "any":
        return
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "quantity":
        if not is_number and not (isinstance(value, str) and _QUANTITY.fullmatch(value)):
            raise Mismatch(_BAD_QUANTITY, "quantity", json_type(value))
        return
    if kind in ("time", "micro") and isinstance(value, str):
        if not _TIME.fullmatch(value):
            layout = "2006-01-02T15:04:05Z07:00"
            raise Mismatch(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"', "Time", "string")
        return
    fits = {
        "bool": isinstance(value, bool),
        "int32": is_number and value == int(value),
        "int64": is_number and value == int(value),
        "intstr": isinstance(value, str) or (is_number and value == int(value)),
    }.get(kind, isinstance(value, str))
    if not fits:
        raise _mismatch(value, place, _GO[kind])


def _go(kind: str) -> str:
    if kind in _GO:
        return {"time": "v1.Time", "micro": "v1.MicroTime", "quantity": "resource.Quantity"}.get(kind, _GO[kind])
    return "interface {}" if kind == "any" else f"v1.{kind}"


def json_type(value: Any) -> str:
    """What a JSON value is called."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"


def _mismatch(value: Any, place: _Place, expected: str) -> Mismatch:
    given = json_type(value)
    shown = f"number {value}" if isinstance(value, float) else given
    where = f"{place.struct}.{place.path}"
    return Mismatch(f"json: cannot unmarshal {shown} into Go struct field {where} of type {expected}", expected, given)
