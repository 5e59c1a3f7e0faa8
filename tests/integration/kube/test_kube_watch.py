"""Every way a watch can go wrong ends in the true picture again."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest
from follower import agrees, following, lists, truth, watches
from kubeconfigs import until
from scripted_api import Reply, Request, ScriptedApi, node, status_object

from kconsole.kube import attending
from kconsole.kube import session as kube_session
from kconsole.kube.listwatch import (
    Gone,
    Heard,
    ListDone,
    Live,
    Upsert,
)
from kconsole.kube.session import Session


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


async def test_a_frozen_server_is_noticed_long_before_the_next_bookmark(
    api: ScriptedApi, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "EVERY", 0.05)
    monkeypatch.setattr(kube_session, "ANSWER", 0.2)
    thawed = asyncio.Event()

    async def frozen(_request: Request, reply: Reply) -> None:
        await thawed.wait()
        reply.cut()

    api.put("a")
    api.others["/version"] = frozen
    async with following(session) as follower:
        await until(lambda: bool(follower.problems))
        thawed.set()
        del api.others["/version"]
        await until(agrees(follower, api, "a"))


async def test_a_quiet_server_that_answers_is_left_alone(
    api: ScriptedApi, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attending, "EVERY", 0.02)
    api.put("a")
    async with following(session) as follower:
        await until(lambda: sum(request.path == "/version" for request in api.requests) >= 3)
        assert follower.problems == []
        assert len(watches(api)) == 1
