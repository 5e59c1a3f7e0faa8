"""The arithmetic of rolling updates, budgets, and which pods are missed least."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.lab.controllers import disruption, rollout
from kconsole.lab.controllers.jobs import wanted_pods
from kconsole.lab.controllers.pods import hash_of, matches, same_template
from kconsole.lab.controllers.replicasets import surplus

NOW = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.timezone.utc)
COUNTS = st.integers(min_value=0, max_value=50)


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [(3, 10, True, 3), ("25%", 10, True, 3), ("25%", 10, False, 2), ("0%", 10, True, 0), (None, 10, True, 0)],
)
def test_shares_are_rounded_as_asked(value: int | str | None, total: int, up: bool, expected: int) -> None:
    assert rollout.share(value, total, up=up) == expected


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "expected"),
    [("25%", "25%", 4, (1, 1)), ("25%", "25%", 1, (1, 0)), (0, "25%", 1, (0, 1)), (None, None, 10, (3, 2))],
)
def test_a_rolling_update_never_stands_still(
    surge: int | str | None, unavailable: int | str | None, replicas: int, expected: tuple[int, int]
) -> None:
    assert rollout.limits(surge, unavailable, replicas) == expected


@given(COUNTS, st.integers(0, 10), st.integers(0, 10))
def test_a_rolling_update_ends_and_never_goes_beyond_its_limits(replicas: int, surge: int, unavailable: int) -> None:
    surge, unavailable = rollout.limits(surge, unavailable, replicas)
    old, new = replicas, 0
    for _ in range(4 * replicas + 4):
        if (new, old) == (replicas, 0):
            break
        grown = rollout.grown(replicas, new, new + old, surge)
        if grown != new:
            new = grown
        else:
            spared = rollout.spare(replicas, new + old, unavailable, new, new)
            assert spared > 0
            (old,) = rollout.shrunk([(old, old)], spared, new + old, replicas - unavailable)
        assert replicas - unavailable <= new + old <= replicas + surge
    assert (new, old) == (replicas, 0)


def test_old_pods_that_never_became_available_go_first_and_at_once() -> None:
    assert rollout.shrunk([(3, 0), (4, 4)], 5, 4, 4) == [0, 4]
    assert rollout.shrunk([(3, 0), (4, 4)], 5, 4, 3) == [0, 3]
    assert rollout.shrunk([(3, 0), (4, 4)], 2, 4, 4) == [1, 4]


@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 60))
def test_a_proportional_change_gives_exactly_what_is_wanted(sizes: list[int], wanted: int) -> None:
    found = rollout.in_proportion(sizes, wanted)
    assert min(found) >= 0
    assert abs(sum(found) - wanted) == 0


@pytest.mark.parametrize(
    ("spec", "pods", "scale", "healthy", "expected"),
    [
        ({"minAvailable": 2}, 3, 0, 3, (3, 2, 1)),
        ({"minAvailable": 2}, 2, 0, 2, (2, 2, 0)),
        ({"minAvailable": "50%"}, 3, 3, 3, (3, 2, 1)),
        ({"maxUnavailable": 1}, 3, 3, 2, (3, 2, 0)),
        ({"maxUnavailable": "10%"}, 3, 3, 3, (3, 2, 1)),
        ({"maxUnavailable": 5}, 3, 3, 3, (3, 0, 3)),
        ({"maxUnavailable": 1}, 1, 1, 0, (1, 0, 0)),
        ({"maxUnavailable": 1}, 2, 0, 2, (0, 0, 0)),
        ({"minAvailable": 0}, 0, 0, 0, (0, 0, 0)),
    ],
)
def test_what_a_budget_comes_to(
    spec: dict[str, Any], pods: int, scale: int, healthy: int, expected: tuple[int, int, int]
) -> None:
    found = disruption.reckon({"spec": spec}, pods=pods, scale=scale, healthy=healthy)
    assert (found.expected, found.desired, found.allowed) == expected


@given(COUNTS, COUNTS, COUNTS)
def test_a_budget_never_allows_more_than_are_healthy_beyond_what_is_desired(
    healthy: int, desired: int, expected: int
) -> None:
    allowed = disruption.disruptions_allowed(healthy, desired, expected)
    assert allowed >= 0
    assert allowed == 0 or healthy - allowed == desired


def pod(name: str, *, ready: bool = True, ending: bool = False, **more: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "creationTimestamp": "2026-05-04T07:00:00Z"}
    if ending:
        metadata["deletionTimestamp"] = "2026-05-04T08:00:00Z"
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    spec = {"nodeName": more.pop("node", "w1")}
    return {
        "metadata": metadata | more,
        "spec": spec,
        "status": {"phase": "Running", "conditions": conditions},
    }


def test_an_evicted_pod_counts_as_gone_until_it_ends_or_two_minutes_have_passed() -> None:
    recorded = {"a": "2026-05-04T07:59:00Z", "b": "2026-05-04T07:57:00Z", "c": "2026-05-04T07:59:30Z", "d": "x"}
    pods = {"a": pod("a"), "b": pod("b"), "c": pod("c", ending=True)}
    kept, lapsed, again = disruption.disrupted(recorded, pods, NOW)
    assert (kept, lapsed, again) == ({"a": recorded["a"]}, ["b"], 60.0)
    assert disruption.healthy_pods([*pods.values(), pod("e", ready=False)], kept) == 1


def test_a_budget_that_could_not_be_reckoned_says_why_and_keeps_the_time_it_went_wrong() -> None:
    (first,) = disruption.condition(0, 3, (), "then", failed="jobs.batch does not implement the scale subresource")
    assert (first["reason"], first["status"], "observedGeneration" in first) == ("SyncFailed", "False", False)
    (second,) = disruption.condition(0, 3, [first], "now")
    assert (second["reason"], second["lastTransitionTime"], second["observedGeneration"]) == (
        "InsufficientPods",
        "then",
        3,
    )


def test_the_pods_that_are_missed_least_go_first() -> None:
    unplaced = pod("unplaced", node="")
    unready = pod("unready", ready=False)
    cheap = pod("cheap", annotations={"controller.kubernetes.io/pod-deletion-cost": "-5"})
    crowded = [pod("crowded-1", node="w2"), pod("crowded-2", node="w2")]
    younger = pod("younger", node="w3", creationTimestamp="2026-05-04T07:30:00Z")
    older = pod("older", node="w4")
    everything = [older, younger, *crowded, cheap, unready, unplaced]
    names = [one["metadata"]["name"] for one in surplus(everything, 5)]
    assert names == ["unplaced", "unready", "cheap", "crowded-1", "crowded-2"]
    assert [one["metadata"]["name"] for one in surplus([older, younger], 1)] == ["younger"]


@pytest.mark.parametrize(
    ("parallelism", "completions", "succeeded", "expected"),
    [(1, 1, 0, 1), (2, 5, 4, 1), (2, 5, 5, 0), (3, None, 0, 3), (3, None, 1, 0)],
)
def test_a_job_runs_as_many_pods_as_it_still_needs(
    parallelism: int, completions: int | None, succeeded: int, expected: int
) -> None:
    assert wanted_pods(parallelism, completions, succeeded) == expected


def test_defaults_do_not_make_another_template() -> None:
    one = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a"}]}}
    same = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": "x"}, "creationTimestamp": None},
        "spec": {"containers": [{"name": "a", "resources": {}}], "volumes": []},
    }
    other = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "b"}]}}
    assert same_template(one, same)
    assert hash_of(one) == hash_of(same)
    assert not same_template(one, other)
    assert hash_of(one) != hash_of(other)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["a"]}]}, True),
        ({"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}, True),
    ],
)
def test_no_selector_selects_nothing_and_an_empty_one_everything(
    selector: dict[str, Any] | None, expected: bool
) -> None:
    assert matches(selector, {"app": "web"}) is expected
