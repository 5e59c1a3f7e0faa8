"""What a column of a server-printed table is, and what every cell needs: ages, and values that are not set. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from kconsole.lab.apiserver.status import Object

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
    return human_duration((now - moment(text)).total_seconds()) if text else UNKNOWN


def human_duration(seconds: float) -> str:
    """A duration with two figures at most, as kubectl shows ages; more than two seconds in the future is invalid."""
    if seconds <= -2:
        return "<invalid>"
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = whole // 3600
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    years = days // 365
    return _two(years, "y", days % 365, "d") if days < 2920 else f"{years}y"


def _two(first: int, unit: str, second: int, second_unit: str) -> str:
    return f"{first}{unit}{second}{second_unit}" if second else f"{first}{unit}"
