"""The columns of pods. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, NONE, Column, Printer, age_of
from kconsole.model.pods import Pod, condition_is_true, ready_count, status_text
from kconsole.model.printed import restarts_cell


def _gates(obj: Object, pod: Pod) -> str:
    gates = (obj.get("spec") or {}).get("readinessGates") or []
    met = sum(condition_is_true(pod, gate.get("conditionType", "")) for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _address(status: Object) -> str:
    addresses = status.get("podIPs") or []
    return (addresses[0].get("ip") if addresses else status.get("podIP")) or NONE


def _cells(obj: Object, now: datetime) -> list[Any]:
    status, pod = obj.get("status") or {}, msgspec.convert(obj, Pod)
    return [
        pod.name,
        "{}/{}".format(*ready_count(pod)),
        status_text(pod),
        restarts_cell(pod, now),
        age_of(obj, now),
        _address(status),
        pod.spec.node_name or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(obj, pod),
    ]


PODS = Printer(
    (
        NAME,
        Column("Ready", "How many of the containers are ready."),
        Column("Status", "What the pod is doing, or why it is not."),
        Column("Restarts", "How often its containers were started again, and when last."),
        AGE,
        Column("IP", "The pod's address.", priority=1),
        Column("Node", "The node the pod runs on.", priority=1),
        Column("Nominated Node", "The node being cleared for the pod.", priority=1),
        Column("Readiness Gates", "How many of its extra conditions hold.", priority=1),
    ),
    _cells,
)
