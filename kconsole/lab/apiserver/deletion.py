"""What a deletion does: the object is gone, or marked and left until its grace is over and nobody holds it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from kconsole.lab.apiserver.objects import timestamp
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.rules import rules_of
from kconsole.lab.apiserver.status import Object, forbidden

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
"""The finalizers by which the garbage collector is told what to do with an object's dependents."""
_ORPHANING = ("replicationcontrollers", "jobs")
"""Resources whose dependents stay when a deletion does not say what becomes of them."""


_IMMORTAL = ("default", "kube-public", "kube-system")
"""Namespaces that no one may delete."""


@dataclass(frozen=True)
class Outcome:
    """`marked` is the object to store instead; None when there is nothing to store. `gone`: remove it."""

    gone: bool
    marked: Object | None = None


def check_mortal(resource: Resource, name: str) -> None:
    """403 for the namespaces that a cluster cannot be without."""
    if resource.qualified == "namespaces" and name in _IMMORTAL:
        details = {"name": name, "kind": "namespaces"}
        raise forbidden("namespaces", name, "this namespace may not be deleted", details)


def is_held(resource: Resource, obj: Object) -> bool:
    """Whether finalizers keep the object from going."""
    if obj["metadata"].get("finalizers"):
        return True
    return rules_of(resource).ends_by_finalize and bool((obj.get("spec") or {}).get("finalizers"))


def is_over(resource: Resource, obj: Object) -> bool:
    """Whether an object marked for deletion with no grace left has nobody holding it any more."""
    metadata = obj["metadata"]
    marked = "deletionTimestamp" in metadata and not metadata.get("deletionGracePeriodSeconds")
    return marked and not is_held(resource, obj)


def finalizers(resource: Resource, present: list[str], propagation: str) -> list[str]:
    """The finalizers a deletion leaves: those of the garbage collector follow from what becomes of the dependents."""
    if not propagation:
        kept = [name for name in (ORPHAN, FOREGROUND) if name in present]
        by_itself = ORPHAN if resource.plural in _ORPHANING else ""
        wanted = (kept or [by_itself])[0]
    else:
        wanted = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(propagation, "")
    others = [name for name in present if name not in (ORPHAN, FOREGROUND)]
    return [*others, wanted] if wanted else others


def outcome(
    resource: Resource, obj: Object, *, now: datetime, grace_seconds: int | None, propagation: str = ""
) -> Outcome:
    """What deleting `obj` now comes to. A second deletion can shorten the grace of the first, never lengthen it."""
    left = finalizers(resource, obj["metadata"].get("finalizers") or [], propagation)
    if left == (obj["metadata"].get("finalizers") or []):
        return _outcome(resource, obj, now, grace_seconds)
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    held = {**obj, "metadata": {**metadata, **({"finalizers": left} if left else {})}}
    found = _outcome(resource, held, now, grace_seconds)
    return found if found.gone or found.marked else Outcome(gone=is_over(resource, held), marked=held)


def _outcome(resource: Resource, obj: Object, now: datetime, grace_seconds: int | None) -> Outcome:
    metadata = obj["metadata"]
    grace = rules_of(resource).grace(obj, grace_seconds)
    if "deletionTimestamp" in metadata:
        before = metadata.get("deletionGracePeriodSeconds") or 0
        if grace_seconds is None or grace >= before > 0:
            return Outcome(gone=False)
        if before == 0:
            return Outcome(gone=not is_held(resource, obj))
    held = is_held(resource, obj)
    if grace == 0 and not held:
        return Outcome(gone=True)
    marked = {
        **obj,
        "metadata": {
            **metadata,
            "deletionTimestamp": timestamp(now + timedelta(seconds=grace)),
            "deletionGracePeriodSeconds": grace,
        },
    }
    if "generation" in metadata:
        marked["metadata"]["generation"] = metadata["generation"] + 1
    if rules_of(resource).ends_by_finalize:
        marked["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
    return Outcome(gone=False, marked=marked)
