"""JSON Patch (RFC 6902): add, remove, replace, move, copy, test. Pure; the object given is not changed."""

from __future__ import annotations

import copy
from typing import Any


class PatchFailed(Exception):
    """The patch does not fit the object; the sentence says which operation and why."""


def apply_json_patch(obj: Any, operations: list[Any]) -> Any:
    """`obj` after all `operations`, or PatchFailed and nothing done."""
    root = {"": copy.deepcopy(obj)}
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchFailed("an operation must be an object")
        _apply(root, operation)
    return root[""]


def _apply(root: dict[str, Any], operation: dict[str, Any]) -> None:
    name, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise PatchFailed(f"{name} operation without a path")
    if name in ("add", "replace", "test") and "value" not in operation:
        raise PatchFailed(f"{name} operation without a value: {path}")
    if name == "add":
        _add(root, path, copy.deepcopy(operation["value"]))
    elif name == "remove":
        _remove(root, path)
    elif name == "replace":
        _find(root, path)
        holder, key = _holder(root, path)
        holder[key] = copy.deepcopy(operation["value"])
    elif name == "test":
        if not _same(_find(root, path), operation["value"]):
            raise PatchFailed(f"testing value {path} failed")
    elif name in ("move", "copy"):
        source = operation.get("from")
        if not isinstance(source, str):
            raise PatchFailed(f"{name} operation without from: {path}")
        if name == "move" and path.startswith(source + "/"):
            raise PatchFailed(f"cannot move {source} into itself")
        value = copy.deepcopy(_find(root, source))
        if name == "move":
            _remove(root, source)
        _add(root, path, value)
    else:
        raise PatchFailed(f"unknown operation: {name}")


def _same(left: Any, right: Any) -> bool:
    # In JSON true is not 1, unlike in Python.
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _parts(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchFailed(f"not a path: {path}")
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")]


def _index(holder: list[Any], part: str, path: str) -> int:
    if not part.isascii() or not part.isdigit() or (part != "0" and part.startswith("0")) or int(part) >= len(holder):
        raise PatchFailed(f"no such index: {path}")
    return int(part)


def _step(holder: Any, part: str, path: str) -> Any:
    if isinstance(holder, dict) and part in holder:
        return holder[part]
    if isinstance(holder, list):
        return holder[_index(holder, part, path)]
    raise PatchFailed(f"doc is missing path: {path}: missing value")


def _find(root: Any, path: str) -> Any:
    found = root
    for part in _parts(path):
        found = _step(found, part, path)
    return found


def _holder(root: Any, path: str) -> tuple[Any, Any]:
    *above, last = _parts(path)
    holder = root
    for part in above:
        holder = _step(holder, part, path)
    if isinstance(holder, list) and last != "-":
        return holder, _index([*holder, None], last, path)
    if not isinstance(holder, (dict, list)):
        raise PatchFailed(f"doc is missing path: {path}: missing value")
    return holder, last


def _add(root: Any, path: str, value: Any) -> None:
    holder, key = _holder(root, path)
    if isinstance(holder, dict):
        holder[key] = value
    elif key == "-":
        holder.append(value)
    else:
        holder.insert(key, value)


def _remove(root: Any, path: str) -> None:
    _find(root, path)
    if not path:
        raise PatchFailed("the whole object cannot be removed")
    holder, key = _holder(root, path)
    del holder[key]
