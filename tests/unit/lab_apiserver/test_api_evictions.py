from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.eviction import evict
from kconsole.lab.apiserver.label_selectors import requirements, selects, written
from kconsole.lab.apiserver.options import Deletion
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store

PODS, BUDGETS, NAMESPACES = RESOURCES["pods"], RESOURCES["poddisruptionbudgets"], RESOURCES["namespaces"]
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)
STAMP = "2026-03-01T12:00:00Z"


@pytest.fixture
async def registry() -> Registry:
    found = Registry(Store(MemoryBackend()), lambda: NOW, seed=7)
    await found.create(NAMESPACES, {"metadata": {"name": "shop"}})
    return found


async def add_pod(registry: Registry, name: str = "web", *, phase: str = "Running", ready: str = "True") -> Any:
    conditions = [{"type": "Ready", "status": ready}]
    return await registry.create(
        PODS,
        {
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": "web"}},
            "spec": {"nodeName": "w1", "containers": [{"name": "c", "image": "i:1"}]},
            "status": {"phase": phase, "conditions": conditions},
        },
    )


async def add_budget(registry: Registry, name: str = "q", *, spec: Any = None, **status: Any) -> Any:
    told = {"observedGeneration": 1, "disruptionsAllowed": 0, "currentHealthy": 3, "desiredHealthy": 4, **status}
    wanted = {"minAvailable": 4, "selector": {"matchLabels": {"app": "web"}}, **(spec or {})}
    return await registry.create(
        BUDGETS, {"metadata": {"name": name, "namespace": "shop"}, "spec": wanted, "status": told}
    )


async def refused(registry: Registry, how: Deletion | None = None, name: str = "web") -> ApiError:
    with pytest.raises(ApiError) as error:
        await evict(registry, "shop", name, how or Deletion())
    return error.value


async def is_leaving(registry: Registry, name: str = "web") -> bool:
    return "deletionTimestamp" in (await registry.get(PODS, "shop", name))["metadata"]


async def test_a_budget_with_nothing_left_refuses_without_saying_when_to_try_again(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry)
    error = await refused(registry)
    cause = "The disruption budget q needs 4 healthy pods and has 3 currently"
    assert error.status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Cannot evict pod as it would violate the pod's disruption budget.",
        "reason": "TooManyRequests",
        "details": {"causes": [{"reason": "DisruptionBudget", "message": cause}]},
        "code": 429,
    }
    assert error.headers == {}
    assert not await is_leaving(registry)


async def test_a_budget_whose_status_is_behind_its_spec_says_when_to_try_again(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry, observedGeneration=0, disruptionsAllowed=5)
    error = await refused(registry)
    assert error.code == 429
    assert error.headers == {"Retry-After": "10"}
    assert error.status["details"]["causes"][0]["message"].endswith("q is still being processed by the server.")


async def test_a_budget_that_no_controller_has_seen_yet_is_behind_its_spec(registry: Registry) -> None:
    await add_pod(registry)
    spec = {"minAvailable": 0, "selector": {"matchLabels": {"app": "web"}}}
    await registry.create(BUDGETS, {"metadata": {"name": "q", "namespace": "shop"}, "spec": spec}, reset_status=True)
    assert (await refused(registry)).headers == {"Retry-After": "10"}


async def test_a_granted_eviction_charges_the_budget_marks_the_pod_and_deletes_it(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry, disruptionsAllowed=1)
    await evict(registry, "shop", "web", Deletion(grace_seconds=4))
    status = (await registry.get(BUDGETS, "shop", "q"))["status"]
    assert (status["disruptionsAllowed"], status["disruptedPods"]) == (0, {"web": STAMP})
    assert [(one["type"], one["status"], one["reason"]) for one in status["conditions"]] == [
        ("DisruptionAllowed", "False", "InsufficientPods")
    ]
    pod = await registry.get(PODS, "shop", "web")
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 4
    target = pod["status"]["conditions"][-1]
    assert (target["type"], target["reason"]) == ("DisruptionTarget", "EvictionByEvictionAPI")


async def test_the_next_pod_of_an_exhausted_budget_stays(registry: Registry) -> None:
    await add_pod(registry)
    await add_pod(registry, "web-2")
    await add_budget(registry, disruptionsAllowed=1)
    await evict(registry, "shop", "web", Deletion())
    assert (await refused(registry, name="web-2")).code == 429


async def test_a_rehearsed_eviction_asks_the_budget_and_spends_nothing(registry: Registry) -> None:
    pod = await add_pod(registry)
    before = await add_budget(registry, disruptionsAllowed=1)
    await evict(registry, "shop", "web", Deletion(dry_run=True))
    assert await registry.get(BUDGETS, "shop", "q") == before
    assert await registry.get(PODS, "shop", "web") == pod
    await add_budget(registry, "q2")
    assert (await refused(registry, Deletion(dry_run=True))).code == 500


