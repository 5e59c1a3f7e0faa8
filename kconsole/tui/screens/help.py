"""The help of the screen one comes from, on one page."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from kconsole.i18n import _
from kconsole.tui.keys import caps
from kconsole.tui.modals.box import Box
from kconsole.tui.widgets.text_lines import Maker, TextLines


class HelpScreen(Box[None]):
    """Shows the lines; escape, and the keys that opened it, close it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(("question_mark", "f1", "enter", "space", *caps("q"))), "cancel", show=False)
    ]

    def __init__(self, lines: Maker) -> None:
        super().__init__(_("Keys"))
        self._lines = lines

    def parts(self) -> list[Widget]:
        """One page."""
        return [TextLines(self._lines)]
