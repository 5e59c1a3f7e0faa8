"""What every controller is: it follows resources, notes which of its own objects a change concerns, and syncs those.

One task works an agenda, so that an object is never synced twice at once; what fails is tried again, ever later.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.access import LISTED, Api, ApiAway
from kconsole.lab.agenda import Agenda
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.clock import LabClock
from kconsole.lab.indexes import controller_of
from kconsole.lab.scope import gather_all
from kconsole.lab.stamps import stamp

Object = dict[str, Any]
Key = tuple[str, str]
"""Namespace (empty for what has none) and name."""
log = logging.getLogger(__name__)

_AWAY_SECONDS = 1.0
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 120.0


class Controller(ABC):
    """A loop from changes to syncs. Made anew whenever another control plane leads or the API came back."""

    follows: Sequence[str] = ()
    """The resources whose changes matter."""
    lag = 0.0
    """Seconds between a change and the sync that answers it."""

    def __init__(self, api: Api, clock: LabClock) -> None:
        self.api = api
        self.clock = clock
        self.agenda: Agenda[Key] = Agenda(clock)
        self._failed: dict[Key, float] = {}

    @abstractmethod
    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """The keys that a change of kind LISTED, ADDED, MODIFIED or DELETED of `obj` makes due."""

    @abstractmethod
    async def sync(self, key: Key) -> None:
        """Bring the cluster nearer to what the object at `key` asks for."""

    async def run(self) -> None:
        """Until the API goes away or it is cancelled."""
        await gather_all(*(self._follow(resource) for resource in self.follows), self._work())

    async def _follow(self, resource: str) -> None:
        async for kind, obj in self.api.follow(resource):
            for one in obj["items"] if kind == LISTED else (obj,):
                for key in self.concerned(resource, kind, one):
                    self.agenda.note(key, self.lag)

    async def _work(self) -> None:
        while True:
            key = await self.agenda.next()
            try:
                await self.sync(key)
                self._failed.pop(key, None)
            except ApiAway:
                self.agenda.note(key, _AWAY_SECONDS)
            except ApiError as refusal:
                wait = min(self._failed.get(key, _FIRST_BACKOFF / 2) * 2, _LONGEST_BACKOFF)
                self._failed[key] = wait
                log.info("%s of %s/%s: %s", type(self).__name__, *key, refusal)
                self.agenda.note(key, wait)
            await asyncio.sleep(0)

    @property
    def now(self) -> str:
        """The time as API objects write it."""
        return stamp(self.clock.now())


def key_of(obj: Object) -> Key:
    """Where `obj` is."""
    metadata = obj["metadata"]
    return metadata.get("namespace") or "", metadata["name"]


def owner_key(obj: Object, kind: str) -> Iterable[Key]:
    """The key of the controller of `obj`, if it is one of `kind`."""
    owner = controller_of(obj)
    if owner is not None and owner["kind"] == kind:
        yield obj["metadata"].get("namespace") or "", owner["name"]
