"""The picture is the server's, whatever happened between; and its freshness is never overstated."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, server_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kubeconfigs import Kubeconfig, b64, until
from plugins import Clock
from scripted_api import Reply, Request, ScriptedApi, node, serving, status_object

from kconsole.kube.inventory import Inventory, NodeChanges
from kconsole.kube.session import Session


@dataclass
class Reader:
    """What one who follows the changes believes."""

    nodes: dict[str, str] = field(default_factory=dict)
    changes: list[NodeChanges] = field(default_factory=list)

    def take(self, change: NodeChanges) -> None:
        self.changes.append(change)
        for name in change.gone:
            self.nodes.pop(name, None)
        self.nodes |= {name: found.metadata.resource_version for name, found in change.upserts.items()}


async def briefly(_seconds: float) -> None:
    await asyncio.sleep(0.001)


@asynccontextmanager
async def running(
    session: Session, now: Callable[[], Any], pause: Any = briefly
) -> AsyncIterator[tuple[Inventory, Reader]]:
    inventory, reader = Inventory(session, now=now, pause=pause), Reader()

    async def read() -> None:
        async for change in inventory.changes():
            reader.take(change)

    tasks = [asyncio.create_task(inventory.run()), asyncio.create_task(read())]
    try:
        yield inventory, reader
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def truth(api: ScriptedApi) -> dict[str, str]:
    return {name: body["metadata"]["resourceVersion"] for name, body in api.nodes.items()}


async def test_the_first_pages_arrive_before_the_list_is_complete(
    api: ScriptedApi, session: Session, clock: Clock
) -> None:
    for number in range(150):
        api.put(f"n{number:03}")
    gate = asyncio.Event()

    async def held(request: Request, reply: Reply) -> None:
        await gate.wait()
        await api.honest_list(request, reply)

    api.lists.extend([api.honest_list, held])
    async with running(session, clock) as (inventory, reader):
        await until(lambda: len(reader.nodes) == 100)
        assert not inventory.complete
        assert inventory.link.state == "connecting"
        gate.set()
        await until(lambda: inventory.link.state == "live")
        await until(lambda: reader.nodes == truth(api))
        assert reader.changes[-1].complete


async def test_changes_of_one_node_are_told_as_one(api: ScriptedApi, session: Session, clock: Clock) -> None:
    api.put("a")
    inventory = Inventory(session, now=clock)
    task = asyncio.create_task(inventory.run())
    await until(lambda: inventory.link.state == "live")
    changes = inventory.changes()
    assert list((await anext(changes)).upserts) == ["a"]
    for _ in range(50):
        api.put("a")
    api.put("b")
    api.delete("b")
    api.delete("a")
    api.put("a")
    api.put("c")
    await until(lambda: "c" in inventory.nodes)
    change = await anext(changes)
    assert {name: found.metadata.resource_version for name, found in change.upserts.items()} == truth(api)
    assert change.gone == {"b"}
    waiting = asyncio.ensure_future(anext(changes))
    await asyncio.sleep(0)
    assert not waiting.done(), "nothing changed since"
    for pending in (waiting, task):
        pending.cancel()
    await asyncio.gather(waiting, task, return_exceptions=True)


async def test_a_new_list_tells_only_what_differs(api: ScriptedApi, session: Session, clock: Clock) -> None:
    for name in "abc":
        api.put(name)

    async def expired(_request: Request, reply: Reply) -> None:
        api.delete("a")
        api.put("b")
        api.compact()
        await reply.status(410, "Expired", "too old")

    api.watches.extend([api.honest_watch, expired])
    async with running(session, clock) as (inventory, reader):
        await until(lambda: inventory.link.state == "live" and len(reader.nodes) == 3)
        told = len(reader.changes)
        for writer in list(api.writers):
            writer.transport.abort()
        await until(lambda: "a" not in reader.nodes and reader.nodes == truth(api))
        later = reader.changes[told:]
        assert {name for change in later for name in change.upserts} == {"b"}
        assert {name for change in later for name in change.gone} == {"a"}
        assert all(change.complete for change in later)


async def test_a_node_deleted_between_two_attempts_at_a_list_is_gone(
    api: ScriptedApi, session: Session, clock: Clock
) -> None:
    for number in range(150):
        api.put(f"n{number:03}")

    async def expired(_request: Request, reply: Reply) -> None:
        api.delete("n000")
        await reply.status(410, "Expired", "the continue parameter is too old")

    api.lists.extend([api.honest_list, expired])
    async with running(session, clock) as (inventory, reader):
        await until(lambda: inventory.link.state == "live" and reader.nodes == truth(api))
        assert "n000" not in inventory.nodes


async def test_a_node_that_cannot_be_read_hides_no_other_and_does_not_vanish(
    api: ScriptedApi, session: Session, clock: Clock
) -> None:
    api.put("good")
    api.nodes["odd"] = {**node("odd", 7), "status": "text"}
    api.nodes["odder"] = {"metadata": {"name": "odder", "labels": ["no", "map"]}}
    api.nodes["nameless"] = {"metadata": {}}
    api.nodes["not even an object"] = []  # type: ignore[assignment]
    async with running(session, clock) as (inventory, _reader):
        await until(lambda: inventory.complete)
        assert sorted(inventory.nodes) == ["good", "odd", "odder"]
        assert inventory.nodes["odd"].metadata.resource_version == "7"
        assert inventory.nodes["odd"].conditions == ()


@pytest.mark.parametrize(
    "body",
    [
        {"status": {"conditions": []}},
        {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
        {"spec": None, "status": None},
        {"status": {"images": [{"names": None}]}},
    ],
)
async def test_nodes_of_every_odd_but_legal_shape_are_read_in_full(
    api: ScriptedApi, session: Session, clock: Clock, body: dict[str, Any]
) -> None:
    name = "n" * 253
    api.put(name, **body)
    api.nodes[name].update({key: value for key, value in body.items() if value is None})
    async with running(session, clock) as (inventory, _reader):
        await until(lambda: inventory.complete)
        assert inventory.nodes[name].metadata.uid == f"uid-{name}"


async def test_a_lost_connection_is_reconnecting_first_and_stale_after_ten_seconds(
    api: ScriptedApi, session: Session, clock: Clock, authority: Authority, tmp_path: Path
) -> None:
    api.put("a")
    states: list[str] = []

    async def pause(seconds: float) -> None:
        states.append(inventory.link.state)
        clock.forward(seconds=seconds)
        await asyncio.sleep(0.001)

    async with running(session, clock, pause) as (inventory, _reader):
        await until(lambda: inventory.link.state == "live")
        heard = inventory.link.heard
        await api.stop()
        await until(lambda: "stale" in states)
        assert list(dict.fromkeys(states)) == ["reconnecting", "stale"]
        assert inventory.link.heard == heard, "stale for as long as nothing was heard"
        assert "connection refused" in (inventory.link.problem or "")
        assert list(inventory.nodes) == ["a"], "the last picture stays"
        await api.start(server_context(authority.issue("server"), tmp_path))
        await until(lambda: inventory.link.state == "live")
        assert inventory.link.problem is None
        assert inventory.link.heard is not None
        assert heard is not None
        assert inventory.link.heard > heard


async def test_a_cluster_that_cannot_be_reached_at_first_says_why_while_connecting(
    api: ScriptedApi, session: Session, clock: Clock
) -> None:
    await api.stop()
    async with running(session, clock) as (inventory, reader):
        await until(lambda: reader.changes and reader.changes[-1].link.problem)
        assert inventory.link.state == "connecting"
        assert not inventory.complete


async def test_a_selector_is_the_servers_business(api: ScriptedApi, session: Session, clock: Clock) -> None:
    inventory = Inventory(session, now=clock, selector="a=b,c!=d")
    task = asyncio.create_task(inventory.run())
    await until(lambda: len(api.requests) == 2)
    assert {request.query["labelSelector"] for request in api.requests} == {"a=b,c!=d"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# -- whatever happens


FAULTS = ["eof", "410", "error 410", "error 500", "cut", "half line", "garbage", "500", "429", "403", "401", "bookmark"]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcdef")),
        st.tuples(st.just("delete"), st.sampled_from("abcdef")),
        st.tuples(st.just("compact"), st.just("")),
        st.tuples(st.just("watch"), st.sampled_from(FAULTS)),
        st.tuples(st.just("list"), st.sampled_from(["410", "cut", "garbage", "500", "429"])),
        st.tuples(st.just("drop"), st.just("")),
        st.tuples(st.just("turn"), st.just("")),
    ),
    max_size=30,
)


def fault(api: ScriptedApi, kind: str) -> Any:
    async def play(request: Request, reply: Reply) -> None:
        if kind in ("410", "500", "429", "403", "401"):
            await reply.status(int(kind), "Expired" if kind == "410" else "", kind, {"Retry-After": "1"})
        elif kind == "cut":
            reply.cut()
        elif kind == "garbage" and not request.is_watch:
            await reply.whole(200, b'{"items":[{"meta', {"Content-Type": "application/json"})
        else:
            await reply.stream()
            for version, event, body in [h for h in api.history if h[0] > int(request.query["resourceVersion"])][:2]:
                assert version
                await reply.event(event, body)
            if kind.startswith("error"):
                await reply.event("ERROR", status_object(int(kind[6:]), "", kind))
            elif kind == "garbage":
                await reply.send(b"<html>\n")
            elif kind == "half line":
                await reply.send(b'{"type":"ADDED","object":{"meta')
            elif kind == "bookmark":
                await reply.event("BOOKMARK", {"metadata": {"resourceVersion": request.query["resourceVersion"]}})
            if kind != "half line":
                await reply.end()
            reply.cut()

    return play


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=steps)
def test_after_any_sequence_of_changes_and_faults_the_picture_is_the_servers(
    authority: Authority, script: list[tuple[str, str]]
) -> None:
    asyncio.run(play(authority, script))


async def play(authority: Authority, script: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with serving(server_context(authority.issue("server"), folder)) as api:
            server = {"server": f"https://127.0.0.1:{api.port}", "certificate-authority-data": b64(authority.pem)}
            async with await Kubeconfig(folder / "config", server).open() as session:
                clock = Clock()
                async with running(session, clock) as (inventory, reader):
                    for action, what in script:
                        perform(api, action, what)
                        await asyncio.sleep(0.002 if action == "turn" else 0)
                    api.lists.clear()
                    await until(lambda: not api.watches or drop(api))
                    api.put("last")
                    await until(lambda: reader.nodes == truth(api))
                    held = {name: found.metadata.resource_version for name, found in inventory.nodes.items()}
                    assert held == truth(api)


def perform(api: ScriptedApi, action: str, what: str) -> None:
    if action == "put":
        api.put(what)
    elif action == "delete" and what in api.nodes:
        api.delete(what)
    elif action == "compact":
        api.compact()
    elif action == "watch":
        api.watches.append(fault(api, what))
    elif action == "list":
        api.lists.append(fault(api, what))
    elif action == "drop":
        drop(api)


def drop(api: ScriptedApi) -> bool:
    """Cut every connection, so that the next watch begins."""
    for writer in list(api.writers):
        writer.transport.abort()
    return False
