"""`kconsole cordon` and `kconsole uncordon`: the plan, the consent, the run and its result."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from kconsole.cli.arguments import add_cluster, add_consent, add_output, mode_of, settings_for
from kconsole.cli.consent import consent, plan_lines
from kconsole.cli.session import open_session
from kconsole.errors import DONE, INTERRUPTED, KconsoleError, StoppedPartway
from kconsole.i18n import _
from kconsole.plan.cordon import plan_cordon
from kconsole.plan.steps import Plan, plan_to_json
from kconsole.run.events import Event, Finished, Outcome, StepDone, StepFailed, StepSkipped, StepUnknown
from kconsole.run.identity import operator
from kconsole.settings import operations_folder

if TYPE_CHECKING:
    from kconsole.run.world import World

_EXIT_CODES: dict[Outcome, int] = {
    "done": DONE,
    "failed": KconsoleError.exit_code,
    "partway": StoppedPartway.exit_code,
    "unknown": StoppedPartway.exit_code,
    "interrupted": INTERRUPTED,
}


def add_parser(commands: Any) -> None:
    """Add both commands."""
    for action, purpose in (
        ("cordon", _("stop new pods from being placed on nodes")),
        ("uncordon", _("let nodes take pods again")),
    ):
        parser = commands.add_parser(action, help=purpose)
        add_cluster(parser, again=True)
        parser.add_argument("nodes", nargs="+", metavar="NODE")
        if action == "cordon":
            parser.add_argument("--reason", metavar="TEXT", help=_("kept on the node and shown to whoever looks"))
        add_consent(parser)
        add_output(parser, "text", "json")
        parser.set_defaults(run=partial(run, action=action))


def run(args: argparse.Namespace, *, action: Any) -> int:
    """Plan, ask, carry out."""
    return asyncio.run(_run(args, action))


async def _run(args: argparse.Namespace, action: Any) -> int:
    from kconsole.kube.actions import Writer
    from kconsole.observe.cordon import cordon_facts
    from kconsole.observe.nodes import get_node
    from kconsole.run.world import World

    settings = settings_for(args)
    me = operator()
    async with await open_session(args) as session:
        facts = await cordon_facts(session)
        plan = plan_cordon(
            action,
            args.nodes,
            facts.picture,
            context=session.context.name,
            by=str(me),
            reason=getattr(args, "reason", None),
            may_patch=facts.may_patch,
            mode=mode_of(settings, session.context.name, args.unlock),
        )
        json = args.output == "json"
        if args.plan:
            _print_plan(plan, json)
            return DONE
        if not plan.steps:
            _print_result(plan, [], json)
            return DONE
        if not json:
            print("\n".join(plan_lines(plan)))
        consent(plan, yes=args.yes)
        world = World(
            read_node=partial(get_node, session),
            writer=Writer(session),
            now=lambda: datetime.now(timezone.utc),
            pause=asyncio.sleep,
        )
        return await _carry_out(plan, world, json, args.unlock)


async def _carry_out(plan: Plan, world: World, json: bool, unlocked: str | None) -> int:
    from kconsole.run.engine import carry_out
    from kconsole.run.journal import Journal

    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    if this is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, this.cancel)
    events: list[Event] = []
    with Journal(operations_folder(), plan, operator(), world.now(), unlocked) as journal:
        try:
            async for event in carry_out(plan, world, journal):
                events.append(event)
                if not json:
                    _print_event(plan, event)
        except asyncio.CancelledError:
            changed = ", ".join(plan.steps[e.step].node for e in events if isinstance(e, StepDone)) or "–"
            says = _("Interrupted. Changed so far: {nodes}. Journal: {path}")
            print(says.format(nodes=changed, path=journal.path), file=sys.stderr)
            return INTERRUPTED
    if json:
        _print_result(plan, events, json)
    end = events[-1]
    if isinstance(end, Finished) and end.outcome in ("partway", "unknown"):
        says = _("Stopped part-way. Changed: {changed}. Not known: {unsure}. Journal: {path}")
        shown = {"changed": ", ".join(end.changed) or "–", "unsure": ", ".join(end.unsure) or "–"}
        print(says.format(**shown, path=journal.path), file=sys.stderr)
    return _EXIT_CODES[end.outcome] if isinstance(end, Finished) else KconsoleError.exit_code


def _print_plan(plan: Plan, json: bool) -> None:
    if json:
        print(msgspec.json.format(msgspec.json.encode(plan_to_json(plan))).decode())
    else:
        print("\n".join(plan_lines(plan)))
        print(_("plan {hash}; nothing was changed").format(hash=plan.hash))


def _print_event(plan: Plan, event: Event) -> None:
    if isinstance(event, (StepDone, StepSkipped)):
        word = {"cordon": _("cordoned"), "uncordon": _("uncordoned")}[plan.action]
        already = " " + _("(was so already)") if isinstance(event, StepSkipped) else ""
        print(f"node/{plan.steps[event.step].node} {word}{already}", flush=True)
    elif isinstance(event, (StepFailed, StepUnknown)):
        kind = _("failed") if isinstance(event, StepFailed) else _("unknown")
        print(f"node/{plan.steps[event.step].node} {kind}: {event.message}", file=sys.stderr, flush=True)


_RESULTS = {StepDone: "done", StepSkipped: "skipped", StepFailed: "failed", StepUnknown: "unknown"}


def _print_result(plan: Plan, events: list[Event], json: bool) -> None:
    """What became of each node; field names of the JSON are a contract with scripts."""
    if not json:
        print(_("Nothing to do: already so: {nodes}").format(nodes=", ".join(plan.already)))
        return
    ended = [e for e in events if isinstance(e, (StepDone, StepSkipped, StepFailed, StepUnknown))]
    finished = next((e for e in events if isinstance(e, Finished)), None)
    result = {
        "hash": plan.hash,
        "outcome": finished.outcome if finished else "done",
        "changed": finished.changed if finished else (),
        "unsure": finished.unsure if finished else (),
        "already": plan.already,
        "steps": [
            {"node": plan.steps[e.step].node, "result": _RESULTS[type(e)], "message": getattr(e, "message", "")}
            for e in ended
        ],
    }
    print(msgspec.json.format(msgspec.json.encode(result)).decode())
