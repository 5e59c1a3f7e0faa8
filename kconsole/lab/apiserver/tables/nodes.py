"""The columns of nodes: STATUS, ROLES and VERSION as the real printer words them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, NONE, UNKNOWN, Column, Printer, age_of

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"


def status_of(node: Object) -> str:
    """Ready, NotReady, or Unknown without a Ready condition; then whether it is cordoned."""
    conditions = node.get("status", {}).get("conditions") or []
    ready = next((condition.get("status") for condition in conditions if condition.get("type") == "Ready"), None)
    status = {"True": "Ready", None: "Unknown"}.get(ready, "NotReady")
    return f"{status},SchedulingDisabled" if node.get("spec", {}).get("unschedulable") else status


def roles_of(node: Object) -> str:
    """Every role label's suffix and the value of the role label, sorted."""
    labels = node["metadata"].get("labels") or {}
    roles = {label[len(_ROLE_PREFIX) :] for label in labels if label.startswith(_ROLE_PREFIX)}
    roles.add(labels.get(_ROLE_LABEL, ""))
    return ",".join(sorted(role for role in roles if role)) or NONE


def _address(node: Object, kind: str) -> str:
    addresses = node.get("status", {}).get("addresses") or []
    return next((address["address"] for address in addresses if address.get("type") == kind), NONE)


def _cells(node: Object, now: datetime) -> list[Any]:
    info = node.get("status", {}).get("nodeInfo") or {}
    return [
        node["metadata"]["name"],
        status_of(node),
        roles_of(node),
        age_of(node, now),
        info.get("kubeletVersion", ""),
        _address(node, "InternalIP"),
        _address(node, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


NODES = Printer(
    (
        NAME,
        Column("Status", "Whether the node is ready, and whether pods may be scheduled to it."),
        Column("Roles", "The roles that the node's labels give it."),
        AGE,
        Column("Version", "The version of the kubelet."),
        Column("Internal-IP", "The node's address inside the cluster.", priority=1),
        Column("External-IP", "The node's address outside the cluster.", priority=1),
        Column("OS-Image", "The operating system.", priority=1),
        Column("Kernel-Version", "The version of the kernel.", priority=1),
        Column("Container-Runtime", "The container runtime and its version.", priority=1),
    ),
    _cells,
)
