"""Lists come in pages, and every way they can fail is survived."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority, server_context
from follower import agrees, following, lists, watches
from kubeconfigs import until
from scripted_api import Reply, Request, ScriptedApi

from kconsole.kube.listwatch import (
    ListDone,
    ListStarted,
    Live,
    Page,
)
from kconsole.kube.session import Session


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


@pytest.mark.parametrize("body", [b"<html>login</html>", b"[]", b'{"items":{}}', b"", b'{"items":[{]}'])
async def test_a_list_that_cannot_be_read_is_asked_for_again(api: ScriptedApi, session: Session, body: bytes) -> None:
    api.put("a")

    async def garbage(_request: Request, reply: Reply) -> None:
        await reply.whole(200, body, {"Content-Type": "application/json"})

    api.lists.append(garbage)
    async with following(session) as follower:
        await until(agrees(follower, api, "a"))
        assert "could not be read" in follower.problems[0].problem


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
