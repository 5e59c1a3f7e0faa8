"""Every request that was made: who asked for what, and what came of it. What tests and graders read.

Kept in memory, the newest so many; also appended to a file of JSON lines when one is given. Changes nothing.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path

import msgspec


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request. A watch is recorded when it begins, everything else when it was answered."""

    time: str
    """UTC, with microseconds."""
    user: str
    verb: str
    path: str
    code: int
    seconds: float
    """Until the answer was ready (a watch: until it began)."""
    listener: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    query: str = ""
    dry_run: bool = False
    reason: str = ""
    """The Status reason of a refusal."""
    agent: str = ""
    on_behalf: str = ""
    """Who really asked, when `user` was impersonated."""


class Journal:
    """The newest `length` requests, and all of them in `file` if there is one."""

    def __init__(self, file: Path | None = None, *, length: int = 20_000) -> None:
        self._records: deque[Record] = deque(maxlen=length)
        self._file = file.open("ab", buffering=0) if file else None
        self.total = 0

    def add(self, record: Record) -> None:
        """Keep a record."""
        self._records.append(record)
        self.total += 1
        if self._file is not None:
            self._file.write(msgspec.json.encode(record) + b"\n")

    def records(self, *, verb: str = "", resource: str = "", name: str = "") -> list[Record]:
        """The records kept, oldest first, narrowed to a verb, resource (plural) and name."""
        return [
            record
            for record in self._records
            if verb in ("", record.verb) and resource in ("", record.resource) and name in ("", record.name)
        ]

    def clear(self) -> None:
        """Forget the records kept in memory (a file keeps them)."""
        self._records.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
