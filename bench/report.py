"""Figures side by side, and the ratio between each and what it is named against."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def median(values: Sequence[float]) -> float:
    """The middle value: these machines are noisy, and the best run proves nothing."""
    return statistics.median(values)


def heading(title: str, about: str) -> None:
    """A section of the report."""
    print(f"\n## {title}\n{about}\n", flush=True)


def row(
    name: str, ours: float | None, unit: str, *, against: str = "", theirs: float | None = None, aim: str = ""
) -> None:
    """One figure; with something it is compared to, both and their ratio."""
    shown = "–" if ours is None else f"{ours:,.3g} {unit}" if ours < 1000 else f"{ours:,.0f} {unit}"
    line = f"{name:<52} {shown:>16}"
    if theirs is not None and ours is not None:
        other = f"{theirs:,.3g} {unit}" if theirs < 1000 else f"{theirs:,.0f} {unit}"
        line += f"   {against}: {other:>14}   ratio {ours / theirs:,.2f}"
    if aim:
        line += f"   (aim: {aim})"
    print(line, flush=True)
