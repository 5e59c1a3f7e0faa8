"""A Deployment's status as kubectl reads it: counts, and whether it is available and gets on. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from kconsole.lab.controllers import pods
from kconsole.lab.controllers.replicasets import wanted_of
from kconsole.lab.stamps import stamp

Object = dict[str, Any]

SOURCE = "deployment-controller"
REVISION = "deployment.kubernetes.io/revision"


def revision_of(obj: Object) -> int:
    """The revision that is noted on a ReplicaSet or Deployment; 0 when none is."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def _sum(sets: Sequence[Object], name: str) -> int:
    return sum(int((one.get("status") or {}).get(name) or 0) for one in sets)


def status_of(deployment: Object, new: Object | None, sets: Sequence[Object], *, unavailable: int, now: str) -> Object:
    """The status but for the Progressing condition. `unavailable` is how many may be missing."""
    before = deployment.get("status") or {}
    available = _sum(sets, "availableReplicas")
    wanted = sum(wanted_of(one) for one in sets)
    counts = {
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, wanted - available),
    }
    status: Object = {"observedGeneration": deployment["metadata"].get("generation", 1)}
    status |= {name: count for name, count in counts.items() if count}
    if before.get("collisionCount"):
        status["collisionCount"] = before["collisionCount"]
    if available >= wanted_of(deployment) - unavailable:
        found = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        found = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    others = [one for one in before.get("conditions") or () if one["type"] != "Available"]
    old = next((one for one in before.get("conditions") or () if one["type"] == "Available"), None)
    status["conditions"] = _merged(before, others, _condition("Available", *found, old, now))
    return status


def _condition(kind: str, status: str, reason: str, message: str, old: Object | None, now: str) -> Object:
    """A condition; unchanged in status and reason it is left as it was, unchanged in status it keeps its time."""
    if old is not None and (old["status"], old["reason"]) == (status, reason) and kind == "Available":
        return old
    since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
    return {
        "lastTransitionTime": since,
        "lastUpdateTime": now,
        "message": message,
        "reason": reason,
        "status": status,
        "type": kind,
    }


def _merged(before: Object, others: Sequence[Object], new: Object) -> list[Object]:
    """The conditions in the order they had."""
    order = [one["type"] for one in before.get("conditions") or ()]
    found = [*others, new]
    return sorted(found, key=lambda one: order.index(one["type"]) if one["type"] in order else len(order))


def progress(
    deployment: Object, status: Object, new: Object | None, sets: Sequence[Object], *, now: dt.datetime, still: float
) -> tuple[list[Object], float | None]:
    """The conditions with Progressing, and in how many seconds to look again (None: at the next change).

    `still` is for how many seconds of delay the roll-out has been seen not to come on.
    """
    conditions: list[Object] = status["conditions"]
    old = next((one for one in conditions if one["type"] == "Progressing"), None)
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    if deadline is None or (new is None and old is None):
        return conditions, None
    still = max(still, (now - pods.moment(old["lastUpdateTime"])).total_seconds() if old is not None else 0.0)
    found, again = _found(deployment, status, new, sets, old, still=still, deadline=float(deadline))
    if found is None:
        return conditions, again
    condition = _condition("Progressing", *found, old, stamp(now))
    same = old is not None and {**condition, "lastUpdateTime": ""} == {**old, "lastUpdateTime": ""}
    if old is not None and same and not moved(deployment, status):
        condition = old
    others = [one for one in conditions if one["type"] != "Progressing"]
    return _merged({"conditions": [*conditions]}, others, condition), again


def _found(
    deployment: Object,
    status: Object,
    new: Object | None,
    sets: Sequence[Object],
    old: Object | None,
    *,
    still: float,
    deadline: float,
) -> tuple[tuple[str, str, str] | None, float | None]:
    if deployment["spec"].get("paused"):
        return ("Unknown", "DeploymentPaused", "Deployment is paused"), None
    if old is not None and old["reason"] == "DeploymentPaused":
        return ("Unknown", "DeploymentResumed", "Deployment is resumed"), 0.0
    if new is None:
        return None, None
    name, wanted = new["metadata"]["name"], wanted_of(deployment)
    done = status.get("updatedReplicas", 0) == wanted == status.get("replicas", 0)
    if done and status.get("availableReplicas", 0) == wanted:
        return ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'), None
    if old is None:
        return ("True", "NewReplicaSetCreated", f'Created new replica set "{name}"'), deadline
    if old["reason"] == "NewReplicaSetAvailable" and not _rolling(new, sets, wanted):
        return None, None  # pods come and go in what has been rolled out
    if moved(deployment, status):
        return ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.'), deadline
    if old["reason"] == "ProgressDeadlineExceeded" or still >= deadline:
        return ("False", "ProgressDeadlineExceeded", f'ReplicaSet "{name}" has timed out progressing.'), None
    return None, deadline - still


def _rolling(new: Object, sets: Sequence[Object], wanted: int) -> bool:
    return wanted_of(new) < wanted or any(wanted_of(one) > 0 for one in sets if one is not new)


def moved(deployment: Object, status: Object) -> bool:
    """Whether the roll-out has come on since the status that stands."""
    before = deployment.get("status") or {}
    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    if any(status.get(name, 0) > before.get(name, 0) for name in names):
        return True
    return bool(
        status.get("replicas", 0) - status.get("updatedReplicas", 0)
        < before.get("replicas", 0) - before.get("updatedReplicas", 0)
    )
