"""Puts the first objects into an empty cluster: its namespaces, and what kubeadm keeps about it.

Once only; after that the cluster is its users'. The workloads come from `planting`.
"""

from __future__ import annotations

from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.controllers.volumes import DRIVER, STORAGE_CLASS
from kconsole.lab.ground import releases
from kconsole.lab.ground.topology import FIRST_SERVICE_IP, SERVICE_SUBNET, Topology
from kconsole.lab.seeds import workloads

Object = dict[str, Any]

SYSTEM_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def is_seeded(api: Api) -> bool:
    """Whether a cluster is there already."""
    return any(namespace["metadata"]["name"] == "kube-system" for namespace in api.list("namespaces"))


async def seed_cluster(api: Api, topology: Topology, *, server: str) -> None:
    """Namespaces, the API's own service, and what kubeadm keeps about the cluster. `server` is its address."""
    for name in (*SYSTEM_NAMESPACES, *workloads.NAMESPACES):
        await api.create("namespaces", namespace(name))
    await api.create("services", _kubernetes_service())
    await api.create("endpoints", _kubernetes_endpoints(topology))
    await api.create("storageclasses", _storage_class())
    kept = (
        ("kubeadm-config", {"ClusterConfiguration": cluster_configuration(topology, server)}),
        ("kubelet-config", {"kubelet": kubelet_configuration()}),
        ("coredns", {"Corefile": _COREFILE}),
    )
    for name, data in kept[2:] if topology.provider else kept:
        metadata = {"name": name, "namespace": "kube-system"}
        await api.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def cluster_configuration(topology: Topology, server: str) -> str:
    """kubeadm's ClusterConfiguration, in the form that kubeadm of the cluster's version writes."""
    newer = releases.minor_of(topology.version) >= 31
    lines = (
        "apiServer: {}" if newer else "apiServer:\n  extraArgs:\n    authorization-mode: Node,RBAC",
        *(() if newer else ("  timeoutForControlPlane: 4m0s",)),
        f"apiVersion: kubeadm.k8s.io/{'v1beta4' if newer else 'v1beta3'}",
        *(("caCertificateValidityPeriod: 87600h0m0s", "certificateValidityPeriod: 8760h0m0s") if newer else ()),
        "certificatesDir: /etc/kubernetes/pki",
        "clusterName: kubernetes",
        f"controlPlaneEndpoint: {server.removeprefix('https://')}",
        "controllerManager: {}",
        "dns: {}",
        *(("encryptionAlgorithm: RSA-2048",) if newer else ()),
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
        *(("proxy: {}",) if newer else ()),
        "scheduler: {}",
        "",
    )
    return "\n".join(lines)


def kubelet_configuration() -> str:
    """The KubeletConfiguration that kubeadm hands to every node."""
    return "\n".join(
        (
            "apiVersion: kubelet.config.k8s.io/v1beta1",
            "authentication:",
            "  anonymous:",
            "    enabled: false",
            "  webhook:",
            "    enabled: true",
            "  x509:",
            "    clientCAFile: /etc/kubernetes/pki/ca.crt",
            "authorization:",
            "  mode: Webhook",
            "cgroupDriver: systemd",
            "clusterDNS:",
            "- 10.96.0.10",
            "clusterDomain: cluster.local",
            "healthzBindAddress: 127.0.0.1",
            "healthzPort: 10248",
            "kind: KubeletConfiguration",
            "rotateCertificates: true",
            "staticPodPath: /etc/kubernetes/manifests",
            "",
        )
    )


_COREFILE = """.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
"""


def _storage_class() -> Object:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": annotations},
        "provisioner": DRIVER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


def namespace(name: str) -> Object:
    """A namespace that is ready for use."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _kubernetes_endpoints(topology: Topology) -> Object:
    """Where the API servers themselves say they are."""
    addresses = [{"ip": machine.internal_ip} for machine in topology.control_planes]
    port = {"name": "https", "port": 6443, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "subsets": [{"addresses": addresses, "ports": [port]}],
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
