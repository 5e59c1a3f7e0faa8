"""Every sentence a person reads stands in the catalogue, and can be translated without breaking."""

from __future__ import annotations

import gettext
import string
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import kconsole
from kconsole import i18n

ROOT = Path(kconsole.__file__).parents[1]
CATALOGUE = Path(kconsole.__file__).parent / "locale" / "en" / "LC_MESSAGES" / "kconsole.po"


def extracted(tmp_path: Path) -> set[str]:
    """What a fresh extraction finds in the code."""
    out = tmp_path / "found.pot"
    keywords = [part for word in ("_", "ngettext:1,2", "mark") for part in ("-k", word)]
    command = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", *keywords, "-o", str(out)]
    subprocess.run([*command, str(Path(kconsole.__file__).parent)], check=True, capture_output=True, cwd=ROOT)
    return ids(out)


def ids(path: Path) -> set[str]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    found: set[str] = set()
    for message in catalogue:
        if message.id:
            found.update([message.id] if isinstance(message.id, str) else message.id)
    return found


def test_the_catalogue_holds_exactly_the_sentences_of_the_code(tmp_path: Path) -> None:
    assert ids(CATALOGUE) == extracted(tmp_path), "run `make catalogue`"


def test_places_in_sentences_are_named_so_that_a_translation_may_reorder_them() -> None:
    for sentence in ids(CATALOGUE):
        for _, place, _, _ in string.Formatter().parse(sentence):
            assert place is None or (place and not place.isdigit()), sentence


class Shout(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return message.upper()


def test_a_sentence_is_looked_up_when_it_is_shown_and_not_when_it_is_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", Shout())
    assert i18n._("yes") == "YES"
    i18n.use(gettext.NullTranslations())
    assert i18n._("yes") == "yes"


def test_a_language_without_a_catalogue_is_shown_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_translations", gettext.NullTranslations())
    i18n.choose_language("xx_YY.UTF-8")
    assert i18n._("Nothing was changed.") == "Nothing was changed."
