"""Who cordoned a node, why, and since when: what kconsole leaves on the node, and what can be known without it.

The note is a set of annotations written in the same patch as `spec.unschedulable` and removed by the uncordon. A note
counts only for the cordon it was written with: a node that was uncordoned and cordoned again elsewhere has a newer
unschedulable taint, and the old reason must never be shown for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from kconsole.model.nodes import UNSCHEDULABLE_TAINT, Node

PREFIX = "kconsole.io/cordon-"
BY, REASON, AT = f"{PREFIX}by", f"{PREFIX}reason", f"{PREFIX}at"
ANNOTATIONS = (BY, REASON, AT)

_TAINT_LAG = timedelta(seconds=60)
"""The taint follows the cordon by a controller's reaction; a later one belongs to another cordon."""


class Cordon(msgspec.Struct, frozen=True):
    """What is known of a cordon; each part may be unknown."""

    by: str | None = None
    reason: str | None = None
    since: datetime | None = None


def note(by: str, at: datetime, reason: str | None) -> dict[str, str]:
    """The annotations to set with a cordon."""
    stamp = at.astimezone(tz=at.tzinfo).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {BY: by, AT: stamp, **({REASON: reason} if reason else {})}


def cordon_of(node: Node) -> Cordon | None:
    """What is known of the node's present cordon; None when it is schedulable."""
    if not node.unschedulable:
        return None
    tainted = next((t.time_added for t in node.taints if t.key == UNSCHEDULABLE_TAINT), None)
    noted = _parse(node.annotations.get(AT))
    if noted is None or (tainted is not None and not abs(tainted - noted) <= _TAINT_LAG):
        return Cordon(since=tainted)
    return Cordon(by=node.annotations.get(BY), reason=node.annotations.get(REASON), since=noted)


def _parse(stamp: str | None) -> datetime | None:
    try:
        parsed = msgspec.convert(stamp, datetime) if stamp else None
    except msgspec.ValidationError:
        return None
    return parsed if parsed is None or parsed.tzinfo else None
