"""The questions that are about the run itself and not about a plan: unlocking a context, leaving in the middle.

Makes the modal; what follows from its answer is the app's.
"""

from __future__ import annotations

from functools import partial

from kconsole.i18n import _
from kconsole.tui.modals.confirm import Confirm
from kconsole.tui.pictures.lines import Line, paragraph


def _saying(text: str, width: int) -> list[Line]:
    return paragraph(text, width)


def unlock(context: str) -> Confirm:
    """For which reason a protected context may be changed in this run."""
    says = _(
        "{context} is protected by your configuration. Unlock it for this run? "
        "The reason stays in the banner and goes into the journal."
    ).format(context=context)
    title = _("Unlock {context}").format(context=context)
    return Confirm(title, partial(_saying, says), verb=_("unlock"), reason=_("Reason"), needs_reason=True)


def leave(operation: str) -> Confirm:
    """Whether to leave while `operation` is under way."""
    says = _("Still under way: {what} Leaving stops it after the present step; the journal keeps what was done.")
    return Confirm(_("Leave now?"), partial(_saying, says.format(what=operation)), verb=_("leave"))
