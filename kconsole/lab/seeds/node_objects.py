"""The Node and Lease objects that a kubelet keeps in the API, as kubeadm's nodes have them.

Pure: a machine and what runs on it in, API objects out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kconsole.lab.ground.topology import Machine
from kconsole.lab.stamps import micro_stamp, stamp

Object = dict[str, Any]

LEASE_SECONDS = 40
CONTROL_PLANE_TAINT: Object = {"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}
_HEALTHY = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


@dataclass(frozen=True)
class Running:
    """What a machine runs now; a reboot or an upgrade gives another one."""

    kubelet_version: str
    """With its `v`."""
    kernel: str
    os_image: str
    runtime: str
    boot_id: str

    @classmethod
    def first(cls, machine: Machine, version: str) -> Running:
        """As the machine was installed."""
        system = machine.system
        return cls(f"v{version}", system.kernel, system.image, system.runtime, machine.boot_id)


def node(machine: Machine, running: Running, now: dt.datetime, images: Iterable[tuple[str, int]] = ()) -> Object:
    """The Node that a kubelet registers: Ready, and on a control plane tainted. `images` are (name, bytes)."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
    }
    spec: Object = {"podCIDR": machine.pod_cidr, "podCIDRs": [machine.pod_cidr]}
    if machine.control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
        labels["node.kubernetes.io/exclude-from-external-load-balancers"] = ""
        spec["taints"] = [dict(CONTROL_PLANE_TAINT)]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": machine.name,
            "labels": labels,
            "annotations": {
                "kubeadm.alpha.kubernetes.io/cri-socket": "unix:///var/run/containerd/containerd.sock",
                "node.alpha.kubernetes.io/ttl": "0",
                "volumes.kubernetes.io/controller-managed-attach-detach": "true",
            },
        },
        "spec": spec,
        "status": {
            **_capacity(machine),
            "addresses": [
                {"address": machine.internal_ip, "type": "InternalIP"},
                {"address": machine.name, "type": "Hostname"},
            ],
            "conditions": [_network(now), *healthy_conditions([], now)],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "images": [{"names": [name], "sizeBytes": size} for name, size in images],
            "nodeInfo": node_info(machine, running),
            "runtimeHandlers": [{"features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}, "name": ""}],
        },
    }


def node_info(machine: Machine, running: Running) -> Object:
    """status.nodeInfo."""
    return {
        "architecture": "amd64",
        "bootID": running.boot_id,
        "containerRuntimeVersion": running.runtime,
        "kernelVersion": running.kernel,
        "kubeProxyVersion": "",
        "kubeletVersion": running.kubelet_version,
        "machineID": machine.machine_id,
        "operatingSystem": "linux",
        "osImage": running.os_image,
        "systemUUID": machine.system_uuid,
    }


def _capacity(machine: Machine) -> Object:
    common = {"hugepages-1Gi": "0", "hugepages-2Mi": "0", "pods": "110"}
    return {
        "capacity": {
            "cpu": str(machine.cpus),
            "ephemeral-storage": f"{machine.disk_kib}Ki",
            "memory": f"{machine.memory_kib}Ki",
            **common,
        },
        "allocatable": {
            "cpu": str(machine.cpus),
            "ephemeral-storage": str(machine.disk_kib * 1024 * 9 // 10),
            "memory": f"{machine.memory_kib - 100 * 1024}Ki",
            **common,
        },
    }


def _network(now: dt.datetime) -> Object:
    return {
        "type": "NetworkUnavailable",
        "status": "False",
        "reason": "FlannelIsUp",
        "message": "Flannel is running on this node",
        "lastHeartbeatTime": stamp(now),
        "lastTransitionTime": stamp(now),
    }


def healthy_conditions(present: Sequence[Object], now: dt.datetime) -> list[Object]:
    """The four conditions a healthy kubelet posts; a transition time is kept where the status stays the same."""
    wanted = [(kind, "False", reason, message) for kind, reason, message in _HEALTHY]
    wanted.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    since = {(c["type"], c["status"]): c.get("lastTransitionTime") for c in present}
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": stamp(now),
            "lastTransitionTime": since.get((kind, status)) or stamp(now),
        }
        for kind, status, reason, message in wanted
    ]


def with_conditions(present: Sequence[Object], posted: Sequence[Object]) -> list[Object]:
    """`present` with `posted` in the place of those of the same type; others (problem detectors, network) stay."""
    new = {condition["type"]: condition for condition in posted}
    kept = [new.pop(condition["type"], condition) for condition in present]
    return kept + list(new.values())


def lease(name: str, uid: str, now: dt.datetime) -> Object:
    """The heartbeat of the node `name`, in kube-node-lease."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": name,
            "namespace": "kube-node-lease",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}],
        },
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": micro_stamp(now)},
    }
