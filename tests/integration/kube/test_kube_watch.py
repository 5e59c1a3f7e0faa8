"""Every way a list or watch can go wrong ends in the true picture again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, server_context
from conftest import until
from scripted_api import Reply, Request, ScriptedApi, node, status_object

from kconsole.kube.listwatch import (
    Batch,
    Gone,
    Heard,
    ListDone,
    ListStarted,
    Live,
    Page,
    Reconnecting,
    Upsert,
    listwatch,
)
from kconsole.kube.session import Session


class Follower:
    """Listens to a listwatch; remembers what it said, and how long it would have waited."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.waits: list[float] = []
        self.versions: dict[str, str] = {}
        self._seen: set[str] = set()

    async def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0.001)

    def take(self, batch: Batch) -> None:
        self.batches.append(batch)
        if isinstance(batch, ListStarted):
            self._seen = set()
        elif isinstance(batch, Page):
            for raw in batch.objects:
                self._seen.add(self._put(raw))
        elif isinstance(batch, ListDone):
            self.versions = {name: version for name, version in self.versions.items() if name in self._seen}
        elif isinstance(batch, Upsert):
            self._put(batch.object)
        elif isinstance(batch, Gone):
            self.versions.pop(json.loads(bytes(batch.object))["metadata"]["name"], None)

    def _put(self, raw: Any) -> str:
        meta = json.loads(bytes(raw))["metadata"]
        self.versions[meta["name"]] = meta["resourceVersion"]
        return str(meta["name"])

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(batch, kind) for batch in self.batches)

    @property
    def problems(self) -> list[Reconnecting]:
        return [batch for batch in self.batches if isinstance(batch, Reconnecting)]


@asynccontextmanager
async def following(session: Session, **options: Any) -> AsyncIterator[Follower]:
    follower = Follower()

    async def follow() -> None:
        async with aclosing(listwatch(session, "/api/v1/nodes", sleep=follower.pause, **options)) as batches:
            async for batch in batches:
                follower.take(batch)

    task = asyncio.create_task(follow())
    try:
        yield follower
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def truth(api: ScriptedApi) -> dict[str, str]:
    return {name: body["metadata"]["resourceVersion"] for name, body in api.nodes.items()}


def agrees(follower: Follower, api: ScriptedApi, *names: str) -> Callable[[], bool]:
    """Whether the picture is the server's, which holds exactly these nodes."""
    return lambda: sorted(follower.versions) == sorted(names) and follower.versions == truth(api)


def watches(api: ScriptedApi) -> list[Request]:
    return [request for request in api.requests if request.is_watch]


def lists(api: ScriptedApi) -> list[Request]:
    return [request for request in api.requests if request.path == "/api/v1/nodes" and not request.is_watch]


async def test_a_list_comes_in_pages_and_the_watch_begins_at_the_lists_version(
    api: ScriptedApi, session: Session
) -> None:
    for number in range(5):
        api.put(f"n{number}")
    async with following(session, page=2) as follower:
        await until(lambda: follower.count(Live))
        assert [type(batch) for batch in follower.batches] == [ListStarted, Page, Page, Page, ListDone, Live]
        assert [request.query.get("continue") for request in lists(api)] == [None, "n1", "n3"]
        assert {request.query["limit"] for request in lists(api)} == {"2"}
        (watch,) = watches(api)
        assert watch.query["resourceVersion"] == str(api.version)
        assert watch.query["allowWatchBookmarks"] == "true"
        assert 300 <= int(watch.query["timeoutSeconds"]) <= 600
        api.put("n9")
        api.delete("n0")
        await until(agrees(follower, api, "n1", "n2", "n3", "n4", "n9"))


async def test_a_server_that_ignores_the_limit_is_still_taken_in_pages(api: ScriptedApi, session: Session) -> None:
    for number in range(5):
        api.put(f"n{number}")

    async def everything(request: Request, reply: Reply) -> None:
        await api.honest_list(Request("GET", request.path, {}, [], b"", None), reply)

    api.lists.append(everything)
    async with following(session, page=2) as follower:
        await until(lambda: follower.count(ListDone))
        assert [len(batch.objects) for batch in follower.batches if isinstance(batch, Page)] == [2, 2, 1]


async def test_a_watch_that_ends_is_opened_again_at_once_from_the_last_version(
    api: ScriptedApi, session: Session
) -> None:
    async def ends(request: Request, reply: Reply) -> None:
        api.put("late")
        await reply.stream()
        await reply.event("ADDED", api.nodes["late"])
        await reply.end()
        reply.cut()

    api.watches.append(ends)
    async with following(session) as follower:
        await until(lambda: len(watches(api)) == 2)
        assert watches(api)[1].query["resourceVersion"] == str(api.version)
        await until(agrees(follower, api, "late"))
        assert follower.waits == []
        assert len(lists(api)) == 1


