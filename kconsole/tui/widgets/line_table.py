"""The node table: one line a row, and only the lines on the screen are ever drawn.

Draws a NodeStore and moves its cursor; holds no data of its own and decides nothing. A change repaints the lines it
touches, cells of equal tone are sent as one piece, and nothing moves by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kconsole.i18n import _
from kconsole.tui import keys
from kconsole.tui.pictures.text import cut, cut_name, pad
from kconsole.tui.store import Change, NodeStore
from kconsole.tui.table.columns import Row
from kconsole.tui.table.layout import GAP, Shown, lay_out, natural_widths

_MARK = 2
"""Cells of the mark and the gap behind it."""
_EDGE = 1
"""Cells left free at the right edge."""
_CACHE = 512
"""Lines kept ready: several screens full, so that going up and down again costs nothing."""


class LineTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The nodes of a store, as a table with a header line."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"tone--{tone}" for tone in ("header", "cursor", "mark", "good", "warn", "bad", "muted", "pending")
    }
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("table")]

    class Moved(Message):
        """The cursor stands on another row, or other rows are in view."""

    class LaidOut(Message):
        """Other columns are shown."""

    def __init__(self, store: NodeStore, now: Callable[[], datetime]) -> None:
        super().__init__()
        self.store = store
        self.everything = False
        self.columns: tuple[Shown, ...] = ()
        self.empty = ""
        """The sentence shown in place of rows, when there are none."""
        self._now = now
        self._natural = natural_widths(())
        self._lines: dict[tuple[str, bool, bool], tuple[Row, Strip]] = {}
        self._tones: dict[str, Style] = {}
        self._in_view: list[str] = []
        self._cursor: str | None = None

    # --- what is shown

    def show(self, change: Change) -> None:
        """Draw what changed in the store."""
        grown = natural_widths([self.store.rows[n] for n in change.rows if n in self.store.rows], self._natural)
        if grown != self._natural:
            self._natural = grown
            self._lay_out()
        elif change.order:
            self._show_order(change.rows)
        else:
            self._repaint(change.rows)

    def _show_order(self, rows: Iterable[str]) -> None:
        """Draw the lines on which another row stands than before, and these rows."""
        before, top, cursor = self._in_view, self.scroll_offset.y, self._cursor
        self._resize()
        self._follow_cursor()
        after = self._look()
        if self.scroll_offset.y != top or len(before) != len(after):
            self.refresh()
        else:
            moved = [name for was, name in zip(before, after, strict=True) if was != name]
            turned = {cursor, self._cursor} if cursor != self._cursor else set()
            self._repaint({*moved, *rows, *(name for name in turned if name is not None)})
        self.post_message(self.Moved())

    def _look(self) -> list[str]:
        """Remember which rows are in view and which has the cursor."""
        self._in_view, self._cursor = self.on_screen(), self.store.cursor
        return self._in_view

    def show_all(self) -> None:
        """Draw every line again, because rows came, went or moved."""
        self._resize()
        self._follow_cursor()
        self._look()
        self.refresh()
        self.post_message(self.Moved())

    def show_marks(self, names: Iterable[str]) -> None:
        """Draw the rows of these nodes again."""
        self._repaint(names)

    def fit_columns(self) -> None:
        """Measure every column anew, for the nodes there are now."""
        self._natural = natural_widths(list(self.store.rows.values()))
        self._lay_out()

    def show_everything(self, everything: bool) -> None:
        """Show all columns, to be scrolled sideways, or those that fit."""
        self.everything = everything
        self.scroll_to(x=0, animate=False)
        self._lay_out()

    def on_screen(self) -> list[str]:
        """The names of the nodes on the screen."""
        top = self.scroll_offset.y
        return self.store.order[top : top + self._height]

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    def _lay_out(self) -> None:
        if not self.size.width:
            return
        columns = lay_out(self.size.width - _MARK - _EDGE, self._natural, everything=self.everything)
        if columns != self.columns:
            self.columns = columns
            self._lines.clear()
            self.post_message(self.LaidOut())
        self.show_all()

    def _resize(self) -> None:
        width = _MARK + sum(c.width + GAP for c in self.columns) - GAP
        self.virtual_size = Size(max(width, self.size.width), len(self.store.order) + 1)

    def _repaint(self, names: Iterable[str]) -> None:
        top, height, width = self.scroll_offset.y, self._height, self.size.width
        rows = (self.store.row_of(name) for name in names)
        lines = [Region(0, row - top + 1, width, 1) for row in rows if row is not None and 0 <= row - top < height]
        if lines:
            self.refresh(*lines)

    def on_resize(self) -> None:
        """Choose the columns that fit now."""
        self._lay_out()

    def notify_style_update(self) -> None:
        """Forget what was drawn in the colours of before."""
        super().notify_style_update()
        self._lines.clear()
        self._tones.clear()

    # --- drawing

    def render_line(self, y: int) -> Strip:
        """One line of the widget: the header, a row, or nothing."""
        width = self.size.width
        if y == 0:
            return self._crop(self._header())
        row = y - 1 + self.scroll_offset.y
        if row < len(self.store.order):
            return self._crop(self._row(self.store.order[row], row))
        if y == 2 and not self.store.order and self.empty:
            text = pad(cut(f"  {self.empty}", width), width)
            return Strip([Segment(text, self.rich_style)], width)
        return Strip.blank(width, self.rich_style)

    def _crop(self, strip: Strip) -> Strip:
        """The part in view; mark and name stay where they are while the rest moves sideways."""
        width, start = self.size.width, self.scroll_offset.x
        if not start or not self.columns:
            return strip.adjust_cell_length(width, self.rich_style)
        still = _MARK + self.columns[0].width + GAP
        moving = strip.crop(still + start, start + width)
        return Strip.join([strip.crop(0, still), moving]).adjust_cell_length(width, self.rich_style)

    def _header(self) -> Strip:
        style = self.get_component_rich_style("tone--header")
        signs, sorting = self.store.glyphs, self.store.sorting
        texts = []
        for shown in self.columns:
            title = _(shown.column.title)
            if sorting.column == shown.column.id:
                title += f" {signs.falling if self.store.descending else signs.rising}"
            texts.append(pad(cut(title, shown.width, signs.ellipsis), shown.width, right=shown.column.right))
        text = " " * _MARK + (" " * GAP).join(texts)
        strip = Strip([Segment(text, style)])
        return strip.adjust_cell_length(max(self.size.width, strip.cell_length), style)

    def _row(self, name: str, at: int) -> Strip:
        marked, current = name in self.store.marks, at == self.store.cursor_row
        row = self.store.rows[name]
        kept = self._lines.get((name, marked, current))
        if kept is not None and kept[0] is row:
            return kept[1]
        strip = self._draw(row, name, marked=marked, current=current)
        if len(self._lines) >= _CACHE:
            self._lines.clear()
        self._lines[name, marked, current] = (row, strip)
        return strip

    def _draw(self, row: Row, name: str, *, marked: bool, current: bool) -> Strip:
        signs = self.store.glyphs
        sign = signs.pending if name in self.store.pending else signs.mark if marked else ""
        pieces: list[tuple[str, Style]] = [(pad(sign, _MARK), self._style("mark", marked, current))]
        for number, shown in enumerate(self.columns):
            cell = row[shown.at]
            shorten = cut_name if shown.column.name else cut
            text = pad(shorten(cell.text, shown.width, signs.ellipsis), shown.width, right=shown.column.right)
            gap = "" if number == len(self.columns) - 1 else " " * GAP
            pieces.append((text + gap, self._style(cell.tone, marked, current)))
        strip = Strip(_joined(pieces))
        return strip.adjust_cell_length(max(self.size.width, strip.cell_length), self._style("", marked, current))

    def _style(self, tone: str, marked: bool, current: bool) -> Style:
        """The cursor's row is of one style throughout: what it says stands there in words."""
        kind = "cursor" if current else tone
        name = f"{kind}+" if marked else kind
        if name not in self._tones:
            style = self.rich_style
            if kind:
                style += self.get_component_rich_style(f"tone--{kind}", partial=not current)
            self._tones[name] = style + Style(bold=True) if marked else style
        return self._tones[name]

    # --- the cursor

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows."""
        self._go(self.store.cursor_row + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by so many screens full."""
        self._go(self.store.cursor_row + by * max(1, self._height - 1))

    def action_first(self) -> None:
        """Put the cursor on the first row."""
        self._go(0)

    def action_last(self) -> None:
        """Put the cursor on the last row."""
        self._go(len(self.store.order) - 1)

    def action_sideways(self, by: int) -> None:
        """Scroll by a few cells, when not all columns fit."""
        self.scroll_to(x=self.scroll_offset.x + by * 12, animate=False)

    def _go(self, row: int) -> None:
        before = self.store.cursor
        self.store.move_to(row, self._now())
        if self.store.cursor == before:
            return
        self._follow_cursor()
        self._look()
        self._repaint(name for name in (before, self.store.cursor) if name is not None)
        self.post_message(self.Moved())

    def _follow_cursor(self) -> None:
        row, top = self.store.cursor_row, self.scroll_offset.y
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + self._height:
            self.scroll_to(y=row - self._height + 1, animate=False)


def _joined(pieces: Iterable[tuple[str, Style]]) -> list[Segment]:
    """Neighbours of equal style as one segment; trailing spaces belong to whatever stands before them."""
    segments: list[Segment] = []
    text, style = "", None
    for piece, its_style in pieces:
        if style is None or its_style == style or not piece.strip():
            text, style = text + piece, style or its_style
        else:
            segments.append(Segment(text, style))
            text, style = piece, its_style
    if text:
        segments.append(Segment(text, style))
    return segments
