"""Every verb on every resource: what the HTTP API and the cluster's own actors both call.

Refusals are ApiErrors with the Status a client would see. Objects that `list`, `get` and `watch`
return belong to the store: read them, copy them, never change them. Knows no HTTP and no permissions.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta

from kconsole.lab.apiserver import deletion, objects, recording
from kconsole.lab.apiserver.backends import Mismatch, Unavailable
from kconsole.lab.apiserver.changes import ADDED, Lost
from kconsole.lab.apiserver.entry import Entry
from kconsole.lab.apiserver.resources import RESOURCES, Resource
from kconsole.lab.apiserver.rules import rules_of
from kconsole.lab.apiserver.selectors import EVERYTHING, Selection, select
from kconsole.lab.apiserver.served import DEFINITIONS
from kconsole.lab.apiserver.status import (
    ApiError,
    Object,
    already_exists,
    expired,
    forbidden,
    not_found,
    storage_failed,
)
from kconsole.lab.apiserver.store import Store
from kconsole.lab.apiserver.watching import Follower

Clock = Callable[[], datetime]
Edit = Callable[[Object], "Object | None"]
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Registry:
    """The verbs on `store`. Timestamps come from `clock` (UTC); names and uids from `seed`, at random without one."""

    def __init__(self, store: Store, clock: Clock, *, seed: int | None = None) -> None:
        self.store = store
        self.clock = clock
        self._random = random.Random(seed)  # noqa: S311 - names and uids, nothing secret
        self._events: dict[tuple[str, ...], str] = {}

    # Reading

    def entry(self, resource: Resource, namespace: str | None, name: str) -> Entry:
        """The stored entry; 404."""
        entry = self.store.shelf(resource).find(resource.key(namespace, name))
        if entry is None:
            raise not_found(resource, name)
        return entry

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Object:
        """The object; 404."""
        return self.entry(resource, namespace, name).object

    def entries(self, resource: Resource, namespace: str | None, selection: Selection) -> list[Entry]:
        """The entries selected, by key."""
        return self.store.shelf(resource).selected(resource.under(namespace), selection)

    def list(
        self, resource: Resource, namespace: str | None = None, *, labels: str | None = None, fields: str | None = None
    ) -> list[Object]:
        """The objects that both selectors select, by key; of all namespaces for None."""
        return [entry.object for entry in self.entries(resource, namespace, select(resource, labels, fields))]

    async def watch(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        since: int | None = None,
        labels: str | None = None,
        fields: str | None = None,
    ) -> AsyncIterator[tuple[str, Object, int]]:
        """(ADDED | MODIFIED | DELETED, object, resourceVersion) in order, for ever.

        Begins after the revision `since`, or for None with an ADDED for each object there is. Raises a 410 ApiError
        when the changes are no longer known (the reader was too slow, or the store was loaded anew): list again.
        """
        selection = select(resource, labels, fields)
        with Follower(self.store.shelf(resource), resource.under(namespace), selection) as follower:
            if since is None:
                since = self.store.revision
                present = self.entries(resource, namespace, selection)
                follower.go_on_from(since)
                for entry in present:
                    yield ADDED, entry.object, entry.revision
            else:
                self._go_on(follower, since)
            while True:
                try:
                    seen = follower.take()
                except Lost as lost:
                    raise expired(since, lost.oldest) from None
                for kind, entry in seen:
                    since = entry.revision
                    yield kind, entry.object, entry.revision
                await follower.wait()

    def _go_on(self, follower: Follower, since: int) -> None:
        try:
            follower.go_on_from(since)
        except Lost as lost:
            raise expired(since, lost.oldest) from None

    # Writing

    async def create(
        self, resource: Resource, obj: Object, *, dry_run: bool = False, reset_status: bool = False
    ) -> Object:
        """Store a new object and return it as stored; 409 when the name is taken, 422 when it breaks a rule.

        `reset_status` begins the status and the age as for an object that a client creates; else those given are kept.
        """
        if reset_status:
            rules_of(resource).begin(obj)
            (obj.get("metadata") or {}).pop("creationTimestamp", None)
        suffix = "".join(self._random.choices(_LETTERS, k=5))
        new = objects.new_object(resource, obj, now=self.clock(), uid=self._uid(), suffix=suffix)
        metadata = new["metadata"]
        if resource.namespaced:
            self.check_open(resource, metadata.get("namespace") or "", metadata["name"])
        objects.check_new(resource, new)
        key = resource.key(metadata.get("namespace"), metadata["name"])
        if self.store.shelf(resource).find(key) is not None:
            raise already_exists(resource, metadata["name"])
        if dry_run:
            return new
        try:
            return _at(new, await self._write(resource, key, new, 0))
        except Mismatch:
            raise already_exists(resource, metadata["name"]) from None

    def check_open(self, resource: Resource, namespace: str, name: str) -> None:
        """Return when something new may begin in the namespace; 404 when it is not there, 403 when it is ending."""
        home = self.store.shelf(RESOURCES["namespaces"]).find(RESOURCES["namespaces"].key(None, namespace))
        if home is None:
            raise not_found(RESOURCES["namespaces"], namespace)
        if "deletionTimestamp" in home.object["metadata"] and resource.plural != "events":
            message = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            details: Object = {"name": name, "kind": resource.plural}
            if resource.group:
                details["group"] = resource.group
            raise forbidden(resource.qualified, name, message, {**details, "causes": [cause]})

    async def change(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        edit: Edit,
        *,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Read, edit, write, again when someone else wrote in between; returns the object as stored (or removed).

        `edit` gets a copy and returns the new object, which it hands over, or None to leave it as it is. Without
        `subresource="status"` a status is not changed where it is a subresource, and with it only the status (and
        labels, annotations, finalizers) is. A resourceVersion that is not the present one is a 409.
        """
        while True:
            entry = self.entry(resource, namespace, name)
            edited = edit(entry.copy())
            if edited is None:
                return entry.object
            new = objects.updated_object(resource, entry.object, edited, subresource)
            if dry_run or new == entry.object:
                return new
            gone = deletion.is_over(resource, new)
            try:
                written = await self._write(resource, entry.key, None if gone else new, entry.revision)
            except Mismatch:
                continue
            return _at(new, written)

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "",
        preconditions: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Object:
        """Delete, or mark for deletion what has a grace period or finalizers; the object as it was last, or is now.

        `preconditions`: `uid` and `resourceVersion` that the object must have, else 409. `propagation`: Foreground,
        Background or Orphan, for the garbage collector; empty for what the resource does by itself.
        """
        obj, _ = await self.remove(
            resource,
            namespace,
            name,
            grace_seconds=grace_seconds,
            propagation=propagation,
            preconditions=preconditions,
            dry_run=dry_run,
        )
        return obj

    async def remove(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        grace_seconds: int | None = None,
        propagation: str = "",
        preconditions: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> tuple[Object, bool]:
        """As `delete`, and whether the object is gone now."""
        deletion.check_mortal(resource, name)
        while True:
            entry = self.entry(resource, namespace, name)
            objects.check_preconditions(resource, entry.object, preconditions or {})
            out = deletion.outcome(
                resource, entry.object, now=self.clock(), grace_seconds=grace_seconds, propagation=propagation
            )
            if dry_run or (out.marked is None and not out.gone):
                return out.marked or entry.object, out.gone
            if out.gone and resource.plural == DEFINITIONS:
                await self._remove_instances(entry.object)
            try:
                written = await self._write(resource, entry.key, None if out.gone else out.marked, entry.revision)
            except Mismatch:
                continue
            return written.object, out.gone

    async def _remove_instances(self, definition: Object) -> None:
        """With a definition go its objects; finalizers of theirs are not waited for."""
        uid = definition["metadata"]["uid"]
        resource = self.store.served.defined_by(uid)
        if resource is not None:
            for entry in self.entries(resource, None, EVERYTHING):
                await self._write(resource, entry.key, None, entry.revision)

    async def _write(self, resource: Resource, key: str, obj: Object | None, expected: int) -> Entry:
        try:
            return await self.store.write(resource, key, obj, expected)
        except Unavailable as problem:
            raise storage_failed(str(problem)) from problem

    def _uid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # Events

    async def record_event(
        self, involved: Object, event_type: str, reason: str, message: str, source: str, *, host: str = ""
    ) -> Object:
        """Record that something happened to `involved` (an object, or a reference to one); counted when it recurs.

        `event_type` is Normal or Warning, `source` the component that says so, `host` the node it runs on.
        """
        events, now = RESOURCES["events"], self.clock()
        about = recording.reference(involved)
        origin = {"component": source, **({"host": host} if host else {})}
        same = recording.key_of(about, event_type, reason, message, origin)
        namespace = about.get("namespace") or "default"
        if same in self._events:
            try:
                return await self.change(
                    events, namespace, self._events[same], lambda event: recording.again(event, now=now)
                )
            except ApiError as error:
                if error.code != 404:
                    raise
        suffix = f"{self._random.getrandbits(64):016x}"
        new = recording.first(about, event_type, reason, message, origin, now=now, suffix=suffix)
        event = await self.create(events, new)
        self._events[same] = event["metadata"]["name"]
        return event

    async def expire_events(self) -> None:
        """Forget the events that last happened more than an hour ago; a real API server does so by a lease in etcd."""
        events = RESOURCES["events"]
        limit = objects.timestamp(self.clock() - timedelta(seconds=recording.LIFETIME))
        old = [
            event["metadata"]
            for event in self.list(events)
            if (event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]) < limit
        ]
        for metadata in old:
            await self.delete(events, metadata["namespace"], metadata["name"])
        gone = {metadata["name"] for metadata in old}
        self._events = {same: name for same, name in self._events.items() if name not in gone}


def _at(obj: Object, written: Entry) -> Object:
    """`obj` bearing the revision it was written at."""
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(written.revision)}}
