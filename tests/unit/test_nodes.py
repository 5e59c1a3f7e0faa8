"""What a node is said to be: the rules of the API server's own printer."""

from __future__ import annotations

import json

import pytest

from kconsole.model import nodes
from parts.nodes import node


@pytest.mark.parametrize(
    ("ready", "cordoned", "expected"),
    [
        ("True", False, "Ready"),
        ("False", False, "NotReady"),
        ("Unknown", False, "NotReady"),
        (None, False, "Unknown"),
        ("True", True, "Ready,SchedulingDisabled"),
        ("Unknown", True, "NotReady,SchedulingDisabled"),
        (None, True, "Unknown,SchedulingDisabled"),
    ],
)
def test_status_is_what_kubectl_prints(ready: str | None, cordoned: bool, expected: str) -> None:
    assert nodes.status_text(node(ready=ready, cordoned=cordoned)) == expected


@pytest.mark.parametrize(
    ("ready", "expected"), [("True", "ready"), ("False", "not-ready"), ("Unknown", "lost"), (None, "unregistered")]
)
def test_a_silent_kubelet_is_told_apart_from_not_ready(ready: str | None, expected: str) -> None:
    assert nodes.health(node(ready=ready)) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, ()),
        ({"node-role.kubernetes.io/control-plane": ""}, ("control-plane",)),
        ({"node-role.kubernetes.io/worker": "true", "kubernetes.io/role": "infra"}, ("infra", "worker")),
        ({"kubernetes.io/role": "node", "node-role.kubernetes.io/node": ""}, ("node",)),
        ({"node-role.kubernetes.io/": "x"}, ()),
        ({"example.com/kubernetes.io/role": "no"}, ()),
        ({"kubernetes.io/role": ""}, ()),
    ],
)
def test_roles_come_from_both_kinds_of_label_sorted(labels: dict[str, str], expected: tuple[str, ...]) -> None:
    assert nodes.roles(node(labels=labels)) == expected


def test_the_taint_of_a_cordon_is_not_shown_as_a_taint_and_noexecute_comes_first() -> None:
    tainted = node(
        cordoned=True,
        taints=[
            {"key": "a", "effect": "NoSchedule", "value": "1"},
            {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
            {"key": "z", "effect": "NoExecute"},
        ],
    )
    assert [str(t) for t in nodes.visible_taints(tainted)] == ["z:NoExecute", "a=1:NoSchedule"]


def test_a_true_problem_is_bad_and_a_true_lifecycle_condition_is_not() -> None:
    busy = node(
        conditions=[
            {"type": "MemoryPressure", "status": "True"},
            {"type": "DiskPressure", "status": "False"},
            {"type": "KernelDeadlock", "status": "True"},
            {"type": "DrainInProgress", "status": "True"},
        ]
    )
    assert [c.type for c in nodes.bad_conditions(busy)] == ["MemoryPressure", "KernelDeadlock"]
    assert [c.type for c in nodes.lifecycle_conditions(busy)] == ["DrainInProgress"]


def test_trouble_ranks_lost_above_not_ready_above_pressure_above_cordoned() -> None:
    pressed = node(conditions=[{"type": "PIDPressure", "status": "True"}], cordoned=True)
    ranked = [node(), node(cordoned=True), pressed, node(ready="False"), node(ready="Unknown")]
    assert [nodes.trouble(n) for n in ranked] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "raw",
    [
        {"metadata": {"name": "n"}},
        {"metadata": {"name": "n", "labels": None, "annotations": None}, "spec": None, "status": None},
        {"metadata": {"name": "n"}, "spec": {"taints": None}, "status": {"conditions": None, "addresses": None}},
        {"metadata": {"name": "n"}, "status": {"images": [{"names": None, "sizeBytes": 1}], "nodeInfo": None}},
        {"metadata": {"name": "n" * 253}, "status": {"somethingNew": {"deep": [1, 2]}}},
    ],
)
def test_a_node_that_has_hardly_registered_can_be_shown(raw: dict[str, object]) -> None:
    bare = nodes.decode_node(json.dumps(raw).encode())
    assert nodes.status_text(bare) == "Unknown"
    assert nodes.roles(bare) == ()
    assert nodes.pod_capacity(bare) is None
    assert bare.info.kubelet_version == ""


def test_the_first_address_of_a_type_is_the_one_shown() -> None:
    raw = {
        "metadata": {"name": "n"},
        "status": {
            "addresses": [
                {"type": "Hostname", "address": "n"},
                {"type": "InternalIP", "address": "10.0.0.1"},
                {"type": "InternalIP", "address": "fd00::1"},
            ]
        },
    }
    dual = nodes.decode_node(json.dumps(raw).encode())
    assert nodes.address(dual, "InternalIP") == "10.0.0.1"
    assert nodes.address(dual, "ExternalIP") is None
