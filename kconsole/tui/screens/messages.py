"""Everything that was reported in this run, newest last."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from kconsole.i18n import _
from kconsole.tui.keys import caps
from kconsole.tui.messages import Messages, message_lines
from kconsole.tui.modals.box import Box
from kconsole.tui.pictures.lines import Line
from kconsole.tui.widgets.text_lines import TextLines


class MessagesScreen(Box[None]):
    """The messages, scrollable; looking at them dismisses them from the table."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join((*caps("m"), *caps("q"), "enter")), "cancel", show=False),
    ]

    def __init__(self, messages: Messages) -> None:
        super().__init__(_("Messages"))
        self._messages = messages

    def parts(self) -> list[Widget]:
        """All lines."""
        scrolled = VerticalScroll(TextLines(self._lines), classes="body")
        scrolled.styles.max_height = max(3, self.app.size.height - 3)
        return [scrolled]

    def on_mount(self) -> None:
        """Begin at the end."""
        self._messages.dismiss()
        body = self.query_one(".body")
        body.focus()
        body.scroll_end(animate=False)

    def _lines(self, width: int) -> list[Line]:
        lines = [line for message in self._messages.all for line in message_lines(message, width)]
        return lines or [((_("Nothing was reported in this run."), "muted"),)]
