"""Choosing one of a few things from a list, by typing a part of it or by the arrows.

The command palette, the order menu and the list of contexts are this one modal. It decides nothing: it answers with the
id of what was chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from kconsole.i18n import _
from kconsole.tui.modals.box import Box
from kconsole.tui.pictures.lines import Line, width_of
from kconsole.tui.pictures.text import clean, cut, pad
from kconsole.tui.widgets.text_lines import TextLines

_FRAME = 6
"""Cells of the box around the list, and of the list's own gaps."""


class Item(msgspec.Struct, frozen=True):
    """One thing to choose; `note` stands beside it; with `refusal` it cannot be chosen, and says so."""

    id: str
    says: str
    note: str = ""
    refusal: str | None = None


def matching(items: Sequence[Item], typed: str) -> list[Item]:
    """The items that hold every typed word, those that begin with what was typed first."""
    words = typed.lower().split()
    found = [item for item in items if all(word in f"{item.says} {item.note}".lower() for word in words)]
    return sorted(found, key=lambda item: not item.says.lower().startswith(typed.lower().strip()))


class Choice(Box[str]):
    """Answers with the id of the chosen item, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
    ]

    def __init__(self, title: str, items: Sequence[Item], placeholder: str) -> None:
        super().__init__(title)
        self._items = items
        self._placeholder = placeholder
        self._found = list(items)

    def parts(self) -> list[Widget]:
        """A line to type in, the list, and what the keys do."""
        options = OptionList(id="options", markup=False, compact=True)
        options.can_focus = False
        return [
            Input(placeholder=self._placeholder, id="typed"),
            options,
            TextLines(self._hint, classes="hint"),
        ]

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Input).cursor_blink = False
        self.query_one(OptionList).styles.max_height = max(3, self.app.size.height - 5)
        self._fill()

    def _hint(self, width: int) -> list[Line]:
        keys = ((_("Up Down"), _("choose")), (_("enter"), _("do it")), (_("esc"), _("close")))
        return [tuple(piece for key, says in keys for piece in ((f"{key} ", "key"), (f"{says}  ", "muted")))]

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        width = min(100, self.app.size.width) - _FRAME
        size = max((width_of(((item.says, ""),)) for item in self._items), default=0)
        options.clear_options()
        for item in self._found:
            note = item.refusal or item.note
            text = cut(f"{pad(clean(item.says), min(size, width // 2))}  {clean(note)}", width)
            options.add_option(Option(Content(text), id=item.id, disabled=item.refusal is not None))
        if not self._found:
            options.add_option(Option(Content(_("nothing by that name")), disabled=True))
        options.highlighted = next((at for at, item in enumerate(self._found) if item.refusal is None), None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what matches."""
        self._found = matching(self._items, event.value)
        self._fill()

    def on_input_submitted(self) -> None:
        """Answer with what is highlighted."""
        at = self.query_one(OptionList).highlighted
        if at is not None and at < len(self._found):
            self.dismiss(self._found[at].id)

    def action_move(self, by: int) -> None:
        """Highlight another item."""
        options = self.query_one(OptionList)
        for _step in range(abs(by)):
            if by > 0:
                options.action_cursor_down()
            else:
                options.action_cursor_up()
