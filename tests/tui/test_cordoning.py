"""Cordon and uncordon from the console: consent, the pending mark, failures, and what may not be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from kconsole.model.nodes import Node
from kconsole.run.journal import read_journal
from kconsole.settings import operations_folder
from kconsole.tui.app import Console
from tests.tui.clusters import Clock, FakeCluster, console_on, make_node, screen_lines, screen_text, until, until_text

SIZE = (80, 24)


def three(**kwargs: Any) -> FakeCluster:
    return FakeCluster(*(make_node(f"w{i}") for i in (1, 2, 3)), **kwargs)


async def confirmed(console: Console, pilot: Pilot[int], *keys: str) -> None:
    await until_text(console, "w3")
    await pilot.press(*keys)
    await until_text(console, "[ y ")
    await pilot.press("y")


async def test_a_confirmed_cordon_is_pending_until_the_watch_shows_it() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await confirmed(console, pilot, "down", "c")
        await until(console, lambda: [name for name, _ in cluster.writer.patched] == ["w2"])
        await until(console, lambda: console.facts.operation is None)
        await until_text(console, "» w2")
        assert "cordoning" in screen_text(console)
        assert "cordoned" not in screen_text(console)
        cluster.tell_truth("w2")
        await until_text(console, "cordoned 0s")
        assert "»" not in screen_text(console)


async def test_the_reason_goes_with_the_patch_and_the_plan_into_the_journal() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "Reason")
        console.screen.query_one(Input).focus()
        await pilot.press(*"disk", "enter")
        assert not cluster.writer.patched
        await pilot.press("enter")
        await until(console, lambda: bool(cluster.writer.patched))
        await until(console, lambda: console.facts.operation is None)
    assert cluster.writer.patched[0][1]["metadata"]["annotations"]["kconsole.io/cordon-reason"] == "disk"
    (path,) = Path(operations_folder()).glob("*.jsonl")
    assert read_journal(path).opening.plan.steps[0].reason == "disk"


async def test_cancel_has_the_focus_and_the_opening_key_does_not_confirm() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "Cordon 1 node in prod?")
        assert isinstance(console.focused, Button)
        assert console.focused.id == "cancel"
        await pilot.press("c", "c")
        assert "Cordon 1 node in prod?" in screen_text(console)
        await pilot.press("enter")
        await until(console, lambda: console.nodes_screen.is_active)
    assert not cluster.writer.patched
    assert not cluster.worlds


@pytest.mark.parametrize("key", ["tab", "r", "ㄱ"])
async def test_what_is_typed_behind_tab_is_a_reason_and_not_a_consent(key: str) -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "[ y cordon ]")
        await pilot.press(key, *"battery")
        assert "battery" in screen_text(console)
        await pilot.press("enter", "enter")
        await until(console, lambda: bool(cluster.writer.patched))
        await until(console, lambda: console.facts.operation is None)
    assert cluster.writer.patched[0][1]["metadata"]["annotations"]["kconsole.io/cordon-reason"] == "battery"


@pytest.mark.parametrize("key", ["escape", "n", "ㅜ"])
async def test_nothing_happens_when_it_is_not_confirmed(key: str) -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "[ y cordon ]")
        await pilot.press(key)
        await until(console, lambda: console.nodes_screen.is_active)
    assert not cluster.worlds


async def test_the_question_names_every_node_those_out_of_sight_and_those_already_so_and_the_kubectl_line() -> None:
    cluster = FakeCluster(make_node("w1"), make_node("w2", cordoned=True), make_node("x1"))
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "x1")
        await pilot.press("a", "slash", *"x1", "enter", "c")
        await until_text(console, "Cordon 2 nodes in prod?")
        lines = [line.strip("│ ") for line in screen_lines(console)]
        assert "x1  schedulable → cordoned" in lines
        assert "w1  schedulable → cordoned  hidden by the filter" in lines
        assert "w2  already cordoned" in lines
        assert "kubectl --context prod cordon x1 w1" in lines


async def test_a_warning_of_the_plan_is_shown_before_anything_happens() -> None:
    console = console_on(FakeCluster(make_node("w1")))
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w1")
        await pilot.press("c")
        await until_text(console, "WARNING  No Ready node would be left")


async def test_a_refused_cordon_is_told_in_the_apis_own_words_until_dismissed_and_never_shown_as_done() -> None:
    cluster = three()
    words = 'nodes "w1" is forbidden: User "kim" cannot patch resource "nodes" in API group "" at the cluster scope'
    cluster.writer.refuse["w1"] = words
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await confirmed(console, pilot, "space", "down", "space", "c")
        await until_text(console, "w1: cordon failed:")
        said = " ".join(line.strip() for line in screen_lines(console))
        assert words in said
        assert not console.store.pending.keys() & {"w1"}
        cluster.tell_truth("w1", "w2")
        await until_text(console, "cordoned")
        assert "w1: cordon failed:" in screen_text(console)
        assert "schedulable" in next(line for line in screen_lines(console) if line.startswith("✓ w1"))
        await pilot.press("escape")
        await until(console, lambda: "cordon failed" not in screen_text(console))
        await pilot.press("m")
        await until_text(console, "w1: cordon failed:")


async def test_a_plan_that_changed_while_it_was_open_is_shown_again_with_the_difference() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("space", "down", "space", "c")
        await until_text(console, "Cordon 2 nodes in prod?")
        cluster.tell(make_node("w2", cordoned=True))
        await until(console, lambda: console.store.nodes["w2"].unschedulable)
        await pilot.press("y")
        await until_text(console, "The cluster changed while this was open (no longer to do: w2)")
        await until_text(console, "Cordon 1 node in prod?")
        assert not cluster.worlds
        await pilot.press("y")
        await until(console, lambda: [name for name, _ in cluster.writer.patched] == ["w1"])


async def test_a_node_that_was_replaced_while_the_question_was_open_is_asked_about_again() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "[ y cordon ]")
        cluster.tell(make_node("w1", uid="another"))
        await until(console, lambda: console.store.nodes["w1"].metadata.uid == "another")
        await pilot.press("y")
        await until_text(console, "another machine by the same name:")
        assert not cluster.worlds


async def test_the_table_stands_still_under_a_question_and_catches_up_after_it() -> None:
    cluster = three()
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "w3")
        await pilot.press("c")
        await until_text(console, "[ y cordon ]")
        painted: list[Any] = []
        console.nodes_screen.table.show = painted.append  # type: ignore[method-assign]
        cluster.tell(make_node("w3", ready="False", since=timedelta(minutes=1)))
        await until(console, lambda: "NotReady 60s" in console.store.rows["w3"][1].text)
        assert not painted
        del console.nodes_screen.table.show
        await pilot.press("escape")
        await until_text(console, "NotReady 60s")


async def test_without_permission_the_key_is_greyed_with_the_missing_verb_and_says_why() -> None:
    cluster = three()
    cluster.may = False
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "c u: no permission to patch nodes")
        await pilot.press("c")
        await until_text(console, "cordon is not possible: no permission to patch nodes.")
        assert console.nodes_screen.is_active


async def test_read_only_never_builds_the_writing_half() -> None:
    cluster = three()
    console = console_on(cluster, read_only=True)
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, " READ-ONLY ")
        await until_text(console, "c u: read-only")
        for key in ("c", "u", "L"):
            await pilot.press(key, "y")
        await until_text(console, "cordon is not possible: read-only.")
    assert not cluster.worlds


async def test_a_protected_context_is_read_only_until_unlocked_with_a_reason() -> None:
    cluster = three()
    console = console_on(cluster, protected=["pr*"])
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, " PROTECTED ")
        await until_text(console, "c u: protected, L unlocks")
        await pilot.press("c")
        await until_text(console, "cordon is not possible: protected, L unlocks.")
        await pilot.press("L")
        await until_text(console, "Unlock prod")
        await pilot.press("enter", "enter")
        assert isinstance(console.focused, Input)
        await pilot.press(*"INC-7", "enter", "enter")
        await until_text(console, " UNLOCKED: INC-7 ")
        await pilot.press("c")
        await until_text(console, "[ y cordon ]")
        await pilot.press("y")
        await until(console, lambda: bool(cluster.writer.patched))
        await until(console, lambda: console.facts.operation is None)
    (path,) = Path(operations_folder()).glob("*.jsonl")
    assert read_journal(path).opening.unlocked == "INC-7"


async def test_another_protected_context_is_not_unlocked_by_the_first() -> None:
    console = console_on(three(), FakeCluster(make_node("x1"), context="lab"), protected=["*"])
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, " PROTECTED ")
        await pilot.press("colon", *"unlock", "enter")
        await until_text(console, "Unlock prod")
        await pilot.press(*"why", "enter", "enter")
        await until_text(console, " UNLOCKED: why ")
        await pilot.press("colon", *"context lab", "enter")
        await until_text(console, "x1")
        await until_text(console, " PROTECTED ")


class Gate:
    """Holds a patch back until a test lets it through."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.open = asyncio.Event()
        self._real: Callable[..., Any] = cluster.writer.patch_node
        cluster.writer.patch_node = self.patch_node  # type: ignore[method-assign]

    async def patch_node(self, name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        await self.open.wait()
        return await self._real(name, patch, dry_run=dry_run)


async def test_while_something_is_being_done_leaving_asks_and_no_other_operation_or_cluster_is_begun() -> None:
    cluster = three()
    gate = Gate(cluster)
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await confirmed(console, pilot, "c")
        await until(console, lambda: console.facts.operation is not None)
        await pilot.press("u")
        await until_text(console, "Still under way:")
        await pilot.press("colon", *"context lab", "enter")
        await until(console, lambda: len(console.messages.all) == 2)
        assert console.cluster is cluster
        await pilot.press("q")
        await until_text(console, "Leave now?")
        await pilot.press("escape")
        gate.open.set()
        await until(console, lambda: console.facts.operation is None)
        await pilot.press("q")
        await until(console, lambda: not console.is_running)


async def test_leaving_in_the_middle_is_in_the_journal() -> None:
    cluster = three()
    Gate(cluster)
    console = console_on(cluster)
    async with console.run_test(size=SIZE) as pilot:
        await confirmed(console, pilot, "c")
        await until(console, lambda: console.facts.operation is not None)
        await pilot.press("ctrl+c")
        await until_text(console, "Leave now?")
        await pilot.press("y")
        await until(console, lambda: not console.is_running)
    (path,) = Path(operations_folder()).glob("*.jsonl")
    assert read_journal(path).events[-1].outcome == "interrupted"  # type: ignore[union-attr]


async def test_uncordon_takes_the_note_away_and_warns_of_somebody_elses_cordon() -> None:
    notes = {"kconsole.io/cordon-by": "lee@bastion", "kconsole.io/cordon-at": "2026-11-22T09:00:00+00:00"}
    cluster = FakeCluster(make_node("w1", cordoned=True, annotations=notes), make_node("w3"))
    console = console_on(cluster, clock=Clock())
    async with console.run_test(size=SIZE) as pilot:
        await until_text(console, "cordoned 3h lee@bastion")
        await pilot.press("u")
        await until_text(console, "Uncordon 1 node in prod?")
        await until_text(console, "lee@bastion")
        await pilot.press("y")
        await until(console, lambda: bool(cluster.writer.patched))
        cluster.tell_truth("w1")
        await until(console, lambda: "cordoned" not in screen_text(console))
    assert cluster.truth["w1"].annotations == {}
