"""A plan: steps in order, the guards that were evaluated, and a hash that a confirmation is bound to.

Plain frozen data that can be shown, exported, journalled and read back. A step carries all that is needed to carry it
out; how that is done is known to `run/` alone. Clock times are never part of a plan: when, is decided at the act.
"""

from __future__ import annotations

import hashlib
import shlex
from typing import Any, ClassVar, Literal

import msgspec

from kconsole.i18n import _, mark
from kconsole.plan.guards import Guard


class Step(msgspec.Struct, frozen=True, tag_field="kind"):
    """One act on one node. `uid` is that of the node the plan was made for: another UID is another machine."""

    node: str
    uid: str

    repeatable: ClassVar[bool] = True
    """Whether looking at the cluster is enough to tell if it was done, so that doing it again does no harm."""
    says: ClassVar[str] = ""

    @property
    def title(self) -> str:
        """What it does, in English, for JSON and logs."""
        return self.says.format(node=self.node)

    @property
    def text(self) -> str:
        """What it does, in the reader's language."""
        return _(self.says).format(node=self.node)


class Cordon(Step, frozen=True, tag=True):
    """Mark the node unschedulable and leave a note of who did it and why."""

    by: str
    reason: str | None = None

    says: ClassVar[str] = mark("Cordon {node}: no new pods are placed on it; running pods stay.")


class Uncordon(Step, frozen=True, tag=True):
    """Let the node take pods again and remove the note."""

    says: ClassVar[str] = mark("Uncordon {node}: new pods may be placed on it again.")


AnyStep = Cordon | Uncordon
Action = Literal["cordon", "uncordon"]


class Plan(msgspec.Struct, frozen=True):
    """What would be done, to be shown and confirmed before anything is touched."""

    action: Action
    context: str
    steps: tuple[Cordon | Uncordon, ...]
    guards: tuple[Guard, ...]
    already: tuple[str, ...] = ()
    """Nodes for which nothing is to do, because they are already as wanted."""

    @property
    def hash(self) -> str:
        """Sixteen hex digits over what a confirmation consents to: steps and the verdict of each guard.

        Never over times, counts or resourceVersions, which change without the plan changing.
        """
        bound = (self.action, self.context, self.steps, [(g.id, g.status) for g in self.guards])
        return hashlib.sha256(msgspec.json.encode(bound, order="deterministic")).hexdigest()[:16]

    @property
    def refused(self) -> bool:
        """Whether a guard forbids it."""
        return any(g.status == "block" for g in self.guards)

    @property
    def command(self) -> str:
        """The kubectl line a person would type for the whole plan; empty when there is nothing to do."""
        return kubectl(self.context, self.action, *(s.node for s in self.steps)) if self.steps else ""

    def step_command(self, step: AnyStep) -> str:
        """The kubectl line for one step."""
        return kubectl(self.context, self.action, step.node)


def kubectl(context: str, *arguments: str) -> str:
    """A kubectl line, quoted for a shell. It names the context, so that a pasted line cannot hit another cluster."""
    return shlex.join(["kubectl", *(["--context", context] if context else []), *arguments])


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as the command line prints it with `--plan -o json`; field names are a contract with scripts."""
    return {
        "hash": plan.hash,
        "action": plan.action,
        "context": plan.context,
        "command": plan.command,
        "steps": [
            {
                "id": f"{i}-{step.node}",
                "kind": type(step).__name__,
                "node": step.node,
                "title": step.title,
                "command": plan.step_command(step),
            }
            for i, step in enumerate(plan.steps, 1)
        ],
        "already": list(plan.already),
        "guards": [{"id": g.id, "status": g.status, "message": g.message} for g in plan.guards],
        "refused": plan.refused,
    }
