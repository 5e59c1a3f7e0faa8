"""STATUS, READY and RESTARTS of pods: the rules of the API server's own printer, case by case."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kconsole.model.pods import Pod, controller, decode_pod, is_finished, is_mirror, ready_count, restarts, status_text

RUNNING = {"running": {"startedAt": "2026-11-22T00:00:00Z"}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def ended(code: int = 0, reason: str | None = None, signal: int | None = None) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "signal": signal}}


def container(state: dict[str, Any], *, ready: bool = False, restarts: int = 0, name: str = "c", **more: Any) -> Any:
    return {"name": name, "state": state, "ready": ready, "restartCount": restarts, **more}


def pod(
    phase: str = "Running",
    *,
    statuses: list[Any] | None = None,
    init: list[Any] | None = None,
    sidecars: tuple[str, ...] = (),
    deleting: bool = False,
    reason: str | None = None,
    conditions: list[Any] | None = None,
    containers: int = 1,
) -> Pod:
    init_specs = [
        {"name": s["name"], **({"restartPolicy": "Always"} if s["name"] in sidecars else {})} for s in init or []
    ]
    return decode_pod(
        json.dumps(
            {
                "metadata": {"name": "p", **({"deletionTimestamp": "2026-11-22T00:00:00Z"} if deleting else {})},
                "spec": {"containers": [{"name": f"c{i}"} for i in range(containers)], "initContainers": init_specs},
                "status": {
                    "phase": phase,
                    "reason": reason,
                    "conditions": conditions,
                    "containerStatuses": statuses,
                    "initContainerStatuses": init,
                },
            }
        ).encode()
    )


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (pod(statuses=[container(RUNNING, ready=True)]), "Running"),
        (pod("Pending"), "Pending"),
        (pod("Pending", statuses=[container(waiting("ContainerCreating"))]), "ContainerCreating"),
        (pod(statuses=[container(waiting("CrashLoopBackOff"), restarts=7)]), "CrashLoopBackOff"),
        (pod("Succeeded", statuses=[container(ended(0, "Completed"))]), "Completed"),
        (pod("Failed", statuses=[container(ended(1, "Error"))]), "Error"),
        (pod("Failed", statuses=[container(ended(3))]), "ExitCode:3"),
        (pod("Failed", statuses=[container(ended(137, signal=9))]), "Signal:9"),
        (pod("Failed", reason="Evicted"), "Evicted"),
        (pod(statuses=[container(RUNNING, ready=True)], deleting=True), "Terminating"),
        (pod("Succeeded", statuses=[container(ended(0, "Completed"))], deleting=True), "Completed"),
        (pod("Running", reason="NodeLost", deleting=True), "Unknown"),
        (pod("Pending", init=[container(RUNNING, name="a"), container(waiting("x"), name="b")]), "Init:0/2"),
        (pod("Pending", init=[container(ended(0), name="a"), container(RUNNING, name="b")]), "Init:1/2"),
        (pod("Pending", init=[container(ended(2), name="a")]), "Init:ExitCode:2"),
        (pod("Pending", init=[container(ended(2, "Error"), name="a")]), "Init:Error"),
        (pod("Pending", init=[container(waiting("CrashLoopBackOff"), name="a")]), "Init:CrashLoopBackOff"),
        (pod("Pending", init=[container(waiting("PodInitializing"), name="a")]), "Init:0/1"),
        (
            pod(
                init=[container(RUNNING, name="side", ready=True, started=True)],
                sidecars=("side",),
                statuses=[container(RUNNING, ready=True)],
            ),
            "Running",
        ),
        (
            pod(
                init=[container(ended(1, "Error"), name="a")],
                statuses=[container(RUNNING, ready=True)],
                conditions=[{"type": "Initialized", "status": "True"}],
            ),
            "Init:Error",
        ),
        (
            pod("Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
            "SchedulingGated",
        ),
        (
            pod(
                statuses=[container(ended(0, "Completed"), name="a"), container(RUNNING, ready=True, name="b")],
                conditions=[{"type": "Ready", "status": "True"}],
            ),
            "Running",
        ),
        (
            pod(
                statuses=[container(ended(0, "Completed"), name="a"), container(RUNNING, ready=True, name="b")],
                conditions=[{"type": "Ready", "status": "False"}],
            ),
            "NotReady",
        ),
    ],
)
def test_status_is_what_kubectl_prints(shown: Pod, expected: str) -> None:
    assert status_text(shown) == expected


def test_ready_counts_running_ready_containers_and_sidecars() -> None:
    mixed = pod(
        containers=2,
        statuses=[container(RUNNING, ready=True, name="a"), container(waiting("x"), name="b")],
        init=[container(RUNNING, name="side", ready=True, started=True), container(ended(0), name="once")],
        sidecars=("side",),
    )
    assert ready_count(mixed) == (2, 3)


def test_restarts_are_those_of_the_init_containers_while_they_decide() -> None:
    assert restarts(pod("Pending", init=[container(waiting("CrashLoopBackOff"), restarts=4, name="a")])) == 4
    assert restarts(pod(statuses=[container(RUNNING, restarts=2), container(RUNNING, restarts=3)])) == 5


def test_only_the_controlling_owner_recreates_a_pod() -> None:
    owners = [{"kind": "Node", "name": "n"}, {"kind": "ReplicaSet", "name": "r", "controller": True}]
    owned = decode_pod(json.dumps({"metadata": {"name": "p", "ownerReferences": owners}}).encode())
    assert controller(owned) is not None
    assert controller(owned).name == "r"  # type: ignore[union-attr]
    assert controller(pod()) is None


def test_a_mirror_pod_is_known_by_its_annotation_and_a_finished_one_by_its_phase() -> None:
    mirror = {"metadata": {"name": "p", "annotations": {"kubernetes.io/config.mirror": "hash"}}}
    assert is_mirror(decode_pod(json.dumps(mirror).encode()))
    assert not is_mirror(pod())
    assert is_finished(pod("Failed"))
    assert not is_finished(pod("Unknown"))
