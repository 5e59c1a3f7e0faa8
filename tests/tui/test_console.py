"""The console as a person meets it: what the screen shows, and what keys do to the table."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kconsole.errors import KconsoleError
from kconsole.model.nodes import Node
from kconsole.settings import state_folder
from kconsole.tui.screens.no_cluster import NoCluster
from kconsole.tui.store import HOLD
from tests.tui.clusters import (
    Clock,
    FakeCluster,
    console_on,
    cordon_note,
    make_node,
    screen_lines,
    screen_text,
    until,
    until_text,
)

SIZE = (80, 24)


def some_nodes() -> list[Node]:
    return [
        make_node("cp1", roles=("control-plane",)),
        make_node("w1", cordoned=True, annotations=cordon_note()),
        make_node("w2", ready="Unknown", since=timedelta(minutes=12)),
        make_node("w3", bad=("MemoryPressure",), version="v1.32.1"),
    ]


async def test_eighty_columns_show_trouble_first_and_who_where_and_how_fresh() -> None:
    console = console_on(FakeCluster(*some_nodes(), context="lab", lab=True))
    async with console.run_test(size=SIZE):
        await until_text(console, "3/110")
        await until_text(console, "user kim")
        lines = screen_lines(console)
    assert lines[:7] == [
        " LAB  lab  Kubernetes v1.33.4  user kim                                    live",
        " 4 nodes  1 not ready  1 cordoned                          order: trouble first",
        "  NAME     STATUS ▼             SCHEDULING       ROLES   VERSION     PODS   AGE",
        "  w2       Unknown 12m          schedulable      <none>  v1.33.4    2/110    3d",
        "  w3       Ready MemoryPressure schedulable      <none>  v1.32.1 ↓1 2/110    3d",
        "  w1       Ready                cordoned 3h kim… <none>  v1.33.4    2/110    3d",
        "  cp1      Ready                schedulable      contro… v1.33.4    3/110    3d",
    ]
    assert lines[-1] == " c cordon  u uncordon  space mark  / filter  enter node  : menu  ? help  q quit"
    assert all(len(line) <= 80 for line in lines)


async def test_a_wide_terminal_shows_more_columns_and_whole_reasons() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=(200, 48)):
        await until_text(console, "containerd://1.7.27")
        shown = screen_text(console)
    assert "cordoned 3h kim@bastion: disk swap" in shown
    assert "MemoryPressure 20m" in shown
    assert "Ubuntu 24.04.2 LTS" in shown
    assert "6.8.0-60-generic" in shown


async def test_w_shows_all_columns_and_the_name_stays_while_the_rest_moves() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        assert "RUNTIME" not in screen_text(console)
        await pilot.press("w")
        for _ in range(20):
            await pilot.press("right")
        await until_text(console, "RUNTIME")
        assert any(line.startswith("  w3 ") for line in screen_lines(console))
        await pilot.press("w")
        await until(console, lambda: "RUNTIME" not in screen_text(console))


async def test_a_change_seen_by_the_watch_is_shown() -> None:
    clock = Clock()
    cluster = FakeCluster(*some_nodes())
    console = console_on(cluster, clock=clock)
    async with console.run_test(size=SIZE):
        await until_text(console, "w3")
        clock.pass_by(HOLD)
        cluster.tell(make_node("w9"))
        await until_text(console, "w9")
        cluster.tell(gone=["w9"])
        await until(console, lambda: "w9" not in screen_text(console))


async def test_marks_cursor_and_filter_survive_a_lost_connection() -> None:
    clock = Clock()
    cluster = FakeCluster(*some_nodes())
    console = console_on(cluster, clock=clock)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("end", "up", "space", "slash", *"w", "enter")
        cursor = console.store.cursor
        cluster.tell_link("reconnecting", "The API server does not answer.")
        await until_text(console, "reconnecting")
        await until_text(console, "The API server does not answer.")
        clock.pass_by(timedelta(seconds=42))
        cluster.tell_link("stale", "The API server does not answer.")
        await until_text(console, "stale 42s")
        cluster.tell_link("live")
        cluster.tell(*some_nodes())
        await until(console, lambda: "does not answer" not in screen_text(console))
        assert console.store.marks == {"w1"}
        assert console.store.cursor == cursor
        assert "filter w: 3 shown" in screen_text(console)


async def test_durations_go_on_without_news_by_the_second_in_trouble_and_slower_for_ages() -> None:
    clock = Clock()
    lost = make_node("w1", ready="Unknown", since=timedelta(seconds=30))
    console = console_on(FakeCluster(lost, make_node("w2", created=timedelta(seconds=10))), clock=clock)
    async with console.run_test(size=SIZE):
        await until_text(console, "Unknown 30s")
        clock.pass_by(timedelta(seconds=7))
        console.nodes_screen.tick()
        await until_text(console, "Unknown 37s")
        for _second in range(10):
            console.nodes_screen.tick()
        await until_text(console, "17s")


async def test_the_filter_is_applied_while_typed_explained_when_unreadable_and_cleared_by_escape() -> None:
    console = console_on(FakeCluster(*some_nodes(), make_node("x1", labels={"zone": "a"})))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "x1")
        await pilot.press("slash", *"x1")
        await until_text(console, "filter x1: 1 shown")
        await pilot.press("escape")
        await until(console, lambda: len(console.store.order) == 5)
        await pilot.press("slash", *"-l zone in")
        await until_text(console, "“(” was expected before “the end”")
        await pilot.press(*" (a)", "enter")
        await until_text(console, "filter -l zone in (a): 1 shown")
        assert console.store.order == ["x1"]
        await pilot.press("escape")
        await until(console, lambda: len(console.store.order) == 5)
        assert "filter -l" not in screen_text(console)


async def test_a_filter_without_matches_says_how_to_clear_it() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("slash", *"zzz", "enter")
        await until_text(console, "No node matches the filter “zzz”. esc clears it.")


async def test_marks_by_space_range_all_and_clear() -> None:
    console = console_on(FakeCluster(*(make_node(f"w{i}") for i in range(6))))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w5")
        await pilot.press("space", "down", "down", "v")
        assert console.store.marks == {"w0", "w1", "w2"}
        await until_text(console, "3 marked")
        await pilot.press("a")
        assert len(console.store.marks) == 6
        await pilot.press("ctrl+backslash")
        assert not console.store.marks
        await pilot.press("end", "ctrl+@")
        assert console.store.marks == {"w5"}


async def test_a_korean_layout_reaches_the_same_keys_but_types_hangul_into_the_filter() -> None:
    console = console_on(FakeCluster(*(make_node(f"w{i}") for i in range(6))))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w5")
        await pilot.press("ㅓ", "ㅓ", "ㅏ")
        assert console.store.cursor == "w1"
        await pilot.press("ㅁ")
        assert len(console.store.marks) == 6
        await pilot.press("ㅊ")
        await until_text(console, "Cordon 6 nodes in prod?")
        await pilot.press("ㅜ")
        await until(console, lambda: console.nodes_screen.is_active)
        await pilot.press("slash", "ㅓ", "ㅊ")
        await until_text(console, "filter ㅓㅊ: 0 shown")


async def test_tab_does_not_take_the_keys_from_the_table() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("tab", "tab", "shift+tab", "end")
        assert console.focused is console.nodes_screen.table
        assert console.store.cursor == console.store.order[-1]


async def test_orders_by_shifted_letter_and_from_the_menu() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("N")
        assert console.store.order == ["cp1", "w1", "w2", "w3"]
        await pilot.press("N")
        assert console.store.order == ["w3", "w2", "w1", "cp1"]
        await pilot.press("o")
        await until_text(console, "Order of the nodes")
        await pilot.press(*"cordoned", "enter")
        await until(console, lambda: console.store.order[0] == "w1")


async def test_text_from_outside_is_shown_as_it_is_and_never_interpreted() -> None:
    reason = "[bold]x[/] \x1b[31mred\x07"
    console = console_on(
        FakeCluster(make_node("w1", cordoned=True, annotations=cordon_note(by="[u]k[/u]", reason=reason)))
    )
    async with console.run_test(size=(160, 24)) as pilot:
        await until_text(console, "[u]k[/u]: [bold]x[/] [31mred")
        await pilot.press("u")
        await until_text(console, "[u]k[/u]: [bold]x[/] [31mred")


async def test_a_cluster_that_cannot_be_opened_says_why_and_can_be_tried_again() -> None:
    problem = KconsoleError("There is no kubeconfig at /nowhere. Name one with --kubeconfig.")
    console = console_on(problem, FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "There is no kubeconfig at /nowhere.")
        await until_text(console, "c choose another context")
        await pilot.press("enter")
        await until_text(console, "w3")
        assert console.nodes_screen.is_active


async def test_another_context_can_be_chosen_when_one_cannot_be_opened() -> None:
    console = console_on(KconsoleError("The token has expired."), FakeCluster(make_node("w77"), context="lab"))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "The token has expired.")
        await pilot.press("ㅊ")
        await until_text(console, "Contexts")
        await pilot.press(*"lab", "enter")
        await until_text(console, "w77")


async def test_leaving_without_ever_having_seen_the_cluster_is_a_failure() -> None:
    console = console_on(KconsoleError("The token has expired."))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "The token has expired.")
        await pilot.press("q")
        await until(console, lambda: not console.is_running)
    assert console.return_code == 1


async def test_an_error_of_our_own_is_a_sentence_on_the_screen_and_a_traceback_in_a_file() -> None:
    cluster = FakeCluster(*some_nodes())

    async def broken(node: Node) -> int:
        raise RuntimeError("unforeseen")

    cluster.pod_count = broken  # type: ignore[method-assign]
    console = console_on(cluster)
    async with console.run_test(size=SIZE):
        await until_text(console, "An error of kconsole itself: RuntimeError.")
        assert "Traceback" not in screen_text(console)
    assert "unforeseen" in (state_folder() / "errors.log").read_text()


async def test_a_cluster_never_reached_says_why_until_it_answers_by_itself() -> None:
    cluster = FakeCluster()
    console = console_on(cluster)
    async with console.run_test(size=SIZE):
        cluster.tell_link("connecting", "10.0.0.1:6443 refuses connections.", complete=False)
        await until(console, lambda: isinstance(console.screen, NoCluster))
        await until_text(console, "10.0.0.1:6443 refuses connections.")
        cluster.tell_link("live")
        cluster.tell(make_node("w1"))
        await until_text(console, "w1")
        assert console.nodes_screen.is_active


async def test_q_leaves() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("q")
        await until(console, lambda: not console.is_running)
    assert console.return_code == 0


async def test_leaving_closes_the_cluster() -> None:
    cluster = FakeCluster(*some_nodes())
    console = console_on(cluster)
    async with console.run_test(size=SIZE):
        await until_text(console, "w3")
    assert cluster.closed


async def test_the_palette_changes_the_context_and_keeps_the_filter() -> None:
    first, second = FakeCluster(*some_nodes()), FakeCluster(make_node("w77"), context="lab", lab=True)
    console = console_on(first, second)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("slash", *"w", "enter", "colon")
        await until_text(console, "Commands")
        await pilot.press(*"context lab", "enter")
        await until_text(console, "w77")
        assert "w3" not in screen_text(console)
        assert "filter w: 1 shown" in screen_text(console)
    assert first.closed


async def test_the_palette_reaches_what_needs_a_shifted_letter() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("ctrl+p", *"order by name", "enter")
        await until(console, lambda: console.store.order == ["cp1", "w1", "w2", "w3"])


async def test_the_node_page_shows_the_node_and_escape_returns_to_it() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("down", "enter")
        await until_text(console, "Conditions")
        await until_text(console, "MemoryPressure  True")
        await pilot.press("escape")
        await until(console, lambda: console.nodes_screen.is_active)
        assert console.store.cursor == "w3"


async def test_a_node_page_that_cannot_be_read_says_why() -> None:
    cluster = FakeCluster(*some_nodes())
    cluster.page = KconsoleError('nodes "w2" is forbidden')
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("enter")
        await until_text(console, 'nodes "w2" is forbidden')


async def test_the_first_frame_does_not_wait_for_the_cluster() -> None:
    console = console_on(FakeCluster(*some_nodes()))
    opened = asyncio.Event()
    real = console._opener

    async def slow(context: str | None, suspend: object) -> object:
        await opened.wait()
        return await real(context, suspend)  # type: ignore[arg-type]

    console._opener = slow  # type: ignore[assignment]
    async with console.run_test(size=SIZE):
        await until_text(console, "Connecting …")
        await until_text(console, "c cordon")
        opened.set()
        await until_text(console, "w3")


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (60, 20), (40, 10)])
async def test_no_size_is_too_small_to_draw(size: tuple[int, int]) -> None:
    console = console_on(FakeCluster(*some_nodes()))
    async with console.run_test(size=size) as pilot:
        await until_text(console, "w3")
        for key in ("c", "escape", "question_mark", "escape", "colon", "escape", "enter", "escape", "w"):
            await pilot.press(key)
        assert all(len(line) <= size[0] for line in screen_lines(console))
