"""Invented node rows for the tables: the same for both widgets, the same at every run."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone

from kconsole.model.nodes import Node, decode_node

NOW = datetime(2026, 11, 22, tzinfo=timezone.utc)


def nodes(count: int, seed: int = 7) -> dict[str, Node]:
    """`count` nodes by name, a few of them in trouble."""
    chance = random.Random(seed)
    return {name: _node(name, i, chance) for i in range(count) for name in [f"ip-10-{i // 250 % 250}-{i % 250}"]}


def _node(name: str, i: int, chance: random.Random) -> Node:
    ready = chance.choice(["True"] * 18 + ["False", "Unknown"])
    born = f"2026-0{1 + i % 9}-01T00:00:00Z"
    raw = {
        "metadata": {
            "name": name,
            "uid": f"uid-{i}",
            "creationTimestamp": born,
            "labels": {"node-role.kubernetes.io/worker": ""}
            if i % 50
            else {"node-role.kubernetes.io/control-plane": ""},
        },
        "spec": {"unschedulable": i % 20 == 0},
        "status": {
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": born}],
            "addresses": [{"type": "InternalIP", "address": f"10.0.{i // 250}.{i % 250}"}],
            "nodeInfo": {
                "kubeletVersion": f"v1.{31 + i % 3}.{i % 7}",
                "osImage": "Ubuntu 24.04.2 LTS",
                "kernelVersion": "6.8.0-1021-generic",
                "containerRuntimeVersion": "containerd://2.1.3",
            },
            "allocatable": {"pods": "110"},
        },
    }
    return decode_node(json.dumps(raw).encode())
