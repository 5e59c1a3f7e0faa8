"""The recent changes of one resource, kept in order: what watches read from and what an older list is rebuilt from.

A bounded window. A reader that fell out of it, or that knew a history this server never had, is told `Lost`.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

from kconsole.lab.apiserver.entry import Entry

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True)
class Change:
    """`entry` is the state after the change, or the last one with the deletion's revision when it was deleted."""

    type: str
    entry: Entry
    previous: Entry | None

    @property
    def revision(self) -> int:
        """The revision that made the change."""
        return self.entry.revision


class Lost(Exception):
    """The changes asked for are no longer known; `oldest` is the oldest revision one can go on from."""

    def __init__(self, oldest: int) -> None:
        super().__init__(oldest)
        self.oldest = oldest


class Bell:
    """Wakes everyone who subscribed."""

    def __init__(self) -> None:
        self._ears: set[asyncio.Event] = set()

    def subscribe(self, ear: asyncio.Event) -> None:
        """Set `ear` at every ring from now on."""
        self._ears.add(ear)

    def unsubscribe(self, ear: asyncio.Event) -> None:
        """Leave `ear` alone from now on."""
        self._ears.discard(ear)

    def ring(self) -> None:
        """Wake everyone."""
        for ear in self._ears:
            ear.set()


class ChangeLog:
    """A window on the changes, by count and by bytes. Positions count changes since the start and never repeat."""

    def __init__(self, floor: int, *, length: int, size: int) -> None:
        self.floor = floor
        self.bell = Bell()
        self._length = length
        self._size = size
        self._changes: list[Change] = []
        self._base = 0
        self._held = 0

    @property
    def end(self) -> int:
        """The position after the last change."""
        return self._base + len(self._changes)

    def append(self, change: Change) -> None:
        """Add the newest change and wake the readers."""
        self._changes.append(change)
        self._held += len(change.entry.body)
        if change.previous is not None:
            change.previous.forget()
        while len(self._changes) > self._length or self._held > self._size:
            # A tenth at a time, so that the list is not moved at every change.
            self._drop(max(1, len(self._changes) // 10))
        self.bell.ring()

    def _drop(self, count: int) -> None:
        dropped = self._changes[:count]
        del self._changes[:count]
        self._base += count
        self._held -= sum(len(change.entry.body) for change in dropped)
        if dropped:
            self.floor = dropped[-1].revision

    def compact(self, revision: int) -> None:
        """Forget the changes up to and including `revision`."""
        self._drop(bisect_right(self._changes, revision, key=attrgetter("revision")))
        self.floor = max(self.floor, revision)

    def restart(self, floor: int) -> None:
        """Begin a new history at `floor`: every reader is lost, whatever it knew."""
        self._base = self.end + 1
        self._changes.clear()
        self._held = 0
        self.floor = floor
        self.bell.ring()

    def position(self, revision: int) -> int:
        """Where to read on for the changes after `revision`; `Lost` when they are no longer all known."""
        if revision < self.floor:
            raise Lost(self.floor)
        return self._base + bisect_right(self._changes, revision, key=attrgetter("revision"))

    def read(self, position: int) -> list[Change]:
        """The changes from `position` on, perhaps none; `Lost` when some of them are gone."""
        if position < self._base:
            raise Lost(self.floor)
        return self._changes[position - self._base :]
