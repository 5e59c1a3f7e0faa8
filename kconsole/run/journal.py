"""One file per operation: the plan in the first record, then every event, each on disk before the next thing happens.

JSON lines, mode 0600, fsynced. Written by the engine alone; read by whoever wants to know where an operation was. A
last line that a crash cut short is not an error: what is not whole was not written.
"""

from __future__ import annotations

import os
import secrets
from datetime import datetime
from pathlib import Path

import msgspec

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.plan.steps import Plan
from kconsole.run.events import Event
from kconsole.run.identity import Operator

FORMAT = 1


class Opening(msgspec.Struct, frozen=True, tag_field="event", tag="Opening"):
    """The first record: which plan, whose, when."""

    at: datetime
    id: str
    plan: Plan
    hash: str
    operator: Operator
    unlocked: str | None = None
    """The reason given for changing something in a protected context."""
    format: int = FORMAT


class Record(msgspec.Struct, frozen=True):
    """A journal as read back."""

    opening: Opening
    events: tuple[Event, ...]


_encoder = msgspec.json.Encoder()
_opening_decoder = msgspec.json.Decoder(Opening)
_event_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def operation_id(action: str, at: datetime) -> str:
    """A name that sorts by time and cannot collide: `20261122T091500Z-cordon-3f2a91`."""
    return f"{at:%Y%m%dT%H%M%SZ}-{action}-{secrets.token_hex(3)}"


class Journal:
    """An operation's journal, open for writing."""

    def __init__(self, folder: Path, plan: Plan, operator: Operator, at: datetime, unlocked: str | None = None) -> None:
        """Create the file and write its first record; `unlocked` is why a protected context may be changed.

        Raises KconsoleError when it cannot be written: an operation that cannot be recorded is not begun.
        """
        self.id = operation_id(plan.action, at)
        self.path = folder / f"{self.id}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as problem:
            says = _("The journal {path} cannot be written ({problem}); nothing was changed.")
            raise KconsoleError(says.format(path=self.path, problem=problem.strerror)) from problem
        self._write(Opening(at=at, id=self.id, plan=plan, hash=plan.hash, operator=operator, unlocked=unlocked))

    def write(self, event: Event) -> None:
        """Put the event on disk; returns when it is there."""
        self._write(event)

    def _write(self, record: Opening | Event) -> None:
        line = memoryview(_encoder.encode(record) + b"\n")
        try:
            while line:
                line = line[os.write(self._fd, line) :]
            os.fsync(self._fd)
        except OSError as problem:
            says = _("The journal {path} cannot be written ({problem}); the operation stops here.")
            raise KconsoleError(says.format(path=self.path, problem=problem.strerror)) from problem

    def close(self) -> None:
        """Close the file; nothing is pending."""
        os.close(self._fd)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def read_journal(path: Path) -> Record:
    """The journal at `path`. Raises KconsoleError when its first record is not a plan."""
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        return Record(_opening_decoder.decode(lines[0]), tuple(_event_decoder.decode(line) for line in lines[1:]))
    except (IndexError, msgspec.DecodeError) as problem:
        says = _("{path} is not a journal of kconsole, or is damaged: {problem}")
        raise KconsoleError(says.format(path=path, problem=problem)) from problem
