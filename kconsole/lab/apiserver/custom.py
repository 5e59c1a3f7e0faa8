"""Kinds that clients add: the resource that a CustomResourceDefinition describes, its rules and its columns. Pure.

One version of a definition is served: the one its objects are stored in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from kconsole.lab.apiserver import custom_schemas
from kconsole.lab.apiserver.resource import NAMED, STATUS, Resource, spaced
from kconsole.lab.apiserver.rule import Rules
from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, Column, Printer, since

_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\?\(@\.([\w.]+)==[\"']([^\"']*)[\"']\)\]")


def stored_version(definition: Object) -> Object | None:
    """The version that is served and stored; None when there is none."""
    versions = (definition.get("spec") or {}).get("versions") or ()
    return next((one for one in versions if one.get("storage") and one.get("served")), None)


def resource_of(definition: Object) -> Resource | None:
    """The resource that a definition describes; None when it serves nothing."""
    version, spec = stored_version(definition), definition["spec"]
    if version is None:
        return None
    names, namespaced = spec["names"], spec["scope"] == "Namespaced"
    return Resource(
        *(spec["group"], version["name"], names["kind"], names["plural"]),
        namespaced=namespaced,
        prefix=f"/registry/{spec['group']}/{names['plural']}/",
        singular=names.get("singular") or names["kind"].lower(),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresources=(STATUS,) if "status" in (version.get("subresources") or {}) else (),
        selectable=spaced() if namespaced else NAMED,
        counts_generations=True,
        custom=version,
    )


def schema_of(version: Mapping[str, Any]) -> Object:
    """The schema of a definition's version; one that allows everything when it has none."""
    found: Object = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return found


@lru_cache(maxsize=64)
def custom_rules(resource: Resource) -> Rules:
    """The rules that follow from the schema."""
    schema = schema_of(resource.custom or {})

    def defaults(obj: Object) -> None:
        found, _ = custom_schemas.without_unknown(schema, obj)
        obj.clear()
        obj.update(custom_schemas.complete(schema, found))

    def begin(obj: Object) -> None:
        if resource.subresource("status") is not None:
            obj.pop("status", None)

    return Rules(defaults=defaults, begin=begin, check=lambda obj: custom_schemas.causes(schema, obj))


@lru_cache(maxsize=64)
def custom_printer(resource: Resource) -> Printer:
    """The columns that the definition names; the age when it names none."""
    wanted = (resource.custom or {}).get("additionalPrinterColumns") or ()
    if not wanted:
        return Printer((NAME, AGE), lambda obj, now: [obj["metadata"]["name"], _age(obj, now)])
    columns = [
        Column(
            one["name"],
            one.get("description") or f"What the object has at {one['jsonPath']}.",
            type=one.get("type", "string"),
            format=one.get("format", ""),
            priority=one.get("priority", 0),
        )
        for one in wanted
    ]

    def cells(obj: Object, now: datetime) -> list[Any]:
        return [obj["metadata"]["name"], *(_cell(obj, one, now) for one in wanted)]

    return Printer((NAME, *columns), cells)


def _age(obj: Object, now: datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def _cell(obj: Object, column: Object, now: datetime) -> Any:
    value, kind = value_at(obj, column["jsonPath"]), column.get("type", "string")
    if value is None:
        return None if kind in ("integer", "number", "boolean") else "<unknown>" if kind == "date" else ""
    if kind == "date":
        return since(str(value), now)
    if kind == "string":
        return value if isinstance(value, str) else str(value)
    return value


def value_at(obj: object, path: str) -> Any:
    """What a simple JSONPath (names, numbers, one filter by equality) leads to; None when there is nothing."""
    found = obj
    for name, number, key, wanted in _STEP.findall(path.strip("{}")):
        if name:
            found = found.get(name) if isinstance(found, dict) else None
        elif not isinstance(found, list):
            return None
        elif number:
            found = found[int(number)] if int(number) < len(found) else None
        else:
            found = next((one for one in found if str(value_at(one, "." + key)) == wanted), None)
    return found
