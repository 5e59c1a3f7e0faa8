"""The schema that a CustomResourceDefinition gives its objects: what is unknown, left out or wrong in one. Pure.

Knows the keywords that people use: type, properties, additionalProperties, items, required, enum, bounds, pattern,
default, nullable, and Kubernetes' own for int-or-string, embedded objects and unknown fields that are kept.
"""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from kconsole.lab.apiserver.rule import Cause, required
from kconsole.lab.apiserver.status import Object

_KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
_INT_OR_STRING = "x-kubernetes-int-or-string"
_OF_EVERY_OBJECT = ("apiVersion", "kind", "metadata")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def without_unknown(schema: Object, obj: Object) -> tuple[Object, list[str]]:
    """The object with what its schema does not know left out, and the paths of that."""
    top = {**schema, "properties": {**(schema.get("properties") or {}), **{key: {} for key in _OF_EVERY_OBJECT}}}
    unknown: list[str] = []
    found: Object = _known(top, obj, "", unknown)
    return found, sorted(unknown)


def _known(schema: Object, value: Any, at: str, unknown: list[str]) -> Any:
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [_known(items, one, f"{at}[{number}]", unknown) for number, one in enumerate(value)]
    properties, more = schema.get("properties") or {}, schema.get("additionalProperties")
    if not isinstance(value, dict) or ("properties" not in schema and more is None):
        return value
    found = {}
    for name, one in value.items():
        where = f"{at}.{name}" if at else name
        if name in properties:
            found[name] = _known(properties[name], one, where, unknown)
        elif more is not None or schema.get(_KEEPS_UNKNOWN):
            found[name] = _known(more, one, where, unknown) if isinstance(more, dict) else one
        else:
            unknown.append(where)
    return found


def complete(schema: Object, value: Any) -> Any:
    """The value with the defaults of its schema filled in."""
    if isinstance(value, list):
        return [complete(schema.get("items") or {}, one) for one in value]
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for name, part in (schema.get("properties") or {}).items():
        if name not in found and "default" in part:
            found[name] = copy.deepcopy(part["default"])
        if name in found:
            found[name] = complete(part, found[name])
    return found


def causes(schema: Object, obj: Object) -> list[Cause]:
    """What is wrong with an object, in the words of the real server."""
    return list(_causes({**schema, "type": "object"}, obj, ""))


def _causes(schema: Object, value: Any, at: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if value is None and (schema.get("nullable") or not at):
        return
    if schema.get(_INT_OR_STRING):
        kind = None
    if kind and not _is(value, kind):
        told = _type_of(value)
        yield at, "FieldValueTypeInvalid", f'Invalid value: "{told}": {at} in body must be of type {kind}: "{told}"'
        return
    if "enum" in schema and value not in schema["enum"]:
        known = ", ".join(f'"{one}"' for one in schema["enum"])
        yield at, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {known}'
    yield from _bounds(schema, value, at)
    if isinstance(value, dict):
        yield from _in_object(schema, value, at)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _causes(schema.get("items") or {}, one, f"{at}[{number}]")


def _in_object(schema: Object, value: Object, at: str) -> Iterator[Cause]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(f"{at}.{name}" if at else name)
    more = schema.get("additionalProperties")
    for name, one in value.items():
        part = (schema.get("properties") or {}).get(name, more)
        if isinstance(part, dict):
            yield from _causes(part, one, f"{at}.{name}" if at else name)


_BOUNDS: tuple[tuple[str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", operator.lt, "should be greater than or equal to {}"),
    ("maximum", operator.gt, "should be less than or equal to {}"),
    ("minLength", operator.lt, "should be at least {} chars long"),
    ("maxLength", operator.gt, "should be at most {} chars long"),
    ("minItems", operator.lt, "should have at least {} items"),
    ("maxItems", operator.gt, "should have at most {} items"),
)


def _bounds(schema: Object, value: Any, at: str) -> Iterator[Cause]:
    measures: dict[str, Any] = {}
    if isinstance(value, str):
        measures = dict.fromkeys(("minLength", "maxLength"), len(value))
    elif isinstance(value, list):
        measures = dict.fromkeys(("minItems", "maxItems"), len(value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        measures = dict.fromkeys(("minimum", "maximum"), value)
    shown = f'"{value}"' if isinstance(value, str) else value
    for keyword, fails, says in _BOUNDS:
        if keyword in schema and keyword in measures and fails(measures[keyword], schema[keyword]):
            yield at, "FieldValueInvalid", f"Invalid value: {shown}: {at} in body {says.format(schema[keyword])}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        why = f"{at} in body should match '{schema['pattern']}'"
        yield at, "FieldValueInvalid", f'Invalid value: "{value}": {why}'


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    return next(kind for kind in ("boolean", "integer", "number", "string", "array", "object") if _is(value, kind))
