"""What a request says besides the object: dry run, and how to delete. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kconsole.lab.apiserver.requests import number, truth
from kconsole.lab.apiserver.status import ApiError, Object, bad_request, failure

PROPAGATIONS = ("Foreground", "Background", "Orphan")


def dry_run(values: Sequence[str]) -> bool:
    """Whether nothing may be written; 422 for anything but `All`."""
    for value in values:
        if value not in ("All", ""):
            raise _unsupported(value)
    return "All" in values


def _unsupported(value: str) -> ApiError:
    message = f'Unsupported value: "{value}": supported values: "All"'
    cause = {"reason": "FieldValueNotSupported", "message": message, "field": "dryRun"}
    return failure(422, "Invalid", f' "" is invalid: dryRun: {message}', {"causes": [cause]})


@dataclass(frozen=True)
class Deletion:
    """How to delete."""

    grace_seconds: int | None = None
    preconditions: Mapping[str, str] = field(default_factory=dict)
    propagation: str = ""
    """What becomes of dependents: Foreground, Background or Orphan; empty for what the resource does by itself."""
    dry_run: bool = False


def deletion(body: Object, query: Mapping[str, str], dry: Sequence[str]) -> Deletion:
    """The DeleteOptions in a body, completed by the query (`dry`: its dryRun parameters)."""
    kind = body.get("kind", "DeleteOptions")
    if kind != "DeleteOptions":
        raise bad_request(f"the body of a deletion must be DeleteOptions, not {kind}")
    grace = body.get("gracePeriodSeconds")
    if grace is None:
        grace = number(query, "gracePeriodSeconds")
    if grace is not None and (not isinstance(grace, int) or grace < 0):
        raise bad_request("gracePeriodSeconds must be a whole number, not below zero")
    rehearsed = dry_run([*dry, *(body.get("dryRun") or [])])
    return Deletion(grace, body.get("preconditions") or {}, _propagation(body, query), rehearsed)


def _propagation(body: Object, query: Mapping[str, str]) -> str:
    policy = body.get("propagationPolicy") or query.get("propagationPolicy", "")
    orphan = body.get("orphanDependents")
    if orphan is None and "orphanDependents" in query:
        orphan = truth(query, "orphanDependents")
    if policy and orphan is not None:
        message = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        raise _invalid("FieldValueInvalid", message)
    if policy and policy not in PROPAGATIONS:
        supported = ", ".join(f'"{one}"' for one in (*PROPAGATIONS, "nil"))
        message = f'Unsupported value: "{policy}": supported values: {supported}'
        raise _invalid("FieldValueNotSupported", message)
    if orphan is not None:
        return "Orphan" if orphan else "Background"
    return str(policy)


def _invalid(reason: str, message: str) -> ApiError:
    cause = {"reason": reason, "message": message, "field": "propagationPolicy"}
    details = {"group": "meta.k8s.io", "kind": "DeleteOptions", "causes": [cause]}
    return failure(422, "Invalid", f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: {message}', details)
