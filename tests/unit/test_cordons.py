"""Whose cordon it is: a note counts only for the cordon it was written with."""

from __future__ import annotations

from datetime import timedelta

from kconsole.model.cordons import Cordon, cordon_of, note
from parts.nodes import NOW, node

MINUTE = timedelta(minutes=1)


def test_a_schedulable_node_has_no_cordon_even_with_an_old_note() -> None:
    assert cordon_of(node(annotations=note("jane@bastion", NOW, "disk"))) is None


def test_a_noted_cordon_shows_who_why_and_since_when() -> None:
    noted = node(cordoned=True, annotations=note("jane@bastion", NOW - 10 * MINUTE, "disk"), tainted_ago=10 * MINUTE)
    assert cordon_of(noted) == Cordon("jane@bastion", "disk", NOW - 10 * MINUTE)


def test_a_note_counts_before_the_controller_has_added_the_taint() -> None:
    assert cordon_of(node(cordoned=True, annotations=note("jane@bastion", NOW, None))) == Cordon(
        "jane@bastion", None, NOW
    )


def test_a_later_cordon_made_elsewhere_never_shows_the_old_reason() -> None:
    stale = node(cordoned=True, annotations=note("jane@bastion", NOW - 60 * MINUTE, "disk"), tainted_ago=5 * MINUTE)
    assert cordon_of(stale) == Cordon(since=NOW - 5 * MINUTE)


def test_a_note_newer_than_the_taint_is_not_about_this_cordon_either() -> None:
    odd = node(cordoned=True, annotations=note("jane@bastion", NOW, "disk"), tainted_ago=60 * MINUTE)
    assert cordon_of(odd) == Cordon(since=NOW - 60 * MINUTE)


def test_a_cordon_made_elsewhere_shows_its_time_from_the_taint() -> None:
    assert cordon_of(node(cordoned=True, tainted_ago=3 * MINUTE)) == Cordon(since=NOW - 3 * MINUTE)


def test_a_garbled_note_is_no_note() -> None:
    garbled = node(cordoned=True, annotations={"kconsole.io/cordon-at": "yesterday", "kconsole.io/cordon-by": "x"})
    assert cordon_of(garbled) == Cordon()
