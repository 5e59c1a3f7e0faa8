"""How kubelets and controllers reach the API: through any API server that is alive, and not at all when none is.

The same verbs as the registry's. `follow` is what every loop is built on: a list, then each change, and a new list
whenever the changes were lost. Whatever fails because the API or its etcd is away is `ApiAway`: try again later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.selectors import EVERYTHING
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.watching import Follower
from kconsole.lab.clock import LabClock
from kconsole.lab.indexes import Index

Object = dict[str, Any]
log = logging.getLogger(__name__)

LISTED = "LISTED"
"""The kind of the first event of a follower, and of the one after changes were lost; its object is a List."""
_RETRY_SECONDS = 1.0


class ApiAway(Exception):
    """No API server answers, or it cannot reach etcd."""


class Api:
    """The way to `registry` for the cluster's own actors. Objects it returns are the store's: read, never change."""

    def __init__(self, registry: Registry, up: asyncio.Event) -> None:
        self._registry = registry
        self.up = up
        """Set while any API server answers."""

    async def get(self, resource: str, namespace: str | None, name: str) -> Object | None:
        """The object, or None when there is none."""
        try:
            return await self._ask(self._registry.get(RESOURCES[resource], namespace, name))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def list(self, resource: str, namespace: str | None = None, *, fields: str | None = None) -> list[Object]:
        """The objects, by key."""
        self._check()
        return self._registry.list(RESOURCES[resource], namespace, fields=fields)

    async def create(self, resource: str, obj: Object) -> Object | None:
        """Store a new object; None when it is there already."""
        try:
            return await self._ask(self._registry.create(RESOURCES[resource], obj))
        except ApiError as error:
            if error.code == 409:
                return None
            raise

    async def change(
        self,
        resource: str,
        namespace: str | None,
        name: str,
        edit: Callable[[Object], Object | None],
        *,
        subresource: str | None = None,
    ) -> Object | None:
        """Read, edit, write; None when there is no such object. `edit` gets a copy and returns None for no change."""
        try:
            return await self._ask(
                self._registry.change(RESOURCES[resource], namespace, name, edit, subresource=subresource)
            )
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def delete(
        self, resource: str, namespace: str | None, name: str, *, grace_seconds: int | None = None, uid: str = ""
    ) -> None:
        """Delete what is there, and if `uid` is given, only that very object."""
        preconditions = {"uid": uid} if uid else None
        try:
            await self._ask(
                self._registry.delete(
                    RESOURCES[resource], namespace, name, grace_seconds=grace_seconds, preconditions=preconditions
                )
            )
        except ApiError as error:
            if error.code not in (404, 409):
                raise

    async def event(
        self, involved: Object, reason: str, message: str, *, source: str, host: str = "", warning: bool = False
    ) -> None:
        """Record that something happened to `involved`; an event that cannot be recorded is lost, as in life."""
        kind = "Warning" if warning else "Normal"
        with contextlib.suppress(ApiAway, ApiError):
            await self._ask(self._registry.record_event(involved, kind, reason, message, source, host=host))

    async def follow(self, resource: str) -> AsyncIterator[tuple[str, Object]]:
        """(LISTED, list), then (ADDED | MODIFIED | DELETED, object) in order, for ever; LISTED again when lost."""
        while True:
            self._check()
            since = self._registry.store.revision
            yield LISTED, {"items": self._registry.list(RESOURCES[resource])}
            try:
                async for kind, obj, _ in self._registry.watch(RESOURCES[resource], since=since):
                    yield kind, obj
            except ApiError as error:
                if error.code != 410:
                    raise

    def index(self, resource: str, words: Callable[[Object], Iterable[str]]) -> Index:
        """The objects of `resource` by the words that `words` gives for each; see Index."""
        return Index(self._registry, resource, words)

    def follower(self, resource: str) -> Follower:
        """A place in the changes of `resource`, for whoever keeps a picture of them: see Follower."""
        row = RESOURCES[resource]
        return Follower(self._registry.store.shelf(row), row.under(None), EVERYTHING)

    @property
    def revision(self) -> int:
        """The store's present revision."""
        return self._registry.store.revision

    def find(self, resource: str, namespace: str | None, name: str) -> Object | None:
        """As `get`, at once."""
        self._check()
        row = RESOURCES[resource]
        entry = self._registry.store.shelf(row).find(row.key(namespace, name))
        return entry.object if entry is not None else None

    def _check(self) -> None:
        if not self.up.is_set():
            raise ApiAway("no API server is alive")

    async def _ask(self, request: Awaitable[Object]) -> Object:
        if not self.up.is_set():
            close = getattr(request, "close", None)
            if close:
                close()
            raise ApiAway("no API server is alive")
        try:
            return await request
        except ApiError as error:
            if error.code >= 500:
                raise ApiAway(str(error)) from error
            raise


async def keep_doing(work: Callable[[], Awaitable[None]], api: Api, clock: LabClock) -> None:
    """Do `work` for ever, from the beginning again whenever the API went away under it; begin only once it answers."""
    while True:
        await api.up.wait()
        try:
            await work()
        except ApiAway as away:
            log.info("the API is away (%s); trying again", away)
            await clock.sleep(_RETRY_SECONDS)
