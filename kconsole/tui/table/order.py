"""In which order nodes stand: sort keys by name, natural order for names.

Nodes in, comparable keys out; pure. Every order ends in the name, so that it never depends on when a node arrived.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import msgspec

from kconsole.i18n import mark
from kconsole.model.cordons import cordon_of
from kconsole.model.nodes import Node, roles, status_text, trouble, visible_taints
from kconsole.model.versions import parse_version

_DIGITS = re.compile(r"(\d+)")
_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)

Key = Callable[[Node], Any]


class Order(msgspec.Struct, frozen=True):
    """One way to sort. `column` is the column whose header shows it; `key` compares before the name does."""

    id: str
    says: str
    column: str
    key: Key
    descending: bool = False
    """The direction that it starts in."""


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which w2 comes before w10, and w1 and w01 are two."""
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(name) if part]
    return (*parts, (-1, 0, name))


def _created(node: Node) -> datetime:
    return node.metadata.creation_timestamp or _EARLIEST


def _scheduling(node: Node) -> tuple[bool, datetime]:
    cordon = cordon_of(node)
    return (False, _EARLIEST) if cordon is None else (True, cordon.since or _EARLIEST)


def _version(node: Node) -> tuple[int, int, int, str]:
    text = node.info.kubelet_version
    return (*(parse_version(text) or (0, 0, 0)), text)


ORDERS = {
    order.id: order
    for order in (
        Order("trouble", mark("trouble first"), "status", trouble, descending=True),
        Order("name", mark("name"), "name", lambda node: natural(node.name)),
        Order("status", mark("status"), "status", status_text),
        Order("scheduling", mark("cordoned first"), "scheduling", _scheduling, descending=True),
        Order("roles", mark("roles"), "roles", roles),
        Order("version", mark("kubelet version"), "version", _version),
        Order("age", mark("youngest first"), "age", _created, descending=True),
        Order("taints", mark("most taints first"), "taints", lambda node: len(visible_taints(node)), descending=True),
    )
}
DEFAULT = ORDERS["trouble"]
