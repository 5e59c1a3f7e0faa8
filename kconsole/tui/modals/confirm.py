"""Asking before something is done: the whole of it in view, Cancel in focus, and a confirming key of its own.

Decides nothing and changes nothing; the answer is a Consent, or None.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Label

from kconsole.i18n import _
from kconsole.tui import keys
from kconsole.tui.modals.box import Box
from kconsole.tui.pictures.lines import Line
from kconsole.tui.widgets.text_lines import Maker, TextLines

_AROUND = 9
"""Lines of a confirmation that are not its body: frame, reason, buttons, and the gaps between them."""


class Consent(msgspec.Struct, frozen=True):
    """It was confirmed; with the reason that was typed, if any."""

    reason: str | None = None


class Confirm(Box[Consent]):
    """Shows `body`, scrollable, and asks. Without `verb` there is nothing to confirm, only to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(keys.caps("y")), "confirm", show=False),
        Binding(",".join(keys.caps("n")), "cancel", show=False),
        Binding(",".join(keys.caps("r")), "reason", show=False),
        Binding("tab,right", "turn(1)", show=False),
        Binding("shift+tab,left", "turn(-1)", show=False),
        Binding("down,j,ㅓ", "scroll(1)", show=False),
        Binding("up,k,ㅏ", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(
        self, title: str, body: Maker, *, verb: str | None, reason: str | None = None, needs_reason: bool = False
    ) -> None:
        """`verb` is on the confirming button; `reason`: the words that ask for a reason, if one may be given."""
        super().__init__(title)
        self._body = body
        self._verb = verb
        self._reason = reason
        self._needs_reason = needs_reason

    def parts(self) -> list[Widget]:
        """The body, the question, the buttons."""
        scrolled = VerticalScroll(TextLines(self._body), classes="body", can_focus=False)
        scrolled.styles.max_height = max(3, self.app.size.height - _AROUND)
        found: list[Widget] = [scrolled]
        if self._verb and self._reason:
            asked = Input(id="reason", placeholder="" if self._needs_reason else _("may be left empty"), max_length=200)
            asked.cursor_blink = False
            found.append(Horizontal(Label(Content(self._reason)), asked, classes="asked"))
        way_out = _("Cancel") if self._verb else _("Close")
        buttons = [Button(Content(f"[ {way_out} ]"), id="cancel")]
        if self._verb:
            buttons.append(Button(Content(f"[ y {self._verb} ]"), id="confirm"))
        return [*found, Horizontal(TextLines(self._hint), *buttons, classes="buttons")]

    def _hint(self, width: int) -> list[Line]:
        told = [(_("esc"), _("cancel") if self._verb else _("close"))]
        if self._verb and self._reason:
            told = [("r", _("reason")), (_("tab"), _("next")), *told]
        return [tuple(piece for key, says in told for piece in ((f"{key} ", "key"), (f"{says}  ", "muted")))]

    def on_mount(self) -> None:
        """The way out has the focus; where a reason is needed, it is asked for first."""
        self.query_one("#reason" if self._needs_reason else "#cancel").focus()

    def action_turn(self, by: int) -> None:
        """The next part. The reason comes before the confirming button: what is typed behind a tab is never a key."""
        ring = [part for wanted in ("#cancel", "#reason", "#confirm") for part in self.query(wanted)]
        if self.focused in ring:
            ring[(ring.index(self.focused) + by) % len(ring)].focus()

    def action_reason(self) -> None:
        """Go where the reason is typed."""
        for asked in self.query(Input):
            asked.focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button says what its key says."""
        if event.button.id == "confirm":
            self.action_confirm()
        else:
            self.action_cancel()

    def on_input_submitted(self) -> None:
        """A reason is not yet a consent: the confirming button comes next."""
        self.query_one("#confirm").focus()

    def action_confirm(self) -> None:
        """Consent, if there is anything to consent to."""
        if not self._verb:
            return
        typed = self.query_one(Input).value.strip() if self._reason else ""
        if self._needs_reason and not typed:
            self.query_one(Input).focus()
            return
        self.dismiss(Consent(typed or None))

    def action_scroll(self, by: int) -> None:
        """Scroll the body."""
        self.query_one(".body").scroll_relative(y=by, animate=False)
