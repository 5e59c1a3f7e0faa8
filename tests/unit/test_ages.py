"""AGE as kubectl writes it, at each boundary of its rule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.model.ages import age, human_duration
from parts.nodes import NOW

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 365 * 86400}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-3, "<invalid>"),
        (-2, "<invalid>"),
        (-1.9, "0s"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (121, "2m1s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 - 1, "7h59m"),
        (8 * 3600, "8h"),
        (48 * 3600 - 1, "47h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * 86400 - 1, "7d23h"),
        (8 * 86400, "8d"),
        (2 * 365 * 86400 - 1, "729d"),
        (2 * 365 * 86400, "2y"),
        (2 * 365 * 86400 + 86400, "2y1d"),
        (8 * 365 * 86400 - 1, "7y364d"),
        (8 * 365 * 86400, "8y"),
        (30 * 365 * 86400, "30y"),
    ],
)
def test_each_boundary(seconds: float, expected: str) -> None:
    assert human_duration(timedelta(seconds=seconds)) == expected


def test_an_age_that_was_never_said_is_unknown() -> None:
    assert age(None, NOW) == "<unknown>"


@given(st.integers(min_value=0, max_value=20 * 365 * 86400))
def test_what_is_shown_is_never_more_than_what_passed_and_loses_less_than_its_last_unit(seconds: int) -> None:
    text = human_duration(timedelta(seconds=seconds))
    shown, number, last = 0, "", ""
    for character in text:
        if character.isdigit():
            number += character
        else:
            shown, number, last = shown + int(number) * _UNITS[character], "", character
    smallest = {"m": 60, "s": 1, "h": 3600, "d": 86400, "y": 365 * 86400}[last]
    assert shown <= seconds < shown + smallest
