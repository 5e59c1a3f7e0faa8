"""Namespaces: what each one has from the start, and how one that is deleted is emptied before it goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.controllers.pods import is_terminating

Object = dict[str, Any]

_AGAIN_SECONDS = 1.0


class Namespaces(Controller):
    """The namespace controller and the service account controller."""

    follows = ("namespaces",)

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself."""
        return () if kind == "DELETED" else (key_of(obj),)

    async def sync(self, key: Key) -> None:
        """Furnish it, or empty it."""
        namespace = await self.api.get("namespaces", None, key[1])
        if namespace is None:
            return
        if is_terminating(namespace):
            await self._empty(key, namespace)
            return
        for resource, body in namespace_defaults(key[1]):
            if await self.api.get(resource, key[1], body["metadata"]["name"]) is None:
                await self.api.create(resource, body)

    async def _empty(self, key: Key, namespace: Object) -> None:
        name, left = key[1], 0
        for row in RESOURCES.values():
            if not row.stored or not row.namespaced:
                continue
            for one in self.api.list(row.plural, name):
                left += 1
                if not is_terminating(one):
                    await self.api.delete(row.plural, name, one["metadata"]["name"], uid=one["metadata"]["uid"])
        if left:
            self.agenda.note(key, _AGAIN_SECONDS)
        elif "kubernetes" in ((namespace.get("spec") or {}).get("finalizers") or ()):
            await self.api.change("namespaces", None, name, _finalized, subresource="finalize")


def _finalized(namespace: Object) -> Object:
    spec = namespace["spec"]
    spec["finalizers"] = [one for one in spec.get("finalizers") or () if one != "kubernetes"]
    return namespace


def namespace_defaults(name: str) -> list[tuple[str, Object]]:
    """What every namespace gets: (resource, object)."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
    return [("serviceaccounts", account)]
