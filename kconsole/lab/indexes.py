"""The objects of a resource by something else than their key: pods by their owner, endpoints by their service.

An index catches up with the store whenever it is asked, so that it never answers with less than what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kconsole.lab.apiserver.changes import DELETED, Lost
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.selectors import EVERYTHING
from kconsole.lab.apiserver.watching import Follower

Object = dict[str, Any]


class Index:
    """The objects of `resource` by each of the words that `words` gives for one."""

    def __init__(self, registry: Registry, resource: str, words: Callable[[Object], Iterable[str]]) -> None:
        self._registry = registry
        self._resource = RESOURCES[resource]
        self._words = words
        self._follower = Follower(registry.store.shelf(self._resource), self._resource.under(None), EVERYTHING)
        self._objects: dict[str, Object] = {}
        self._filed: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, set[str]] = {}
        self._read = False

    def of(self, word: str) -> list[Object]:
        """The objects that have `word`, by key. They are the store's: read, never change."""
        self._catch_up()
        return [self._objects[key] for key in sorted(self._keys.get(word, ()))]

    def _catch_up(self) -> None:
        try:
            if self._read:
                for kind, entry in self._follower.take():
                    self._file(entry.key, None if kind == DELETED else entry.object)
                return
        except Lost:
            pass
        self._begin()

    def _begin(self) -> None:
        self._objects.clear()
        self._filed.clear()
        self._keys.clear()
        self._follower.go_on_from(self._registry.store.revision)
        for entry in self._registry.store.shelf(self._resource).under(self._resource.prefix):
            self._file(entry.key, entry.object)
        self._read = True

    def _file(self, key: str, obj: Object | None) -> None:
        words = tuple(self._words(obj)) if obj is not None else ()
        before = self._filed.get(key, ())
        if words != before:
            for word in before:
                self._keys[word].discard(key)
                if not self._keys[word]:
                    del self._keys[word]
            for word in words:
                self._keys.setdefault(word, set()).add(key)
        if obj is None:
            self._objects.pop(key, None)
            self._filed.pop(key, None)
        else:
            self._objects[key], self._filed[key] = obj, words


def controller_of(obj: Object) -> Object | None:
    """The ownerReference to the object's controller."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((reference for reference in references if reference.get("controller")), None)


def by_controller(obj: Object) -> Iterable[str]:
    """Words for an Index by the uid of the controller."""
    owner = controller_of(obj)
    return (owner["uid"],) if owner else ()


def by_owner(obj: Object) -> Iterable[str]:
    """Words for an Index by the uids of all owners."""
    return [reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()]
