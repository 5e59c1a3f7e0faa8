"""What is said of an error that should not have been: a sentence for the person, the details in a file.

A traceback is for whoever repairs kconsole; it never reaches the screen.
"""

from __future__ import annotations

import traceback

from kconsole.i18n import _
from kconsole.settings import state_folder


def own_error(error: BaseException) -> str:
    """A sentence about an error that should not have been; the details go to a file."""
    path = state_folder() / "errors.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(type(error), error, error.__traceback__)) + "\n")
    except OSError:
        return _("An error of kconsole itself: {error}").format(error=f"{type(error).__name__}: {error}")
    return _("An error of kconsole itself: {error}. Details: {path}").format(error=type(error).__name__, path=path)