async def test_two_budgets_on_one_pod_are_an_error_of_the_server(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry, disruptionsAllowed=3)
    await add_budget(registry, "q2", disruptionsAllowed=3)
    error = await refused(registry)
    assert (error.code, error.reason) == (500, "")
    assert str(error).startswith("This pod has more than one PodDisruptionBudget")


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
async def test_a_pod_that_does_not_run_goes_without_asking_a_budget(registry: Registry, phase: str) -> None:
    await add_pod(registry, phase=phase)
    await add_budget(registry)
    await add_budget(registry, "q2")
    await evict(registry, "shop", "web", Deletion(grace_seconds=5))
    assert (await registry.get(BUDGETS, "shop", "q"))["status"]["disruptionsAllowed"] == 0


async def test_a_pod_already_leaving_asks_no_budget_again(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry, disruptionsAllowed=1)
    await evict(registry, "shop", "web", Deletion())
    await evict(registry, "shop", "web", Deletion())
    assert (await registry.get(BUDGETS, "shop", "q"))["status"]["disruptionsAllowed"] == 0


@pytest.mark.parametrize(
    ("policy", "healthy", "desired", "goes"),
    [
        (None, 3, 4, False),
        (None, 4, 4, True),
        (None, 0, 0, False),
        ("IfHealthyBudget", 2, 2, True),
        ("AlwaysAllow", 0, 4, True),
    ],
)
async def test_an_unready_pod_goes_by_the_policy_of_its_budget(
    registry: Registry, policy: str | None, healthy: int, desired: int, goes: bool
) -> None:
    await add_pod(registry, ready="False")
    spec = {"unhealthyPodEvictionPolicy": policy} if policy else {}
    await add_budget(registry, spec=spec, currentHealthy=healthy, desiredHealthy=desired)
    if goes:
        await evict(registry, "shop", "web", Deletion())
        assert await is_leaving(registry)
        assert (await registry.get(BUDGETS, "shop", "q"))["status"]["disruptionsAllowed"] == 0
    else:
        assert (await refused(registry)).code == 429


async def test_a_budget_below_zero_or_with_too_many_unconfirmed_evictions_is_forbidden(registry: Registry) -> None:
    await add_pod(registry)
    await add_budget(registry, disruptionsAllowed=-1)
    error = await refused(registry)
    assert error.code == 403
    assert str(error) == 'poddisruptionbudget.policy "q" is forbidden: pdb disruptions allowed is negative'
    await registry.delete(BUDGETS, "shop", "q")
    spent = {f"p{number}": STAMP for number in range(2001)}
    await add_budget(registry, disruptionsAllowed=1, disruptedPods=spent)
    error = await refused(registry)
    assert error.status["details"] == {"name": "q", "group": "policy", "kind": "poddisruptionbudget"}
    assert "DisruptedPods map too big - too many evictions not confirmed by PDB controller" in str(error)


async def test_an_eviction_meant_for_another_pod_or_state_is_a_conflict(registry: Registry) -> None:
    await add_pod(registry)
    error = await refused(registry, Deletion(preconditions={"uid": "other"}))
    assert (error.code, error.status["details"]["kind"]) == (409, "Pod")
    assert str(error).startswith('Operation cannot be fulfilled on Pod "web": the UID in the precondition (other)')
    assert (await refused(registry, Deletion(preconditions={"resourceVersion": "1"}))).code == 409
    assert not await is_leaving(registry)


async def test_nothing_is_evicted_from_a_namespace_that_is_ending(registry: Registry) -> None:
    await add_pod(registry)
    await registry.change(
        NAMESPACES, None, "shop", lambda one: {**one, "metadata": {**one["metadata"], "finalizers": ["x.example/y"]}}
    )
    await registry.delete(NAMESPACES, None, "shop")
    error = await refused(registry)
    assert error.code == 403
    assert error.status["details"]["causes"][0]["reason"] == "NamespaceTerminating"


async def test_a_pod_that_is_not_there_cannot_be_evicted(registry: Registry) -> None:
    assert (await refused(registry)).code == 404


EXPRESSIONS = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["b", "a"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "zone", "operator": "NotIn", "values": ["x"]},
        {"key": "kept", "operator": "Exists"},
    ],
}


def test_a_selector_of_an_object_selects_by_labels_and_expressions() -> None:
    good = {"app": "web", "tier": "a", "kept": ""}
    assert selects(EXPRESSIONS, good)
    assert not selects(EXPRESSIONS, {**good, "old": "1"})
    assert not selects(EXPRESSIONS, {**good, "tier": "c"})
    assert not selects(EXPRESSIONS, {**good, "zone": "x"})
    assert selects({}, {"any": "thing"})
    assert not selects(None, {"any": "thing"})


def test_a_selector_is_written_as_a_request_has_it() -> None:
    assert written(requirements(EXPRESSIONS)) == "app=web,kept,!old,tier in (a,b),zone notin (x)"
