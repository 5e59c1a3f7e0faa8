"""Whether this run may change anything, and the sentence that says why not.

Facts in, words out; pure. It only explains: what cannot write was never built (see `cluster.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from kconsole.i18n import _
from kconsole.tui.keys import Key
from kconsole.tui.pictures.text import clean

Tone = Literal["lab", "safe", "danger"]


class Mode(msgspec.Struct, frozen=True):
    """How the present context may be used."""

    lab: bool = False
    read_only: bool = False
    protected: bool = False
    """Whether the configuration calls the context protected."""
    unlocked: str | None = None
    """The reason for which it was unlocked, in this run."""

    @property
    def writing(self) -> Literal["writable", "read-only", "protected"]:
        """In the words of the plan's guards."""
        if self.read_only:
            return "read-only"
        return "protected" if self.protected and self.unlocked is None else "writable"

    @property
    def badges(self) -> tuple[tuple[str, Tone], ...]:
        """The words in the banner, each with its tone; none for an ordinary cluster that may be changed."""
        found: list[tuple[str, Tone]] = []
        if self.lab:
            found.append((_("LAB"), "lab"))
        if self.read_only:
            found.append((_("READ-ONLY"), "safe"))
        if self.protected and self.unlocked is None:
            found.append((_("PROTECTED"), "safe"))
        elif self.protected:
            found.append((_("UNLOCKED: {reason}").format(reason=clean(self.unlocked or "")), "danger"))
        return tuple(found)


def refusal(key: Key, mode: Mode, may_patch: Mapping[str, bool | None]) -> str | None:
    """Why `key` cannot be used now, in a few words; None when it can.

    `may_patch` is what the API said of this user, by resource; what it has not said is not held against the key.
    """
    if key.id == "unlock":
        if mode.read_only:
            return _("read-only")
        return None if mode.writing == "protected" else _("not protected")
    if not key.writes:
        return None
    if mode.writing == "read-only":
        return _("read-only")
    if mode.writing == "protected":
        return _("protected, L unlocks")
    if key.patches and may_patch.get(key.patches) is False:
        return _("no permission to patch {resource}").format(resource=key.patches)
    return None
