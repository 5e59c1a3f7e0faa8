"""Puts the first objects into an empty cluster: its namespaces, kubeadm's configuration, and the default workloads.

The same seed gives the same names on the same nodes. Once only; after that the cluster is its users'.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kconsole.lab import pod_objects, releases, workloads
from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.pod_lifecycle import PodAddresses
from kconsole.lab.topology import FIRST_SERVICE_IP, SERVICE_SUBNET, Machine, Topology
from kconsole.lab.workloads import BARE, DAEMON_SET, DEPLOYMENT, JOB, STATEFUL_SET, Workload

Object = dict[str, Any]

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
MOST_DAEMON_NODES = 200
"""Nodes that get their DaemonSets' pods; on the nodes of a larger fleet only the nodes themselves matter."""
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_RESOURCES = {
    DEPLOYMENT: ("apps/v1", "deployments"),
    "ReplicaSet": ("apps/v1", "replicasets"),
    DAEMON_SET: ("apps/v1", "daemonsets"),
    STATEFUL_SET: ("apps/v1", "statefulsets"),
    JOB: ("batch/v1", "jobs"),
}


def is_seeded(api: Api) -> bool:
    """Whether a cluster is there already."""
    return any(namespace["metadata"]["name"] == "kube-system" for namespace in api.list("namespaces"))


async def seed_cluster(api: Api, topology: Topology, *, server: str) -> None:
    """Namespaces, the API's own service, and what kubeadm keeps about the cluster. `server` is its address."""
    for name in (*SYSTEM_NAMESPACES, *workloads.NAMESPACES):
        await api.create("namespaces", namespace(name))
    await api.create("services", _kubernetes_service())
    cluster_configuration = "\n".join(
        (
            "apiServer: {}",
            f"apiVersion: kubeadm.k8s.io/{'v1beta4' if releases.minor_of(topology.version) >= 31 else 'v1beta3'}",
            "certificatesDir: /etc/kubernetes/pki",
            "clusterName: kubernetes",
            f"controlPlaneEndpoint: {server.removeprefix('https://')}",
            "etcd:",
            "  local:",
            "    dataDir: /var/lib/etcd",
            "imageRepository: registry.k8s.io",
            "kind: ClusterConfiguration",
            f"kubernetesVersion: v{topology.version}",
            "networking:",
            "  dnsDomain: cluster.local",
            f"  podSubnet: {topology.pod_subnet}",
            f"  serviceSubnet: {SERVICE_SUBNET}",
            "",
        )
    )
    await api.create(
        "configmaps",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
            "data": {"ClusterConfiguration": cluster_configuration},
        },
    )


