"""How long ago, written as kubectl writes it.

Seconds in, text out. Source: apimachinery's util/duration; facts measured against kubectl.
"""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def _pair(seconds: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % big // small
    return f"{seconds // big}{big_unit}" + (f"{rest}{small_unit}" if rest else "")


def human_duration(elapsed: timedelta) -> str:
    """`elapsed` as kubectl's AGE column shows it: at most two units, the second dropped when it is zero.

    Up to two seconds in the future is `0s` (clocks differ); further ahead is `<invalid>`.
    """
    if elapsed <= timedelta(seconds=-2):
        return "<invalid>"
    seconds = max(0, int(elapsed.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 10 * _MINUTE:
        return _pair(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _pair(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    if seconds < 8 * _DAY:
        return _pair(seconds, _DAY, "d", _HOUR, "h")
    if seconds < 2 * _YEAR:
        return f"{seconds // _DAY}d"
    if seconds < 8 * _YEAR:
        return _pair(seconds, _YEAR, "y", _DAY, "d")
    return f"{seconds // _YEAR}y"


def age(since: datetime | None, now: datetime) -> str:
    """The age of something created at `since`, `<unknown>` when it was never said. Both times are aware."""
    return "<unknown>" if since is None else human_duration(now - since)
