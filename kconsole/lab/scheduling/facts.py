"""The few facts about pods and nodes that placing needs, taken from API objects once. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kconsole.lab.quantities import amount

Object = dict[str, Any]

_LEAST_CPU, _LEAST_MEMORY = 100, 200 * 1024 * 1024 * 1000
"""What a container that asks for nothing counts as when nodes are compared, in thousandths."""


@dataclass(frozen=True)
class PodFacts:
    """A pod as far as others' placement depends on it."""

    key: str
    namespace: str
    labels: Mapping[str, str]
    node: str
    asks: Mapping[str, int]
    """Requests by resource, in thousandths."""
    ports: frozenset[tuple[str, int]]
    """Host ports: protocol and number."""
    repels: Sequence[Object]
    """Required pod anti-affinity terms."""
    terminating: bool


@dataclass
class NodeFacts:
    """A node and what is asked of it."""

    name: str
    labels: Mapping[str, str]
    taints: Sequence[Object]
    unschedulable: bool
    holds: Mapping[str, int]
    """Allocatable by resource, in thousandths."""
    pods: dict[str, PodFacts] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    repelling: dict[str, PodFacts] = field(default_factory=dict)
    """Those of its pods that want to be apart from others."""

    def put(self, pod: PodFacts) -> None:
        """`pod` runs here."""
        self.remove(pod.key)
        self.pods[pod.key] = pod
        if pod.repels:
            self.repelling[pod.key] = pod
        for name, count in pod.asks.items():
            self.used[name] = self.used.get(name, 0) + count

    def remove(self, key: str) -> None:
        """That pod does not run here any more."""
        pod = self.pods.pop(key, None)
        self.repelling.pop(key, None)
        for name, count in (pod.asks if pod else {}).items():
            self.used[name] -= count

    @property
    def most_pods(self) -> int:
        """How many pods its kubelet takes."""
        return self.holds.get("pods", 110_000) // 1000


def node_facts(node: Object) -> NodeFacts:
    """The facts of a Node, without pods."""
    spec = node.get("spec") or {}
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    return NodeFacts(
        name=node["metadata"]["name"],
        labels=node["metadata"].get("labels") or {},
        taints=spec.get("taints") or (),
        unschedulable=bool(spec.get("unschedulable")),
        holds={name: amount(value) for name, value in allocatable.items()},
    )


def pod_facts(pod: Object) -> PodFacts:
    """The facts of a Pod."""
    metadata, spec = pod["metadata"], pod["spec"]
    anti = (spec.get("affinity") or {}).get("podAntiAffinity") or {}
    return PodFacts(
        key=f"{metadata['namespace']}/{metadata['name']}",
        namespace=metadata["namespace"],
        labels=metadata.get("labels") or {},
        node=spec.get("nodeName") or "",
        asks=requests(spec),
        ports=frozenset(
            (port.get("protocol", "TCP"), int(port["hostPort"]))
            for container in spec.get("containers") or ()
            for port in container.get("ports") or ()
            if port.get("hostPort")
        ),
        repels=anti.get("requiredDuringSchedulingIgnoredDuringExecution") or (),
        terminating="deletionTimestamp" in metadata,
    )


def requests(spec: Object) -> dict[str, int]:
    """What a pod asks for: its containers together, or its hungriest init container, and its overhead."""
    total: dict[str, int] = {}
    for container in spec.get("containers") or ():
        for name, count in _asked(container).items():
            total[name] = total.get(name, 0) + count
    for container in spec.get("initContainers") or ():
        for name, count in _asked(container).items():
            if container.get("restartPolicy") == "Always":
                total[name] = total.get(name, 0) + count
            else:
                total[name] = max(total.get(name, 0), count)
    for name, value in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, 0) + amount(value)
    return total


def _asked(container: Object) -> dict[str, int]:
    resources = container.get("resources") or {}
    stated = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: amount(value) for name, value in stated.items()}


def load(node: NodeFacts, asks: Mapping[str, int]) -> float:
    """How full the node would be with `asks` on it, from 0 to 1, cpu and memory alike."""
    shares = []
    for name, least in (("cpu", _LEAST_CPU), ("memory", _LEAST_MEMORY)):
        whole = node.holds.get(name, 0)
        taken = node.used.get(name, 0) + (asks.get(name) or least)
        shares.append(min(1.0, taken / whole) if whole else 1.0)
    return sum(shares) / len(shares)
