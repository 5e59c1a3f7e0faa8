"""How the types of the built-in kinds are written down, and read. Pure.

A type is `KIND NAME NAME …; KIND NAME …`: fields by kind. A kind is string, bool, int32, int64, time, micro (a time
with microseconds), quantity, intstr (a number or a text), bytes, any (not looked into), or the name of a type; `[]KIND`
is a list, `{}KIND` a map by name. `[]KIND@FIELD` is a list whose items merge by that field, `[]string@` one that
merges as a set. The types of kinds themselves leave out apiVersion, kind and metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from kconsole.lab.apiserver.typed.core import CORE
from kconsole.lab.apiserver.typed.groups import GROUPS

SCALARS = ("string", "bool", "int32", "int64", "time", "micro", "quantity", "intstr", "bytes", "any")


@dataclass(frozen=True)
class Field:
    """`shape` is empty for one value, `[]` for a list, `{}` for a map; `merges_by` is None where a list is replaced."""

    kind: str
    shape: str = ""
    merges_by: str | None = None


OF_EVERY_KIND: Mapping[str, Field] = {
    "apiVersion": Field("string"),
    "kind": Field("string"),
    "metadata": Field("ObjectMeta"),
}


def _parse(text: str) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for group in text.split(";"):
        written, *names = group.split()
        shape = written[:2] if written[:2] in ("[]", "{}") else ""
        kind, at, key = written[len(shape) :].partition("@")
        found |= dict.fromkeys(names, Field(kind, shape, key if at else None))
    return found


@cache
def fields_of(name: str) -> Mapping[str, Field]:
    """The fields of a type that is part of an object."""
    return _parse({**CORE, **GROUPS}[name])


@cache
def fields_of_kind(kind: str) -> Mapping[str, Field] | None:
    """The fields of a built-in kind; None when it is not written down."""
    if kind not in CORE and kind not in GROUPS:
        return None
    return {**OF_EVERY_KIND, **fields_of(kind)}
