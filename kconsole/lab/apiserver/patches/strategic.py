"""Strategic merge patch: as a merge patch, but lists whose items have a key merge item by item. Pure.

Which lists merge, and by what, stands in the types of the kinds (`typed`).
Directives: `$patch: delete | replace`, `$retainKeys`, `$deleteFromPrimitiveList/…`, `$setElementOrder/…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kconsole.lab.apiserver.patches.jsonpatch import PatchFailed
from kconsole.lab.apiserver.typed.notation import SCALARS, Field, fields_of, fields_of_kind

_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"

PRIMITIVE = ""
_NO_FIELDS: Mapping[str, Field] = {}


def merge_key(fields: Mapping[str, Field], name: str) -> str | None:
    """The key by which the items of a list merge: PRIMITIVE for a set of plain values, None where it is replaced."""
    return fields[name].merges_by if name in fields else None


def _inside(fields: Mapping[str, Field], name: str) -> Mapping[str, Field]:
    """The fields of what stands in a field."""
    field = fields.get(name)
    return _NO_FIELDS if field is None or field.kind in SCALARS or field.shape == "{}" else fields_of(field.kind)


def apply_strategic_patch(
    obj: dict[str, Any], patch: dict[str, Any], fields: Mapping[str, Field] | None = None
) -> dict[str, Any]:
    """`obj` patched; what is given is not changed. `fields` are those of its type; by default those of its kind."""
    if fields is None:
        fields = fields_of_kind(obj.get("kind", "")) or _NO_FIELDS
    directive = patch.get("$patch")
    if directive == "replace":
        return _plain_object(patch)
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise PatchFailed(f"unknown $patch directive: {directive}")
    result = dict(obj)
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith(_DELETE_PRIMITIVES):
            name = key[len(_DELETE_PRIMITIVES) :]
            result[name] = [item for item in result.get(name) or [] if item not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value, key, fields)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            name = key[len(_ORDER) :]
            if result.get(name):
                result[name] = _ordered(result[name], obj.get(name) or [], order, merge_key(fields, name))
    return result


def _merged(old: Any, value: Any, name: str, fields: Mapping[str, Field]) -> Any:
    if isinstance(value, dict):
        return apply_strategic_patch(old if isinstance(old, dict) else {}, value, _inside(fields, name))
    if isinstance(value, list):
        key = merge_key(fields, name)
        if key is None:
            return _plain(value)
        if key == PRIMITIVE:
            kept = list(old or [])
            return kept + [item for item in value if item not in kept]
        return _merged_items(list(old or []), value, key, name, _inside(fields, name))
    return value


def _merged_items(old: list[Any], items: list[Any], key: str, name: str, fields: Mapping[str, Field]) -> list[Any]:
    if any(not isinstance(item, dict) for item in items):
        raise PatchFailed(f"the items of {name} must be objects")
    if any(item.get("$patch") == "replace" for item in items):
        return [_plain(item) for item in items if "$patch" not in item]
    result = list(old)
    for item in items:
        if key not in item:
            raise PatchFailed(f"map: {item} does not contain declared merge key: {key}")
        at = next((at for at, there in enumerate(result) if there.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [there for there in result if there.get(key) != item[key]]
        elif at is None:
            result.append(apply_strategic_patch({}, item, fields))
        else:
            result[at] = apply_strategic_patch(result[at], item, fields)
    return result


def _plain(value: Any) -> Any:
    """A value that is taken as it is: without the nulls that would have removed something."""
    if isinstance(value, dict):
        return _plain_object(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _plain_object(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain(item) for key, item in value.items() if item is not None and not key.startswith("$")}


def _ordered(items: list[Any], before: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """`items` in `order`; those it does not name stay in front of what they were in front of `before`."""

    def identity(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    was = {_hashable(identity(item)): at for at, item in enumerate(before)}
    named = sorted((item for item in items if identity(item) in wanted), key=lambda item: wanted.index(identity(item)))
    others = [item for item in items if identity(item) not in wanted]
    result: list[Any] = []
    while named and others:
        here = was.get(_hashable(identity(named[0])))
        there = was.get(_hashable(identity(others[0])))
        first = others if here is not None and there is not None and there < here else named
        result.append(first.pop(0))
    return result + named + others


def _hashable(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
