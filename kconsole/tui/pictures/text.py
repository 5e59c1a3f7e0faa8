"""Text from outside made safe to show, and fitted into terminal cells.

Strings in, strings out. Never interprets markup or escapes: what a node or a message says is data.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len

_DANGEROUS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """`text` with a space for every character that could move the cursor, recolour, reorder or hide text."""
    if text.isascii() and text.isprintable():
        return text
    kept = "".join(" " if unicodedata.category(ch) in _DANGEROUS else ch for ch in unicodedata.normalize("NFC", text))
    return " ".join(kept.split()) if kept != text else text


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """The beginning of `text` in at most `width` cells, with `ellipsis` in place of what was left off."""
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room < 0:
        return ellipsis[:width]
    return _head(text, room) + ellipsis


def cut_name(text: str, width: int, ellipsis: str = "…") -> str:
    """A name in at most `width` cells, so that names can still be told apart.

    A domain goes first (`ip-10-0-12-7.ap-nor…`); a name without one, or a longer host, loses its middle, since
    generated names differ at their end.
    """
    if len(text) * 2 <= width or cell_len(text) <= width:
        return text
    host, _dot, domain = text.partition(".")
    if domain and cell_len(host) < width:
        return cut(text, width, ellipsis)
    if domain and cell_len(host) == width:
        return host
    room = width - cell_len(ellipsis)
    if room < 2:
        return cut(host, width, ellipsis)
    tail = _head(host[::-1], room // 2)[::-1]
    return _head(host, room - cell_len(tail)) + ellipsis + tail


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `width` cells, never cut."""
    gap = " " * (width - cell_len(text))
    return gap + text if right else text + gap


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, broken at spaces; a word that is longer than a line is cut through."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        while cell_len(word) > width:
            if line:
                lines.append(line)
                line = ""
            head = _head(word, width) or word[:1]
            lines.append(head)
            word = word[len(head) :]
        joined = f"{line} {word}" if line else word
        if cell_len(joined) <= width:
            line = joined
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line or not lines else lines


def _head(text: str, width: int) -> str:
    taken = 0
    for end, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:end]
    return text
