"""What keeps the objects: the interface that the store writes through, and the one that keeps nothing but a counter.

A backend knows keys, bytes and revisions. It never looks into an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Kept:
    """A value as the backend holds it, with the revision of its last change."""

    key: str
    value: bytes
    revision: int


@dataclass(frozen=True)
class Contents:
    """Everything a backend holds, at one revision."""

    revision: int
    kept: list[Kept]


class Unavailable(Exception):
    """The backend did not answer, or said it cannot; the sentence is what the API server tells its client.

    `outcome_known` is False when a write was sent and may have happened all the same.
    """

    def __init__(self, message: str, *, outcome_known: bool) -> None:
        super().__init__(message)
        self.outcome_known = outcome_known


class Mismatch(Exception):
    """The key was not at the expected revision."""


class Backend(Protocol):
    """Where the store keeps its objects. The store makes one call at a time."""

    async def load(self) -> Contents | None:
        """Everything, or None when the backend keeps nothing itself and the store's own picture is all there is."""

    async def write(self, key: str, value: bytes | None, expected: int) -> int:
        """Put `value` (None deletes) if `key` was last changed at `expected` (0: is not there); the new revision."""

    async def check(self) -> None:
        """Return when the backend can be written to now; else `Unavailable`."""


class MemoryBackend:
    """Counts revisions; the store's picture is the only copy, and the store has compared the revisions already."""

    def __init__(self) -> None:
        self._revision = 1

    async def load(self) -> Contents | None:
        """Nothing to load: see Backend."""
        return None

    async def write(self, key: str, value: bytes | None, expected: int) -> int:
        """See Backend."""
        self._revision += 1
        return self._revision

    async def check(self) -> None:
        """Memory is always there."""
