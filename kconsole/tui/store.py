"""What the node table shows: nodes, order, filter, marks, cursor, and changes asked for but not yet seen.

The only mutable state of the view, in plain Python: no widgets, no tasks, no clock (now comes in as an argument). A
node is known by its name, so that marks and cursor survive re-lists, filters and lost connections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from kconsole.model.nodes import Node, health
from kconsole.model.versions import Version
from kconsole.tui.pictures.glyphs import UNICODE, Glyphs
from kconsole.tui.table.columns import Moment, Row, row_of, row_text
from kconsole.tui.table.filter import Filter
from kconsole.tui.table.order import DEFAULT, Order, natural

HOLD = timedelta(seconds=1)
"""How long rows keep their places after a cursor key, and after they were put in order: a table that is put in order
many times a second cannot be read."""

_LONG_AGO = timedelta(days=1)


class Pending(msgspec.Struct, frozen=True):
    """A change that was asked for: the word shown meanwhile, and how the node will look when it has happened."""

    word: str
    unschedulable: bool


class Change(msgspec.Struct, frozen=True):
    """What a call changed for whoever draws it: rows whose cells differ, and whether rows came, went or moved."""

    rows: frozenset[str] = frozenset()
    order: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows) or self.order


class NodeStore:
    """The state of one node table."""

    def __init__(self, now: datetime, glyphs: Glyphs = UNICODE) -> None:
        self.glyphs = glyphs
        self.nodes: dict[str, Node] = {}
        self.rows: dict[str, Row] = {}
        self.order: list[str] = []
        """Names of the nodes that are shown, top to bottom."""
        self.marks: set[str] = set()
        self.cursor: str | None = None
        self.filter = Filter()
        self.sorting: Order = DEFAULT
        self.descending = DEFAULT.descending
        self.pending: dict[str, Pending] = {}
        self.pods: dict[str, int] = {}
        self.server: Version | None = None
        self.conditions_apart = False
        self.unready: set[str] = set()
        """Nodes that are not Ready, lost, or not yet reporting."""
        self.cordoned: set[str] = set()
        self.now = now
        self._index: dict[str, int] = {}
        self._keys: dict[str, Any] = {}
        self._names: dict[str, Any] = {}
        self._anchor: str | None = None
        self.settled = False
        """Whether all nodes have been listed; until then rows go to their places as they come."""
        self._moved = self._arranged = now - _LONG_AGO
        self._unsorted = False

    # --- what comes from the cluster

    def apply(self, upserts: Mapping[str, Node], gone: Iterable[str], now: datetime) -> Change:
        """Take in nodes that came, changed or went. Rows are put in order by `arrange`, at a calmer moment."""
        self.now = now
        lost = self._forget(gone)
        for name, node in upserts.items():
            asked = self.pending.get(name)
            if asked is not None and asked.unschedulable is node.unschedulable:
                del self.pending[name]
            self.nodes[name] = node
            _keep(self.unready, name, health(node) != "ready")
            _keep(self.cordoned, name, node.unschedulable)
            if name not in self._names:
                self._names[name] = natural(name)
            key = self.sorting.key(node)
            if self._keys.get(name, self) != key:
                self._keys[name] = key
                self._unsorted = True
        changed = self._redo(upserts)
        if self.filter and any((name in self._index) is not self._shown(name) for name in changed):
            self._unsorted = True
        return Change(changed, lost)

    def _forget(self, gone: Iterable[str]) -> bool:
        names = {name for name in gone if name in self.nodes}
        if not names:
            return False
        for name in names:
            for by_name in (self.nodes, self.rows, self._keys, self._names, self.pending, self.pods):
                by_name.pop(name, None)
        for by_state in (self.marks, self.unready, self.cordoned):
            by_state -= names
        if not any(name in self._index for name in names):
            return False
        self._place([name for name in self.order if name not in names])
        return True

    def clear(self) -> None:
        """Forget the cluster, when another one is looked at; filter and order stay."""
        self._forget(list(self.nodes))
        self.server = None
        self.settled = False

    def count_pods(self, counts: Mapping[str, int | None], now: datetime) -> Change:
        """Take in numbers of pods by node; None: it could not be counted, and an old number would mislead."""
        self.now = now
        for name, count in counts.items():
            if count is None:
                self.pods.pop(name, None)
            elif name in self.nodes:
                self.pods[name] = count
        return Change(self._redo(counts))

    def know_server(self, version: Version | None) -> Change:
        """Take in the API server's version, against which kubelets are judged."""
        self.server = version
        return Change(self._redo(self.nodes))

    def tick(self, names: Iterable[str], now: datetime) -> Change:
        """Let time pass for the rows `names` (those on screen): ages and durations."""
        self.now = now
        return Change(self._redo(names))

    def expect(self, names: Iterable[str], pending: Pending) -> Change:
        """Show that a change was asked for, until the cluster shows it or `give_up` is called."""
        chosen = [name for name in names if name in self.nodes]
        self.pending.update(dict.fromkeys(chosen, pending))
        return Change(self._redo(chosen))

    def give_up(self, names: Iterable[str]) -> Change:
        """No longer expect a change of these nodes."""
        chosen = [name for name in names if self.pending.pop(name, None) is not None]
        return Change(self._redo(chosen))

    def _redo(self, names: Iterable[str]) -> frozenset[str]:
        moment = Moment(
            self.now,
            self.server,
            self.pods,
            {name: asked.word for name, asked in self.pending.items()},
            self.conditions_apart,
            self.glyphs,
        )
        changed = set()
        for name in names:
            node = self.nodes.get(name)
            if node is None:
                continue
            row = row_of(node, moment)
            if row != self.rows.get(name):
                self.rows[name] = row
                changed.add(name)
        return frozenset(changed)

    # --- what is shown, and in which order

    @property
    def hidden_marks(self) -> frozenset[str]:
        """Marked nodes that the filter hides."""
        return frozenset(self.marks - self._index.keys())

    def filter_by(self, wanted: Filter) -> None:
        """Show only what `wanted` shows."""
        self.filter = wanted
        self.arrange()

    def sort_by(self, order: Order) -> None:
        """Sort by `order`; the same once more turns the direction round."""
        self.descending = not self.descending if order is self.sorting else order.descending
        self.sorting = order
        self._keys = {name: order.key(node) for name, node in self.nodes.items()}
        self.arrange()

    def put_conditions_apart(self, apart: bool) -> Change:
        """Say whether conditions have a column of their own."""
        if apart is self.conditions_apart:
            return Change()
        self.conditions_apart = apart
        return Change(self._redo(self.nodes))

    def due(self, now: datetime) -> bool:
        """Whether rows should be put in order now: something they are sorted or filtered by changed, and neither was a
        cursor key pressed nor were they put in order a moment ago."""
        if not self._unsorted or now - self._moved < HOLD:
            return False
        return not self.settled or not self.order or now - self._arranged >= HOLD

    def arrange(self) -> None:
        """Put rows in order, keeping the cursor on its node."""
        self._unsorted = False
        self._arranged = self.now
        shown = [name for name in self.nodes if self._shown(name)]
        shown.sort(key=self._names.__getitem__)
        shown.sort(key=self._keys.__getitem__, reverse=self.descending)
        self._place(shown)

    def _shown(self, name: str) -> bool:
        wanted = self.filter
        if not wanted:
            return True
        row = row_text(self.rows[name]) if wanted.reads_rows else ""
        return wanted.shows(row, self.nodes[name].labels)

    def _place(self, order: list[str]) -> None:
        """Install `order`; a cursor whose node is no longer shown goes to the nearest one that was beside it."""
        before, at = self.order, self.cursor_row
        self.order = order
        self._index = {name: row for row, name in enumerate(order)}
        if self.cursor in self._index:
            return
        beside = [*before[at + 1 :], *reversed(before[:at])] if self.cursor is not None else []
        self.cursor = next((name for name in beside if name in self._index), order[0] if order else None)

    # --- cursor and marks

    @property
    def cursor_row(self) -> int:
        """The row the cursor is in, 0 when nothing is shown."""
        return self._index.get(self.cursor or "", 0)

    def row_of(self, name: str) -> int | None:
        """The row a node is in, None while it is not shown."""
        return self._index.get(name)

    def move_to(self, row: int, now: datetime) -> None:
        """Put the cursor into `row`, or the nearest there is."""
        self._moved = now
        if self.order:
            self.cursor = self.order[max(0, min(len(self.order) - 1, row))]

    def toggle_mark(self) -> None:
        """Mark the node under the cursor, or unmark it."""
        if self.cursor is not None and self.cursor in self._index:
            self.marks ^= {self.cursor}
            self._anchor = self.cursor if self.cursor in self.marks else None

    def mark_range(self) -> None:
        """Mark from the mark made last (else the nearest) to the cursor; without any, the node under the cursor."""
        if not self.order:
            return
        here = self.cursor_row
        marked = [self._index[name] for name in self.marks if name in self._index]
        if self._anchor in self.marks and self._anchor in self._index:
            start = self._index[self._anchor]
        else:
            start = min(marked, key=lambda row: (abs(row - here), row), default=here)
        low, high = sorted((start, here))
        self.marks.update(self.order[low : high + 1])
        self._anchor = self.cursor

    def mark_shown(self) -> None:
        """Mark every node that is shown; if all of them are, unmark them."""
        shown = set(self.order)
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown

    def clear_marks(self) -> None:
        """Unmark everything, what the filter hides too."""
        self.marks.clear()
        self._anchor = None

    def chosen(self) -> tuple[str, ...]:
        """The nodes that an action is about: the marked ones, those shown first and in their order; without marks, the
        one under the cursor."""
        if self.marks:
            shown = [name for name in self.order if name in self.marks]
            return (*shown, *sorted(self.hidden_marks, key=natural))
        return (self.cursor,) if self.cursor in self._index and self.cursor is not None else ()


def _keep(names: set[str], name: str, holds: bool) -> None:
    if holds:
        names.add(name)
    else:
        names.discard(name)
