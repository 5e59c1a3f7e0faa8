"""What can be particular to a resource: the hooks that the generic verbs call. Types only, and the empty hooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kconsole.lab.apiserver.status import Object

Cause = tuple[str, str, str]
"""Where, a reason such as `FieldValueInvalid`, and a message."""


def _nothing(obj: Object) -> None:
    """No defaults."""


def _nothing_new(old: Object, new: Object) -> None:
    """Everything stays as it is given."""


def _at_once(obj: Object, asked: int | None) -> int:
    return 0


def _free(old: Object, new: Object) -> list[Cause]:
    return []


def _right(obj: Object) -> list[Cause]:
    return []


@dataclass(frozen=True)
class Rules:
    """How one resource differs from the generic object."""

    defaults: Callable[[Object], None] = _nothing
    """Fills in what was left out, in place, at creation and at every update."""
    admit: Callable[[Object], None] = _nothing
    """Adds, in place, what a new object gets and an old one keeps: addresses, tolerations, generated labels."""
    inherit: Callable[[Object, Object], None] = _nothing_new
    """Takes over, in place, from the old object what the server once added and an update left out."""
    begin: Callable[[Object], None] = _nothing
    """Sets the status that an object created by a client starts with, in place."""
    grace: Callable[[Object, int | None], int] = _at_once
    """Seconds that a deletion leaves the object there, given the seconds asked for."""
    check: Callable[[Object], list[Cause]] = _right
    """What is wrong with the object, defaults filled in."""
    frozen: Callable[[Object, Object], list[Cause]] = _free
    """What an update changed that cannot be changed."""
    ends_by_finalize: bool = False
    """Whether deletion waits for spec.finalizers (namespaces)."""


def required(field: str, more: str = "") -> Cause:
    """The field must be there."""
    return field, "FieldValueRequired", f"Required value{': ' + more if more else ''}"


def wrong(field: str, value: str, why: str) -> Cause:
    """The field has a value (as Go writes it) that it cannot have."""
    return field, "FieldValueInvalid", f"Invalid value: {value}: {why}"


def unsupported(field: str, value: str, *supported: str) -> Cause:
    """The field must be one of a few words."""
    known = ", ".join(f'"{one}"' for one in supported)
    return field, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {known}'


def below_zero(field: str, value: object) -> list[Cause]:
    """What is wrong with a number that must not be below zero."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return [wrong(field, str(value), "must be greater than or equal to 0")] if is_number and int(str(value)) < 0 else []
