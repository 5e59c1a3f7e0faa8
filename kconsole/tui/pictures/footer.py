"""The last line: the keys that work now, and why those that do not do not.

Keys and refusals in, one line out; pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kconsole.i18n import _
from kconsole.tui.keys import Key, shown, spoken
from kconsole.tui.pictures.lines import Line, Piece, shorten, width_of

_LAST = 2
"""The last keys of a footer (help, quit) are never given up."""


def footer(keys: Sequence[Key], refusals: Mapping[str, str], width: int) -> Line:
    """As many keys as fit; neighbours that are refused for the same reason share its words."""
    groups = _grouped(spoken(keys), refusals)
    while True:
        line = _line(groups, refusals)
        if width_of(line) <= width or len(groups) <= _LAST:
            return shorten(line, width)
        del groups[-_LAST - 1]


def _grouped(keys: Sequence[Key], refusals: Mapping[str, str]) -> list[list[Key]]:
    groups: list[list[Key]] = []
    for key in keys:
        reason = refusals.get(key.id)
        if groups and reason and refusals.get(groups[-1][-1].id) == reason:
            groups[-1].append(key)
        else:
            groups.append([key])
    return groups


def _line(groups: Sequence[Sequence[Key]], refusals: Mapping[str, str]) -> Line:
    pieces: list[Piece] = []
    for group in groups:
        pieces.append(("  " if pieces else " ", ""))
        reason = refusals.get(group[0].id)
        if reason:
            # Keys without their words: those that do work need the room.
            pieces.append((f"{' '.join(shown(key.keys[0]) for key in group)}: {reason}", "muted"))
            continue
        pieces += [(shown(group[0].keys[0]), "key"), (f" {_(group[0].label)}", "")]
    return tuple(pieces)
