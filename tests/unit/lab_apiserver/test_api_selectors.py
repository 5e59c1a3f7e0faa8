from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.selectors import parse_labels, select
from kconsole.lab.apiserver.status import ApiError

NODES, PODS, EVENTS = RESOURCES["nodes"], RESOURCES["pods"], RESOURCES["events"]
words = st.text("abcxyz019", min_size=1, max_size=8)
labels = st.dictionaries(words, words, max_size=4)


def selected(text: str, of: dict[str, str]) -> bool:
    return select(NODES, text, None)({"metadata": {"labels": of}})


@given(words, words, labels)
def test_equality_selects_exactly_the_objects_with_that_value(key: str, value: str, of: dict[str, str]) -> None:
    assert selected(f"{key}={value}", of) == selected(f"{key}=={value}", of) == (of.get(key) == value)


@given(words, words, labels)
def test_inequality_is_the_opposite_of_equality_also_without_the_label(
    key: str, value: str, of: dict[str, str]
) -> None:
    assert selected(f"{key}!={value}", of) is not selected(f"{key}={value}", of)


@given(words, st.lists(words, min_size=1, max_size=3), labels)
def test_in_and_notin_divide_all_objects(key: str, values: list[str], of: dict[str, str]) -> None:
    listed = ",".join(values)
    assert selected(f"{key} in ({listed})", of) == (of.get(key) in values)
    assert selected(f"{key} notin ({listed})", of) is not selected(f"{key} in ({listed})", of)


@given(words, labels)
def test_a_bare_key_asks_for_presence_and_a_bang_for_absence(key: str, of: dict[str, str]) -> None:
    assert selected(key, of) == (key in of)
    assert selected(f"!{key}", of) == (key not in of)


@given(st.lists(st.tuples(words, words), min_size=1, max_size=3), labels)
def test_a_comma_means_that_all_must_hold(pairs: list[tuple[str, str]], of: dict[str, str]) -> None:
    parts = [f"{key}={value}" for key, value in pairs]
    assert selected(",".join(parts), of) == all(selected(part, of) for part in parts)


@given(st.text(max_size=30))
def test_any_text_is_either_a_selector_or_a_400(text: str) -> None:
    with contextlib.suppress(ApiError):
        parse_labels(text)


@pytest.mark.parametrize(
    "text", ["a=b,", "a in x", "a in (x", "=b", "a=b c=d", "!a=b", "a b", "-a=1", "a=-b", "a>b", ","]
)
def test_broken_label_selectors_are_refused(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        parse_labels(text)
    assert refused.value.code == 400


def test_numbers_compare_as_numbers() -> None:
    assert selected("size>9", {"size": "10"})
    assert not selected("size<9", {"size": "10"})
    assert not selected("size>9", {"size": "large"})


def test_real_keys_with_a_domain_are_understood() -> None:
    text = "kubernetes.io/os in (linux),!node-role.kubernetes.io/control-plane, zone"
    assert selected(text, {"kubernetes.io/os": "linux", "zone": ""})
    assert not selected(text, {"kubernetes.io/os": "linux", "zone": "", "node-role.kubernetes.io/control-plane": ""})


def test_pods_are_selected_by_node_and_phase() -> None:
    pod = {"metadata": {"name": "a"}, "spec": {"nodeName": "w1"}, "status": {"phase": "Running"}}
    assert select(PODS, None, "spec.nodeName=w1,status.phase!=Succeeded,status.phase!=Failed")(pod)
    assert not select(PODS, None, "spec.nodeName==w2")(pod)


def test_a_field_that_is_not_set_has_its_default() -> None:
    node = {"metadata": {"name": "a"}, "spec": {}}
    assert select(NODES, None, "spec.unschedulable=false")(node)
    node["spec"] = {"unschedulable": True}
    assert select(NODES, None, "spec.unschedulable=true")(node)


def test_events_are_selected_by_what_they_are_about() -> None:
    event = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Node", "name": "w1", "uid": "w1"}}
    assert select(EVENTS, None, "involvedObject.uid=w1,involvedObject.kind=Node")(event)


def test_a_field_that_cannot_be_selected_is_a_400_in_the_servers_words() -> None:
    with pytest.raises(ApiError) as refused:
        select(PODS, None, "spec.foo=1")
    assert refused.value.code == 400
    assert str(refused.value) == "field label not supported: spec.foo"
