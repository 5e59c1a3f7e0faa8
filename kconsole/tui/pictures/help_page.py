"""The help of a screen, made from the table of keys: one page at 80×24.

Keys in, lines out; pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from kconsole.i18n import _
from kconsole.tui.keys import Key, all_shown
from kconsole.tui.pictures.glyphs import Glyphs
from kconsole.tui.pictures.lines import Line, paragraph, width_of
from kconsole.tui.pictures.text import pad, wrap

_KEYS = 13
"""Cells for the keys of an entry."""


def help_lines(keys: Sequence[Key], signs: Glyphs | None, width: int) -> list[Line]:
    """Two columns of keys; with `signs`, what the signs in the table mean."""
    column = (width - 2) // 2
    half = (len(keys) + 1) // 2
    left = [line for key in keys[:half] for line in _entry(key, column)]
    right = [line for key in keys[half:] for line in _entry(key, column)]
    lines: list[Line] = [
        (*one, (" " * (column + 2 - width_of(one)), ""), *other)
        for one, other in zip_longest(left, right, fillvalue=())
    ]
    if signs is not None:
        lines += [(), *_legend(signs, width)]
    return lines


def _entry(key: Key, width: int) -> list[Line]:
    texts = wrap(_(key.help), width - _KEYS)
    names = [all_shown(key), *[""] * (len(texts) - 1)]
    return [((pad(name, _KEYS), "key"), (text, "")) for name, text in zip(names, texts, strict=True)]


def _legend(signs: Glyphs, width: int) -> list[Line]:
    says = _(
        "{mark} marked · {pending} asked for, not yet seen · version {older}1: one minor behind the API server · "
        "{older}3!: the oldest it supports · {illegal}: not supported · Unknown: the kubelet fell silent"
    )
    text = says.format(mark=signs.mark, pending=signs.pending, older=signs.older, illegal=signs.illegal)
    return paragraph(text.replace("·", signs.dot), width, "muted")
