"""What a cordon or uncordon of some nodes would do.

The present picture of the cluster in, a plan out. Talks to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from kconsole.errors import KconsoleError
from kconsole.i18n import _, ngettext
from kconsole.model.nodes import Node
from kconsole.plan import guards
from kconsole.plan.steps import Action, Cordon, Plan, Uncordon


def plan_cordon(
    action: Action,
    names: Sequence[str],
    picture: Mapping[str, Node],
    *,
    context: str,
    by: str,
    reason: str | None = None,
    may_patch: bool | None = True,
    mode: Literal["writable", "read-only", "protected"] = "writable",
) -> Plan:
    """The plan to cordon or uncordon the nodes `names`, in that order, each once.

    `picture` is every node of the cluster by name; `may_patch` what the API says of this user (None: unknown).
    Raises KconsoleError when a name is not in the picture: like kubectl, one missing name stops it all beforehand.
    """
    chosen = _look_up(list(dict.fromkeys(names)), picture)
    wanted = action == "cordon"
    to_do = [node for node in chosen if node.unschedulable is not wanted]
    checks = [guards.writable(mode, context), guards.permission("patch", "nodes", may_patch)]
    if wanted:
        steps: list[Cordon | Uncordon] = [Cordon(n.name, n.metadata.uid, by=by, reason=reason or None) for n in to_do]
        checks.append(guards.somewhere_to_schedule(picture, [n.name for n in chosen]))
    else:
        steps = [Uncordon(n.name, n.metadata.uid) for n in to_do]
        checks += [guards.cordoned_by_others(to_do, by), guards.fit_for_pods(to_do)]
    already = tuple(n.name for n in chosen if n.unschedulable is wanted)
    return Plan(action, context, tuple(steps), tuple(checks), already)


def _look_up(names: Sequence[str], picture: Mapping[str, Node]) -> list[Node]:
    missing = [name for name in names if name not in picture]
    if missing:
        says = ngettext("There is no node {names}.", "There are no nodes {names}.", len(missing))
        shown = ", ".join(sorted(picture)[:12]) + (" …" if len(picture) > 12 else "")
        hint = _("The cluster has: {nodes}. Nothing was changed.").format(nodes=shown or "–")
        raise KconsoleError(says.format(names=", ".join(missing)) + " " + hint)
    return [picture[name] for name in names]
