"""From a key to a cordon: plan, ask, compare, carry out, tell.

The steps of one intent, in order; the rules are the plan's, the words `plan_page`'s, the acts the engine's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.plan.cordon import plan_cordon
from kconsole.plan.steps import Action, Plan
from kconsole.run.events import Event, StepFailed, StepSkipped, StepUnknown
from kconsole.run.identity import operator
from kconsole.settings import operations_folder
from kconsole.tui.modals.confirm import Confirm, Consent
from kconsole.tui.operations import message_of, run_plan
from kconsole.tui.pictures import plan_page
from kconsole.tui.store import Pending

if TYPE_CHECKING:
    from kconsole.tui.app import Console


class Cordoning:
    """One cordon or uncordon of some nodes, from the question to the end."""

    def __init__(self, console: Console, action: Action, names: Sequence[str]) -> None:
        self._console = console
        self._action: Action = action
        self._names = tuple(names)

    def plan(self, reason: str | None = None) -> Plan:
        """What would be done to the cluster as it is now. Nodes that are gone by now are left out."""
        facts, nodes = self._console.facts, self._console.store.nodes
        return plan_cordon(
            self._action,
            [name for name in self._names if name in nodes],
            nodes,
            context=facts.context,
            by=str(operator()),
            reason=reason,
            may_patch=facts.may_patch.get("nodes"),
            mode=facts.mode.writing,
        )

    def ask(self, changed: str = "") -> None:
        """Show the plan and ask. `changed`: what is different from the one that was confirmed before."""
        shown = self.plan()
        store = self._console.store
        hidden = store.hidden_marks & set(self._names)

        def answered(consent: Consent | None) -> None:
            if consent is not None:
                self._consented(shown, consent)

        self._console.push_screen(
            Confirm(
                plan_page.title(shown),
                lambda width: plan_page.plan_lines(shown, hidden, store.glyphs, width, changed=changed),
                verb=plan_page.verb(shown),
                reason=_("Reason") if self._action == "cordon" else None,
            ),
            answered,
        )

    def _consented(self, shown: Plan, consent: Consent) -> None:
        now = self.plan()
        if now.hash != shown.hash:
            self.ask(plan_page.difference(shown, now))
            return
        self._console.carry_out(self.plan(consent.reason))


async def carry_out(console: Console, plan: Plan) -> None:
    """Carry the plan out; the table shows it as asked for until the watch tells, failures are reported."""
    cluster = console.cluster
    if cluster is None:
        return
    word = _("cordoning") if plan.action == "cordon" else _("uncordoning")
    nodes = [step.node for step in plan.steps]
    console.show(console.store.expect(nodes, Pending(word, plan.action == "cordon")))

    def tell(event: Event) -> None:
        if isinstance(event, (StepFailed, StepUnknown, StepSkipped)):
            console.show(console.store.give_up([plan.steps[event.step].node]))
        message = message_of(plan, event)
        if message is not None:
            console.add_message(message)

    console.learn(operation=plan.steps[0].text if len(nodes) == 1 else word)
    try:
        unlocked = console.facts.mode.unlocked
        await run_plan(plan, cluster, operations_folder(), console.now, tell, unlocked=unlocked)
    except KconsoleError as problem:
        console.show(console.store.give_up(nodes))
        console.report(str(problem))
    finally:
        console.learn(operation=None)
