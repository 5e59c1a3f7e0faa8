"""Listening to a listwatch, and comparing what it told with what the server holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from scripted_api import Request, ScriptedApi

from kconsole.kube.listwatch import Batch, Gone, ListDone, ListStarted, Page, Reconnecting, Upsert, listwatch
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
