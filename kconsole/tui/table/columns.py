"""What each column of the node table says, and in which tone.

A node and the moment in, cells out. Pure: knows neither widgets nor colours (a tone is a name that a theme colours).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from kconsole.i18n import _, mark
from kconsole.model.ages import age, human_duration
from kconsole.model.cordons import cordon_of
from kconsole.model.nodes import (
    Node,
    address,
    bad_conditions,
    health,
    health_since,
    lifecycle_conditions,
    pod_capacity,
    roles,
    visible_taints,
)
from kconsole.model.versions import Version, kubelet_skew, parse_version
from kconsole.tui.pictures.glyphs import UNICODE, Glyphs
from kconsole.tui.pictures.text import clean

Tone = Literal["", "good", "warn", "bad", "muted", "pending"]


class Cell(NamedTuple):
    """What stands in one column of one row."""

    text: str
    tone: Tone = ""


Row = tuple[Cell, ...]


class Moment(msgspec.Struct, frozen=True):
    """All that a row depends on besides its node."""

    now: datetime
    server: Version | None = None
    """The API server's version, once known."""
    pods: Mapping[str, int] = {}
    """Pods that are not finished, by node, as far as counted."""
    pending: Mapping[str, str] = {}
    """Nodes for which a change was asked for and not yet seen, with the word for it."""
    apart: bool = False
    """Whether conditions have a column of their own, so that the status need not name them."""
    glyphs: Glyphs = UNICODE


class Column(msgspec.Struct, frozen=True):
    """One column. Widths are cells: it is never narrower than `least` nor wider than `most`; once all
    columns have what is `easy` to read, the rest is shared out.

    `rank` says in which order columns are given up when they do not fit: the lowest stays longest.
    """

    id: str
    title: str
    cell: Callable[[Node, Moment], Cell]
    least: int
    easy: int
    most: int
    rank: int
    right: bool = False
    extra: bool = False
    """Whether it is nice to have: it comes only when those before it have all the width they need."""
    name: bool = False
    """Whether it holds names, which are shortened so that they can still be told apart."""
    whole: bool = False
    """Whether a part of its text would mislead: it is at least as wide as is easy to read."""


def _name(node: Node, moment: Moment) -> Cell:
    return Cell(clean(node.name))


def _status(node: Node, moment: Moment) -> Cell:
    found = health(node)
    since = health_since(node)
    lasting = f" {human_duration(moment.now - since)}" if since and found != "ready" else ""
    word = {
        "ready": _("Ready"),
        "not-ready": _("NotReady"),
        "lost": _("Unknown"),
        "unregistered": _("no status"),
    }[found]
    bad = () if moment.apart else bad_conditions(node)
    text = " ".join([word + lasting, *([",".join(clean(c.type) for c in bad)] if bad else [])])
    if found != "ready":
        return Cell(text, "bad")
    return Cell(text, "warn" if bad_conditions(node) else "good")


def _scheduling(node: Node, moment: Moment) -> Cell:
    if under_way := moment.pending.get(node.name):
        return Cell(under_way, "pending")
    cordon = cordon_of(node)
    if cordon is None:
        return Cell(_("schedulable"), "muted")
    parts = [_("cordoned")]
    if cordon.since is not None:
        parts.append(human_duration(moment.now - cordon.since))
    if cordon.by:
        parts.append(clean(cordon.by))
    text = " ".join(parts)
    return Cell(f"{text}: {clean(cordon.reason)}" if cordon.reason else text, "warn")


def _roles(node: Node, moment: Moment) -> Cell:
    found = roles(node)
    return Cell(clean(",".join(found))) if found else Cell("<none>", "muted")


def _version(node: Node, moment: Moment) -> Cell:
    text = clean(node.info.kubelet_version)
    kubelet = parse_version(text)
    skew = kubelet_skew(kubelet, moment.server)
    if skew in ("same", "unknown") or kubelet is None or moment.server is None:
        return Cell(text or moment.glyphs.unknown)
    signs = moment.glyphs
    apart = moment.server.minor - kubelet.minor
    if skew == "ahead":
        return Cell(f"{text} {signs.newer}{-apart}{signs.illegal}", "bad")
    if skew == "too-old":
        return Cell(f"{text} {signs.older}{apart}{signs.illegal}", "bad")
    return Cell(f"{text} {signs.older}{apart}" + ("!" if skew == "oldest" else ""), "warn")


def _pods(node: Node, moment: Moment) -> Cell:
    most = pod_capacity(node)
    counted = moment.pods.get(node.name)
    text = f"{moment.glyphs.unknown if counted is None else counted}/{moment.glyphs.unknown if most is None else most}"
    full = counted is not None and most is not None and counted >= most
    return Cell(text, "warn" if full else "muted" if counted is None else "")


def _age(node: Node, moment: Moment) -> Cell:
    return Cell(age(node.metadata.creation_timestamp, moment.now))


def _conditions(node: Node, moment: Moment) -> Cell:
    bad = bad_conditions(node)
    told = [
        clean(c.type)
        + (f" {human_duration(moment.now - c.last_transition_time)}" if c.last_transition_time is not None else "")
        for c in (*bad, *lifecycle_conditions(node))
    ]
    return Cell(", ".join(told), "warn" if bad else "muted")


def _taints(node: Node, moment: Moment) -> Cell:
    return Cell(", ".join(clean(str(t)) for t in visible_taints(node)))


def _address(node: Node, moment: Moment) -> Cell:
    return Cell(clean(address(node, "InternalIP") or "<none>"))


def _os_image(node: Node, moment: Moment) -> Cell:
    return Cell(clean(node.info.os_image) or "<unknown>")


def _kernel(node: Node, moment: Moment) -> Cell:
    return Cell(clean(node.info.kernel_version) or "<unknown>")


def _runtime(node: Node, moment: Moment) -> Cell:
    return Cell(clean(node.info.container_runtime_version) or "<unknown>")


COLUMNS = (
    Column("name", mark("NAME"), _name, 8, 22, 50, 0, name=True),
    Column("status", mark("STATUS"), _status, 8, 20, 44, 1),
    Column("scheduling", mark("SCHEDULING"), _scheduling, 11, 12, 60, 2),
    Column("roles", mark("ROLES"), _roles, 6, 7, 28, 5),
    Column("version", mark("VERSION"), _version, 7, 12, 26, 3, whole=True),
    Column("pods", mark("PODS"), _pods, 5, 7, 9, 6, right=True, whole=True),
    Column("age", mark("AGE"), _age, 4, 5, 9, 4, right=True, whole=True),
    Column("conditions", mark("CONDITIONS"), _conditions, 10, 24, 60, 8, extra=True),
    Column("address", mark("ADDRESS"), _address, 9, 15, 39, 7, extra=True),
    Column("taints", mark("TAINTS"), _taints, 8, 24, 60, 9, extra=True),
    Column("os", mark("OS"), _os_image, 8, 20, 36, 10, extra=True),
    Column("kernel", mark("KERNEL"), _kernel, 8, 20, 32, 11, extra=True),
    Column("runtime", mark("RUNTIME"), _runtime, 8, 20, 30, 12, extra=True),
)
"""In the order in which they stand from left to right."""

BY_ID = {column.id: column for column in COLUMNS}


def row_of(node: Node, moment: Moment) -> Row:
    """Every cell of a node, one for each of COLUMNS."""
    return tuple(column.cell(node, moment) for column in COLUMNS)


def row_text(row: Row) -> str:
    """What a text filter looks at: all cells of a row, in lower case."""
    return "\n".join(cell.text for cell in row).lower()
