"""The frame that every modal has: a titled box in the middle, closed by escape.

Says nothing itself and knows no cluster.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

Answer = TypeVar("Answer")


class Box(ModalScreen[Answer]):
    """A modal; `parts` are its widgets from top to bottom. Escape answers None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def parts(self) -> list[Widget]:
        """The widgets inside."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The titled box."""
        box = Vertical(*self.parts(), classes="box")
        box.border_title = Content(self._heading)
        yield box

    def action_cancel(self) -> None:
        """Close it; nothing was decided."""
        self.dismiss(None)
