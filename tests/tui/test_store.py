"""The state behind the table: order, cursor, marks, filter and changes that were asked for."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kconsole.model.nodes import health
from kconsole.model.versions import Version
from kconsole.tui.store import HOLD, NodeStore, Pending
from kconsole.tui.table.filter import parse_filter
from kconsole.tui.table.order import ORDERS, natural
from tests.tui.clusters import NOW, by_name, make_node


def store_of(*names: str) -> NodeStore:
    store = NodeStore(NOW)
    store.apply(by_name(*(make_node(name) for name in names)), (), NOW)
    store.arrange()
    return store


def test_names_are_in_natural_order() -> None:
    assert store_of("w10", "w2", "cp1").order == ["cp1", "w2", "w10"]


def test_trouble_comes_first_by_default_and_names_decide_between_equals() -> None:
    store = NodeStore(NOW)
    nodes = [
        make_node("a"),
        make_node("b", cordoned=True),
        make_node("c", bad=("DiskPressure",)),
        make_node("d", ready="False"),
        make_node("e", ready="Unknown"),
        make_node("f", ready="Unknown"),
    ]
    store.apply(by_name(*nodes), (), NOW)
    store.arrange()
    assert store.order == ["e", "f", "d", "c", "b", "a"]


def test_the_same_order_once_more_turns_round_but_equals_stay_by_name() -> None:
    store = NodeStore(NOW)
    nodes = [make_node("w1", version="v1.33.0"), make_node("w2", version="v1.32.0"), make_node("w3", version="v1.32.0")]
    store.apply(by_name(*nodes), (), NOW)
    store.sort_by(ORDERS["version"])
    assert store.order == ["w2", "w3", "w1"]
    store.sort_by(ORDERS["version"])
    assert store.order == ["w1", "w2", "w3"]


def test_a_change_that_does_not_touch_the_order_asks_for_no_new_one() -> None:
    store = store_of("w1", "w2")
    change = store.apply(by_name(make_node("w1", version="v1.32.0")), (), NOW)
    assert change.rows == {"w1"}
    assert not change.order
    assert not store.due(NOW)


def test_rows_keep_their_places_while_the_cursor_moves() -> None:
    store = store_of("w1", "w2")
    store.move_to(1, NOW)
    store.apply(by_name(make_node("w2", ready="False")), (), NOW)
    assert not store.due(NOW)
    assert store.due(NOW + HOLD)
    store.arrange()
    assert store.order == ["w2", "w1"]
    assert store.cursor == "w2"


def test_once_all_nodes_are_listed_rows_are_put_in_order_at_most_once_a_second() -> None:
    store = store_of("w1", "w2")
    store.apply(by_name(make_node("w2", ready="False")), (), NOW)
    assert store.due(NOW)
    store.settled = True
    assert not store.due(NOW)
    assert store.due(NOW + HOLD)


def test_an_unchanged_node_changes_no_row() -> None:
    store = store_of("w1")
    assert not store.apply(by_name(make_node("w1")), (), NOW)


def test_a_deleted_node_loses_its_mark_and_the_cursor_goes_to_its_neighbour() -> None:
    store = store_of("w1", "w2", "w3")
    store.move_to(1, NOW)
    store.toggle_mark()
    assert store.apply({}, ["w2"], NOW).order
    assert store.order == ["w1", "w3"]
    assert store.cursor == "w3"
    assert not store.marks
    store.apply({}, ["w3"], NOW)
    assert store.cursor == "w1"
    store.apply({}, ["w1"], NOW)
    assert store.cursor is None
    assert store.chosen() == ()


def test_cursor_and_marks_survive_a_filter() -> None:
    store = store_of("w1", "w2", "w3")
    store.move_to(2, NOW)
    store.toggle_mark()
    store.filter_by(parse_filter("w1"))
    assert store.order == ["w1"]
    assert store.hidden_marks == {"w3"}
    assert store.chosen() == ("w3",)
    store.filter_by(parse_filter(""))
    assert store.marks == {"w3"}


def test_a_node_that_begins_to_match_the_filter_appears() -> None:
    store = store_of("w1", "w2")
    store.filter_by(parse_filter("notready"))
    assert store.order == []
    store.apply(by_name(make_node("w2", ready="False")), (), NOW)
    assert store.due(NOW)
    store.arrange()
    assert store.order == ["w2"]


def test_an_action_is_about_the_marks_and_else_about_the_cursor() -> None:
    store = store_of("w1", "w2", "w3")
    assert store.chosen() == ("w1",)
    store.move_to(2, NOW)
    store.toggle_mark()
    store.move_to(0, NOW)
    assert store.chosen() == ("w3",)


def test_a_range_goes_from_the_last_mark_to_the_cursor() -> None:
    store = store_of(*(f"w{i}" for i in range(9)))
    store.move_to(8, NOW)
    store.toggle_mark()
    store.move_to(2, NOW)
    store.toggle_mark()
    store.move_to(4, NOW)
    store.mark_range()
    assert store.marks == {"w2", "w3", "w4", "w8"}


def test_a_range_without_any_mark_is_the_node_under_the_cursor() -> None:
    store = store_of("w1", "w2")
    store.move_to(1, NOW)
    store.mark_range()
    assert store.marks == {"w2"}


def test_marking_all_shown_leaves_hidden_nodes_alone_and_twice_is_none() -> None:
    store = store_of("w1", "w2", "x1")
    store.filter_by(parse_filter("w"))
    store.filter_by(parse_filter("w1"))
    store.mark_shown()
    assert store.marks == {"w1"}
    store.mark_shown()
    assert not store.marks


def test_pending_ends_when_the_cluster_shows_it_and_not_before() -> None:
    store = store_of("w1", "w2")
    store.expect(["w1"], Pending("cordoning", unschedulable=True))
    store.apply(by_name(make_node("w1", version="v1.32.0")), (), NOW)
    assert store.pending
    assert store.rows["w1"][2].text == "cordoning"
    store.apply(by_name(make_node("w1", cordoned=True)), (), NOW)
    assert not store.pending
    assert store.rows["w1"][2].text.startswith("cordoned")


def test_giving_up_on_a_change_shows_the_node_as_it_is() -> None:
    store = store_of("w1")
    store.expect(["w1"], Pending("cordoning", unschedulable=True))
    assert store.give_up(["w1"]).rows == {"w1"}
    assert store.rows["w1"][2].text == "schedulable"


def test_time_changes_only_rows_whose_text_changes() -> None:
    store = NodeStore(NOW)
    store.apply(by_name(make_node("w1", created=timedelta(seconds=30)), make_node("w2")), (), NOW)
    store.arrange()
    assert store.tick(store.order, NOW + timedelta(seconds=1)).rows == {"w1"}


def test_learning_the_server_version_marks_skew() -> None:
    store = store_of("w1")
    assert store.know_server(Version(1, 34, 0)).rows == {"w1"}


def test_another_cluster_starts_empty_but_keeps_filter_and_order() -> None:
    store = store_of("w1")
    store.toggle_mark()
    store.filter_by(parse_filter("w"))
    store.clear()
    assert not store.nodes
    assert not store.marks
    assert store.filter.text == "w"


NAMES = st.sampled_from([f"w{i}" for i in range(12)])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), NAMES),
        st.tuples(st.just("lose"), NAMES),
        st.tuples(st.just("gone"), NAMES),
        st.tuples(st.just("mark"), NAMES),
        st.tuples(st.just("go"), NAMES),
        st.tuples(st.just("filter"), st.sampled_from(["", "w1", "!w1", "ready", "unknown"])),
        st.tuples(st.just("sort"), st.sampled_from(sorted(ORDERS))),
        st.tuples(st.just("arrange"), st.just("")),
    ),
    max_size=40,
)


@given(EVENTS)
def test_after_any_history_the_view_is_consistent(events: list[tuple[str, str]]) -> None:
    store = NodeStore(NOW)
    for kind, what in events:
        cursor = store.cursor
        if kind == "add":
            store.apply(by_name(make_node(what)), (), NOW)
        elif kind == "lose":
            store.apply(by_name(make_node(what, ready="Unknown")), (), NOW)
        elif kind == "gone":
            store.apply({}, [what], NOW)
        elif kind == "mark" and store.row_of(what) is not None:
            store.move_to(store.row_of(what) or 0, NOW)
            store.toggle_mark()
        elif kind == "go":
            store.move_to(store.row_of(what) or 0, NOW)
        elif kind == "filter":
            store.filter_by(parse_filter(what))
        elif kind == "sort":
            store.sort_by(ORDERS[what])
        elif kind == "arrange":
            store.arrange()
        if kind in ("add", "lose", "sort", "arrange") and cursor is not None and cursor in store.order:
            assert store.cursor == cursor
        assert store.marks <= store.nodes.keys()
        assert store.unready == {name for name, node in store.nodes.items() if health(node) != "ready"}
        assert len(set(store.order)) == len(store.order)
        assert set(store.order) <= store.nodes.keys()
        assert (store.cursor in store.order) if store.order else store.cursor is None
        if store.order:
            assert store.order[store.cursor_row] == store.cursor
    store.arrange()
    assert set(store.order) == {name for name in store.nodes if store._shown(name)}


@given(st.lists(st.from_regex(r"[a-z]{0,3}[0-9]{0,3}[a-z]{0,2}", fullmatch=True)))
def test_natural_order_is_total(names: list[str]) -> None:
    assert sorted(sorted(names, reverse=True), key=natural) == sorted(names, key=lambda n: natural(n))
