"""Carrying a plan out: step by step, each observed, acted on and proven, each event journalled before the next act.

The engine changes only what the plan says. It never guesses: an answer that was lost is looked up, and what cannot be
looked up is reported as unknown, neither done nor failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from kconsole.errors import KconsoleError, Refused
from kconsole.i18n import _
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.plan.steps import AnyStep, Plan
from kconsole.run import cordoning
from kconsole.run.events import (
    Event,
    Finished,
    Outcome,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepUnknown,
)
from kconsole.run.journal import Journal
from kconsole.run.world import World

_LOOKS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between looks at a cluster that does not answer, before its state is called unknown."""


async def carry_out(plan: Plan, world: World, journal: Journal) -> AsyncIterator[Event]:
    """Carry out `plan`, yielding each event after it is in the journal.

    A step that fails does not stop the others: each concerns its own node. Ends with Finished, whatever happens;
    cancelling journals what was changed so far and passes on. Raises Refused, before anything is touched, when a guard
    blocks the plan.
    """
    if plan.refused:
        raise Refused("\n".join(g.text for g in plan.guards if g.status == "block"))
    changed: list[str] = []
    unsure: list[str] = []
    worst: Outcome = "done"
    in_flight: str | None = None
    try:
        for index, step in enumerate(plan.steps):
            started = StepStarted(world.now(), index)
            await _record(journal, started)
            yield started
            in_flight = step.node
            result = await _one_step(index, step, world)
            in_flight = None
            if isinstance(result, StepDone):
                changed.append(step.node)
            if isinstance(result, StepUnknown):
                unsure.append(step.node)
            worst = _worse(worst, result)
            await _record(journal, result)
            yield result
    except (asyncio.CancelledError, GeneratorExit):
        if in_flight is not None:
            unsure.append(in_flight)
        journal.write(Finished(world.now(), "interrupted", tuple(changed), tuple(unsure)))
        raise
    outcome: Outcome = "partway" if worst == "failed" and changed else worst
    end = Finished(world.now(), outcome, tuple(changed), tuple(unsure))
    await _record(journal, end)
    yield end


async def _record(journal: Journal, event: Event) -> None:
    """Write in a thread, since a disk may take its time, and finish writing even if cancelled meanwhile."""
    await asyncio.shield(asyncio.to_thread(journal.write, event))


def _worse(worst: Outcome, result: Event) -> Outcome:
    if isinstance(result, StepUnknown) or worst == "unknown":
        return "unknown"
    return "failed" if isinstance(result, StepFailed) else worst


async def _one_step(index: int, step: AnyStep, world: World) -> StepSkipped | StepDone | StepFailed | StepUnknown:
    try:
        if await _look(step, world):
            return StepSkipped(world.now(), index)
        refusal = await _act(step, world)
        if await _look(step, world):
            return StepDone(world.now(), index)
    except Unreachable as lost:
        return StepUnknown(world.now(), index, str(lost))
    except ApiError as refused:
        return StepFailed(world.now(), index, refused.code, str(refused))
    except KconsoleError as problem:
        return StepFailed(world.now(), index, problem.code, str(problem))
    if refusal is not None:
        return StepFailed(world.now(), index, refusal.code, str(refusal))
    says = _("The API accepted the change to {node}, but the node does not show it: something else changed it back.")
    return StepFailed(world.now(), index, "undone", says.format(node=step.node))


async def _act(step: AnyStep, world: World) -> KconsoleError | None:
    """Act once. A lost answer is no failure yet: it is returned, and the look that follows decides."""
    try:
        await cordoning.act(step, world)
    except Unreachable as lost:
        return lost
    return None


async def _look(step: AnyStep, world: World) -> bool:
    """Whether the step holds, asking again for a while when the API does not answer; raises Unreachable after that."""
    return await _patiently(lambda: cordoning.holds(step, world), world.pause)


async def _patiently(ask: Callable[[], Awaitable[bool]], pause: Callable[[float], Awaitable[None]]) -> bool:
    for seconds in _LOOKS:
        try:
            return await ask()
        except Unreachable:
            await pause(seconds)
    return await ask()
