"""Amounts as API objects write them: `250m`, `512Mi`, `1.5`, `2e3`. Pure."""

from __future__ import annotations

import functools
from decimal import Decimal, InvalidOperation

_SUFFIXES = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    **{letter: Decimal(10) ** (3 * place) for place, letter in enumerate("MGTPE", 2)},
    **{f"{letter}i": Decimal(1024) ** place for place, letter in enumerate("KMGTPE", 1)},
}


@functools.lru_cache(maxsize=1024)
def thousandths(text: str) -> int:
    """The amount in thousandths, rounded up (cpu in millicores); 0 for what is no amount."""
    text = text.strip()
    for size in (2, 1):
        if text[-size:] in _SUFFIXES:
            number, factor = text[:-size], _SUFFIXES[text[-size:]]
            break
    else:
        number, factor = text, Decimal(1)
    try:
        exact = Decimal(number) * factor * 1000
    except InvalidOperation:
        return 0
    return -int(-exact // 1)


def amount(value: object) -> int:
    """As `thousandths`, of a value that may be a number."""
    return thousandths(str(value))
