"""What must hold before a plan may run, each with its evidence.

A guard is data: what was looked at and what was found. It blocks, warns or passes; it never acts. Messages are English
sentences with named values, so that JSON stays English and a screen can translate them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from kconsole.i18n import _, mark
from kconsole.model.cordons import cordon_of
from kconsole.model.nodes import Node, health, visible_taints

Status = Literal["pass", "warn", "block"]


class Guard(msgspec.Struct, frozen=True):
    """One thing that was checked. `values` fill the named places of the sentence `says`."""

    id: str
    status: Status
    says: str
    values: dict[str, str] = {}

    @property
    def message(self) -> str:
        """The sentence in English, for JSON and logs."""
        return self.says.format(**self.values)

    @property
    def text(self) -> str:
        """The sentence in the reader's language."""
        return _(self.says).format(**self.values)


def _names(nodes: Iterable[str]) -> str:
    return ", ".join(sorted(nodes))


def permission(verb: str, resource: str, allowed: bool | None) -> Guard:
    """Whether the API lets this user do it; None when the API would not say."""
    values = {"verb": verb, "resource": resource}
    if allowed is None:
        return Guard("permission", "warn", mark("Whether you may {verb} {resource} could not be found out."), values)
    if not allowed:
        return Guard("permission", "block", mark("You may not {verb} {resource} in this cluster."), values)
    return Guard("permission", "pass", mark("You may {verb} {resource}."), values)


def writable(mode: Literal["writable", "read-only", "protected"], context: str) -> Guard:
    """Whether this run may change anything in this context."""
    values = {"context": context}
    if mode == "read-only":
        return Guard("read-only", "block", mark("kconsole runs read-only: nothing in {context} is changed."), values)
    if mode == "protected":
        says = mark("Context {context} is protected by your configuration: unlock it for this run with a reason.")
        return Guard("read-only", "block", says, values)
    return Guard("read-only", "pass", mark("Changes are allowed in {context}."), values)


def takes_workloads(node: Node) -> bool:
    """Whether an ordinary pod could be scheduled to it: Ready, schedulable, and no taint that keeps pods away."""
    repelled = any(t.effect in ("NoSchedule", "NoExecute") for t in visible_taints(node))
    return health(node) == "ready" and not node.unschedulable and not repelled


def somewhere_to_schedule(picture: Mapping[str, Node], leaving: Iterable[str]) -> Guard:
    """Whether an ordinary pod can still be placed when the nodes `leaving` take none."""
    gone = set(leaving)
    left = [name for name, node in picture.items() if name not in gone and takes_workloads(node)]
    if left:
        says = mark("Other nodes that still take new pods: {count}.")
        return Guard("last-schedulable", "pass", says, {"count": str(len(left))})
    says = mark("No Ready node would be left that takes new pods: everything that restarts will stay Pending.")
    return Guard("last-schedulable", "warn", says)


def cordoned_by_others(nodes: Iterable[Node], me: str) -> Guard:
    """Whether an uncordon would take back somebody else's cordon."""
    others = []
    for node in nodes:
        known = cordon_of(node)
        if known is not None and known.by != me:
            who = known.by or "?"
            others.append(f"{node.name} ({who}: {known.reason})" if known.reason else f"{node.name} ({who})")
    if others:
        says = mark("Not cordoned by you through kconsole: {nodes}. Somebody may be at work there.")
        return Guard("cordoned-by-others", "warn", says, {"nodes": _names(others)})
    return Guard("cordoned-by-others", "pass", mark("These cordons are yours."))


def fit_for_pods(nodes: Iterable[Node]) -> Guard:
    """Whether nodes about to take pods again are Ready."""
    unfit = [node.name for node in nodes if health(node) != "ready"]
    if unfit:
        says = mark("Not Ready: {nodes}. New pods could be placed there and would not start.")
        return Guard("node-ready", "warn", says, {"nodes": _names(unfit)})
    return Guard("node-ready", "pass", mark("All of them are Ready."))