async def test_a_server_that_ends_every_watch_at_once_is_not_hammered(api: ScriptedApi, session: Session) -> None:
    async def ends(_request: Request, reply: Reply) -> None:
        await reply.stream()
        await reply.end()
        reply.cut()

    api.watches.extend([ends] * 6)
    async with following(session, rng=lambda: 1.0) as follower:
        await until(lambda: len(watches(api)) >= 7)
        assert follower.waits == [2, 4, 8, 16, 30]


async def test_a_bookmark_moves_the_version_on(api: ScriptedApi, session: Session) -> None:
    api.put("a")

    async def bookmark(_request: Request, reply: Reply) -> None:
        await reply.stream()
        await reply.event("BOOKMARK", {"kind": "Node", "metadata": {"resourceVersion": "12345"}})
        await reply.end()
        reply.cut()

    api.watches.append(bookmark)
    async with following(session) as follower:
        await until(lambda: len(watches(api)) == 2)
        assert watches(api)[1].query["resourceVersion"] == "12345"
        assert follower.count(Heard) == 1


@pytest.mark.parametrize("how", ["status", "event"])
async def test_an_expired_version_leads_to_a_new_list_without_a_wait(
    api: ScriptedApi, session: Session, how: str
) -> None:
    api.put("a")
    api.put("b")

    async def expired(request: Request, reply: Reply) -> None:
        api.delete("a")
        api.put("c")
        api.compact()
        if how == "status":
            await reply.status(410, "Expired", "too old resource version")
        else:
            await reply.stream()
            await reply.event("ERROR", status_object(410, "Expired", "too old resource version"))
            await reply.end()
            reply.cut()

    api.watches.append(expired)
    async with following(session) as follower:
        await until(lambda: follower.count(ListDone) == 2)
        await until(agrees(follower, api, "b", "c"))
        assert follower.waits == []


async def test_a_version_that_expires_again_and_again_is_not_asked_for_in_a_loop(
    api: ScriptedApi, session: Session
) -> None:
    async def expired(_request: Request, reply: Reply) -> None:
        await reply.status(410, "Expired", "too old resource version")

    api.watches.extend([expired] * 4)
    async with following(session, rng=lambda: 1.0) as follower:
        await until(lambda: len(watches(api)) == 5)
        assert follower.waits == [2, 4, 8]


async def test_an_expired_continue_starts_the_list_again_in_larger_pages(api: ScriptedApi, session: Session) -> None:
    for number in range(12):
        api.put(f"n{number:02}")

    async def expired(_request: Request, reply: Reply) -> None:
        api.delete("n00")
        await reply.status(410, "Expired", "The provided continue parameter is too old")

    api.lists.extend([api.honest_list, expired])
    async with following(session, page=2) as follower:
        await until(lambda: follower.count(ListDone))
        assert [(r.query["limit"], r.query.get("continue")) for r in lists(api)] == [
            ("2", None), ("2", "n01"), ("10", None), ("10", "n10"),
        ]  # fmt: skip
        await until(agrees(follower, api, *(f"n{number:02}" for number in range(1, 12))))


async def test_a_page_that_fails_is_asked_for_again_without_losing_those_before(
    api: ScriptedApi, session: Session
) -> None:
    for number in range(6):
        api.put(f"n{number}")

    async def cut(_request: Request, reply: Reply) -> None:
        reply.cut()

    async def broken(_request: Request, reply: Reply) -> None:
        await reply.status(500, "InternalError", "etcdserver: leader changed")

    api.lists.extend([api.honest_list, cut, cut, broken, broken])
    async with following(session, page=2) as follower:
        await until(lambda: follower.count(Live))
        assert follower.count(ListStarted) == 1
        await until(agrees(follower, api, *(f"n{number}" for number in range(6))))
        assert any("leader changed" in problem.problem for problem in follower.problems)


async def test_an_error_event_is_named_and_the_watch_resumed(api: ScriptedApi, session: Session) -> None:
    api.put("a")

    async def error(_request: Request, reply: Reply) -> None:
        await reply.stream()
        await reply.event("ERROR", status_object(500, "InternalError", "etcd is away"))
        await reply.end()
        reply.cut()

    api.watches.append(error)
    async with following(session) as follower:
        await until(lambda: len(watches(api)) == 2)
        assert "etcd is away" in follower.problems[0].problem
        assert watches(api)[1].query["resourceVersion"] == str(api.version)
        assert len(lists(api)) == 1


