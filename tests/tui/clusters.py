"""Clusters for tests of the screens: nodes as the API would give them, and a fake connection fed with snapshots."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec

from kconsole.model.nodes import Node

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


def stamp(ago: timedelta) -> str:
    return (NOW - ago).isoformat()


def make_node(
    name: str,
    *,
    ready: str | None = "True",
    since: timedelta = timedelta(days=3),
    cordoned: bool = False,
    annotations: dict[str, str] | None = None,
    roles: tuple[str, ...] = (),
    version: str = "v1.33.4",
    labels: dict[str, str] | None = None,
    taints: tuple[dict[str, str], ...] = (),
    bad: tuple[str, ...] = (),
    created: timedelta = timedelta(days=3),
    pods: str | None = "110",
    uid: str | None = None,
) -> Node:
    """A node; everything not named is as a healthy worker has it."""
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": stamp(timedelta(minutes=20))} for kind in bad]
    if ready is not None:
        conditions.append({"type": "Ready", "status": ready, "lastTransitionTime": stamp(since)})
    all_labels = {"kubernetes.io/hostname": name, **(labels or {})}
    all_labels |= {f"node-role.kubernetes.io/{role}": "" for role in roles}
    all_taints = list(taints)
    if cordoned:
        taint = {
            "key": "node.kubernetes.io/unschedulable",
            "effect": "NoSchedule",
            "timeAdded": stamp(timedelta(hours=3)),
        }
        all_taints.append(taint)
    return msgspec.convert(
        {
            "metadata": {
                "name": name,
                "uid": uid or f"uid-{name}",
                "creationTimestamp": stamp(created),
                "labels": all_labels,
                "annotations": annotations,
            },
            "spec": {"unschedulable": cordoned or None, "taints": all_taints},
            "status": {
                "conditions": conditions,
                "addresses": [{"type": "InternalIP", "address": "10.10.0.11"}],
                "nodeInfo": {
                    "kubeletVersion": version,
                    "osImage": "Ubuntu 24.04.2 LTS",
                    "kernelVersion": "6.8.0-60-generic",
                    "containerRuntimeVersion": "containerd://1.7.27",
                },
                "allocatable": {"pods": pods} if pods else {},
            },
        },
        Node,
    )


def by_name(*nodes: Node) -> dict[str, Node]:
    return {node.name: node for node in nodes}


def cordon_note(
    by: str = "kim@bastion", reason: str | None = "disk swap", ago: timedelta = timedelta(hours=3)
) -> dict[str, str]:
    note = {"kconsole.io/cordon-by": by, "kconsole.io/cordon-at": stamp(ago)}
    return {**note, "kconsole.io/cordon-reason": reason} if reason else note
