"""Nodes: the few fields of the API object that are used, and what they mean.

Decodes JSON and answers questions about it; talks to nobody and has no clock (now comes in as an argument).
Rules are those of the API server's own printers (kubectl shows what they compute).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"
_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
LIFECYCLE_CONDITIONS = frozenset(
    {"DrainInProgress", "Drained", "MaintenancePlanned", "MaintenanceInProgress", "GracefulNodeShutdownInProgress"}
)
"""Conditions that tell of work under way: True is neither good nor bad (KEP-5683)."""


class Wire(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base of everything decoded from the API: unknown fields are skipped, absent and null ones have defaults."""


class Meta(Wire, frozen=True):
    """The part of an object's metadata that is used."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class Taint(Wire, frozen=True):
    """A taint; `time_added` is set by controllers, seldom by people."""

    key: str = ""
    effect: str = ""
    value: str | None = None
    time_added: datetime | None = None

    def __str__(self) -> str:
        """`key=value:effect`, as kubectl takes it."""
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


class Condition(Wire, frozen=True):
    """One condition; status is True, False or Unknown."""

    type: str = ""
    status: str = "Unknown"
    reason: str | None = None
    message: str | None = None
    last_transition_time: datetime | None = None
    last_heartbeat_time: datetime | None = None


class Address(Wire, frozen=True):
    """One address; type is InternalIP, ExternalIP, Hostname …."""

    type: str = ""
    address: str = ""


class NodeInfo(Wire, frozen=True):
    """What the kubelet says of the machine."""

    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""
    boot_id: str = msgspec.field(default="", name="bootID")
    architecture: str = ""


class _Spec(Wire, frozen=True):
    unschedulable: bool | None = None
    taints: tuple[Taint, ...] | None = None
    provider_id: str | None = msgspec.field(default=None, name="providerID")


class _Status(Wire, frozen=True):
    conditions: tuple[Condition, ...] | None = None
    addresses: tuple[Address, ...] | None = None
    node_info: NodeInfo | None = None
    capacity: dict[str, str | int] | None = None
    allocatable: dict[str, str | int] | None = None


class Node(Wire, frozen=True):
    """A node, as the API gave it. Lists are never None here: use the properties."""

    metadata: Meta = Meta()
    spec: _Spec | None = None
    status: _Status | None = None

    @property
    def name(self) -> str:
        """The node's name, unique in its cluster."""
        return self.metadata.name

    @property
    def labels(self) -> dict[str, str]:
        """Labels by key."""
        return self.metadata.labels or {}

    @property
    def annotations(self) -> dict[str, str]:
        """Annotations by key."""
        return self.metadata.annotations or {}

    @property
    def unschedulable(self) -> bool:
        """Whether it is cordoned."""
        return bool(self.spec and self.spec.unschedulable)

    @property
    def taints(self) -> tuple[Taint, ...]:
        """Every taint, the automatic one of a cordon included."""
        return (self.spec and self.spec.taints) or ()

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition."""
        return (self.status and self.status.conditions) or ()

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Every address."""
        return (self.status and self.status.addresses) or ()

    @property
    def info(self) -> NodeInfo:
        """What the kubelet says of the machine; all fields empty before it has said anything."""
        return (self.status and self.status.node_info) or NodeInfo()

    @property
    def allocatable(self) -> dict[str, str | int]:
        """Quantities as the API writes them, by resource."""
        return (self.status and self.status.allocatable) or {}


def condition(node: Node, kind: str) -> Condition | None:
    """The condition of that type, if the node has one."""
    return next((c for c in node.conditions if c.type == kind), None)


def status_text(node: Node) -> str:
    """STATUS as `kubectl get nodes` prints it. `Unknown` means: there is no Ready condition at all."""
    ready = condition(node, "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"
    return word + (",SchedulingDisabled" if node.unschedulable else "")


Health = Literal["ready", "not-ready", "lost", "unregistered"]


def health(node: Node) -> Health:
    """Readiness, with *lost* (the kubelet fell silent: Ready is Unknown) told apart from NotReady.

    `unregistered`: no Ready condition yet.
    """
    ready = condition(node, "Ready")
    if ready is None:
        return "unregistered"
    return {"True": "ready", "False": "not-ready"}.get(ready.status, "lost")  # type: ignore[return-value]


def health_since(node: Node) -> datetime | None:
    """When readiness last changed."""
    ready = condition(node, "Ready")
    return ready.last_transition_time if ready else None


def roles(node: Node) -> tuple[str, ...]:
    """ROLES as kubectl prints them, sorted; empty where kubectl prints `<none>`."""
    found = {key[len(_ROLE_PREFIX) :] for key in node.labels if key.startswith(_ROLE_PREFIX)}
    return tuple(sorted((found | {node.labels.get(_ROLE_LABEL, "")}) - {""}))


def is_control_plane(node: Node) -> bool:
    """Whether kubeadm made it a control-plane node (`master` before 1.24)."""
    return not {"control-plane", "master"}.isdisjoint(roles(node))


def address(node: Node, kind: str) -> str | None:
    """The first address of that type, as kubectl's INTERNAL-IP and EXTERNAL-IP columns choose it."""
    return next((a.address for a in node.addresses if a.type == kind), None)


def visible_taints(node: Node) -> tuple[Taint, ...]:
    """Taints without the automatic one of a cordon, NoExecute first."""
    shown = [t for t in node.taints if t.key != UNSCHEDULABLE_TAINT]
    return tuple(sorted(shown, key=lambda t: (t.effect != "NoExecute", t.key)))


def bad_conditions(node: Node) -> tuple[Condition, ...]:
    """Conditions that ask for attention, Ready apart: pressures and any other (problem detector) that is True."""
    return tuple(
        c for c in node.conditions if c.type != "Ready" and c.type not in LIFECYCLE_CONDITIONS and c.status == "True"
    )


def lifecycle_conditions(node: Node) -> tuple[Condition, ...]:
    """Maintenance under way, as somebody's tool reports it on the node."""
    return tuple(c for c in node.conditions if c.type in LIFECYCLE_CONDITIONS and c.status == "True")


def pod_capacity(node: Node) -> int | None:
    """How many pods the node admits, if it has said so."""
    try:
        return int(node.allocatable["pods"])
    except (KeyError, ValueError):
        return None


def age_seconds(node: Node, now: datetime) -> int | None:
    """Whole seconds since the node object was created; None when the API did not say."""
    created = node.metadata.creation_timestamp
    return None if created is None else max(0, (now - created) // timedelta(seconds=1))


def trouble(node: Node) -> int:
    """How much a person on call should look at it: 0 nothing, then cordoned, pressure, not ready, lost."""
    rank = {"lost": 4, "not-ready": 3, "unregistered": 3, "ready": 0}[health(node)]
    return rank or (2 if bad_conditions(node) else 1 if node.unschedulable else 0)


_node_decoder = msgspec.json.Decoder(Node)


def decode_node(raw: bytes | msgspec.Raw) -> Node:
    """A Node from the JSON of one API object; raises msgspec.DecodeError when it is not one."""
    return _node_decoder.decode(raw)
