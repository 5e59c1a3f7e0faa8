"""All objects of one resource, sorted by key, with the log of their recent changes.

Reading only from memory; the store alone puts things on it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from kconsole.lab.apiserver.changes import ADDED, DELETED, MODIFIED, Change, ChangeLog, Lost
from kconsole.lab.apiserver.entry import Entry
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.selectors import Selection, text_at


class Shelf:
    """The objects of `resource`."""

    def __init__(self, resource: Resource, log: ChangeLog) -> None:
        self.resource = resource
        self.log = log
        self._entries: dict[str, Entry] = {}
        self._keys: list[str] = []
        self._path = tuple(resource.indexed.split(".")) if resource.indexed else ()
        self._index: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: str) -> Entry | None:
        """What is at `key`."""
        return self._entries.get(key)

    def under(self, prefix: str) -> list[Entry]:
        """All entries whose key starts with `prefix`, by key."""
        entries, keys = self._entries, self._keys
        if prefix == self.resource.prefix:
            return [entries[key] for key in keys]
        start = bisect_left(keys, prefix)
        stop = bisect_left(keys, prefix[:-1] + chr(ord(prefix[-1]) + 1))
        return [entries[key] for key in keys[start:stop]]

    def selected(self, prefix: str, selection: Selection) -> list[Entry]:
        """The entries under `prefix` that `selection` selects, by key."""
        value = selection.wants(self.resource.indexed) if self.resource.indexed else None
        if value is None:
            found = self.under(prefix)
        else:
            keys = sorted(key for key in self._index.get(value, ()) if key.startswith(prefix))
            found = [self._entries[key] for key in keys]
        return [entry for entry in found if selection(entry.object)] if selection else found

    def under_at(self, prefix: str, revision: int) -> list[Entry]:
        """As `under`, but as it was at `revision`; `Lost` when that is no longer known."""
        if revision < self.log.floor:
            raise Lost(self.log.floor)
        later = self.log.read(self.log.position(revision))
        if not later:
            return self.under(prefix)
        then: dict[str, Entry] = {entry.key: entry for entry in self.under(prefix)}
        for change in reversed(later):
            if change.entry.key.startswith(prefix):
                if change.previous is None:
                    then.pop(change.entry.key, None)
                else:
                    then[change.entry.key] = change.previous
        return [then[key] for key in sorted(then)]

    def put(self, entry: Entry) -> None:
        """Hold `entry` in place of what was at its key, and log it."""
        previous = self._entries.get(entry.key)
        self._entries[entry.key] = entry
        if previous is None:
            insort(self._keys, entry.key)
        else:
            self._unfile(previous)
        self._file(entry)
        self.log.append(Change(ADDED if previous is None else MODIFIED, entry, previous))

    def remove(self, key: str, revision: int) -> Entry:
        """Take away what is at `key`, and log it; its last state, bearing the revision of the deletion."""
        previous = self._entries.pop(key)
        del self._keys[bisect_left(self._keys, key)]
        self._unfile(previous)
        last = Entry.successor(previous, revision)
        self.log.append(Change(DELETED, last, previous))
        return last

    def replace_all(self, entries: Iterable[Entry]) -> None:
        """Hold exactly `entries`, logging nothing."""
        self._entries = {entry.key: entry for entry in entries}
        self._keys = sorted(self._entries)
        self._index = {}
        for entry in self._entries.values():
            self._file(entry)

    def _file(self, entry: Entry) -> None:
        if self._path:
            self._index.setdefault(text_at(entry.object, self._path, ""), set()).add(entry.key)

    def _unfile(self, entry: Entry) -> None:
        if self._path:
            value = text_at(entry.object, self._path, "")
            self._index[value].discard(entry.key)
            if not self._index[value]:
                del self._index[value]
