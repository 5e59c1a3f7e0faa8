"""The workloads of the default cluster, as data: what a small company's cluster runs, with its odd ones.

Data only; `seeding` stores it. Which node a pod lands on, and the random part of its name, follow from the seed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kconsole.lab.kubelets import pod_knobs
from kconsole.lab.seeds.pod_objects import Image, Shape

Object = dict[str, Any]

DEPLOYMENT, DAEMON_SET, STATEFUL_SET, JOB, BARE = "Deployment", "DaemonSet", "StatefulSet", "Job", ""


@dataclass(frozen=True)
class Budget:
    """A PodDisruptionBudget for the pods of a workload, or with `labels` for those that have these."""

    name: str
    min_available: int | str | None = None
    max_unavailable: int | str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Workload:
    """Some pods of one shape, and the kind of their owner."""

    namespace: str
    name: str
    kind: str
    shape: Shape
    replicas: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    """Besides `app`."""
    state: str = "running"
    """`running`, `completed`, `crash-looping`, or `unschedulable` (asks for more than any node has)."""
    restarts: int = 0
    """Of its first pod."""
    on: Sequence[int] = ()
    """The workers its first pods are on, counted from 0; else they are dealt out in turn."""
    knobs: Mapping[str, str] = field(default_factory=dict)
    """Annotations of its pods: see `pod_knobs`."""
    storage: str = ""
    """The size of each pod's own volume."""
    port: int = 0
    """Of its Service; 0 for none."""
    budgets: Sequence[Budget] = ()


NAMESPACES = ("kube-flannel", "monitoring", "shop", "platform", "tools")
"""Besides those every cluster has."""


