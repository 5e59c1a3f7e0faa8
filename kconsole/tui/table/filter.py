"""The filter language of the node table.

    web            nodes that show “web” anywhere in their row (case does not matter)
    web ready      both words
    !cordoned      nodes that do not show it
    -l a=b,c in (d,e)      by labels, as kubectl reads a selector; takes the rest of the line
    !-l a=b        nodes that the selector does not choose

Text in, a test out. Knows nothing of screens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from kconsole.errors import UsageError
from kconsole.i18n import _
from kconsole.tui.table.labels import Selector, parse_selector

_LABELS = re.compile(r"(?:^|(?<=\s))(!?)\s*-l(?=\s|$)")


class Filter(msgspec.Struct, frozen=True):
    """What to show. The empty filter shows everything."""

    text: str = ""
    """As it was typed, without surrounding spaces."""
    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    selector: Selector | None = None
    inverse_selector: bool = False

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def reads_rows(self) -> bool:
        """Whether the text of a row decides (labels alone do not need it)."""
        return bool(self.wanted or self.unwanted)

    def shows(self, row: str, labels: Mapping[str, str]) -> bool:
        """Whether a node with this row text, in lower case, and these labels is shown."""
        if any(word not in row for word in self.wanted) or any(word in row for word in self.unwanted):
            return False
        return self.selector is None or self.selector(labels) != self.inverse_selector


def parse_filter(text: str) -> Filter:
    """The filter that `text` describes; raises UsageError with a sentence when it describes none."""
    text = text.strip()
    words, selector, inverse = text, None, False
    if found := _LABELS.search(text):
        words, rest = text[: found.start()], text[found.end() :]
        inverse = bool(found[1])
        if not rest.strip():
            raise UsageError(_("After -l a label selector is expected, such as -l zone=a or -l 'env in (dev,test)'."))
        selector = parse_selector(rest.strip().strip("'\""))
    wanted: list[str] = []
    unwanted: list[str] = []
    for word in words.split():
        if word == "!":
            raise UsageError(_("After ! a word is expected: !ready shows the nodes whose row does not say “ready”."))
        (unwanted if word.startswith("!") else wanted).append(word.removeprefix("!").lower())
    return Filter(text, tuple(wanted), tuple(unwanted), selector, inverse)
