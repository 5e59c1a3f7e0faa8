"""What was reported in this run: it stays in view until it is dismissed, and in the list until the end.

Plain Python; the lines are made here, drawn elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from kconsole.i18n import _
from kconsole.tui.pictures.lines import Line
from kconsole.tui.pictures.text import clean, wrap

SHOWN_LINES = 4
"""How much of the screen messages may take before they are only counted."""


class Message(msgspec.Struct, frozen=True):
    """One report; its text is already in the reader's language, or the API's own words."""

    at: datetime
    text: str
    tone: Literal["bad", "warn", ""] = "bad"


class Messages:
    """All of them, oldest first, and how many were dismissed."""

    def __init__(self) -> None:
        self.all: list[Message] = []
        self._dismissed = 0

    def add(self, message: Message) -> None:
        """Report something."""
        self.all.append(message)

    @property
    def standing(self) -> Sequence[Message]:
        """Those that nobody has dismissed yet."""
        return self.all[self._dismissed :]

    def dismiss(self) -> None:
        """Take those that are in view for read."""
        self._dismissed = len(self.all)


def notice(standing: Sequence[Message], width: int) -> list[Line]:
    """The newest messages, in a few lines, and how to see or dismiss them; nothing when there are none."""
    if not standing:
        return []
    lines = [line for message in standing for line in message_lines(message, width)]
    hidden = len(lines) - SHOWN_LINES
    hint = _("esc dismisses, m shows all messages")
    if hidden > 0:
        lines = lines[-SHOWN_LINES:]
        hint = _("{count} more lines: m shows all messages, esc dismisses").format(count=hidden)
    return [*lines, ((f"  {hint}", "muted"),)]


def message_lines(message: Message, width: int) -> list[Line]:
    """One message, wrapped, with its time (local)."""
    stamp = f" {message.at.astimezone():%H:%M:%S} "
    texts = wrap(clean(message.text), max(1, width - len(stamp)))
    return [((stamp if n == 0 else " " * len(stamp), "muted"), (text, message.tone)) for n, text in enumerate(texts)]
