"""The filter language and the label selector grammar."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.errors import UsageError
from kconsole.tui.table.filter import parse_filter
from kconsole.tui.table.labels import parse_selector

KEYS = st.sampled_from(["app", "zone", "example.com/tier", "kubernetes.io/hostname"])
VALUES = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?", fullmatch=True)
LABELS = st.dictionaries(KEYS, VALUES)


@pytest.mark.parametrize(
    ("selector", "labels", "holds"),
    [
        ("app=web", {"app": "web"}, True),
        ("app==web", {"app": "db"}, False),
        ("app!=web", {}, True),
        ("app", {"app": ""}, True),
        ("!app", {"app": ""}, False),
        ("!app", {}, True),
        ("app in (web, db)", {"app": "db"}, True),
        ("app in (web,db),zone=a", {"app": "db", "zone": "b"}, False),
        ("app notin (web)", {}, True),
        ("app notin (web)", {"app": "web"}, False),
        ("cpus>3", {"cpus": "4"}, True),
        ("cpus < 3", {"cpus": "4"}, False),
        ("cpus>3", {"cpus": "many"}, False),
        ("app=", {"app": ""}, True),
        ("app in (web,)", {"app": ""}, True),
        ("example.com/tier=gold", {"example.com/tier": "gold"}, True),
        ("", {}, True),
    ],
)
def test_a_selector_chooses_what_kubectl_would_choose(selector: str, labels: dict[str, str], holds: bool) -> None:
    assert parse_selector(selector)(labels) is holds


@pytest.mark.parametrize(
    ("selector", "complaint"),
    [
        ("app=web,", "key is missing"),
        ("=web", "cannot be a label's key"),
        ("app in web", "“(” was expected before “web”"),
        ("app in (web", "“)” was expected before “the end”"),
        ("app web", "one of = == != in notin < > was expected, not “web”"),
        ("app=we$b", "“we$b” cannot be a label's value"),
        ("a b=c", "was expected, not “b”"),
        ("cpus>many", "“many” is not a whole number"),
        ("UP_per/x=1", "cannot be a label's key"),
        ("app=" + "x" * 64, "cannot be a label's value"),
    ],
)
def test_a_selector_that_is_none_says_what_is_wrong_with_it(selector: str, complaint: str) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        parse_selector(selector)
    assert complaint in str(caught.value)


@given(LABELS, KEYS, VALUES)
def test_a_requirement_and_its_opposite_never_agree(labels: dict[str, str], key: str, value: str) -> None:
    for one, other in [
        (f"{key}={value}", f"{key}!={value}"),
        (f"{key} in ({value},x)", f"{key} notin ({value},x)"),
        (key, f"!{key}"),
    ]:
        assert parse_selector(one)(labels) is not parse_selector(other)(labels)


@given(LABELS)
def test_the_selector_written_from_labels_chooses_them(labels: dict[str, str]) -> None:
    assert parse_selector(",".join(f"{key}={value}" for key, value in labels.items()))(labels)


@given(st.text(max_size=40))
def test_no_text_makes_the_filter_fail_otherwise_than_by_a_sentence(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse_filter(text).shows("w1\nready", {"app": "web"})


@given(st.text(alphabet="abcw1", min_size=1, max_size=6))
def test_the_inverse_of_a_word_shows_what_the_word_hides(word: str) -> None:
    assert parse_filter(word).shows("w1 abc", {}) is not parse_filter(f"!{word}").shows("w1 abc", {})


def test_words_and_labels_must_all_hold() -> None:
    wanted = parse_filter("w1 !cordoned -l zone in (a, b)")
    assert wanted.shows("w1\nready\nschedulable", {"zone": "a"})
    assert not wanted.shows("w1\nready\nschedulable", {"zone": "c"})
    assert not wanted.shows("w1\nready\ncordoned 3h", {"zone": "a"})
    assert not wanted.shows("w2\nready", {"zone": "a"})


def test_an_inverse_selector_shows_the_other_nodes() -> None:
    wanted = parse_filter("!-l zone=a")
    assert not wanted.shows("", {"zone": "a"})
    assert wanted.shows("", {"zone": "b"})


def test_case_does_not_matter_in_words() -> None:
    assert parse_filter("READY").shows("w1\nready", {})


def test_a_word_with_a_dash_is_no_label_selector() -> None:
    assert parse_filter("node-large").shows("node-large-1", {})


@pytest.mark.parametrize("text", ["-l", "!", "web -l  ", "w1 !"])
def test_an_unfinished_filter_says_what_is_expected(text: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        parse_filter(text)


def test_the_empty_filter_shows_everything() -> None:
    assert not parse_filter("  ")
    assert parse_filter("  ").shows("", {})
