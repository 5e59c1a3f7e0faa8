"""One store for all resources, with one rising resourceVersion: a picture in memory over a backend that keeps it.

Reads never wait: they see the picture. Writes go to the backend first, one at a time, so that the picture and the
change logs follow the revisions in order. Knows no verbs and no rules about objects; the registry has those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from kconsole.lab.apiserver.backends import Backend, Contents, Kept, Mismatch, Unavailable
from kconsole.lab.apiserver.changes import ChangeLog
from kconsole.lab.apiserver.entry import Entry, stored_value
from kconsole.lab.apiserver.resources import RESOURCES, Resource
from kconsole.lab.apiserver.served import DEFINITIONS, Served
from kconsole.lab.apiserver.shelf import Shelf
from kconsole.lab.apiserver.status import Object

WRITE_TIMEOUT = 7.0
"""Seconds that a write waits, for its turn and for the backend, before it fails as etcd's requests do."""

LARGEST_VALUE = 3 * 512 * 1024
"""Bytes that an object may have in the backend, as in etcd by default."""

TOO_LARGE = "etcdserver: request is too large"
TIMED_OUT = "etcdserver: request timed out"


class Store:
    """The objects of `resources`. Call `load` once before use, and again whenever the API server restarts."""

    def __init__(
        self,
        backend: Backend,
        resources: Iterable[Resource] = RESOURCES.values(),
        *,
        history_length: int = 20_000,
        history_size: int = 64 * 1024 * 1024,
    ) -> None:
        self._backend = backend
        self._writing = asyncio.Lock()
        self._behind = False
        self.revision = 1
        self.served = Served(resources)
        self._history = (history_length, history_size)
        self._shelves = {resource: self._empty_shelf(resource) for resource in self.served.resources}
        self._definitions = next((one for one in self._shelves if one.plural == DEFINITIONS), None)

    def _empty_shelf(self, resource: Resource) -> Shelf:
        length, size = self._history
        return Shelf(resource, ChangeLog(self.revision, length=length, size=size))

    def shelf(self, resource: Resource) -> Shelf:
        """The objects of `resource`."""
        return self._shelves[resource]

    async def load(self) -> None:
        """Read everything from the backend. Older history is unknown from here on, so all watches are lost."""
        async with self._writing:
            self._begin(await self._backend.load())

    def _begin(self, contents: Contents | None) -> None:
        if contents is not None:
            self.revision = contents.revision
            for resource, shelf in self._shelves.items():
                shelf.replace_all(_entry(resource, kept) for kept in _of(resource, contents))
        self._behind = False
        self._redefine(contents)
        for shelf in self._shelves.values():
            shelf.log.restart(self.revision)

    def _redefine(self, contents: Contents | None = None) -> None:
        """Serve what the definitions describe now; `contents` has the objects of kinds that were not known before."""
        if self._definitions is None:
            return
        present = self._shelves[self._definitions].under(self._definitions.prefix)
        new, gone = self.served.define([entry.object for entry in present])
        before = {one.prefix: self._shelves.pop(one) for one in gone}
        for resource in new:
            shelf = self._shelves[resource] = self._empty_shelf(resource)
            if contents is not None:
                shelf.replace_all(_entry(resource, kept) for kept in _of(resource, contents))
            elif resource.prefix in before:
                old = before[resource.prefix].under(resource.prefix)
                shelf.replace_all(
                    Entry.from_stored(resource, one.key, one.revision, stored_value(resource, one.object))
                    for one in old
                )
        for shelf in before.values():
            # Who watches it begins anew, with the new kind or none.
            shelf.log.restart(self.revision)

    def compact(self, revision: int) -> None:
        """Forget what changed up to and including `revision`, as etcd's compaction does."""
        for shelf in self._shelves.values():
            shelf.log.compact(revision)

    async def write(self, resource: Resource, key: str, obj: Object | None, expected: int) -> Entry:
        """Put `obj` at `key` (None deletes it) if it was last changed at `expected` (0: is not there).

        Raises Mismatch when it was not, and Unavailable when the backend cannot. A deletion returns the last state.
        The write is carried to its end even when the caller is cancelled.
        """
        value = None if obj is None else stored_value(resource, obj)
        return await asyncio.shield(self._write(resource, key, value, expected))

    async def _write(self, resource: Resource, key: str, value: bytes | None, expected: int) -> Entry:
        if value is not None and len(value) > LARGEST_VALUE:
            raise Unavailable(TOO_LARGE, outcome_known=True)
        if self._writing.locked():
            try:
                await asyncio.wait_for(self._writing.acquire(), WRITE_TIMEOUT)
            except asyncio.TimeoutError:
                raise Unavailable(TIMED_OUT, outcome_known=True) from None
        else:
            await self._writing.acquire()
        try:
            if self._behind:
                await self._catch_up()
            shelf = self._shelves[resource]
            present = shelf.find(key)
            if (present.revision if present else 0) != expected:
                raise Mismatch
            try:
                revision = await self._backend.write(key, value, expected)
            except Mismatch:
                await self._catch_up()
                raise
            except Unavailable as problem:
                self._behind = self._behind or not problem.outcome_known
                raise
            if revision != self.revision + 1:
                # Something else was written in between, such as a write of ours that was given up as failed; or the
                # data was replaced under us by an older copy.
                await self._catch_up()
                return _written(shelf, key, present, revision)
            self.revision = revision
            if value is None:
                entry = shelf.remove(key, revision)
            else:
                entry = Entry.from_stored(resource, key, revision, value)
                shelf.put(entry)
            if resource is self._definitions:
                self._redefine()
            return entry
        finally:
            self._writing.release()

    async def check(self) -> None:
        """Return when writes would work now; else `Unavailable`. Brings the picture up to date after an outage."""
        await self._backend.check()
        if self._behind:
            async with self._writing:
                await self._catch_up()

    async def _catch_up(self) -> None:
        contents = await self._backend.load()
        self._behind = False
        if contents is None:
            return
        if contents.revision < self.revision:
            self._begin(contents)
            return
        for resource, shelf in self._shelves.items():
            known = {entry.key: entry for entry in shelf.under(resource.prefix)}
            now = {kept.key: kept for kept in _of(resource, contents)}
            changed = [
                kept for kept in now.values() if kept.key not in known or known[kept.key].revision < kept.revision
            ]
            for kept in sorted(changed, key=lambda kept: kept.revision):
                shelf.put(_entry(resource, kept))
            for key in known.keys() - now.keys():
                shelf.remove(key, contents.revision)
        self.revision = contents.revision
        self._redefine(contents)


def _written(shelf: Shelf, key: str, before: Entry | None, revision: int) -> Entry:
    now = shelf.find(key)
    if now is None:
        if before is None:
            raise Mismatch
        return Entry.successor(before, revision)
    return now


def _of(resource: Resource, contents: Contents) -> Iterable[Kept]:
    return (kept for kept in contents.kept if kept.key.startswith(resource.prefix))


def _entry(resource: Resource, kept: Kept) -> Entry:
    # Encoded anew: a value that someone else put there, such as etcdctl, need not be in the one form an Entry slices.
    value = stored_value(resource, msgspec.json.decode(kept.value))
    return Entry.from_stored(resource, kept.key, kept.revision, value)
