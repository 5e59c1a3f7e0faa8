"""All about one node, as lines: conditions, pods, events, addresses, resources, taints, labels.

What was read in, lines out; pure. What could not be read is said, never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from kconsole.i18n import _, ngettext
from kconsole.model.ages import age, human_duration
from kconsole.model.cordons import cordon_of
from kconsole.model.nodes import Condition, Node, bad_conditions, roles, status_text, visible_taints
from kconsole.model.pods import Pod, is_finished, is_ready, ready_count, restarts
from kconsole.model.pods import status_text as pod_status
from kconsole.model.printed import restarts_cell
from kconsole.model.quantities import amount_text
from kconsole.tui.pictures.glyphs import Glyphs
from kconsole.tui.pictures.lines import Line, Piece, paragraph, table
from kconsole.tui.pictures.text import clean

if TYPE_CHECKING:
    from kconsole.observe.nodes import NodePage

_RESOURCES = ("cpu", "memory", "ephemeral-storage", "pods")


def page_lines(page: NodePage, now: datetime, signs: Glyphs, width: int) -> list[Line]:
    """The whole page."""
    sections = [
        (
            _("Problems"),
            [line for problem in page.problems for line in paragraph(clean(problem), width, "bad", indent=2)],
        ),
        (_("Node"), _summary(page, now, width, signs)),
        (_("Conditions"), _conditions(page.node, now, width, signs)),
        (_("Resources"), _resources(page, width)),
        (_pods_title(page), _pods(page.pods, now, width, signs)),
        (_("Events"), _events(page, now, width)),
        (_("Labels"), _pairs(page.node.labels, width)),
    ]
    lines: list[Line] = []
    for title, body in sections:
        if body:
            lines += [*([()] if lines else []), ((f" {title}", "title"),), *body]
    return lines


def _summary(page: NodePage, now: datetime, width: int, signs: Glyphs) -> list[Line]:
    node, info = page.node, page.node.info
    status = status_text(node)
    rows: list[tuple[str, str, str]] = [
        (_("status"), status, "good" if status == "Ready" else "warn" if status.startswith("Ready") else "bad"),
        (_("scheduling"), _scheduling(node, now), "warn" if node.unschedulable else ""),
        (_("roles"), ",".join(roles(node)) or "<none>", ""),
        (_("kubelet"), info.kubelet_version or signs.unknown, ""),
        (_("system"), "  ".join(filter(None, (info.os_image, info.kernel_version, info.architecture))), ""),
        (_("runtime"), info.container_runtime_version or signs.unknown, ""),
        (_("addresses"), ", ".join(f"{a.address} ({a.type})" for a in node.addresses) or "<none>", ""),
        (_("taints"), ", ".join(str(taint) for taint in visible_taints(node)) or "<none>", ""),
        (_("created"), _("{age} ago").format(age=age(node.metadata.creation_timestamp, now)), ""),
    ]
    if page.lease_renewed is not None:
        says = _("{age} ago (lease)").format(age=human_duration(max(now - page.lease_renewed, now - now)))
        rows.append((_("last heard of"), says, ""))
    shown: list[list[Piece]] = [[(label, "muted"), (clean(text), tone)] for label, text, tone in rows]
    return table(shown, width, ellipsis=signs.ellipsis)


def _scheduling(node: Node, now: datetime) -> str:
    cordon = cordon_of(node)
    if cordon is None:
        return _("schedulable")
    parts = [_("cordoned")]
    if cordon.since is not None:
        parts.append(_("for {duration}").format(duration=human_duration(now - cordon.since)))
    if cordon.by:
        parts.append(_("by {name}").format(name=cordon.by))
    text = " ".join(parts)
    return f"{text}: {cordon.reason}" if cordon.reason else text


def _conditions(node: Node, now: datetime, width: int, signs: Glyphs) -> list[Line]:
    """Those that ask for attention first, with the whole of what is said of them."""
    bad = {condition.type for condition in bad_conditions(node)}

    def is_wrong(condition: Condition) -> bool:
        return condition.type in bad or (condition.type == "Ready" and condition.status != "True")

    def row(condition: Condition) -> list[Piece]:
        tone = "bad" if is_wrong(condition) else ""
        since = condition.last_transition_time
        return [
            (clean(condition.type), tone),
            (condition.status, tone or "muted"),
            (human_duration(now - since) if since else signs.unknown, "muted"),
            (clean(condition.reason or ""), tone or "muted"),
        ]

    ordered = sorted(node.conditions, key=lambda c: (c.type != "Ready", c.type not in bad, c.type))
    lines: list[Line] = []
    for condition, line in zip(ordered, table([row(c) for c in ordered], width, ellipsis=signs.ellipsis), strict=True):
        lines.append(line)
        if is_wrong(condition) and condition.message:
            lines += paragraph(clean(condition.message), width, indent=4)
    return lines


def _resources(page: NodePage, width: int) -> list[Line]:
    names = [*_RESOURCES, *sorted(page.allocatable.keys() - set(_RESOURCES))]
    rows: list[list[Piece]] = [
        [(_("RESOURCE"), "muted"), (_("REQUESTED"), "muted"), (_("ALLOCATABLE"), "muted"), ("", "")]
    ]
    for name in names:
        most = page.allocatable.get(name)
        if most is None:
            continue
        asked = None if page.requested is None else page.requested.get(name, Fraction(0))
        share = f"{int(asked * 100 / most)} %" if asked is not None and most else ""
        words = "?" if asked is None else amount_text(name, asked)
        rows.append([(clean(name), ""), (words, ""), (amount_text(name, most), ""), (share, "muted")])
    return table(rows, width) if len(rows) > 1 else []


def _pods_title(page: NodePage) -> str:
    if page.pods is None:
        return _("Pods")
    running = sum(not is_finished(pod) for pod in page.pods)
    return ngettext("Pods ({count} not finished)", "Pods ({count} not finished)", running).format(count=running)


def _pods(pods: Sequence[Pod] | None, now: datetime, width: int, signs: Glyphs) -> list[Line]:
    if pods is None:
        return [(("  ", ""), (_("could not be read"), "warn"))]
    if not pods:
        return [(("  ", ""), (_("none"), "muted"))]
    titles = (_("NAMESPACE"), _("NAME"), _("READY"), _("STATUS"), _("RESTARTS"), _("AGE"))
    rows: list[list[Piece]] = [[(title, "muted") for title in titles]]
    for pod in sorted(pods, key=lambda pod: (is_finished(pod), is_ready(pod), pod.namespace, pod.name)):
        ready, count = ready_count(pod)
        tone = "muted" if is_finished(pod) else "" if is_ready(pod) else "warn"
        rows.append(
            [
                (clean(pod.namespace), "muted"),
                (clean(pod.name), ""),
                (f"{ready}/{count}", tone),
                (clean(pod_status(pod)), tone),
                (restarts_cell(pod, now), "" if restarts(pod) else "muted"),
                (age(pod.metadata.creation_timestamp, now), "muted"),
            ]
        )
    return table(rows, width, ellipsis=signs.ellipsis)


def _events(page: NodePage, now: datetime, width: int) -> list[Line]:
    if page.events is None:
        return [(("  ", ""), (_("could not be read"), "warn"))]
    if not page.events:
        return [(("  ", ""), (_("none"), "muted"))]
    rows: list[list[Piece]] = []
    for event in page.events:
        tone = "warn" if event.type == "Warning" else ""
        times = f" (x{event.count})" if event.count > 1 else ""
        rows.append(
            [
                (age(event.last, now) + times, "muted"),
                (clean(event.reason or ""), tone),
                (clean(event.message or ""), tone),
            ]
        )
    return table(rows, width)


def _pairs(pairs: dict[str, str], width: int) -> list[Line]:
    return [line for key in sorted(pairs) for line in paragraph(clean(f"{key}={pairs[key]}"), width, indent=2)]