async def test_silence_is_taken_for_a_dead_connection(api: ScriptedApi, session: Session) -> None:
    api.put("a")

    async def silent(_request: Request, reply: Reply) -> None:
        await reply.stream()
        api.put("b")
        await asyncio.Event().wait()

    api.watches.append(silent)
    async with following(session, silence=0.2) as follower:
        await until(agrees(follower, api, "a", "b"))
        assert "has sent nothing for" in follower.problems[0].problem
        assert len(lists(api)) == 1, "the version it had is still good"


async def test_a_connection_cut_in_mid_line_loses_nothing(api: ScriptedApi, session: Session) -> None:
    async def cut(_request: Request, reply: Reply) -> None:
        api.put("a")
        await reply.stream()
        await reply.send(b'{"type":"ADDED","object":{"metadata":{"name":"a","resour')
        reply.cut()

    api.watches.append(cut)
    async with following(session) as follower:
        await until(agrees(follower, api, "a"))
        assert len(lists(api)) == 1


async def test_a_stream_ended_in_mid_line_loses_nothing(api: ScriptedApi, session: Session) -> None:
    async def ended(_request: Request, reply: Reply) -> None:
        api.put("a")
        await reply.stream()
        await reply.send(b'{"type":"ADDED","object":{"metadata":{"name":"a","resour')
        await reply.end()
        reply.cut()

    api.watches.append(ended)
    async with following(session) as follower:
        await until(agrees(follower, api, "a"))


async def test_events_may_be_cut_into_chunks_anywhere_and_come_many_in_one(api: ScriptedApi, session: Session) -> None:
    async def chopped(_request: Request, reply: Reply) -> None:
        lines = b""
        for number in range(3):
            api.put(f"n{number}", metadata_note={"annotations": "서울 ✓"})
            event = {"type": "ADDED", "object": api.nodes[f"n{number}"]}
            lines += json.dumps(event, ensure_ascii=False).encode() + b"\n"
        await reply.stream()
        at = lines.index("서".encode()) + 1
        for piece in (lines[:7], lines[7:at], lines[at:-3], lines[-3:]):
            await reply.send(piece)
        await asyncio.Event().wait()

    api.watches.append(chopped)
    async with following(session) as follower:
        await until(agrees(follower, api, "n0", "n1", "n2"))
        assert len(watches(api)) == 1


async def test_an_event_larger_than_any_read_buffer_arrives_whole(api: ScriptedApi, session: Session) -> None:
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        api.put("fat", blob={"x": "y" * 700_000})
        await until(agrees(follower, api, "fat"))
        assert len(watches(api)) == 1


async def test_blank_lines_and_unknown_events_are_passed_over(api: ScriptedApi, session: Session) -> None:
    async def odd(_request: Request, reply: Reply) -> None:
        await reply.stream()
        await reply.send(b"\n  \n")
        await reply.event("SOMETHING", {"new": True})
        api.put("a")
        await reply.event("ADDED", api.nodes["a"])
        await asyncio.Event().wait()

    api.watches.append(odd)
    async with following(session) as follower:
        await until(agrees(follower, api, "a"))
        assert len(api.requests) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"<html>",
        b'{"type":"ADDED"}',
        b'{"type":"ADDED","object":{}}',
        b'{"type":1,"object":{}}',
        b'{"type":"ADDED","object":{"metadata":{"name":"\xff"}}}',
        b"[]",
        b"null",
    ],
)
async def test_a_line_that_cannot_be_read_leads_to_a_new_list(api: ScriptedApi, session: Session, line: bytes) -> None:
    api.put("a")

    async def garbage(_request: Request, reply: Reply) -> None:
        await reply.stream()
        api.put("b")
        await reply.send(line + b"\n")
        await asyncio.Event().wait()

    api.watches.append(garbage)
    async with following(session) as follower:
        await until(agrees(follower, api, "a", "b"))
        assert len(lists(api)) == 2


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b'{"items":{}}', b"", b'{"items":[{]}'])
async def test_a_list_that_cannot_be_read_is_asked_for_again(api: ScriptedApi, session: Session, body: bytes) -> None:
    api.put("a")

    async def garbage(_request: Request, reply: Reply) -> None:
        await reply.whole(200, body, {"Content-Type": "application/json"})

    api.lists.append(garbage)
    async with following(session) as follower:
        await until(agrees(follower, api, "a"))
        assert "could not be read" in follower.problems[0].problem


