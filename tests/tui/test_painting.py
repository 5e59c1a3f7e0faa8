"""What is painted, and what is not: the structure on which speed rests, without a stopwatch."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from kconsole.errors import KconsoleError
from kconsole.model.nodes import Node
from kconsole.tui import terminal
from kconsole.tui.pod_counts import PodCounts
from kconsole.tui.store import HOLD, Change
from kconsole.tui.widgets.line_table import LineTable
from tests.tui.clusters import Clock, FakeCluster, console_on, make_node, until, until_text

SIZE = (80, 24)


class Painted:
    """Counts the lines that the table is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: list[int] = []
        real = LineTable.render_line

        def counted(table: LineTable, y: int) -> Any:
            self.lines.append(y)
            return real(table, y)

        monkeypatch.setattr(LineTable, "render_line", counted)


async def settled(painted: Painted) -> None:
    """Wait until nothing more is painted, and begin to count."""
    await quiet(painted)
    painted.lines.clear()


async def quiet(painted: Painted) -> None:
    """Wait until nothing more is painted."""
    seen = -1
    while seen != len(painted.lines):
        seen = len(painted.lines)
        await asyncio.sleep(0.15)


def many(count: int) -> list[Node]:
    return [make_node(f"w{i:04}") for i in range(count)]


async def test_a_changed_row_paints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = Painted(monkeypatch)
    cluster = FakeCluster(*many(500))
    console = console_on(cluster, pods_every=0)
    async with console.run_test(size=SIZE):
        await until_text(console, "w0005")
        await settled(painted)
        cluster.tell(make_node("w0005", version="v1.33.5"))
        await until_text(console, "v1.33.5")
        assert painted.lines == [6]


async def test_a_change_out_of_sight_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = Painted(monkeypatch)
    cluster = FakeCluster(*many(500))
    console = console_on(cluster, pods_every=0)
    async with console.run_test(size=SIZE):
        await until_text(console, "w0005")
        await settled(painted)
        cluster.tell(make_node("w0400", version="v1.33.5"))
        await until(console, lambda: console.store.nodes["w0400"].info.kubelet_version == "v1.33.5")
        await quiet(painted)
        assert painted.lines == []


async def test_moving_the_cursor_paints_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = Painted(monkeypatch)
    console = console_on(FakeCluster(*many(500)), pods_every=0)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w0005")
        await settled(painted)
        await pilot.press("down")
        assert sorted(set(painted.lines)) == [1, 2]


async def test_a_row_that_goes_elsewhere_paints_only_the_lines_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = Painted(monkeypatch)
    clock = Clock()
    cluster = FakeCluster(*many(500))
    console = console_on(cluster, clock=clock, pods_every=0)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w0005")
        await pilot.press("down", "down", "down")
        await settled(painted)
        clock.pass_by(HOLD)
        cluster.tell(make_node("w0002", cordoned=True))
        await until(console, lambda: console.store.order[0] == "w0002")
        await quiet(painted)
        assert set(painted.lines) == {1, 2, 3}


async def test_a_second_in_which_no_text_changes_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = Painted(monkeypatch)
    clock = Clock()
    console = console_on(FakeCluster(*many(500)), clock=clock, pods_every=0)
    async with console.run_test(size=SIZE):
        await until_text(console, "w0005")
        await settled(painted)
        clock.pass_by(timedelta(seconds=5))
        for _second in range(10):
            console.nodes_screen.tick()
        await quiet(painted)
        assert painted.lines == []


async def test_nothing_is_painted_while_the_terminal_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FakeCluster(*many(3))
    console = console_on(cluster, pods_every=0)
    async with console.run_test(size=SIZE):
        await until_text(console, "w0002")
        shown: list[Change] = []
        monkeypatch.setattr(console.nodes_screen.table, "show", shown.append)
        busy = SimpleNamespace(_writer_thread=SimpleNamespace(_queue=SimpleNamespace(qsize=lambda: 9)))
        monkeypatch.setattr("kconsole.tui.screens.nodes.is_busy", lambda _driver: terminal.is_busy(busy))
        cluster.tell(make_node("w0001", version="v1.33.5"))
        await until(console, lambda: console.store.nodes["w0001"].info.kubelet_version == "v1.33.5")
        assert not shown
        monkeypatch.setattr("kconsole.tui.screens.nodes.is_busy", lambda _driver: False)
        console.nodes_screen.flush()
        assert [change.rows for change in shown] == [frozenset({"w0001"})]


def test_a_driver_without_a_queue_is_never_busy() -> None:
    assert not terminal.is_busy(None)
    assert not terminal.is_busy(object())


def test_over_ssh_it_is_painted_four_times_a_second_unless_set_otherwise() -> None:
    assert terminal.paints_per_second(0, {}) == 10
    assert terminal.paints_per_second(0, {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) == 4
    assert terminal.paints_per_second(7, {"SSH_CONNECTION": "x"}) == 7


def test_a_pipe_whose_other_end_was_closed_is_gone() -> None:
    reading, writing = os.pipe()
    try:
        assert not terminal.is_gone(reading)
        os.close(writing)
        assert terminal.is_gone(reading)
    finally:
        os.close(reading)
    assert terminal.is_gone(reading)


# --- counting pods


class Counting:
    """Counts as the test lets it, and remembers how many ran at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.asked: list[str] = []
        self.go = asyncio.Event()

    async def __call__(self, node: Node) -> int:
        self.asked.append(node.name)
        self.running += 1
        self.most = max(self.most, self.running)
        await self.go.wait()
        self.running -= 1
        if node.name == "w0001":
            raise KconsoleError("forbidden")
        return 7


async def test_pods_are_counted_for_nodes_in_view_only_a_few_at_a_time_and_not_again_before_it_is_due() -> None:
    nodes = many(10)
    told: dict[str, int | None] = {}
    count = Counting()

    def tell(counts: Mapping[str, int | None]) -> None:
        told.update(counts)

    def in_view() -> Sequence[Node]:
        return nodes

    counts = PodCounts(count, in_view, tell, every=1000)
    task = asyncio.create_task(counts.run())
    try:
        while len(count.asked) < 4:
            await asyncio.sleep(0)
        count.go.set()
        while len(told) < 10:
            await asyncio.sleep(0)
        assert count.most == 4
        assert told == {node.name: None if node.name == "w0001" else 7 for node in nodes}
        nodes.append(make_node("new"))
        counts.look_again()
        while "new" not in told:
            await asyncio.sleep(0.01)
        assert len(count.asked) == 11
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_no_pods_are_counted_out_of_sight_or_without_a_connection() -> None:
    cluster = FakeCluster(*many(100))
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w0005")
        assert len(console._in_view()) == 20
        await pilot.press("question_mark")
        assert console._in_view() == []
        await pilot.press("escape")
        cluster.tell_link("reconnecting")
        await until_text(console, "reconnecting")
        assert console._in_view() == []


async def test_pods_that_could_not_be_counted_show_no_old_number() -> None:
    console = console_on(FakeCluster(make_node("w1")), pods_every=0)
    async with console.run_test(size=SIZE):
        await until_text(console, "–/110")
        console.show(console.store.count_pods({"w1": 5}, console.now()))
        await until_text(console, "5/110")
        console.show(console.store.count_pods({"w1": None}, console.now()))
        await until_text(console, "–/110")
