from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.tables.render import printer_of, rows

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)


def ago(**age: float) -> str:
    return (NOW - timedelta(**age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def cells(plural: str, obj: dict[str, Any]) -> dict[str, Any]:
    resource = RESOURCES[plural]
    (row,) = rows(resource, [obj], NOW, version="v1", include="None")
    return dict(zip([column.name for column in printer_of(resource).columns], row["cells"], strict=True))


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
