"""Lines of text in tones: what banner, footer, help and pages are made of before anything is drawn.

Plain data, and the few ways to put it together. A tone is a name that the theme colours; it is never the only carrier
of a meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from kconsole.tui.pictures.text import cut, pad, wrap

Piece = tuple[str, str]
"""A text and its tone."""
Line = tuple[Piece, ...]


def width_of(line: Line) -> int:
    """How many cells a line takes."""
    return sum(cell_len(text) for text, _tone in line)


def shorten(line: Line, width: int, ellipsis: str = "…") -> Line:
    """`line` in at most `width` cells."""
    if width_of(line) <= width:
        return line
    kept: list[Piece] = []
    for text, tone in line:
        room = width - width_of(tuple(kept))
        if cell_len(text) > room or (len(kept) < len(line) - 1 and cell_len(text) == room):
            kept.append((cut(text + ellipsis, room, ellipsis), tone))
            break
        kept.append((text, tone))
    return tuple(kept)


def spread(left: Line, right: Line, width: int, ellipsis: str = "…") -> Line:
    """One line with `left` at its beginning and `right` at its end; `left` gives way when both do not fit."""
    room = max(0, width - width_of(right) - 1)
    left = shorten(left, room, ellipsis)
    return (*left, (" " * (width - width_of(left) - width_of(right)), ""), *right)


def paragraph(text: str, width: int, tone: str = "", *, indent: int = 0) -> list[Line]:
    """`text` wrapped to `width`, every line indented."""
    return [((" " * indent, ""), (line, tone)) for line in wrap(text, max(1, width - indent))]


def table(
    rows: Sequence[Sequence[Piece]], width: int, *, indent: int = 2, gap: int = 2, ellipsis: str = "…"
) -> list[Line]:
    """Rows in columns as wide as their contents; the last column takes what is left and is cut."""
    if not rows:
        return []
    sizes = [max(cell_len(row[at][0]) for row in rows) for at in range(len(rows[0]))]
    lines: list[Line] = []
    for row in rows:
        pieces: list[Piece] = [(" " * indent, "")]
        for at, (text, tone) in enumerate(row):
            last = at == len(row) - 1
            pieces.append((text if last else pad(text, sizes[at] + gap), tone))
        lines.append(shorten(tuple(pieces), width, ellipsis))
    return lines
