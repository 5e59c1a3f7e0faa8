"""What a column of a server-printed table is, and what every cell needs: ages, and values that are not set. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.model.ages import human_duration

NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"


@dataclass(frozen=True)
class Column:
    """A column; `priority` 0 is always shown, 1 in wide output only."""

    name: str
    description: str
    type: str = "string"
    format: str = ""
    priority: int = 0

    def definition(self) -> Object:
        """As a table's columnDefinitions have it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


NAME = Column("Name", "The object's name, unique in its namespace.", format="name")
AGE = Column("Age", "Time since the object was created.")

Cells = Callable[[Object, datetime], list[Any]]


@dataclass(frozen=True)
class Printer:
    """How a resource is printed: its columns, and the cells of one object in that order."""

    columns: tuple[Column, ...]
    cells: Cells


def moment(text: str) -> datetime:
    """The time that an API timestamp means."""
    return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)


def age_of(obj: Object, now: datetime) -> str:
    """The AGE cell."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def since(text: str | None, now: datetime) -> str:
    """How long ago an API timestamp was; `<unknown>` when there is none."""
    return human_duration(now - moment(text)) if text else UNKNOWN