def system(version: str, coredns: str) -> Sequence[Workload]:
    """What kubeadm and the network plugin install."""
    proxy = Shape(
        "kube-proxy",
        Image(f"registry.k8s.io/kube-proxy:v{version}", 31_900_000),
        host_network=True,
        daemon=True,
        command=("/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"),
        volumes=({"name": "lib-modules", "hostPath": {"path": "/lib/modules", "type": ""}},),
        mounts=({"name": "lib-modules", "mountPath": "/lib/modules", "readOnly": True},),
        tolerations=({"operator": "Exists"},),
    )
    flannel = Shape(
        "kube-flannel",
        Image("ghcr.io/flannel-io/flannel:v0.26.7", 32_900_000),
        {"cpu": "100m", "memory": "50Mi"},
        host_network=True,
        daemon=True,
        command=("/opt/bin/flanneld", "--ip-masq", "--kube-subnet-mgr"),
        volumes=({"name": "run", "hostPath": {"path": "/run/flannel", "type": ""}},),
        mounts=({"name": "run", "mountPath": "/run/flannel"},),
        tolerations=({"effect": "NoSchedule", "operator": "Exists"},),
    )
    dns = Shape(
        "coredns",
        Image(f"registry.k8s.io/coredns/coredns:{coredns}", 20_900_000),
        {"cpu": "100m", "memory": "70Mi"},
        command=("/coredns", "-conf", "/etc/coredns/Corefile"),
        tolerations=(
            {"key": "CriticalAddonsOnly", "operator": "Exists"},
            {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"},
        ),
    )
    return (
        Workload("kube-system", "kube-proxy", DAEMON_SET, proxy, labels={"k8s-app": "kube-proxy"}),
        Workload("kube-flannel", "kube-flannel-ds", DAEMON_SET, flannel, labels={"tier": "node"}),
        Workload("kube-system", "coredns", DEPLOYMENT, dns, 2, labels={"k8s-app": "kube-dns"}, on=(0, 1)),
    )


def _shape(container: str, image: str, cpu: str, memory: str, **more: Any) -> Shape:
    return Shape(container, Image(f"registry.example/{image}"), {"cpu": cpu, "memory": memory}, **more)


def _empty_dir(name: str, path: str) -> dict[str, Any]:
    return {"volumes": ({"name": name, "emptyDir": {}},), "mounts": ({"name": name, "mountPath": path},)}


_EXPORTER = Shape(
    "node-exporter",
    Image("quay.io/prometheus/node-exporter:v1.9.1", 12_700_000),
    {"cpu": "50m", "memory": "30Mi"},
    host_network=True,
    daemon=True,
    tolerations=({"effect": "NoSchedule", "operator": "Exists"},),
)

APPLICATIONS: Sequence[Workload] = (
    Workload("monitoring", "node-exporter", DAEMON_SET, _EXPORTER),
    Workload(
        "monitoring",
        "metrics-store",
        DEPLOYMENT,
        _shape("store", "metrics/store:3.4.1", "200m", "512Mi", **_empty_dir("data", "/data")),
    ),
    Workload(
        "shop",
        "web",
        DEPLOYMENT,
        _shape("web", "shop/web:2.18.0", "100m", "128Mi"),
        5,
        restarts=2,
        port=80,
        budgets=(Budget("web", max_unavailable="40%"),),  # allows
    ),
    Workload(
        "shop",
        "cart",
        DEPLOYMENT,
        _shape("cart", "shop/cart:1.9.3", "100m", "128Mi"),
        3,
        on=(0, 1, 1),
        knobs={pod_knobs.READY_AFTER: "8"},
        port=8080,
        budgets=(Budget("cart", min_available=2),),  # waits: two of three are on one node
    ),
    Workload(
        "shop",
        "search",
        DEPLOYMENT,
        _shape("search", "shop/search:0.14.2", "150m", "256Mi", **_empty_dir("cache", "/var/cache/search")),
        2,
        port=9200,
    ),
    Workload(
        "shop",
        "orders-db",
        STATEFUL_SET,
        _shape("database", "shop/orders-db:16.4", "250m", "512Mi", grace_seconds=60),
        2,
        on=(1, 2),
        storage="20Gi",
        port=5432,
        budgets=(Budget("orders-db", min_available=2),),  # never allows
    ),
    Workload(
        "shop",
        "sitemap-29384640",
        JOB,
        _shape("sitemap", "shop/sitemap:1.2.0", "50m", "64Mi", restart_policy="OnFailure"),
        state="completed",
    ),
    Workload(
        "platform",
        "queue",
        STATEFUL_SET,
        _shape("queue", "platform/queue:3.13.7", "200m", "256Mi"),
        3,
        on=(0, 1, 2),
        storage="5Gi",
        port=5672,
        budgets=(Budget("queue", max_unavailable=1),),  # allows one at a time
    ),
    Workload(
        "platform",
        "mailer",
        DEPLOYMENT,
        _shape("mailer", "platform/mailer:5.0.4", "50m", "64Mi"),
        2,
        labels={"tier": "outbound"},
        on=(2, 2),
        budgets=(Budget("mailer", min_available=1), Budget("outbound", max_unavailable=1, labels={"tier": "outbound"})),
    ),
    Workload(
        "platform",
        "streamer",
        DEPLOYMENT,
        _shape("streamer", "platform/streamer:1.4.0", "100m", "128Mi", grace_seconds=45),
        knobs={pod_knobs.TERMINATE_AFTER: "25"},
        on=(0,),
    ),
    Workload(
        "platform",
        "reindex",
        JOB,
        _shape("reindex", "platform/reindex:0.3.2", "100m", "128Mi", restart_policy="Never"),
        knobs={pod_knobs.COMPLETE_AFTER: "14400"},
        on=(1,),
    ),
    Workload(
        "platform",
        "reporter",
        DEPLOYMENT,
        _shape("reporter", "platform/reporter:0.9.0", "50m", "64Mi"),
        state="crash-looping",
        knobs={pod_knobs.STATE: "crash"},
        restarts=6,
    ),
    Workload(
        "platform",
        "trainer",
        DEPLOYMENT,
        _shape("trainer", "platform/trainer:2.0.0", "64", "256Gi"),
        state="unschedulable",
    ),
    Workload(
        "tools",
        "debug-shell",
        BARE,
        _shape("shell", "tools/shell:12", "10m", "16Mi", command=("sleep", "infinity")),
        on=(2,),
    ),
)
"""On three workers: w1 drains with the usual flags, w2 waits and meets a budget that never allows, w3 has both that and
pods under two budgets."""
