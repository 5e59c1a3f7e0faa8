"""Amounts of API objects in whole thousandths, as the scheduler reckons with them. Pure."""

from __future__ import annotations

import functools
import math

from kconsole.model.quantities import quantity


@functools.lru_cache(maxsize=1024)
def amount(value: str | int) -> int:
    """The amount in thousandths, rounded up (cpu in millicores); 0 for what is no amount."""
    exact = quantity(value)
    return 0 if exact is None else math.ceil(exact * 1000)
