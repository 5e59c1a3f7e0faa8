"""Following one resource: the changes that matter to a selection, as a watcher has to see them.

A change that brings an object into the selection is ADDED, one that takes it out is DELETED. Knows no HTTP.
"""

from __future__ import annotations

import asyncio
from types import TracebackType

from kconsole.lab.apiserver.changes import ADDED, DELETED, MODIFIED, Bell, Change
from kconsole.lab.apiserver.entry import Entry
from kconsole.lab.apiserver.selectors import Selection
from kconsole.lab.apiserver.shelf import Shelf

Seen = tuple[str, Entry]


def as_seen(change: Change, selection: Selection) -> Seen | None:
    """What a watcher of `selection` sees of `change`; None when it is no business of theirs."""
    is_in = change.type != DELETED and selection(change.entry.object)
    was_in = change.previous is not None and selection(change.previous.object)
    if is_in:
        return (MODIFIED if was_in else ADDED), change.entry
    if not was_in:
        return None
    if change.type == DELETED or change.previous is None:
        return DELETED, change.entry
    return DELETED, Entry.successor(change.previous, change.revision)


class Follower:
    """A place in the log of `shelf`, for keys that start with `prefix`. `bells` wake it besides the log's own."""

    def __init__(self, shelf: Shelf, prefix: str, selection: Selection, *bells: Bell) -> None:
        self._log = shelf.log
        self._prefix = "" if prefix == shelf.resource.prefix else prefix
        self._selection = selection
        self._bells = (shelf.log.bell, *bells)
        self._ear = asyncio.Event()
        self._position = self._log.end

    def __enter__(self) -> Follower:
        for bell in self._bells:
            bell.subscribe(self._ear)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for bell in self._bells:
            bell.unsubscribe(self._ear)

    def go_on_from(self, revision: int) -> None:
        """Take next what changed after `revision`; `Lost` when that is no longer all known."""
        self._position = self._log.position(revision)

    def take(self) -> list[Seen]:
        """What was seen since the last call, perhaps nothing; `Lost` when some of it is gone."""
        self._ear.clear()
        changes = self._log.read(self._position)
        self._position += len(changes)
        if self._prefix:
            changes = [change for change in changes if change.entry.key.startswith(self._prefix)]
        if not self._selection:
            return [(change.type, change.entry) for change in changes]
        return [seen for change in changes if (seen := as_seen(change, self._selection)) is not None]

    async def pause(self) -> None:
        """Return at the next ring of a bell, whatever there was before."""
        self._ear.clear()
        await self._ear.wait()

    async def wait(self, timeout: float | None = None) -> None:
        """Return when there may be something new, or after `timeout` seconds."""
        try:
            await asyncio.wait_for(self._ear.wait(), timeout)
        except asyncio.TimeoutError:
            return
