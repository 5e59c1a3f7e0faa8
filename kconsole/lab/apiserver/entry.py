"""One stored object, encoded once: the bytes that lists, watches and single reads are joined from.

An Entry never changes; a new state of the object is a new Entry.
"""

from __future__ import annotations

import msgspec

from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import Object

_OPEN = b'"metadata":{'


def stored_value(resource: Resource, obj: Object) -> bytes:
    """The object as it is kept in the backend: JSON, type first, without its resourceVersion (the backend has that)."""
    metadata = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
    rest = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata")}
    return resource.head + msgspec.json.encode({"metadata": metadata, **rest})[1:]


class Entry:
    """An object at one revision. `body` is its JSON after apiVersion and kind, without the outer braces."""

    __slots__ = ("_object", "body", "key", "resource", "revision")

    def __init__(self, resource: Resource, key: str, revision: int, body: bytes) -> None:
        self.resource = resource
        self.key = key
        self.revision = revision
        self.body = body
        self._object: Object | None = None

    @classmethod
    def from_stored(cls, resource: Resource, key: str, revision: int, value: bytes) -> Entry:
        """The entry for what `stored_value` made, last changed at `revision`."""
        rest = value[len(resource.head) + len(_OPEN) : -1]
        return cls(resource, key, revision, b'%s"resourceVersion":"%d",%s' % (_OPEN, revision, rest))

    @classmethod
    def successor(cls, entry: Entry, revision: int) -> Entry:
        """The same object, bearing a later revision."""
        value = entry.encoded.replace(b'"resourceVersion":"%d",' % entry.revision, b"", 1)
        return cls.from_stored(entry.resource, entry.key, revision, value)

    @property
    def object(self) -> Object:
        """The object as a dict, decoded at first use and kept; it must not be changed."""
        if self._object is None:
            self._object = self.copy()
        return self._object

    def copy(self) -> Object:
        """The object as a dict of the caller's own."""
        decoded: Object = msgspec.json.decode(self.encoded)
        return decoded

    def forget(self) -> None:
        """Drop the decoded form (the entry is history now); it is decoded again if it is needed again."""
        self._object = None

    @property
    def encoded(self) -> bytes:
        """The whole object as JSON."""
        return b"%s%s}" % (self.resource.head, self.body)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rsplit("/", 1)[1]