def namespace(name: str) -> Object:
    """A namespace that is ready for use."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _kubernetes_service() -> Object:
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    labels = {"component": "apiserver", "provider": "kubernetes"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": labels},
        "spec": {
            "clusterIP": FIRST_SERVICE_IP,
            "clusterIPs": [FIRST_SERVICE_IP],
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "ports": [port],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
        "status": {"loadBalancer": {}},
    }


async def seed_workloads(api: Api, topology: Topology, clock: LabClock, addresses: PodAddresses) -> None:
    """The default workloads, running, on the nodes of `topology`."""
    planter = _Planter(api, topology, clock, addresses)
    system = workloads.system(topology.version, releases.coredns_tag(topology.version))
    for workload in (*system, *workloads.APPLICATIONS):
        await planter.plant(workload)


class _Planter:
    """Stores one workload after another, dealing pods out to the workers in turn."""

    def __init__(self, api: Api, topology: Topology, clock: LabClock, addresses: PodAddresses) -> None:
        self._api = api
        self._topology = topology
        self._clock = clock
        self._addresses = addresses
        self._chance = random.Random(topology.seed)  # noqa: S311 - names of pods
        self._turn = 0

    async def plant(self, workload: Workload) -> None:
        owner, hash_label = await self._owners(workload)
        for index, (name, machine) in enumerate(self._places(workload, hash_label)):
            labels = _labels(workload)
            if hash_label:
                labels["pod-template-hash"] = hash_label
            if workload.kind == STATEFUL_SET:
                labels |= {"apps.kubernetes.io/pod-index": str(index), "statefulset.kubernetes.io/pod-name": name}
            body = pod_objects.pod(
                name,
                workload.namespace,
                workload.shape,
                labels=labels,
                owner=pod_objects.owner_reference(owner) if owner else None,
                node=machine.name if machine else None,
            )
            body["status"] = self._status(workload, body, machine, first=index == 0)
            await self._api.create("pods", body)

    def _places(self, workload: Workload, hash_label: str) -> Iterator[tuple[str, Machine | None]]:
        """The name and the node of each pod."""
        if workload.kind == DAEMON_SET:
            for machine in self._topology.machines[:MOST_DAEMON_NODES]:
                yield f"{workload.name}-{self._letters(5)}", machine
            return
        for index in range(workload.replicas):
            name = workload.name
            if workload.kind == DEPLOYMENT:
                name = f"{workload.name}-{hash_label}-{self._letters(5)}"
            elif workload.kind == STATEFUL_SET:
                name = f"{workload.name}-{index}"
            elif workload.kind == JOB:
                name = f"{workload.name}-{self._letters(5)}"
            yield name, None if workload.state == "unschedulable" else self._next_worker()

    def _next_worker(self) -> Machine | None:
        workers = self._topology.workers[:MOST_DAEMON_NODES]
        self._turn += 1
        return workers[self._turn % len(workers)] if workers else None

    def _letters(self, count: int) -> str:
        return "".join(self._chance.choices(_LETTERS, k=count))

    def _status(self, workload: Workload, body: Object, machine: Machine | None, *, first: bool) -> Object:
        now = self._clock.now()
        if machine is None:
            message = f"0/{len(self._topology.machines)} nodes are available: Insufficient cpu, Insufficient memory."
            return pod_objects.unschedulable(body, message=message, now=now)
        host = machine.internal_ip
        own = host if workload.shape.host_network else self._addresses.next(machine.pod_cidr)
        restarts = workload.restarts if first else 0
        if workload.state == "completed":
            return pod_objects.completed(body, host_ip=host, pod_ip=own, now=now)
        if workload.state == "crash-looping":
            return pod_objects.crash_looping(body, host_ip=host, pod_ip=own, now=now, restarts=restarts)
        return pod_objects.running(body, host_ip=host, pod_ip=own, now=now, restarts=restarts)

    async def _owners(self, workload: Workload) -> tuple[Object | None, str]:
        """The controller of the pods as stored, and for a Deployment the hash that names its ReplicaSet."""
        if workload.kind == BARE:
            return None, ""
        if workload.kind != DEPLOYMENT:
            return await self._store(_owner(workload, workload.kind, workload.name, self._daemon_count)), ""
        deployment = await self._store(_owner(workload, DEPLOYMENT, workload.name, self._daemon_count))
        number = hashlib.sha256(f"{workload.namespace}/{workload.name}".encode()).digest()
        hash_label = "".join(_LETTERS[byte % len(_LETTERS)] for byte in number[:10])
        replica_set = _owner(workload, "ReplicaSet", f"{workload.name}-{hash_label}", self._daemon_count)
        for place in (
            replica_set["metadata"],
            replica_set["spec"]["template"]["metadata"],
        ):
            place["labels"]["pod-template-hash"] = hash_label
        replica_set["spec"]["selector"]["matchLabels"]["pod-template-hash"] = hash_label
        if deployment:
            replica_set["metadata"]["ownerReferences"] = [pod_objects.owner_reference(deployment)]
        return await self._store(replica_set), hash_label

    def _daemon_count(self) -> int:
        return len(self._topology.machines[:MOST_DAEMON_NODES])

    async def _store(self, owner: Object) -> Object | None:
        return await self._api.create(_RESOURCES[owner["kind"]][1], owner)


def _labels(workload: Workload) -> dict[str, str]:
    labels = {"app": workload.name, **workload.labels}
    if workload.kind == JOB:
        labels |= {"batch.kubernetes.io/job-name": workload.name, "job-name": workload.name}
    return labels


def _owner(workload: Workload, kind: str, name: str, daemon_count: Callable[[], int]) -> Object:
    """The workload's controller with the status it has when its pods are as they will be seeded."""
    labels = _labels(workload)
    template = {"metadata": {"labels": dict(labels)}, "spec": pod_objects.template(workload.shape)}
    spec: Object = {"selector": {"matchLabels": dict(labels)}, "template": template}
    ready = workload.replicas if workload.state == "running" else 0
    if kind in (DEPLOYMENT, "ReplicaSet", STATEFUL_SET):
        spec["replicas"] = workload.replicas
        status: Object = {"observedGeneration": 1, "replicas": workload.replicas}
        status |= {"readyReplicas": ready, "availableReplicas": ready}
        if kind == "ReplicaSet":
            status["fullyLabeledReplicas"] = workload.replicas
        else:
            status["updatedReplicas"] = workload.replicas
        if kind == DEPLOYMENT:
            status["unavailableReplicas"] = workload.replicas - ready
            spec |= {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
            rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
            spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
        if kind == STATEFUL_SET:
            spec |= {"serviceName": name, "podManagementPolicy": "OrderedReady"}
        status = {key: value for key, value in status.items() if value != 0 or key == "replicas"}
    elif kind == DAEMON_SET:
        count = daemon_count()
        spec["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
        names: Sequence[str] = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "numberAvailable")
        status = dict.fromkeys((*names, "updatedNumberScheduled"), count)
        status |= {"numberMisscheduled": 0, "observedGeneration": 1}
    else:
        spec |= {"backoffLimit": 6, "completions": 1, "parallelism": 1}
        status = {"ready": 0, "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
    metadata = {"name": name, "namespace": workload.namespace, "labels": dict(labels)}
    return {
        "apiVersion": _RESOURCES[kind][0],
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }
