"""How the clouds that manage clusters label their nodes, for a cluster that is to look like theirs.

Pure: a Node in, the Node that a managed cluster would show out. Names, zones and ids are invented from the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kconsole.lab.ground.topology import Machine
from kconsole.lab.seeds.node_objects import Running

Object = dict[str, Any]


def dressed(node: Object, machine: Machine, provider: str) -> Object:
    """`node` as `provider` (gke, eks, aks) would show it."""
    look = _LOOKS[provider](machine)
    metadata = node["metadata"]
    annotations = {**_without_kubeadm(metadata["annotations"]), **look.annotations}
    labels = {**metadata["labels"], **look.labels, "topology.kubernetes.io/region": look.region}
    return {
        **node,
        "metadata": {**metadata, "labels": labels, "annotations": annotations},
        "spec": {**node["spec"], "providerID": look.provider_id},
    }


def as_run_by(running: Running, machine: Machine, provider: str) -> Running:
    """What the machine runs, as `provider` builds it."""
    look = _LOOKS[provider](machine)
    return replace(running, kubelet_version=running.kubelet_version + look.suffix, os_image=look.os_image)


@dataclass(frozen=True)
class _Look:
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    region: str
    provider_id: str
    suffix: str
    """Of the kubelet's version."""
    os_image: str


def _without_kubeadm(annotations: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in annotations.items() if not key.startswith("kubeadm.")}


def _gke(machine: Machine) -> _Look:
    zone = f"europe-west1-{'bcd'[int(machine.machine_id[:4], 16) % 3]}"
    labels = {
        "cloud.google.com/gke-boot-disk": "pd-balanced",
        "cloud.google.com/gke-container-runtime": "containerd",
        "cloud.google.com/gke-nodepool": "default-pool",
        "cloud.google.com/gke-os-distribution": "cos",
        "cloud.google.com/machine-family": "e2",
        "node.kubernetes.io/instance-type": "e2-standard-4",
        "topology.gke.io/zone": zone,
        "topology.kubernetes.io/zone": zone,
    }
    annotations = {"container.googleapis.com/instance_id": str(int(machine.machine_id[:15], 16))}
    own = f"gce://lab-project/{zone}/gke-lab-default-pool-{machine.name}"
    return _Look(labels, annotations, "europe-west1", own, "-gke.1136000", "Container-Optimized OS from Google")


def _eks(machine: Machine) -> _Look:
    number = machine.machine_id[:17]
    zone = f"eu-central-1{'abc'[int(number[:4], 16) % 3]}"
    labels = {
        "alpha.eksctl.io/nodegroup-name": "workers",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "eks.amazonaws.com/nodegroup": "workers",
        "eks.amazonaws.com/nodegroup-image": f"ami-{machine.machine_id[-17:]}",
        "k8s.io/cloud-provider-aws": machine.system_uuid.replace("-", ""),
        "node.kubernetes.io/instance-type": "m6i.xlarge",
        "topology.k8s.aws/zone-id": f"euc1-az{'abc'.index(zone[-1]) + 1}",
        "topology.kubernetes.io/zone": zone,
    }
    annotations = {"alpha.kubernetes.io/provided-node-ip": machine.internal_ip}
    own = f"aws:///{zone}/i-{number}"
    return _Look(labels, annotations, "eu-central-1", own, "-eks-473151a", "Amazon Linux 2023.7.20250527")


def _aks(machine: Machine) -> _Look:
    group = "mc_lab_lab_westeurope"
    zone = f"westeurope-{int(machine.machine_id[:4], 16) % 3 + 1}"
    labels = {
        "agentpool": "nodepool1",
        "kubernetes.azure.com/agentpool": "nodepool1",
        "kubernetes.azure.com/cluster": group,
        "kubernetes.azure.com/mode": "system",
        "kubernetes.azure.com/node-image-version": "AKSUbuntu-2204gen2containerd-202505.27.0",
        "kubernetes.azure.com/os-sku": "Ubuntu",
        "kubernetes.azure.com/role": "agent",
        "node.kubernetes.io/instance-type": "Standard_D4s_v5",
        "topology.kubernetes.io/zone": zone,
    }
    path = f"/subscriptions/{machine.system_uuid}/resourceGroups/{group}/providers/Microsoft.Compute"
    pool = "virtualMachineScaleSets/aks-nodepool1-vmss/virtualMachines"
    own = f"azure://{path}/{pool}/{int(machine.machine_id[:4], 16) % 100}"
    return _Look(labels, {}, "westeurope", own, "", "Ubuntu 22.04.5 LTS")


_LOOKS: Mapping[str, Callable[[Machine], _Look]] = {"gke": _gke, "eks": _eks, "aks": _aks}
PROVIDERS = tuple(_LOOKS)
