"""A watch as HTTP has it: one JSON document a line, from a revision on, until its time is over or it is lost.

Yields bytes; the listener writes them. Plays the watch faults, which need the stream's own place in time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping

import msgspec

from kconsole.lab.apiserver.changes import ADDED, Lost
from kconsole.lab.apiserver.faults import Faults
from kconsole.lab.apiserver.media import negotiate
from kconsole.lab.apiserver.paging import bad_list_options, resource_version
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.requests import number, truth
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.selectors import select
from kconsole.lab.apiserver.status import Object, expired, too_large_version
from kconsole.lab.apiserver.tables.render import partial, rows, table
from kconsole.lab.apiserver.watching import Follower, Seen

WATCH_SHAPES = ("Table", "PartialObjectMetadata")
BOOKMARK_EVERY = 60.0
"""Seconds between bookmarks."""
_BEFORE_THE_END = 2.0
"""Seconds before a watch's time is over that it sends its last bookmark."""
_INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


class Cut(Exception):
    """The connection is to be closed now; `rest` is to be sent first."""

    def __init__(self, rest: bytes = b"") -> None:
        super().__init__(rest)
        self.rest = rest


class WatchStream:
    """One watch. Constructing it checks the parameters and raises ApiErrors; iterate `chunks` for what to send."""

    content_type = "application/json"

    def __init__(
        self,
        registry: Registry,
        faults: Faults,
        resource: Resource,
        namespace: str | None,
        query: Mapping[str, str],
        accept: str,
    ) -> None:
        self._registry = registry
        self._faults = faults
        self._resource = resource
        self._namespace = namespace
        self._format = negotiate(accept, WATCH_SHAPES)
        self._include = query.get("includeObject", "Metadata")
        self._headers_due = True
        self._selection = select(resource, query.get("labelSelector"), query.get("fieldSelector"))
        self._bookmarks = truth(query, "allowWatchBookmarks")
        self._timeout = float(number(query, "timeoutSeconds") or random.uniform(1800, 3600))  # noqa: S311
        self._since = resource_version(query)
        self._initial_events = _initial_events(query)
        if self._since is not None and self._since > registry.store.revision:
            raise too_large_version(self._since, registry.store.revision)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """What to send, in order; the first may be empty. Raises Cut when the connection is to be closed at once."""
        strikes = self._faults.strikes
        shelf = self._registry.store.shelf(self._resource)
        prefix = self._resource.under(self._namespace)
        with Follower(shelf, prefix, self._selection, self._faults.bell) as follower:
            yield self._begin(follower)
            loop = asyncio.get_running_loop()
            end = loop.time() + self._timeout
            bookmark_at = self._next_bookmark(loop.time(), end)
            while True:
                struck = self._faults.struck_since(strikes, self._resource.plural)
                strikes = self._faults.strikes
                if self._faults.hanging(self._resource.plural):
                    if "drop" in struck:
                        raise Cut
                    await follower.pause()
                    continue
                now = loop.time()
                try:
                    chunk = self._lines(follower.take())
                except Lost as lost:
                    yield self._expired(lost)
                    return
                for fault in struck:
                    chunk += self._play(fault, chunk)
                    if fault == "expired":
                        yield chunk
                        return
                if self._bookmarks and now >= bookmark_at:
                    chunk += self._bookmark()
                    bookmark_at = self._next_bookmark(now, end)
                if chunk:
                    yield chunk
                if now >= end:
                    return
                await follower.wait(min(end, bookmark_at) - now)

    def _next_bookmark(self, now: float, end: float) -> float:
        last = end - _BEFORE_THE_END
        if not self._bookmarks or now >= last:
            return end + 1
        return min(now + BOOKMARK_EVERY, last)

    def _begin(self, follower: Follower) -> bytes:
        """The initial events, if there are to be any, with the follower placed after them."""
        store = self._registry.store
        if self._since and not self._initial_events:
            try:
                follower.go_on_from(self._since)
            except Lost as lost:
                raise expired(self._since, lost.oldest) from None
            return b""
        present = self._registry.entries(self._resource, self._namespace, self._selection)
        follower.go_on_from(store.revision)
        if self._initial_events is False:
            return b""
        lines = self._lines([(ADDED, entry) for entry in present])
        if self._initial_events and self._bookmarks:
            lines += self._bookmark(_INITIAL_EVENTS_END)
        return lines

    def _lines(self, seen: list[Seen]) -> bytes:
        if self._format.shape:
            return b"".join(
                [b'{"type":"%s","object":%s}\n' % (kind.encode(), self._shaped(entry.object)) for kind, entry in seen]
            )
        head = self._resource.head
        return b"".join([b'{"type":"%s","object":%s%s}}\n' % (kind.encode(), head, entry.body) for kind, entry in seen])

    def _shaped(self, obj: Object) -> bytes:
        version = self._format.version
        if self._format.shape == "PartialObjectMetadata":
            return msgspec.json.encode(partial(obj, version))
        found = rows(self._resource, [obj], self._registry.clock(), version=version, include=self._include)
        headers, self._headers_due = self._headers_due, False
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return table(self._resource, metadata, found, version=version, headers=headers)

    def _bookmark(self, annotations: Object | None = None) -> bytes:
        metadata: Object = {"resourceVersion": str(self._registry.store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        kind, version = self._resource.kind, self._resource.api_version
        if self._format.shape == "Table":
            body = table(self._resource, metadata, [], version=self._format.version, headers=False)
        else:
            if self._format.shape:
                kind, version = self._format.shape, f"meta.k8s.io/{self._format.version}"
            body = msgspec.json.encode({"kind": kind, "apiVersion": version, "metadata": metadata})
        return b'{"type":"BOOKMARK","object":%s}\n' % body

    def _expired(self, lost: Lost) -> bytes:
        status = expired(self._since or 0, lost.oldest).status
        return b'{"type":"ERROR","object":%s}\n' % msgspec.json.encode(status)

    def _play(self, fault: str, before: bytes) -> bytes:
        if fault == "drop":
            raise Cut(before)
        if fault == "cut":
            raise Cut(before + b'{"type":"MODIFIED","object":{"kind":"')
        if fault == "expired":
            return self._expired(Lost(self._registry.store.revision))
        return b"\n" if fault == "blank" else b'{"type": garbage \xff\n'


def _initial_events(query: Mapping[str, str]) -> bool | None:
    """Whether the state there is comes first: asked for, asked against, or left to the resourceVersion."""
    match = query.get("resourceVersionMatch", "")
    if "sendInitialEvents" not in query:
        if match:
            why = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            raise bad_list_options("resourceVersionMatch", why)
        return None
    if match != "NotOlderThan":
        raise bad_list_options(
            "resourceVersionMatch", "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        )
    return truth(query, "sendInitialEvents")
