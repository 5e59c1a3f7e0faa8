"""How a cordon and an uncordon are observed, carried out and proven.

One patch each: `spec.unschedulable` and the note of who and why together, so that neither can be without the other.
"""

from __future__ import annotations

from typing import Any

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.model import cordons
from kconsole.model.nodes import Node
from kconsole.plan.steps import Cordon, Uncordon
from kconsole.run.world import World


async def holds(step: Cordon | Uncordon, world: World) -> bool:
    """Whether the node already is as the step wants it.

    Raises KconsoleError when it is another machine than the plan was made for.
    """
    node = await world.read_node(step.node)
    _same_machine(step, node)
    return node.unschedulable is isinstance(step, Cordon)


async def act(step: Cordon | Uncordon, world: World) -> None:
    """Send the patch. Raises what the API said."""
    await world.writer.patch_node(step.node, patch_for(step, world))


def patch_for(step: Cordon | Uncordon, world: World) -> dict[str, Any]:
    """The strategic merge patch: null removes, as kubectl's uncordon sends it.

    A cordon without a reason also clears one that an older cordon left behind.
    """
    cleared: dict[str, str | None] = dict.fromkeys(cordons.ANNOTATIONS)
    if isinstance(step, Uncordon):
        return {"metadata": {"annotations": cleared}, "spec": {"unschedulable": None}}
    note = cordons.note(step.by, world.now(), step.reason)
    return {"metadata": {"annotations": {**cleared, **note}}, "spec": {"unschedulable": True}}


def _same_machine(step: Cordon | Uncordon, node: Node) -> None:
    if step.uid and node.metadata.uid != step.uid:
        says = _("Node {node} was deleted and registered again since the plan was made: nothing was done to it.")
        raise KconsoleError(says.format(node=step.node))
