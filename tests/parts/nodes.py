"""The smallest nodes that show a thing, as the API would send them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from kconsole.model.nodes import Node, decode_node

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=timezone.utc)


def stamp(ago: timedelta = timedelta()) -> str:
    return (NOW - ago).isoformat().replace("+00:00", "Z")


def node(
    name: str = "w1",
    *,
    ready: str | None = "True",
    cordoned: bool = False,
    tainted_ago: timedelta | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    taints: list[dict[str, Any]] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    version: str = "v1.33.4",
    uid: str | None = None,
    created_ago: timedelta = timedelta(days=3),
    ready_ago: timedelta = timedelta(hours=1),
) -> Node:
    all_taints = list(taints or [])
    if tainted_ago is not None:
        key = "node.kubernetes.io/unschedulable"
        all_taints.append({"key": key, "effect": "NoSchedule", "timeAdded": stamp(tainted_ago)})
    all_conditions = list(conditions or [])
    if ready is not None:
        all_conditions.append({"type": "Ready", "status": ready, "lastTransitionTime": stamp(ready_ago)})
    return decode_node(
        json.dumps(
            {
                "metadata": {
                    "name": name,
                    "uid": uid or f"uid-{name}",
                    "creationTimestamp": stamp(created_ago),
                    "labels": labels or {},
                    "annotations": annotations or {},
                },
                "spec": {"taints": all_taints or None, **({"unschedulable": True} if cordoned else {})},
                "status": {
                    "conditions": all_conditions,
                    "nodeInfo": {"kubeletVersion": version, "osImage": "Ubuntu 24.04.2 LTS"},
                    "addresses": [{"type": "InternalIP", "address": "10.0.0.9"}],
                    "allocatable": {"pods": "110"},
                },
            }
        ).encode()
    )


def picture(*nodes: Node) -> dict[str, Node]:
    return {n.name: n for n in nodes}
