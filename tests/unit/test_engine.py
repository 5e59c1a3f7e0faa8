"""Carrying out: observed, acted, proven; a lost answer is looked up; every ending is stated and journalled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kconsole.errors import KconsoleError, Refused
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.model.nodes import Node
from kconsole.plan.cordon import plan_cordon
from kconsole.plan.steps import Plan
from kconsole.run.engine import carry_out
from kconsole.run.events import Event, Finished, StepDone, StepFailed, StepSkipped, StepStarted, StepUnknown
from kconsole.run.identity import Operator
from kconsole.run.journal import Journal, read_journal
from kconsole.run.world import World
from parts.nodes import NOW, node, picture

ME = Operator("jane", "bastion")


class Cluster:
    """Nodes that can be patched; `before` and `after` may fail a request before or after it took effect."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = {n.name: n for n in nodes}
        self.before: Callable[[str], None] = lambda name: None
        self.after: Callable[[str], None] = lambda name: None
        self.read: Callable[[str], None] = lambda name: None
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self.pauses: list[float] = []

    async def get(self, name: str) -> Node:
        self.read(name)
        return self.nodes[name]

    async def patch_node(self, name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        self.before(name)
        self.patches.append((name, patch))
        old = self.nodes[name]
        spec = msgspec.structs.replace(old.spec, unschedulable=patch["spec"]["unschedulable"])  # type: ignore[type-var]
        self.nodes[name] = msgspec.structs.replace(old, spec=spec)
        self.after(name)
        return self.nodes[name]

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def world(self) -> World:
        return World(read_node=self.get, writer=self, now=lambda: NOW, pause=self.pause)


def plan_for(cluster: Cluster, action: Any = "cordon", **more: Any) -> Plan:
    return plan_cordon(action, list(cluster.nodes), cluster.nodes, context="prod", by=str(ME), **more)


async def run(cluster: Cluster, plan: Plan, folder: Path) -> list[Event]:
    with Journal(folder, plan, ME, NOW) as journal:
        events = [event async for event in carry_out(plan, cluster.world(), journal)]
    assert list(read_journal(journal.path).events) == events
    return events


def api_refuses(name: str) -> None:
    words = f'nodes "{name}" is forbidden: no'
    raise ApiError(words, status=403, reason="Forbidden", message=words)


def link_drops(name: str) -> None:
    raise Unreachable("The connection was lost.")


async def test_each_node_is_patched_once_and_read_back(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"), node("w2"))
    events = await run(cluster, plan_for(cluster, reason="disk"), tmp_path)
    assert [type(e) for e in events] == [StepStarted, StepDone, StepStarted, StepDone, Finished]
    assert events[-1] == Finished(NOW, "done", ("w1", "w2"))
    name, patch = cluster.patches[0]
    assert (name, patch["spec"]) == ("w1", {"unschedulable": True})
    assert patch["metadata"]["annotations"] == {
        "kconsole.io/cordon-by": "jane@bastion",
        "kconsole.io/cordon-at": "2026-11-22T03:00:00Z",
        "kconsole.io/cordon-reason": "disk",
    }


async def test_an_uncordon_removes_the_note_in_the_same_patch(tmp_path: Path) -> None:
    cluster = Cluster(node("w1", cordoned=True))
    await run(cluster, plan_for(cluster, "uncordon"), tmp_path)
    [(_, patch)] = cluster.patches
    assert patch["spec"] == {"unschedulable": None}
    assert set(patch["metadata"]["annotations"].values()) == {None}
    assert len(patch["metadata"]["annotations"]) == 3


async def test_a_step_that_already_holds_is_skipped_without_a_request(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    plan = plan_for(cluster)
    cluster.nodes["w1"] = node("w1", cordoned=True)
    events = await run(cluster, plan, tmp_path)
    assert isinstance(events[1], StepSkipped)
    assert cluster.patches == []
    assert events[-1] == Finished(NOW, "done", ())


async def test_a_refusal_is_reported_in_the_apis_own_words_and_the_others_go_on(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"), node("w2"))
    cluster.before = lambda name: api_refuses(name) if name == "w1" else None
    events = await run(cluster, plan_for(cluster), tmp_path)
    failed = events[1]
    assert isinstance(failed, StepFailed)
    assert 'nodes "w1" is forbidden: no' in failed.message
    assert events[-1] == Finished(NOW, "partway", ("w2",))


async def test_when_every_step_fails_nothing_is_called_changed(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    cluster.before = api_refuses
    assert (await run(cluster, plan_for(cluster), tmp_path))[-1] == Finished(NOW, "failed", ())


async def test_an_answer_lost_after_the_change_took_effect_is_looked_up_and_done(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    cluster.after = link_drops
    events = await run(cluster, plan_for(cluster), tmp_path)
    assert isinstance(events[1], StepDone)
    assert len(cluster.patches) == 1


async def test_an_answer_lost_before_the_change_took_effect_is_looked_up_and_failed(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    cluster.before = link_drops
    events = await run(cluster, plan_for(cluster), tmp_path)
    assert isinstance(events[1], StepFailed)
    assert "connection was lost" in events[1].message


async def test_a_cluster_that_stays_silent_is_neither_done_nor_failed(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))

    def gone(name: str) -> None:
        cluster.read = link_drops
        link_drops(name)

    cluster.after = gone
    events = await run(cluster, plan_for(cluster), tmp_path)
    assert isinstance(events[1], StepUnknown)
    assert events[-1] == Finished(NOW, "unknown", (), ("w1",))
    assert sum(cluster.pauses) >= 10


async def test_a_change_that_something_else_takes_back_is_not_called_done(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    cluster.after = lambda name: cluster.nodes.update({name: node(name)})
    events = await run(cluster, plan_for(cluster), tmp_path)
    assert isinstance(events[1], StepFailed)
    assert events[1].code == "undone"


async def test_another_machine_of_the_same_name_is_never_touched(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    plan = plan_for(cluster)
    cluster.nodes["w1"] = node("w1", uid="new-machine")
    events = await run(cluster, plan, tmp_path)
    assert isinstance(events[1], StepFailed)
    assert cluster.patches == []


async def test_a_blocked_plan_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"))
    plan = plan_for(cluster, may_patch=False)
    with Journal(tmp_path, plan, ME, NOW) as journal, pytest.raises(Refused):
        [event async for event in carry_out(plan, cluster.world(), journal)]
    assert cluster.patches == []


async def test_cancelling_journals_what_was_changed_and_what_is_not_known(tmp_path: Path) -> None:
    cluster = Cluster(node("w1"), node("w2"))
    reached = asyncio.Event()
    original = cluster.patch_node

    async def hang_on_w2(name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        if name == "w2":
            reached.set()
            await asyncio.Event().wait()
        return await original(name, patch)

    cluster.patch_node = hang_on_w2  # type: ignore[method-assign]
    plan = plan_for(cluster)
    with Journal(tmp_path, plan, ME, NOW) as journal:

        async def consume() -> None:
            async for _ in carry_out(plan, cluster.world(), journal):
                pass

        task = asyncio.ensure_future(consume())
        await reached.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert read_journal(journal.path).events[-1] == Finished(NOW, "interrupted", ("w1",), ("w2",))


def test_the_journal_is_private_and_opens_with_the_plan(tmp_path: Path) -> None:
    cluster = picture(node("w1"))
    plan = plan_cordon("cordon", ["w1"], cluster, context="prod", by=str(ME))
    with Journal(tmp_path / "new" / "folder", plan, ME, NOW) as journal:
        pass
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700
    first = json.loads(journal.path.read_text().splitlines()[0])
    assert (first["event"], first["hash"]) == ("Opening", plan.hash)
    assert read_journal(journal.path).opening.plan == plan


def test_a_line_that_a_crash_cut_short_does_not_spoil_the_journal(tmp_path: Path) -> None:
    plan = plan_cordon("cordon", ["w1"], picture(node("w1")), context="prod", by=str(ME))
    with Journal(tmp_path, plan, ME, NOW) as journal:
        journal.write(StepStarted(NOW, 0))
    with journal.path.open("ab") as file:
        file.write(b'{"event":"StepDo')
    assert read_journal(journal.path).events == (StepStarted(NOW, 0),)


def test_a_journal_that_cannot_be_written_stops_before_anything_is_done(tmp_path: Path) -> None:
    plan = plan_cordon("cordon", ["w1"], picture(node("w1")), context="prod", by=str(ME))
    (tmp_path / "file").write_text("")
    with pytest.raises(KconsoleError, match="nothing was changed"):
        Journal(tmp_path / "file" / "sub", plan, ME, NOW)


def test_what_is_not_a_journal_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("hello\n")
    with pytest.raises(KconsoleError, match="not a journal"):
        read_journal(tmp_path / "x.jsonl")