async def test_an_object_deleted_and_made_again_under_its_name_is_the_new_one(
    api: ScriptedApi, session: Session
) -> None:
    api.put("a")
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        api.delete("a")
        api.put("a")
        await until(lambda: [type(batch) for batch in follower.batches[-2:]] == [Gone, Upsert])
        assert follower.versions == truth(api)


async def test_retry_after_is_waited_for_but_not_believed_beyond_reason(api: ScriptedApi, session: Session) -> None:
    async def busy(_request: Request, reply: Reply) -> None:
        await reply.status(429, "TooManyRequests", "too many", {"Retry-After": "17"})

    async def very_busy(_request: Request, reply: Reply) -> None:
        await reply.status(503, "ServiceUnavailable", "later", {"Retry-After": "86400"})

    api.lists.extend([busy, very_busy])
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        assert follower.waits == [17, 120]


async def test_a_refusal_is_named_and_tried_again_slowly(api: ScriptedApi, session: Session) -> None:
    async def forbidden(_request: Request, reply: Reply) -> None:
        await reply.status(403, "Forbidden", 'nodes is forbidden: User "me" cannot list resource "nodes"')

    api.lists.append(forbidden)
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        assert follower.waits == [30]
        assert 'User "me" cannot list' in follower.problems[0].problem


async def test_nodes_that_may_be_listed_but_not_watched_are_listed_again_now_and_then(
    api: ScriptedApi, session: Session
) -> None:
    async def forbidden(_request: Request, reply: Reply) -> None:
        api.put(f"n{api.version}")
        await reply.status(403, "Forbidden", "cannot watch")

    api.watches.extend([forbidden] * 3)
    async with following(session) as follower:
        await until(lambda: follower.count(ListDone) == 4)
        await until(agrees(follower, api, *api.nodes))
        assert follower.waits == [30, 30, 30]


async def test_a_cluster_restored_to_an_earlier_version_is_listed_anew(api: ScriptedApi, session: Session) -> None:
    api.put("a")
    api.put("b")

    async def restored(_request: Request, reply: Reply) -> None:
        await reply.status(504, "Timeout", "Too large resource version: 102, current: 50")

    async def first(request: Request, reply: Reply) -> None:
        api.delete("b")
        api.version = 50
        api.history.clear()
        await restored(request, reply)

    api.watches.extend([first, restored, restored])
    async with following(session) as follower:
        await until(lambda: follower.count(ListDone) == 2)
        await until(agrees(follower, api, "a"))


async def test_a_server_that_was_away_is_found_again_on_its_own(
    api: ScriptedApi, session: Session, tmp_path: Path, authority: Authority
) -> None:
    api.put("a")
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        await api.stop()
        await until(lambda: len(follower.problems) >= 3)
        api.put("b")
        await api.start(server_context(authority.issue("server"), tmp_path))
        await until(agrees(follower, api, "a", "b"))
        assert any("connection refused" in problem.problem for problem in follower.problems)


async def test_a_401_in_mid_life_is_named_once_new_credentials_did_not_help(api: ScriptedApi, session: Session) -> None:
    async def unauthorized(_request: Request, reply: Reply) -> None:
        await reply.status(401, "Unauthorized", "Unauthorized")

    api.put("a")
    api.watches.append(unauthorized)
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        assert "does not accept these credentials" in follower.problems[0].problem
        assert follower.waits == [30]


async def test_in_a_storm_of_changes_other_tasks_get_their_turns(api: ScriptedApi, session: Session) -> None:
    turns: list[int] = []
    async with following(session) as follower:
        await until(lambda: follower.count(Live))

        async def keys() -> None:
            while follower.count(Upsert) < 2000:
                turns.append(follower.count(Upsert))
                await asyncio.sleep(0)

        pressing = asyncio.create_task(keys())
        for number in range(2000):
            api.put(f"n{number % 50}", blob={"x": "y" * 4000})
        await until(pressing.done)
        assert max(b - a for a, b in pairwise(turns)) < 200, "events between two turns of the loop"
        assert follower.versions == truth(api)


async def test_an_unreadable_event_object_is_handed_on_by_name(api: ScriptedApi, session: Session) -> None:
    async with following(session) as follower:
        await until(lambda: follower.count(Live))
        api.version += 1
        api.nodes["odd"] = {**node("odd", api.version), "status": "not an object"}
        api._record("ADDED", api.nodes["odd"])
        await until(agrees(follower, api, "odd"))
