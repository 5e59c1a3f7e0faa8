"""Which columns are shown and how wide, for the width there is.

Widths in, widths out; pure. Columns are given up from the least important on; an extra one comes only after those
before it are as wide as their contents. What room is left goes to the most important first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from rich.cells import cell_len

from kconsole.i18n import _
from kconsole.tui.table.columns import COLUMNS, Column, Row
from kconsole.tui.table.order import ORDERS

GAP = 1
"""Cells between two columns."""

_SORTED = frozenset(order.column for order in ORDERS.values())


class Shown(msgspec.Struct, frozen=True):
    """A column with the width it got. `at` is its place in a row's cells."""

    column: Column
    at: int
    width: int


def natural_widths(rows: Sequence[Row], known: Mapping[str, int] | None = None) -> dict[str, int]:
    """How wide each column would have to be for `rows` and its title; never narrower than in `known`."""
    widths = {c.id: max(c.least, _title_width(c), (known or {}).get(c.id, 0)) for c in COLUMNS}
    for row in rows:
        for column, cell in zip(COLUMNS, row, strict=True):
            text = cell.text
            if len(text) > widths[column.id] or (not text.isascii() and cell_len(text) > widths[column.id]):
                widths[column.id] = min(column.most, cell_len(text))
    return widths


def _title_width(column: Column) -> int:
    """A column that can be sorted by keeps room for the sign of it."""
    return cell_len(_(column.title)) + (2 if column.id in _SORTED else 0)


def lay_out(width: int, natural: Mapping[str, int], *, everything: bool = False) -> tuple[Shown, ...]:
    """The columns to show in `width` cells, in their order from left to right.

    `everything`: all columns as wide as they need, however wide that is together (the table then scrolls sideways).
    """
    if everything:
        return tuple(Shown(column, at, natural[column.id]) for at, column in enumerate(COLUMNS))
    chosen: list[Column] = []
    least = {c.id: min(natural[c.id], c.easy) if c.whole else c.least for c in COLUMNS}
    for column in sorted(COLUMNS, key=lambda c: c.rank):
        before = sum((natural[c.id] if column.extra else least[c.id]) + GAP for c in chosen)
        if before + (min(natural[column.id], column.easy) if column.extra else least[column.id]) > width:
            break
        chosen.append(column)
    widths = {column.id: least[column.id] for column in chosen}
    left = width + GAP - sum(w + GAP for w in widths.values())
    for enough in ("easy", "most"):
        for column in chosen:
            wanted = min(natural[column.id], getattr(column, enough))
            grown = max(0, min(wanted - widths[column.id], left))
            widths[column.id] += grown
            left -= grown
    return tuple(Shown(c, at, widths[c.id]) for at, c in enumerate(COLUMNS) if c.id in widths)
