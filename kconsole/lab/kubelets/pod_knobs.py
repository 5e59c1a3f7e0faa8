"""How a pod wants to be played: annotations `lab.kconsole.io/…` on it, or on its template.

Pure. What no annotation says follows from what the pod is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kconsole.lab.indexes import controller_of

Object = dict[str, Any]

PREFIX = "lab.kconsole.io/"
STATE = f"{PREFIX}state"
"""`crash` (its container keeps failing), `unready` (its probe fails), `hang` (never ends when told to)."""
READY_AFTER = f"{PREFIX}ready-after"
"""Seconds from the start of the containers until the pod is ready."""
TERMINATE_AFTER = f"{PREFIX}terminate-after"
"""Seconds from SIGTERM until the containers have ended, or `grace` for the whole grace period."""
COMPLETE_AFTER = f"{PREFIX}complete-after"
"""Seconds after which the containers end by themselves."""
EXIT_CODE = f"{PREFIX}exit-code"
"""What they then end with; 0 unless said."""
STATES = ("crash", "unready", "hang")
_JOB_SECONDS = 5.0


@dataclass(frozen=True)
class Knobs:
    """What the annotations of one pod say."""

    state: str = ""
    ready_after: float = 0.0
    terminate_after: float | None = None
    """None: a moment; infinite: the whole grace period."""
    complete_after: float | None = None
    exit_code: int = 0


def knobs_of(pod: Object) -> Knobs:
    """The knobs of `pod`; what cannot be read counts as not said."""
    said = pod["metadata"].get("annotations") or {}
    owner = controller_of(pod)
    works = owner is not None and owner["kind"] == "Job"
    state = said.get(STATE, "")
    whole = said.get(TERMINATE_AFTER) == "grace"
    return Knobs(
        state=state if state in STATES else "",
        ready_after=_seconds(said.get(READY_AFTER)) or 0.0,
        terminate_after=float("inf") if whole else _seconds(said.get(TERMINATE_AFTER)),
        complete_after=_seconds(said.get(COMPLETE_AFTER), _JOB_SECONDS if works else None),
        exit_code=int(_seconds(said.get(EXIT_CODE)) or 0),
    )


def _seconds(text: Any, unsaid: float | None = None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else unsaid
    except ValueError:
        return unsaid
