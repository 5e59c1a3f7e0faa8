"""The arithmetic of a rolling update: how far up, how far down, and in what portions.

Pure numbers, as the deployment controller reckons: shares round up for surge and down for what may be missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def share(value: int | str | None, total: int, *, up: bool) -> int:
    """`value` itself, or for `25%` that share of `total`, rounded up or down; 0 for None."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    text = value.strip()
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total / 100
    return math.ceil(exact) if up else math.floor(exact)


def limits(surge: int | str | None, unavailable: int | str | None, replicas: int) -> tuple[int, int]:
    """(maxSurge, maxUnavailable) as numbers; both zero would stand still, so one may then be missing."""
    above = share("25%" if surge is None else surge, replicas, up=True)
    below = share("25%" if unavailable is None else unavailable, replicas, up=False)
    if above == 0 and below == 0:
        below = 1
    return above, min(below, replicas)


def grown(replicas: int, present: int, total: int, surge: int) -> int:
    """How many replicas the new ReplicaSet gets, which has `present` of `total` now."""
    if present >= replicas:
        return replicas
    room = replicas + surge - total
    return present if room <= 0 else present + min(room, replicas - present)


def spare(replicas: int, total: int, unavailable: int, new: int, new_available: int) -> int:
    """How many of the old replicas may go now, ready or not; not above zero when none may."""
    return total - (replicas - unavailable) - (new - new_available)


def shrunk(sizes: Sequence[tuple[int, int]], spared: int, available: int, least: int) -> list[int]:
    """The old ReplicaSets' new sizes, given (size, available) of each, oldest first.

    Those that are not available go first, `spared` in all; then available ones, as long as `least` of `available` stay.
    """
    found, left = [], spared
    for size, healthy in sizes:
        cut = max(0, min(left, size - healthy))
        left -= cut
        found.append(size - cut)
    left = max(0, available - least)
    for place, size in enumerate(found):
        cut = max(0, min(left, size))
        left -= cut
        found[place] = size - cut
    return found


def in_proportion(sizes: Sequence[int], wanted: int) -> list[int]:
    """`sizes` grown or shrunk to `wanted` in all, each by its share; the biggest takes what rounding leaves."""
    total = sum(sizes)
    if total == 0 or not sizes:
        return list(sizes)
    found = [round(size * wanted / total) for size in sizes]
    biggest = found.index(max(found))
    found[biggest] = max(0, found[biggest] + wanted - sum(found))
    return found
