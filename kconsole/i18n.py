"""The sentences a person reads, looked up in the catalogue of the language they chose.

Message ids are the English sentences, so English needs no compiled catalogue. Logs and JSON are never translated.
"""

from __future__ import annotations

import gettext as _gettext
import locale
import os
from pathlib import Path

_CATALOGUES = Path(__file__).parent / "locale"
_translations: _gettext.NullTranslations = _gettext.NullTranslations()


def choose_language(wanted: str | None = None) -> None:
    """Use the catalogue for `wanted`, or for the first of LC_ALL, LC_MESSAGES, LANG that is set; else English."""
    global _translations
    tag = wanted or next((os.environ[k] for k in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(k)), "en")
    language = locale.normalize(tag).split(".")[0]
    _translations = _gettext.translation("kconsole", _CATALOGUES, [language, language.split("_")[0]], fallback=True)


def use(translations: _gettext.NullTranslations) -> None:
    """Install `translations` as they are (tests mark every string to find those that bypass the catalogue)."""
    global _translations
    _translations = translations


def _(message: str) -> str:
    """`message` in the chosen language. Looked up at the call, so a language can change while the console runs."""
    return _translations.gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many` in the chosen language, by that language's plural rule for `count`."""
    return _translations.ngettext(one, many, count)


def mark(message: str) -> str:
    """Name a string for the catalogue where it is defined; it is looked up with `_` where it is shown."""
    return message
