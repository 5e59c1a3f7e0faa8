from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.tables import nodes, pods
from kconsole.lab.apiserver.tables.column import human_duration
from kconsole.lab.apiserver.tables.render import printer_of, rows

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def ago(**age: float) -> str:
    return (NOW - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def cells(plural: str, obj: dict[str, Any]) -> dict[str, Any]:
    resource = RESOURCES[plural]
    (row,) = rows(resource, [obj], NOW, version="v1", include="None")
    return dict(zip([column.name for column in printer_of(resource).columns], row["cells"], strict=True))


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-3, "<invalid>"),
        (-2, "<invalid>"),
        (-1.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600, "8h"),
        (48 * 3600 - 1, "47h"),
        (48 * 3600, "2d"),
        (49 * 3600, "2d1h"),
        (8 * 86400, "8d"),
        (730 * 86400 - 1, "729d"),
        (730 * 86400, "2y"),
        (731 * 86400, "2y1d"),
        (2920 * 86400, "8y"),
    ],
)
def test_ages_change_their_units_where_kubectls_do(seconds: float, shown: str) -> None:
    assert human_duration(seconds) == shown


@pytest.mark.parametrize(
    ("conditions", "cordoned", "shown"),
    [
        ([{"type": "Ready", "status": "True"}], False, "Ready"),
        ([{"type": "Ready", "status": "False"}], False, "NotReady"),
        ([{"type": "Ready", "status": "Unknown"}], True, "NotReady,SchedulingDisabled"),
        ([], True, "Unknown,SchedulingDisabled"),
        (None, False, "Unknown"),
    ],
)
def test_a_nodes_status_is_its_ready_condition_and_its_cordon(conditions: Any, cordoned: bool, shown: str) -> None:
    spec = {"unschedulable": True} if cordoned else {}
    assert nodes.status_of({"spec": spec, "status": {"conditions": conditions}}) == shown


def test_roles_are_the_label_suffixes_and_the_old_label_sorted() -> None:
    labels = {"node-role.kubernetes.io/b": "", "node-role.kubernetes.io/": "", "kubernetes.io/role": "a"}
    assert nodes.roles_of({"metadata": {"labels": labels}}) == "a,b"
    assert nodes.roles_of({"metadata": {}}) == "<none>"


def test_a_node_that_only_registered_has_placeholders() -> None:
    shown = cells("nodes", {"metadata": {"name": "n", "creationTimestamp": ago(minutes=3)}})
    assert shown["Age"] == "3m"
    assert (shown["Internal-IP"], shown["OS-Image"], shown["Version"]) == ("<none>", "<unknown>", "")


def pod(**status: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "a"}, {"name": "b"}]}
    return {"metadata": {"name": "p", "creationTimestamp": ago(hours=1)}, "spec": spec, "status": status}


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": False, "restartCount": 0, **more}


def test_a_running_pod() -> None:
    states = [container(name, ready=True, state={"running": {}}) for name in "ab"]
    shown = cells("pods", pod(phase="Running", containerStatuses=states, podIP="10.1.1.1"))
    assert (shown["Ready"], shown["Status"], shown["Restarts"], shown["IP"]) == ("2/2", "Running", "0", "10.1.1.1")


def test_the_reason_of_a_waiting_container_wins_over_the_phase() -> None:
    ended = {"terminated": {"finishedAt": ago(minutes=5)}}
    crash = container("a", restartCount=3, state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended)
    shown = cells(
        "pods", pod(phase="Running", containerStatuses=[crash, container("b", ready=True, state={"running": {}})])
    )
    assert (shown["Ready"], shown["Status"], shown["Restarts"]) == ("1/2", "CrashLoopBackOff", "3 (5m ago)")


@pytest.mark.parametrize(
    ("ended", "shown"),
    [
        ({"reason": "Completed", "exitCode": 0}, "Completed"),
        ({"reason": "OOMKilled", "exitCode": 137}, "OOMKilled"),
        ({"exitCode": 2}, "ExitCode:2"),
        ({"exitCode": 0, "signal": 9}, "Signal:9"),
    ],
)
def test_an_ended_container_says_how_it_ended(ended: dict[str, Any], shown: str) -> None:
    states = [container(name, state={"terminated": ended}) for name in "ab"]
    assert pods.status_of(pod(phase="Failed", containerStatuses=states)) == shown


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ([{"running": {}}, {"waiting": {"reason": "PodInitializing"}}], "Init:0/2"),
        ([{"terminated": {"exitCode": 0}}, {"waiting": {"reason": "PodInitializing"}}], "Init:1/2"),
        ([{"waiting": {"reason": "CrashLoopBackOff"}}, {}], "Init:CrashLoopBackOff"),
        ([{"terminated": {"exitCode": 1, "reason": "Error"}}, {}], "Init:Error"),
        ([{"terminated": {"exitCode": 3}}, {}], "Init:ExitCode:3"),
    ],
)
def test_an_initialising_pod_says_how_far_it_is(states: list[Any], shown: str) -> None:
    initialising = pod(
        phase="Pending", initContainerStatuses=[container(f"i{n}", state=s) for n, s in enumerate(states)]
    )
    initialising["spec"]["initContainers"] = [{"name": "i0"}, {"name": "i1"}]
    assert pods.status_of(initialising) == shown


def test_a_pod_being_deleted_is_terminating_unless_it_has_ended_or_its_node_is_lost() -> None:
    for status, shown in (
        ({"phase": "Running"}, "Terminating"),
        ({"phase": "Succeeded"}, "Succeeded"),
        ({"phase": "Running", "reason": "NodeLost"}, "Unknown"),
    ):
        leaving = pod(**status)
        leaving["metadata"]["deletionTimestamp"] = ago()
        assert pods.status_of(leaving) == shown


def test_an_evicted_pod_says_so() -> None:
    assert pods.status_of(pod(phase="Failed", reason="Evicted")) == "Evicted"


def test_a_recurring_event_says_how_often_and_over_what_time() -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Node", "name": "w1"},
        "type": "Warning",
        "reason": "X",
        "message": "m\n",
        "count": 4,
        "source": {"component": "kubelet", "host": "w1"},
        "firstTimestamp": ago(minutes=20),
        "lastTimestamp": ago(seconds=9),
    }
    shown = cells("events", event)
    assert (shown["Last Seen"], shown["Object"], shown["Source"]) == ("9s (x4 over 20m)", "node/w1", "kubelet, w1")
    assert shown["Message"] == "m"


@pytest.mark.parametrize("plural", [name for name, resource in RESOURCES.items() if resource.stored])
def test_every_resource_has_as_many_cells_as_columns_even_when_the_object_is_bare(plural: str) -> None:
    bare = {"metadata": {"name": "x"}, "involvedObject": {}}
    assert len(cells(plural, bare)) == len(printer_of(RESOURCES[plural]).columns)
