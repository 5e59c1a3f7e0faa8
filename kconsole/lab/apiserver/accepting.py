"""Whether what a client sends fits its kind: wrong types are refused, unknown fields refused, told or dropped. Pure.

`fieldValidation` in the request decides about unknown fields: Strict, Warn (the default) or Ignore.
"""

from __future__ import annotations

import msgspec

from kconsole.lab.apiserver import custom_schemas
from kconsole.lab.apiserver.custom import schema_of
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import ApiError, Object, bad_request, failure
from kconsole.lab.apiserver.typed.decoding import Mismatch, fit

MOST_WARNINGS = 16
"""Unknown fields that are named in a warning; a header must stay readable."""


def accepted(resource: Resource, given: Object, validation: str) -> tuple[Object, list[str]]:
    """The object without unknown fields, and the warnings that go with the answer; 400 when it does not fit."""
    try:
        obj, unknown = _known(resource, given)
    except Mismatch as mismatch:
        raise _cannot_be_handled(resource, given, str(mismatch)) from None
    if unknown and validation == "Strict":
        raise _cannot_be_handled(resource, given, f"strict decoding error: {_listed(unknown)}")
    return obj, [] if validation == "Ignore" else [f'unknown field "{one}"' for one in unknown[:MOST_WARNINGS]]


def patched(resource: Resource, result: Object, patch: object, validation: str, *, strategic: bool) -> Object:
    """What a patch made, without unknown fields; 422 when the patch made it unfit."""
    shown = _go(patch) if strategic else msgspec.json.encode(patch).decode()
    try:
        obj, unknown = _known(resource, result)
    except Mismatch as mismatch:
        raise _bad_patch(shown, _of_a_merge(mismatch) if strategic else str(mismatch)) from None
    if unknown and validation == "Strict":
        raise _bad_patch(shown, f"strict decoding error: {_listed(unknown)}")
    return obj


def _known(resource: Resource, given: Object) -> tuple[Object, list[str]]:
    if given.get("kind", resource.kind) != resource.kind:
        # That it is something else is said before what is wrong with it.
        return given, []
    if resource.custom is not None:
        return custom_schemas.without_unknown(schema_of(resource.custom), given)
    return fit(resource.kind, given)


def _listed(unknown: list[str]) -> str:
    return ", ".join(f'unknown field "{one}"' for one in unknown)


def _cannot_be_handled(resource: Resource, given: Object, why: str) -> ApiError:
    kind, version = given.get("kind", resource.kind), str(given.get("apiVersion", resource.api_version))
    return bad_request(
        f'{kind} in version "{version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: {why}'
    )


def _of_a_merge(mismatch: Mismatch) -> str:
    if mismatch.expected.startswith("[]"):
        return f"cannot restore slice from {mismatch.given}"
    if mismatch.expected.startswith("map["):
        return f"cannot restore map from {mismatch.given}"
    if mismatch.expected.startswith("v1."):
        return f"cannot restore struct from: {mismatch.given}"
    return f"unrecognized type: {mismatch.expected}" if mismatch.given != "object" else str(mismatch)


def _bad_patch(shown: str, why: str) -> ApiError:
    quoted = msgspec.json.encode(shown).decode()
    message = f"Invalid value: {quoted}: {why}"
    cause = {"reason": "FieldValueInvalid", "message": message, "field": "patch"}
    return failure(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": [cause]})


def _go(value: object) -> str:
    """A JSON value as Go prints it."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go(one)}" for key, one in sorted(value.items())) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "<nil>", True: "true", False: "false"}[value]
    return str(value)
