"""Garbage collection by owner: what belonged to something that is gone goes too, unless it was orphaned on purpose.

Also waits where somebody asked for it: an owner deleted in the foreground goes after what blocks it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.apiserver.resources import RESOURCES, Resource
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers.loop import Controller
from kconsole.lab.indexes import by_owner

Object = dict[str, Any]
Key = tuple[str, str]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_NEVER_OWNED = ("events",)


class Garbage(Controller):
    """The garbage collector. A key is a uid and the resource of who bears it."""

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self.follows = [row.plural for row in RESOURCES.values() if row.stored and row.plural not in _NEVER_OWNED]
        self._owned = {plural: api.index(plural, by_owner) for plural in self.follows}
        self._kinds = {(row.api_version, row.kind): row for row in RESOURCES.values() if row.stored}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Who is gone or going, or whose owner may be."""
        metadata = obj["metadata"]
        references = metadata.get("ownerReferences")
        if kind == "DELETED":
            yield metadata["uid"], ""
            for reference in references or ():
                if reference.get("blockOwnerDeletion"):
                    yield from self._key_of_owner(reference)
        elif "deletionTimestamp" in metadata and {FOREGROUND, ORPHAN} & set(metadata.get("finalizers") or ()):
            yield metadata["uid"], f"{resource}/{metadata.get('namespace') or ''}/{metadata['name']}"
        elif references and kind != "MODIFIED":
            for reference in references:
                if self._is_gone(reference, metadata.get("namespace")):
                    yield reference["uid"], ""

    def _key_of_owner(self, reference: Object) -> Iterable[Key]:
        """The owner, if it waits for those it owns."""
        row = self._kinds.get((reference.get("apiVersion", ""), reference["kind"]))
        for namespace in ("",) if row is None or not row.namespaced else self._namespaces(row, reference):
            owner = self.api.find(row.plural, namespace or None, reference["name"]) if row else None
            if owner is not None and row is not None and FOREGROUND in (owner["metadata"].get("finalizers") or ()):
                yield reference["uid"], f"{row.plural}/{namespace}/{reference['name']}"

    def _namespaces(self, row: Resource, reference: Object) -> Iterable[str]:
        for one in self.api.list("namespaces"):
            owner = self.api.find(row.plural, one["metadata"]["name"], reference["name"])
            if owner is not None and owner["metadata"]["uid"] == reference["uid"]:
                yield one["metadata"]["name"]

    def _is_gone(self, reference: Object, namespace: str | None) -> bool:
        """Whether the owner is known not to be there: of a kind that is served, and another uid or nobody there."""
        row = self._kinds.get((reference.get("apiVersion", ""), reference["kind"]))
        if row is None:
            return False
        owner = self.api.find(row.plural, namespace if row.namespaced else None, reference["name"])
        return owner is None or owner["metadata"]["uid"] != reference["uid"]

    async def sync(self, key: Key) -> None:
        """Deal with the dependents of one owner, and with its finalizers."""
        uid, place = key
        owner = None
        if place:
            plural, namespace, name = place.split("/")
            owner = await self.api.get(plural, namespace or None, name)
            if owner is not None and owner["metadata"]["uid"] != uid:
                owner = None
        finalizers = set((owner["metadata"].get("finalizers") or ()) if owner else ())
        dependents = [(plural, one) for plural, index in self._owned.items() for one in index.of(uid)]
        if ORPHAN in finalizers:
            for plural, one in dependents:
                await self._let_go(plural, one, uid)
            await self._finalize(place, ORPHAN)
        elif FOREGROUND in finalizers:
            for plural, one in dependents:
                await self._collect(plural, one, uid, foreground=True)
            if not any(_blocks(one, uid) for index in self._owned.values() for one in index.of(uid)):
                await self._finalize(place, FOREGROUND)
        elif owner is None:
            for plural, one in dependents:
                reference = next(r for r in one["metadata"]["ownerReferences"] if r["uid"] == uid)
                if self._is_gone(reference, one["metadata"].get("namespace")):
                    await self._collect(plural, one, uid, foreground=False)

    async def _collect(self, plural: str, one: Object, uid: str, *, foreground: bool) -> None:
        """Delete a dependent, or if others own it too, only take this owner off it."""
        metadata = one["metadata"]
        others = [r for r in metadata["ownerReferences"] if r["uid"] != uid]
        if any(not self._is_gone(r, metadata.get("namespace")) for r in others):
            await self._let_go(plural, one, uid)
            return
        if "deletionTimestamp" in metadata:
            return
        waits = foreground and any(
            _blocks(other, metadata["uid"]) for index in self._owned.values() for other in index.of(metadata["uid"])
        )
        if waits:
            await self.api.change(plural, metadata.get("namespace"), metadata["name"], _in_foreground)
        await self.api.delete(plural, metadata.get("namespace"), metadata["name"], uid=metadata["uid"])

    async def _let_go(self, plural: str, one: Object, uid: str) -> None:
        def release(present: Object) -> Object:
            metadata = present["metadata"]
            metadata["ownerReferences"] = [r for r in metadata.get("ownerReferences") or () if r["uid"] != uid]
            return present

        await self.api.change(plural, one["metadata"].get("namespace"), one["metadata"]["name"], release)

    async def _finalize(self, place: str, finalizer: str) -> None:
        plural, namespace, name = place.split("/")

        def done(present: Object) -> Object:
            metadata = present["metadata"]
            metadata["finalizers"] = [one for one in metadata.get("finalizers") or () if one != finalizer]
            return present

        await self.api.change(plural, namespace or None, name, done)


def _blocks(one: Object, uid: str) -> bool:
    return any(r["uid"] == uid and r.get("blockOwnerDeletion") for r in one["metadata"].get("ownerReferences") or ())


def _in_foreground(present: Object) -> Object:
    finalizers = present["metadata"].setdefault("finalizers", [])
    if FOREGROUND not in finalizers:
        finalizers.append(FOREGROUND)
    return present
