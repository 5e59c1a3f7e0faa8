"""Carrying a plan out from the console: the journal is opened, the engine runs, events are told.

The only place of the screens that reaches the writing half of a cluster; it touches no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kconsole.i18n import _
from kconsole.plan.steps import Plan
from kconsole.run.events import Event, Finished, StepFailed, StepUnknown
from kconsole.run.identity import operator
from kconsole.tui.cluster import Cluster
from kconsole.tui.messages import Message


async def run_plan(
    plan: Plan,
    cluster: Cluster,
    folder: Path,
    now: Callable[[], datetime],
    tell: Callable[[Event], None],
    *,
    unlocked: str | None = None,
) -> Path:
    """Carry `plan` out and return where its journal is; `unlocked` is why a protected context may be changed.

    Raises what the engine raises before anything was touched."""
    from kconsole.run.engine import carry_out
    from kconsole.run.journal import Journal

    with Journal(folder, plan, operator(), now(), unlocked) as journal:
        async for event in carry_out(plan, cluster.world(), journal):
            tell(event)
    return journal.path


def message_of(plan: Plan, event: Event) -> Message | None:
    """What a person must be told of an event; None when the table shows it by itself."""
    if isinstance(event, StepFailed):
        words = (
            _("{node}: cordon failed: {words}") if plan.action == "cordon" else _("{node}: uncordon failed: {words}")
        )
        return Message(event.at, words.format(node=plan.steps[event.step].node, words=event.message))
    if isinstance(event, StepUnknown):
        words = _("{node}: whether it was changed is not known: {words}")
        return Message(event.at, words.format(node=plan.steps[event.step].node, words=event.message))
    if isinstance(event, Finished) and event.outcome in ("partway", "unknown"):
        words = _("Stopped part-way. Changed: {changed}. Not known: {unsure}.")
        shown = {"changed": ", ".join(event.changed) or "–", "unsure": ", ".join(event.unsure) or "–"}
        return Message(event.at, words.format(**shown), "warn")
    return None
