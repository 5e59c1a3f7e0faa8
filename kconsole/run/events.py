"""What happens while a plan is carried out, as frozen, tagged records.

The same records are shown on the screen, printed by the command line and kept in the journal. `code` fields are stable
English words; `message` is what a person reads, in the API's own words where it said something.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Outcome = Literal["done", "failed", "partway", "unknown", "interrupted"]
"""`partway`: some steps were done and some failed · `unknown`: an answer was lost and could not be looked up."""


class _Event(msgspec.Struct, frozen=True, tag_field="event", tag=True):
    at: datetime


class StepStarted(_Event, frozen=True, tag=True):
    """A step is about to be looked at and carried out. Steps count from 0."""

    step: int


class StepSkipped(_Event, frozen=True, tag=True):
    """The cluster was already as the step wants it."""

    step: int


class StepDone(_Event, frozen=True, tag=True):
    """The step was carried out and the result read back."""

    step: int


class StepFailed(_Event, frozen=True, tag=True):
    """The step was not done; the cluster is as it was for this step."""

    step: int
    code: str
    message: str


class StepUnknown(_Event, frozen=True, tag=True):
    """The answer was lost and the cluster could not be asked: neither done nor undone."""

    step: int
    message: str


class Finished(_Event, frozen=True, tag=True):
    """Nothing more will be done. `changed`: nodes that this run changed; `unsure`: nodes it may have changed."""

    outcome: Outcome
    changed: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()


Event = StepStarted | StepSkipped | StepDone | StepFailed | StepUnknown | Finished
