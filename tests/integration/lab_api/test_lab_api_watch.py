from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from kconsole.lab.apiserver import streaming
from kconsole.lab.apiserver.resources import RESOURCES

NODES = "/api/v1/nodes"
NODE = RESOURCES["nodes"]


UNCLOSED_CLIENT = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <function _SSLProtocolTransport:pytest.PytestUnraisableExceptionWarning"
)
"""Up to Python 3.10 the client's TLS transport warns when it is the server that ends the connection."""


class Watch:
    """The lines of a watch, each awaited with a deadline."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def line(self) -> bytes:
        return await asyncio.wait_for(self.response.content.readline(), 20)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.response.content.read(), 20)

    async def event(self) -> tuple[str, Any]:
        found = json.loads(await self.line())
        return found["type"], found["object"]

    async def events(self, count: int) -> list[tuple[str, str]]:
        found = [await self.event() for _ in range(count)]
        return [(kind, obj["metadata"].get("name", "")) for kind, obj in found]


@asynccontextmanager
async def watching(api: Any, query: str, path: str = NODES, **headers: str) -> AsyncIterator[Watch]:
    async with api.session().get(f"{path}?watch=true&{query}", headers=headers) as response:
        assert response.status == 200, await response.text()
        yield Watch(response)


def since(api: Any) -> str:
    return f"resourceVersion={api.registry.store.revision}"


async def label(api: Any, name: str, **labels: str) -> None:
    def edit(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, "metadata": {**obj["metadata"], "labels": labels}}

    await api.registry.change(NODE, None, name, edit)


async def test_a_watch_from_a_version_shows_what_comes_after_it(api: Any) -> None:
    start = since(api)
    await label(api, "w1", a="1")
    async with watching(api, start) as watch:
        await label(api, "w1", a="2")
        await api.registry.delete(NODE, None, "w2")
        await api.registry.create(NODE, {"metadata": {"name": "w3"}})
        expected = [("MODIFIED", "w1"), ("MODIFIED", "w1"), ("DELETED", "w2"), ("ADDED", "w3")]
        assert await watch.events(4) == expected


@pytest.mark.parametrize("query", ["", "resourceVersion=0"])
async def test_a_watch_without_a_version_begins_with_what_is_there(api: Any, query: str) -> None:
    async with watching(api, query) as watch:
        assert await watch.events(3) == [("ADDED", "cp1"), ("ADDED", "w1"), ("ADDED", "w2")]


async def test_initial_events_end_with_an_annotated_bookmark(api: Any) -> None:
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with watching(api, query) as watch:
        await watch.events(3)
        kind, obj = await watch.event()
        assert kind == "BOOKMARK"
        assert obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert obj["metadata"]["resourceVersion"] == str(api.registry.store.revision)
        await label(api, "w1", a="1")
        assert await watch.events(1) == [("MODIFIED", "w1")]


async def test_leaving_the_selection_is_a_deletion_and_entering_an_addition(api: Any) -> None:
    async with watching(api, f"{since(api)}&labelSelector=team=a") as watch:
        await label(api, "w1", other="x")
        await label(api, "w1", team="a")
        await label(api, "w1", team="b")
        assert await watch.events(2) == [("ADDED", "w1"), ("DELETED", "w1")]


async def test_a_field_selector_narrows_a_watch(api: Any) -> None:
    async with watching(api, f"{since(api)}&fieldSelector=metadata.name=w2") as watch:
        await label(api, "w1", a="1")
        await label(api, "w2", a="1")
        assert await watch.events(1) == [("MODIFIED", "w2")]


async def test_a_forgotten_version_is_a_410_before_the_stream_begins(api: Any) -> None:
    old = since(api)
    await label(api, "w1", a="1")
    api.registry.store.compact(api.registry.store.revision)
    found = await api.get(f"{NODES}?watch=1&{old}")
    assert (found.code, found.body["reason"]) == (410, "Expired")


async def test_loading_the_store_anew_ends_watches_with_an_expired_event(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        await api.registry.store.load()
        kind, obj = await watch.event()
        assert (kind, obj["code"], obj["reason"]) == ("ERROR", 410, "Expired")
        assert await watch.line() == b""


async def test_a_watch_ends_when_its_time_is_over_with_a_bookmark_before(api: Any) -> None:
    async with watching(api, f"{since(api)}&timeoutSeconds=1") as watch:
        assert await watch.line() == b""
    async with watching(api, f"{since(api)}&timeoutSeconds=3&allowWatchBookmarks=true") as watch:
        kind, obj = await watch.event()
        assert (kind, obj["kind"]) == ("BOOKMARK", "Node")
        assert obj["metadata"]["resourceVersion"] == str(api.registry.store.revision)
        assert await watch.line() == b""


async def test_bookmarks_come_in_between(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BOOKMARK_EVERY", 0.05)
    async with watching(api, f"{since(api)}&allowWatchBookmarks=true") as watch:
        assert [(await watch.event())[0] for _ in range(3)] == ["BOOKMARK"] * 3


async def test_a_table_watch_sends_rows_and_its_headers_once(api: Any) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    async with watching(api, "", Accept=table) as watch:
        tables = [(await watch.event())[1] for _ in range(3)]
    assert [one["rows"][0]["cells"][0] for one in tables] == ["cp1", "w1", "w2"]
    assert [bool(one["columnDefinitions"]) for one in tables] == [True, False, False]


async def test_a_partial_watch_sends_metadata_only(api: Any) -> None:
    partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    async with watching(api, "", Accept=partial) as watch:
        _, obj = await watch.event()
    assert set(obj) == {"kind", "apiVersion", "metadata"}


async def test_five_hundred_changes_reach_every_watcher_in_order(api: Any) -> None:
    async def reader(watch: Watch) -> list[str]:
        return [(await watch.event())[1]["metadata"]["labels"]["n"] for _ in range(500)]

    async with watching(api, since(api)) as first, watching(api, since(api)) as second:
        readers = asyncio.gather(reader(first), reader(second))
        for number in range(500):
            await label(api, "w1", n=str(number))
        assert await readers == [[str(number) for number in range(500)]] * 2


async def test_a_client_that_leaves_is_let_go(api: Any) -> None:
    log = api.registry.store.shelf(NODE).log
    async with watching(api, since(api)):
        assert len(log.bell._ears) == 1
    deadline = asyncio.get_running_loop().time() + 10
    while log.bell._ears:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)


# Faults


@UNCLOSED_CLIENT
async def test_watches_can_be_dropped(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        api.faults.add("watch=drop")
        with pytest.raises(aiohttp.ClientError):
            await watch.rest()
    async with watching(api, since(api)) as watch:
        await label(api, "w1", a="1")
        assert await watch.events(1) == [("MODIFIED", "w1")]


@UNCLOSED_CLIENT
async def test_watches_can_be_cut_in_the_middle_of_a_line(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        api.faults.add("watch=cut")
        beginning = await watch.response.content.readexactly(8)
        assert beginning == b'{"type":'
        with pytest.raises(aiohttp.ClientError):
            await watch.rest()


async def test_watches_can_hang_and_go_on_later(api: Any) -> None:
    async with watching(api, f"{since(api)}&timeoutSeconds=1") as watch:
        api.faults.add("watch=hang,resource=nodes")
        await label(api, "w1", a="1")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(watch.response.content.read(1), 1.5)
        api.faults.clear("watch")
        assert await watch.events(1) == [("MODIFIED", "w1")]


@UNCLOSED_CLIENT
async def test_a_hanging_watch_can_be_dropped_too(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        api.faults.add("watch=hang")
        api.faults.add("watch=drop")
        with pytest.raises(aiohttp.ClientError):
            await watch.rest()


async def test_garbage_and_blank_lines_come_between_good_ones(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        api.faults.add("watch=garbage")
        with pytest.raises(ValueError):
            json.loads(await watch.line())
        api.faults.add("watch=blank")
        assert await watch.line() == b"\n"
        await label(api, "w1", a="1")
        assert await watch.events(1) == [("MODIFIED", "w1")]


async def test_watches_can_expire_on_request_and_only_those_of_the_resource(api: Any) -> None:
    async with watching(api, since(api)) as nodes, watching(api, since(api), "/api/v1/pods") as pods:
        api.faults.add("watch=expired,resource=nodes")
        kind, obj = await nodes.event()
        assert (kind, obj["code"]) == ("ERROR", 410)
        assert await nodes.line() == b""
        await api.registry.delete(RESOURCES["pods"], "shop", "web-1", grace_seconds=0)
        assert await pods.events(1) == [("DELETED", "web-1")]


async def test_the_next_page_can_expire_on_request(api: Any) -> None:
    token = (await api.get(f"{NODES}?limit=1")).body["metadata"]["continue"]
    api.faults.add("continue=expired,times=1")
    assert (await api.get(f"{NODES}?limit=1")).code == 200
    assert (await api.get(f"{NODES}?continue={token}")).code == 410
    assert (await api.get(f"{NODES}?continue={token}")).code == 200


@pytest.mark.parametrize("code", [401, 403, 429, 500, 502, 503, 504])
async def test_requests_can_be_refused_on_request(api: Any, code: int) -> None:
    api.faults.add(f"error={code},verb=list,resource=nodes,times=1")
    assert (await api.get("/api/v1/pods")).code == 200
    refused = await api.get(NODES)
    assert refused.code == code
    assert (refused.body == b"bad gateway\n") if code == 502 else (refused.body["code"] == code)
    assert (await api.get(NODES)).code == 200


async def test_answers_can_be_late(api: Any) -> None:
    api.faults.add("latency=150ms~10ms,times=1")
    await api.get(NODES)
    assert api.journal.records()[-1].seconds >= 0.15


async def test_new_connections_can_be_refused_while_open_ones_go_on(api: Any) -> None:
    async with watching(api, since(api)) as watch:
        api.faults.add("connections=refuse")
        assert await reachable(api, until=False)
        await label(api, "w1", a="1")
        assert await watch.events(1) == [("MODIFIED", "w1")]
        api.faults.clear()
        assert await reachable(api, until=True)


async def reachable(api: Any, *, until: bool) -> bool:
    """Knock with new connections until the server is (or is not) there; False when that does not come."""
    deadline = asyncio.get_running_loop().time() + 10
    while asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", api.port)
        except ConnectionError:
            found = False
        else:
            found = True
            writer.close()
            await writer.wait_closed()
        if found is until:
            return True
        await asyncio.sleep(0.01)
    return False
