"""Showing a plan on the command line and asking for it."""

from __future__ import annotations

import sys

from kconsole.errors import Refused
from kconsole.i18n import _
from kconsole.plan.steps import Plan

_MARKS = {"pass": "ok", "warn": "WARN", "block": "STOP"}


def plan_lines(plan: Plan) -> list[str]:
    """The plan as a person reads it: what is to do, what is already so, what was checked, the kubectl line."""
    lines = [_("Context {context}").format(context=plan.context)]
    lines += [f"  {number}. {step.text}" for number, step in enumerate(plan.steps, 1)]
    if plan.already:
        lines.append(_("Already so: {nodes}").format(nodes=", ".join(plan.already)))
    lines += [f"  [{_MARKS[guard.status]}] {guard.text}" for guard in plan.guards]
    if plan.steps:
        lines.append(f"  $ {plan.command}")
    return lines


def consent(plan: Plan, *, yes: bool) -> None:
    """Return when the plan may be carried out; raise Refused when it may not.

    A guard that blocks cannot be talked over. Without a terminal there is nobody to ask, so `--yes` is needed.
    """
    if plan.refused:
        raise Refused("\n".join(g.text for g in plan.guards if g.status == "block") + "\n" + _("Nothing was changed."))
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            _("There is no terminal to ask on. Add --yes to go ahead, or --plan to look. Nothing was changed.")
        )
    print(_("Go ahead? [y/N] "), end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused(_("Not confirmed. Nothing was changed."))
