"""One kind of object, listed in pages and then watched, over raw JSON; recovers from every failure, for ever.

Knows the protocol (pages, bookmarks, expired versions, back-off) and nothing of what the objects are. Ended only by
cancellation or by closing the iterator. The `kubernetes` package's Watch is not used: it resumes from the wrong version
after a 410, turns a broken line into None and waits for ever on a dead connection.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing

import msgspec

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.kube import failures
from kconsole.kube.errors import ApiError
from kconsole.kube.session import SILENCE, Session


class ListStarted(msgspec.Struct, frozen=True, tag=True):
    """A complete list begins; pages follow. What was known before still counts until the list is done."""


class Page(msgspec.Struct, frozen=True, tag=True):
    """Some objects of the list."""

    objects: list[msgspec.Raw]


class ListDone(msgspec.Struct, frozen=True, tag=True):
    """Whatever was in no page since ListStarted does not exist any more."""

    resource_version: str


class Upsert(msgspec.Struct, frozen=True, tag=True):
    """An object was added or changed."""

    object: msgspec.Raw


class Gone(msgspec.Struct, frozen=True, tag=True):
    """An object was deleted; this was its last state."""

    object: msgspec.Raw


class Live(msgspec.Struct, frozen=True, tag=True):
    """The watch is open: changes arrive as they happen."""


class Heard(msgspec.Struct, frozen=True, tag=True):
    """The server said something that changes nothing: the picture is as fresh as this."""


class Reconnecting(msgspec.Struct, frozen=True, tag=True):
    """Nothing arrives at the moment: why, how often in a row, and after how many seconds it is tried again."""

    problem: str
    attempt: int
    retry_in: float


Batch = ListStarted | Page | ListDone | Upsert | Gone | Live | Heard | Reconnecting

_FIRST, _LONGEST = 1.0, 30.0
_PATIENCE = 120.0
"""The longest Retry-After that is believed."""
_STEADY = 5.0
"""A watch that lived this many seconds was worth opening, even when nothing happened in it."""
_TRUSTED_ATTEMPTS = 3
"""After so many failures in a row the version is not resumed from: the cluster may have been restored meanwhile."""
_NOT_ALLOWED = (401, 403, 404, 405)


class _ListMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    continue_: str | None = msgspec.field(default=None, name="continue")


class _List(msgspec.Struct):
    metadata: _ListMeta = _ListMeta()
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Meta(msgspec.Struct, rename="camel"):
    name: str
    resource_version: str = ""


class _BookmarkMeta(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""


class _Object(msgspec.Struct):
    metadata: _Meta


class _Bookmark(msgspec.Struct):
    metadata: _BookmarkMeta = _BookmarkMeta()


_list_decoder = msgspec.json.Decoder(_List)
_event_decoder = msgspec.json.Decoder(_Event)
_object_decoder = msgspec.json.Decoder(_Object)
_bookmark_decoder = msgspec.json.Decoder(_Bookmark)
_status_decoder = msgspec.json.Decoder(failures.Status)


class _Lost(KconsoleError):
    """Something was said that could not be understood, so an object may have been missed: list again."""


def delay(attempt: int, rng: Callable[[], float]) -> float:
    """Seconds before the attempt after the `attempt`-th failure in a row: doubling, with jitter, at most 30."""
    return min(_LONGEST, _FIRST * 2.0 ** min(attempt - 1, 10)) * (0.5 + rng() / 2)


async def listwatch(
    session: Session,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    page: int = 100,
    silence: float = SILENCE,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
    rng: Callable[[], float] = random.random,
) -> AsyncGenerator[Batch, None]:
    """Everything at `path` (with selectors in `params`): first all of it, then each change as it happens.

    `page` objects at a time; a watch silent for `silence` seconds is taken for dead. The last three are for tests.
    """
    state = _ListWatch(session, path, dict(params or {}), page, silence, clock, rng)
    while True:
        try:
            async with aclosing(state.once()) as batches:
                async for batch in batches:
                    yield batch
        except KconsoleError as problem:
            pause = state.failed(problem)
            if pause is not None:
                yield Reconnecting(str(problem), state.attempt, pause)
                await sleep(pause)


class _ListWatch:
    def __init__(
        self,
        session: Session,
        path: str,
        params: dict[str, str],
        page: int,
        silence: float,
        clock: Callable[[], float],
        rng: Callable[[], float],
    ) -> None:
        self._session, self._path, self._params = session, path, params
        self._page, self._silence, self._clock, self._rng = page, silence, clock, rng
        self._version: str | None = None
        self._continue: str | None = None
        self.attempt = 0
        """Failures since something last worked."""

    async def once(self) -> AsyncGenerator[Batch, None]:
        """The list, if one is due, and one watch, until it ends."""
        if self._version is None:
            async with aclosing(self._list()) as batches:
                async for batch in batches:
                    yield batch
        async with aclosing(self._watch()) as batches:
            async for batch in batches:
                yield batch

    def failed(self, problem: KconsoleError) -> float | None:
        """Take note of a failure; the seconds to wait, None to go on at once."""
        self.attempt += 1
        expired = isinstance(problem, ApiError) and (problem.status == 410 or problem.reason in ("Expired", "Gone"))
        if expired and self._continue is not None:
            self._page *= 5  # the list takes longer than the server keeps its state: fewer, larger pages
        if expired or isinstance(problem, _Lost):
            self._list_anew()
            if self.attempt == 1:
                return None
        if self.attempt >= _TRUSTED_ATTEMPTS and self._continue is None:
            self._list_anew()
        pause = delay(self.attempt, self._rng)
        if isinstance(problem, ApiError):
            if problem.status in _NOT_ALLOWED:
                pause = max(pause, _LONGEST)
                # May be listed but not watched: then listing now and then is what is left.
                self._version = None
            if problem.retry_after is not None:
                pause = max(pause, min(problem.retry_after, _PATIENCE))
        return pause

    def _list_anew(self) -> None:
        self._version = self._continue = None

    async def _list(self) -> AsyncGenerator[Batch, None]:
        if self._continue is None:
            yield ListStarted()
        while True:
            asked = {**self._params, "limit": str(self._page)}
            if self._continue is not None:
                asked["continue"] = self._continue
            answer = await self._session.get(self._path, asked)
            try:
                found = _list_decoder.decode(answer)
            except (msgspec.DecodeError, UnicodeError):
                raise KconsoleError(_("The API server's list could not be read.")) from None
            objects = found.items or []
            # A server may ignore the limit: never decode more than a page in one go.
            for start in range(0, len(objects), self._page):
                yield Page(objects[start : start + self._page])
            self._continue = found.metadata.continue_ or None
            if self._continue is None:
                break
            self.attempt = 0
        self._version = found.metadata.resource_version
        yield ListDone(self._version)

    async def _watch(self) -> AsyncGenerator[Batch, None]:
        asked = {
            **self._params,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version or "",
            # At random, so that after a restart not all clients come back at once.
            "timeoutSeconds": str(int(300 + 300 * self._rng())),
        }
        opened = self._clock()
        try:
            async with self._session.stream(self._path, asked, silence=self._silence) as lines:
                yield Live()
                async for line in lines:
                    if line.strip():
                        batch = self._understood(line)
                        self.attempt = 0
                        yield batch
        finally:
            steady = self._clock() - opened >= _STEADY
            if steady:
                self.attempt = 0
        if steady:
            return
        if self.attempt:
            raise KconsoleError(_("The API server ends the watch as soon as it is open."))
        self.attempt = 1

    def _understood(self, line: bytes) -> Batch:
        try:
            event = _event_decoder.decode(line)
            if event.type == "ERROR":
                raise _error(event.object)
            if event.type == "BOOKMARK":
                self._version = _bookmark_decoder.decode(event.object).metadata.resource_version or self._version
                return Heard()
            if event.type not in ("ADDED", "MODIFIED", "DELETED"):
                return Heard()
            self._version = _object_decoder.decode(event.object).metadata.resource_version or self._version
        except (msgspec.DecodeError, UnicodeError):
            raise _Lost(_("The API server said something that could not be read; listing again.")) from None
        return Gone(event.object) if event.type == "DELETED" else Upsert(event.object)


def _error(raw: msgspec.Raw) -> ApiError:
    said = _status_decoder.decode(raw)
    return failures.from_status(said.code or 500, said)
