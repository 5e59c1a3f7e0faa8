"""The live picture: every node as the API server last told it, how fresh that is, and what changed since one looked.

Holds the picture and hands out changes, several of one node told as one. Draws nothing, changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from kconsole.kube import listwatch
from kconsole.kube.session import Session
from kconsole.model.nodes import Meta, Node, decode_node

NODES = "/api/v1/nodes"
STALE_AFTER = timedelta(seconds=10)
"""When a reconnection fails this long after the last word of the server, the picture is called stale."""


class Link(msgspec.Struct, frozen=True):
    """How fresh the picture is."""

    state: Literal["connecting", "live", "reconnecting", "stale"]
    """`connecting`: there is no complete picture yet · `reconnecting`, `stale`: it is as of `heard`."""
    since: datetime
    heard: datetime | None
    """When the server last said anything."""
    problem: str | None
    """Why it is not live, as a sentence."""


class NodeChanges(msgspec.Struct, frozen=True):
    """What changed since the last time."""

    upserts: dict[str, Node]
    gone: frozenset[str]
    complete: bool
    """Whether the first list has ended, so that a node not told of does not exist."""
    link: Link


class _Pending:
    """What one reader has not seen yet."""

    def __init__(self, nodes: dict[str, Node]) -> None:
        self.upserts = dict(nodes)
        self.gone: set[str] = set()
        self.woken = asyncio.Event()
        self.woken.set()

    def take(self) -> tuple[dict[str, Node], frozenset[str]]:
        taken = self.upserts, frozenset(self.gone)
        self.upserts, self.gone = {}, set()
        self.woken.clear()
        return taken


class Inventory:
    """The nodes of one cluster, or those of them that a label selector chooses."""

    def __init__(
        self,
        session: Session,
        *,
        now: Callable[[], datetime],
        selector: str = "",
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._session, self._now, self._pause = session, now, pause
        self._chosen = {"labelSelector": selector} if selector else {}
        self.nodes: dict[str, Node] = {}
        """The present picture, by name."""
        self.link = Link("connecting", now(), None, None)
        self.complete = False
        """Whether the first list has ended."""
        self._seen: set[str] = set()
        self._readers: set[_Pending] = set()

    async def run(self) -> None:
        """Keep the picture live until cancelled."""
        async with aclosing(listwatch.listwatch(self._session, NODES, self._chosen, sleep=self._pause)) as batches:
            async for batch in batches:
                self._take(batch)

    async def changes(self) -> AsyncIterator[NodeChanges]:
        """The whole picture, then what changed since last asked, each time something did.

        The first pages arrive page by page. Each reader gets every change; a slow one gets several as one.
        """
        mine = _Pending(self.nodes)
        self._readers.add(mine)
        try:
            while True:
                await mine.woken.wait()
                upserts, gone = mine.take()
                yield NodeChanges(upserts, gone, self.complete, self.link)
        finally:
            self._readers.discard(mine)

    def _take(self, batch: listwatch.Batch) -> None:
        if isinstance(batch, listwatch.Reconnecting):
            self._not_live(batch.problem)
            return
        if not isinstance(batch, listwatch.ListStarted):
            self.link = msgspec.structs.replace(self.link, heard=self._now())
        if isinstance(batch, listwatch.Upsert):
            self._upsert(batch.object)
        elif isinstance(batch, listwatch.Gone):
            if name := _name(batch.object):
                self._gone(name)
        elif isinstance(batch, listwatch.Page):
            for raw in batch.objects:
                if name := self._upsert(raw):
                    self._seen.add(name)
        elif isinstance(batch, listwatch.ListStarted):
            self._seen = set()
        elif isinstance(batch, listwatch.ListDone):
            for name in self.nodes.keys() - self._seen:
                self._gone(name)
            self._seen = set()
            self.complete = True
            self._wake()
        elif isinstance(batch, listwatch.Live) and self.link.state != "live":
            self.link = Link("live", self._now(), self.link.heard, None)
            self._wake()

    def _upsert(self, raw: msgspec.Raw) -> str | None:
        node = _decoded(raw)
        if node is None:
            return None
        known = self.nodes.get(node.name)
        if known is None or known.metadata != node.metadata or known != node:
            self.nodes[node.name] = node
            for reader in self._readers:
                reader.upserts[node.name] = node
                reader.gone.discard(node.name)
            self._wake()
        return node.name

    def _gone(self, name: str) -> None:
        if self.nodes.pop(name, None) is None:
            return
        for reader in self._readers:
            reader.upserts.pop(name, None)
            reader.gone.add(name)
        self._wake()

    def _not_live(self, problem: str) -> None:
        now, heard = self._now(), self.link.heard
        state: Literal["connecting", "reconnecting", "stale"]
        if not self.complete:
            state = "connecting"
        else:
            state = "stale" if heard is not None and now - heard >= STALE_AFTER else "reconnecting"
        since = self.link.since if state == self.link.state else now
        changed = Link(state, since, heard, problem)
        if changed != self.link:
            self.link = changed
            self._wake()

    def _wake(self) -> None:
        for reader in self._readers:
            reader.woken.set()


class _Named(msgspec.Struct):
    metadata: Meta


class _NameOnly(msgspec.Struct):
    name: str


class _NamedOnly(msgspec.Struct):
    metadata: _NameOnly


def _decoded(raw: msgspec.Raw) -> Node | None:
    """The node; what can be read of it when a field is not what the API promises; None without so much as a name.

    One odd object must neither hide the others nor vanish itself.
    """
    try:
        node = decode_node(raw)
    except (msgspec.DecodeError, UnicodeError):
        try:
            node = Node(metadata=msgspec.json.decode(raw, type=_Named).metadata)
        except (msgspec.DecodeError, UnicodeError):
            node = Node(metadata=Meta(name=_name(raw) or ""))
    return node if node.name else None


def _name(raw: msgspec.Raw) -> str | None:
    try:
        return msgspec.json.decode(raw, type=_NamedOnly).metadata.name
    except (msgspec.DecodeError, UnicodeError):
        return None
