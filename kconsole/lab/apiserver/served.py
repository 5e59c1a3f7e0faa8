"""Which resources are served now: those from the start, and those that clients have defined."""

from __future__ import annotations

from collections.abc import Iterable

from kconsole.lab.apiserver.custom import resource_of
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import Object

DEFINITIONS = "customresourcedefinitions"


class Served:
    """The resources `from_start`, and what `define` was told last."""

    def __init__(self, from_start: Iterable[Resource]) -> None:
        self._from_start = tuple(from_start)
        self._defined: dict[tuple[str, int], Resource] = {}
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self.resources: tuple[Resource, ...] = ()
        """All of them; a new tuple whenever they change."""
        self._index()

    def _index(self) -> None:
        self.resources = (*self._from_start, *self._defined.values())
        self._by_path = {(one.group, one.version, one.plural): one for one in self.resources}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource at a request's path."""
        return self._by_path.get((group, version, plural))

    def defined_by(self, uid: str) -> Resource | None:
        """The resource that the definition with that uid describes."""
        return next((one for (definition, _), one in self._defined.items() if definition == uid), None)

    def define(self, definitions: Iterable[Object]) -> tuple[list[Resource], list[Resource]]:
        """Serve what these CustomResourceDefinitions describe; (resources that are new, those that are gone).

        A definition that was not changed keeps its resource; one that was has a new one in place of the old.
        """
        taken = {(one.group, one.plural) for one in self._from_start}
        found: dict[tuple[str, int], Resource] = {}
        for definition in definitions:
            metadata = definition["metadata"]
            key = (metadata["uid"], metadata.get("generation", 1))
            resource = self._defined.get(key) or resource_of(definition)
            if resource is not None and (resource.group, resource.plural) not in taken:
                found[key] = resource
        if found.keys() == self._defined.keys():
            return [], []
        new = [one for key, one in found.items() if key not in self._defined]
        gone = [one for key, one in self._defined.items() if key not in found]
        self._defined = found
        self._index()
        return new, gone
