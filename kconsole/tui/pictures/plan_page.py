"""A cordon or uncordon plan as its confirmation shows it.

A plan in, lines out; pure. Every node stands there by name, with what was checked and the equivalent kubectl line.
"""

from __future__ import annotations

from collections.abc import Collection

from kconsole.i18n import _, ngettext
from kconsole.plan.steps import Plan
from kconsole.tui.pictures.glyphs import Glyphs
from kconsole.tui.pictures.lines import Line, Piece, paragraph, table
from kconsole.tui.pictures.text import clean


def title(plan: Plan) -> str:
    """What is asked."""
    count = len(plan.steps)
    if not count:
        return _("Nothing to do in {context}").format(context=clean(plan.context))
    if plan.action == "cordon":
        says = ngettext("Cordon {count} node in {context}?", "Cordon {count} nodes in {context}?", count)
    else:
        says = ngettext("Uncordon {count} node in {context}?", "Uncordon {count} nodes in {context}?", count)
    return says.format(count=count, context=clean(plan.context))


def verb(plan: Plan) -> str | None:
    """What stands on the confirming button; None when there is nothing that could be done."""
    if plan.refused or not plan.steps:
        return None
    return _("cordon") if plan.action == "cordon" else _("uncordon")


def plan_lines(plan: Plan, hidden: Collection[str], signs: Glyphs, width: int, *, changed: str = "") -> list[Line]:
    """The body of the confirmation. `hidden`: nodes that the filter keeps out of sight; `changed`: what is different
    from the plan that was confirmed before, if it is shown for a second time."""
    lines: list[Line] = []
    if changed:
        lines += [*paragraph(changed, width, "bad"), ()]
    lines += table([_node(step.node, plan, hidden, signs) for step in plan.steps], width, ellipsis=signs.ellipsis)
    if plan.already:
        word = _("already cordoned") if plan.action == "cordon" else _("already schedulable")
        rows: list[list[Piece]] = [[(clean(name), "muted"), (word, "muted")] for name in plan.already]
        lines += table(rows, width, ellipsis=signs.ellipsis)
    lines.append(())
    lines += paragraph(_consequence(plan), width)
    for guard in plan.guards:
        if guard.status != "pass":
            word, tone = (_("STOP"), "danger") if guard.status == "block" else (_("WARNING"), "warn")
            first, *rest = paragraph(clean(guard.text), width, tone, indent=len(word) + 3)
            lines += [((f" {word} ", tone), (" ", ""), *first[1:]), *rest]
    if plan.command:
        lines += [(), *paragraph(plan.command, width, "muted")]
    return lines


def _node(name: str, plan: Plan, hidden: Collection[str], signs: Glyphs) -> list[Piece]:
    before, after = _("schedulable"), _("cordoned")
    if plan.action == "uncordon":
        before, after = after, before
    out_of_sight: Piece = (_("hidden by the filter"), "warn") if name in hidden else ("", "")
    return [(clean(name), "title"), (f"{before} {signs.arrow} {after}", ""), out_of_sight]


def _consequence(plan: Plan) -> str:
    if not plan.steps:
        return _("Nothing would be changed.")
    if plan.action == "cordon":
        return _("No new pods will be placed there. Running pods stay; nothing is restarted.")
    return _("New pods may be placed there again. The note of who cordoned it and why is removed.")


def difference(before: Plan, after: Plan) -> str:
    """What became different while a confirmation was open, in a sentence."""
    was, now = {step.node: step.uid for step in before.steps}, {step.node: step.uid for step in after.steps}
    parts = []
    if gone := sorted(was.keys() - now.keys()):
        parts.append(_("no longer to do: {names}").format(names=", ".join(gone)))
    if new := sorted(now.keys() - was.keys()):
        parts.append(_("new: {names}").format(names=", ".join(new)))
    if replaced := sorted(name for name in was.keys() & now.keys() if was[name] != now[name]):
        parts.append(_("another machine by the same name: {names}").format(names=", ".join(replaced)))
    verdicts = {guard.id: guard.status for guard in before.guards}
    if any(verdicts.get(guard.id) != guard.status for guard in after.guards):
        parts.append(_("a check came out differently"))
    says = _("The cluster changed while this was open ({what}). Nothing was done yet; please confirm again.")
    return says.format(what="; ".join(parts))
