"""Evictions: may a pod be taken away now, as far as the disruption budgets go, and what granting it writes.

The order of the answers is the real server's. The rules are pure; `evict` alone carries them out on a registry.
Sources: facts/nodes.md 1.4, and a real server's recorded answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from kconsole.lab.apiserver import objects
from kconsole.lab.apiserver.label_selectors import selects
from kconsole.lab.apiserver.options import Deletion
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError, Object, failure, forbidden

MOST_DISRUPTED = 2000
"""Evictions of one budget that its controller may not have confirmed yet."""
RETRY_AFTER = 10
"""Seconds to wait for a budget whose status is behind its spec."""

_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
_BUDGET = "poddisruptionbudget"


def asks_no_budget(pod: Object) -> bool:
    """Whether the pod is taken away without asking: it does not run yet, has ended, or is being deleted."""
    done = (pod.get("status") or {}).get("phase") in ("Pending", "Succeeded", "Failed")
    return done or "deletionTimestamp" in pod["metadata"]


def budgets_of(pod: Object, budgets: Sequence[Object]) -> list[Object]:
    """The budgets (of the pod's namespace) that select the pod."""
    labels = pod["metadata"].get("labels")
    return [budget for budget in budgets if selects((budget.get("spec") or {}).get("selector"), labels)]


def more_than_one() -> ApiError:
    """500: two budgets on one pod are never satisfied."""
    message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    return failure(500, "", message)


def is_free(pod: Object, budget: Object) -> bool:
    """Whether the budget lets the pod go without counting it, as it is not healthy anyway."""
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return False
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    status = budget.get("status") or {}
    healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    return bool(healthy >= desired > 0)


def refused_by(budget: Object) -> ApiError | None:
    """Why the budget does not let one more pod go now; None when it does."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    about = {"name": name, "group": "policy", "kind": _BUDGET}
    allowed = status.get("disruptionsAllowed", 0)
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        cause = f"The disruption budget {name} is still being processed by the server."
        return _too_many(cause, retry_after=RETRY_AFTER)
    if allowed < 0:
        return forbidden(f"{_BUDGET}.policy", name, "pdb disruptions allowed is negative", about)
    if len(status.get("disruptedPods") or {}) > MOST_DISRUPTED:
        why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
        return forbidden(f"{_BUDGET}.policy", name, why, about)
    if allowed == 0:
        needed, healthy = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        return _too_many(f"The disruption budget {name} needs {needed} healthy pods and has {healthy} currently")
    return None


def _too_many(cause: str, *, retry_after: int | None = None) -> ApiError:
    causes = [{"reason": "DisruptionBudget", "message": cause}]
    return failure(429, "TooManyRequests", _VIOLATES, {"causes": causes}, retry_after=retry_after)


def charged(budget: Object, pod: str, now: str) -> Object:
    """The budget with one disruption less, spent on `pod`."""
    status = budget.get("status") or {}
    left = status["disruptionsAllowed"] - 1
    spent = {**status, "disruptionsAllowed": left, "disruptedPods": {**(status.get("disruptedPods") or {}), pod: now}}
    if left == 0:
        spent["conditions"] = _exhausted(status.get("conditions") or [], budget["metadata"].get("generation", 0), now)
    return {**budget, "status": spent}


def _exhausted(conditions: list[Object], generation: int, now: str) -> list[Object]:
    kind = "DisruptionAllowed"
    before = next((one for one in conditions if one.get("type") == kind), {})
    since = before["lastTransitionTime"] if before.get("status") == "False" else now
    condition = {"type": kind, "status": "False", "observedGeneration": generation, "lastTransitionTime": since}
    condition |= {"reason": "InsufficientPods", "message": ""}
    return [*(one for one in conditions if one.get("type") != kind), condition]


def marked(pod: Object, now: str) -> Object:
    """The pod with the condition that says it was evicted."""
    status = pod.get("status") or {}
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    others = [one for one in status.get("conditions") or () if one.get("type") != "DisruptionTarget"]
    if len(others) < len(status.get("conditions") or ()):
        return pod
    return {**pod, "status": {**status, "conditions": [*others, condition]}}


async def evict(registry: Registry, namespace: str, name: str, how: Deletion) -> None:
    """Evict the pod: its budget is charged, the pod marked and deleted. Raises the ApiError of what forbids it."""
    pods = RESOURCES["pods"]
    pod = await registry.get(pods, namespace, name)
    registry.check_open(pods, namespace, name)
    now = objects.timestamp(registry.clock())
    if not asks_no_budget(pod):
        await _charge(registry, pod, now, dry_run=how.dry_run)
    objects.check_preconditions(pods, await registry.get(pods, namespace, name), how.preconditions)
    if not how.dry_run:
        await registry.change(pods, namespace, name, lambda one: marked(one, now), subresource="status")
    await registry.remove(
        pods,
        namespace,
        name,
        grace_seconds=how.grace_seconds,
        preconditions={"uid": pod["metadata"]["uid"]},
        dry_run=how.dry_run,
    )


async def _charge(registry: Registry, pod: Object, now: str, *, dry_run: bool) -> None:
    budgets, metadata = RESOURCES["poddisruptionbudgets"], pod["metadata"]
    found = budgets_of(pod, registry.list(budgets, metadata["namespace"]))
    if len(found) > 1:
        raise more_than_one()

    def charge(budget: Object) -> Object | None:
        if is_free(pod, budget):
            return None
        refused = refused_by(budget)
        if refused is not None:
            raise refused
        return charged(budget, metadata["name"], now)

    for budget in found:
        await registry.change(
            budgets, metadata["namespace"], budget["metadata"]["name"], charge, subresource="status", dry_run=dry_run
        )
