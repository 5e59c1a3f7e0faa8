"""A widget that shows lines in tones, made for its width; repaints only lines that differ from what it showed.

Knows nothing of what the lines say, and interprets nothing in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kconsole.tui.pictures.lines import Line, shorten

Maker = Callable[[int], Sequence[Line]]
"""Makes the lines for a width."""

TONES = (
    "good",
    "warn",
    "bad",
    "muted",
    "pending",
    "title",
    "key",
    "lab",
    "safe",
    "danger",
)


class TextLines(ScrollView, can_focus=False):
    """Lines, one below the other; taller content scrolls."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES}

    def __init__(self, make: Maker, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._make = make
        self._lines: list[Line] = []
        self._drawn: dict[Line, Strip] = {}

    @property
    def text(self) -> str:
        """What it says, without tones."""
        return "\n".join("".join(text for text, _tone in line) for line in self._lines)

    def redraw(self) -> None:
        """Make the lines again and repaint those that changed."""
        width = self.size.width or self.container_size.width
        if not width:
            return
        lines = [shorten(line, width) for line in self._make(width)]
        before, self._lines = self._lines, lines
        if len(lines) != len(before):
            self._drawn.clear()
            self.virtual_size = Size(width, len(lines))
            self.refresh(layout=True)
            return
        top = self.scroll_offset.y
        changed = [Region(0, y - top, width, 1) for y in range(len(lines)) if lines[y] != before[y]]
        if changed:
            self.refresh(*changed)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are for this width."""
        if width and not self._lines:
            self._lines = [shorten(line, width) for line in self._make(width)]
        return len(self._lines)

    def on_resize(self) -> None:
        """Make the lines for the new width."""
        self._drawn.clear()
        self.redraw()
        self.virtual_size = Size(self.size.width, len(self._lines))

    def notify_style_update(self) -> None:
        """Forget what was drawn in the colours of before."""
        super().notify_style_update()
        self._drawn.clear()

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        at = y + self.scroll_offset.y
        if at >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        line = self._lines[at]
        if line not in self._drawn:
            segments = [Segment(text, self._style(tone)) for text, tone in line if text]
            self._drawn[line] = Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
        return self._drawn[line]

    def _style(self, tone: str) -> Style:
        if not tone:
            return self.rich_style
        return self.rich_style + self.get_component_rich_style(f"tone--{tone}", partial=True)
