"""The few signs that are drawn, in two sets: Unicode, and plain ASCII for terminals and fonts that lack the rest.

Data only. Every sign is explained in words on the help screen; none is the only carrier of a meaning.
"""

from __future__ import annotations

import msgspec


class Glyphs(msgspec.Struct, frozen=True):
    """One set of signs."""

    mark: str
    pending: str
    unknown: str
    ellipsis: str
    rising: str
    falling: str
    newer: str
    older: str
    illegal: str
    arrow: str
    dot: str
    separator: str
    border: str
    """The name of a Textual border type."""


UNICODE = Glyphs(
    mark="✓",
    pending="»",
    unknown="–",
    ellipsis="…",
    rising="▲",
    falling="▼",
    newer="↑",
    older="↓",
    illegal="‼",
    arrow="→",
    dot="·",
    separator="─",
    border="round",
)
ASCII = Glyphs(
    mark="*",
    pending=">",
    unknown="-",
    ellipsis="~",
    rising="^",
    falling="v",
    newer="+",
    older="-",
    illegal="!!",
    arrow="->",
    dot="|",
    separator="-",
    border="ascii",
)
