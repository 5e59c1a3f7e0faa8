"""Times as API objects write them."""

from __future__ import annotations

import datetime as dt
import functools


@functools.lru_cache(maxsize=8)  # one object has the same moment in many fields
def stamp(moment: dt.datetime) -> str:
    """To the second, as most fields are: `2026-05-04T08:12:11Z`."""
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(moment: dt.datetime) -> str:
    """To the microsecond, as leases are: `2026-05-04T08:12:11.123456Z`."""
    return moment.astimezone(dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
