"""What is shown when a cluster cannot be opened or was never reached: why, and the three ways on.

Goes away by itself when the cluster answers after all.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.widget import Widget

from kconsole.i18n import _
from kconsole.tui.keys import caps
from kconsole.tui.modals.box import Box
from kconsole.tui.pictures.lines import Line, paragraph
from kconsole.tui.pictures.text import clean
from kconsole.tui.widgets.text_lines import TextLines

Way = Literal["retry", "choose", "quit"]


class NoCluster(Box[Way]):
    """Shows the sentence; answers with what to do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go('retry')", show=False),
        Binding(",".join(caps("c")), "go('choose')", show=False),
        Binding(",".join(caps("q")), "go('quit')", show=False),
    ]

    def __init__(self, context: str, problem: str) -> None:
        name = clean(context) or _("the cluster")
        super().__init__(_("{context} cannot be reached").format(context=name))
        self._problem = problem

    def parts(self) -> list[Widget]:
        """The sentence and the keys."""
        return [TextLines(self._lines)]

    def explain(self, problem: str) -> None:
        """Show another sentence."""
        if problem != self._problem:
            self._problem = problem
            self.query_one(TextLines).redraw()

    def _lines(self, width: int) -> list[Line]:
        words = [line for part in self._problem.splitlines() for line in paragraph(clean(part), width, "bad")]
        keys = (("enter", _("try again now")), ("c", _("choose another context")), ("q", _("quit")))
        ways: Line = tuple(piece for key, says in keys for piece in ((f"{key} ", "key"), (f"{says}   ", "")))
        return [(), *words, (), ways]

    def action_go(self, way: Way) -> None:
        """Answer."""
        self.dismiss(way)

    def action_cancel(self) -> None:
        """Escape closes the box; the table says that it is connecting, and goes on trying."""
        self.dismiss(None)
