"""Which taints a node's cordon and health ask for, and what else is a rule about nodes and pods."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kconsole.lab.controllers.nodes import wanted_taints
from kconsole.lab.ground.topology import plan_topology
from kconsole.lab.kubelets.pod_addresses import PodAddresses
from kconsole.lab.seeds import node_objects, pod_objects, workloads
from kconsole.lab.seeds.node_objects import Running

NOW = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.timezone.utc)
LATER = NOW + dt.timedelta(minutes=5)
OWN = {"key": "team", "value": "a", "effect": "NoSchedule"}


def node(ready: str = "True", *, cordoned: bool = False, taints: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"taints": taints or []}
    if cordoned:
        spec["unschedulable"] = True
    return {"spec": spec, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


def after(body: dict[str, Any]) -> list[tuple[str, str]]:
    found = wanted_taints(body, "now")
    taints = body["spec"]["taints"] if found is None else found
    return [(taint["key"].rpartition("/")[2], taint["effect"]) for taint in taints]


@pytest.mark.parametrize(
    ("ready", "cordoned", "expected"),
    [
        ("True", False, []),
        ("True", True, [("unschedulable", "NoSchedule")]),
        ("False", False, [("not-ready", "NoExecute"), ("not-ready", "NoSchedule")]),
        ("Unknown", False, [("unreachable", "NoExecute"), ("unreachable", "NoSchedule")]),
    ],
)
def test_cordon_and_health_each_have_their_taints(ready: str, cordoned: bool, expected: list[tuple[str, str]]) -> None:
    assert after(node(ready, cordoned=cordoned)) == expected


def test_the_taints_of_others_stay_as_they_are() -> None:
    assert wanted_taints(node("Unknown", taints=[OWN]), "now") is not None
    assert (wanted_taints(node("Unknown", taints=[OWN]), "now") or [])[0] == OWN
    assert wanted_taints(node(taints=[OWN]), "now") is None


@given(
    st.sampled_from(["True", "False", "Unknown"]),
    st.booleans(),
    st.sampled_from(["True", "False", "Unknown"]),
    st.booleans(),
)
def test_taints_settle_at_once_and_depend_on_nothing_that_was(
    was: str, was_cordoned: bool, now: str, now_cordoned: bool
) -> None:
    before = settled(node(was, cordoned=was_cordoned))
    after_it = settled(node(now, cordoned=now_cordoned, taints=before["spec"]["taints"]))
    assert wanted_taints(after_it, "later") is None
    assert sorted(after(after_it)) == sorted(after(node(now, cordoned=now_cordoned)))


def settled(body: dict[str, Any]) -> dict[str, Any]:
    taints = wanted_taints(body, "now")
    return body if taints is None else body | {"spec": body["spec"] | {"taints": taints}}


def test_a_transition_time_moves_only_when_the_status_does() -> None:
    machine = plan_topology("lab", "1.33.4").workers[0]
    body = node_objects.node(machine, Running.first(machine, "1.33.4"), NOW)
    again = node_objects.healthy_conditions(body["status"]["conditions"], LATER)
    assert {c["lastTransitionTime"] for c in again} == {"2026-05-04T08:00:00Z"}
    assert {c["lastHeartbeatTime"] for c in again} == {"2026-05-04T08:05:00Z"}
    lost = [c | {"status": "Unknown"} for c in again]
    back = node_objects.healthy_conditions(lost, LATER)
    assert {c["lastTransitionTime"] for c in back} == {"2026-05-04T08:05:00Z"}


def test_conditions_of_others_survive_a_heartbeat() -> None:
    detector = {"type": "KernelDeadlock", "status": "False"}
    merged = node_objects.with_conditions([detector], node_objects.healthy_conditions([], NOW))
    assert [c["type"] for c in merged] == ["KernelDeadlock", "MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]


def test_control_planes_are_labelled_and_tainted_and_workers_are_not() -> None:
    cluster = plan_topology("lab", "1.33.4", workers=1)
    nodes = [node_objects.node(m, Running.first(m, "1.33.4"), NOW) for m in cluster.machines]
    role = "node-role.kubernetes.io/control-plane"
    assert [role in n["metadata"]["labels"] for n in nodes] == [True, False]
    assert [[t["key"] for t in n["spec"].get("taints", [])] for n in nodes] == [[role], []]


def test_pod_addresses_are_given_once_until_the_range_is_through() -> None:
    addresses = PodAddresses()
    addresses.use("10.244.1.3")
    given_out = [addresses.next("10.244.1.0/24") for _ in range(252)]
    assert len(set(given_out)) == 252
    assert "10.244.1.3" not in given_out
    assert {"10.244.1.0", "10.244.1.1", "10.244.1.255"}.isdisjoint(given_out)
    addresses.free("10.244.1.77")
    assert addresses.next("10.244.1.0/24") == "10.244.1.77"


def test_the_default_workloads_show_every_kind_of_pod_that_a_drain_tells_apart() -> None:
    applications = workloads.APPLICATIONS
    assert {w.kind for w in applications} == {"Deployment", "DaemonSet", "StatefulSet", "Job", ""}
    assert {w.state for w in applications} == {"running", "completed", "crash-looping", "unschedulable"}
    assert any("emptyDir" in volume for w in applications for volume in w.shape.volumes)
    assert {w.namespace for w in applications} <= set(workloads.NAMESPACES)


@pytest.mark.parametrize("state", ["running", "completed", "crash_looping", "creating", "not_ready"])
def test_a_pods_status_agrees_with_itself(state: str) -> None:
    shape = workloads.APPLICATIONS[2].shape
    body = pod_objects.pod("web-1", "shop", shape, labels={}, owner=None, node="w1")
    more: dict[str, Any] = {} if state == "creating" else {"pod_ip": "10.244.1.2"}
    more |= {"restarts": 3} if state in ("crash_looping", "not_ready") else {}
    status = getattr(pod_objects, state)(body, host_ip="10.10.0.12", now=NOW, **more)
    ready = {c["type"]: c["status"] for c in status["conditions"]}["Ready"] == "True"
    assert ready is all(c["ready"] for c in status["containerStatuses"]) is (state == "running")
    assert status["qosClass"] == "Burstable"
