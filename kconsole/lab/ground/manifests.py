"""The static Pod manifests that kubeadm writes on a control-plane node, flag for flag and mount for mount.

Pure: addresses and versions in, YAML text out. Paths in a manifest are those of the node; ports are the loopback
ports that are really used. Reading manifests back is `static_pods`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kconsole.lab.ground import releases, topology

REGISTRY = "registry.k8s.io"
MANIFESTS = "etc/kubernetes/manifests"
"""Of the node's folder."""
_PKI = "/etc/kubernetes/pki"


@dataclass(frozen=True)
class Addresses:
    """The loopback ports of one control-plane node."""

    client: int
    """etcd, clients."""
    peer: int
    """etcd, peers."""
    metrics: int
    """etcd, plain-text health and metrics."""
    secure: int
    """kube-apiserver."""

    @property
    def client_url(self) -> str:
        """Where this member is reached by clients."""
        return f"https://127.0.0.1:{self.client}"

    @property
    def peer_url(self) -> str:
        """Where this member is reached by its peers."""
        return f"https://127.0.0.1:{self.peer}"


def etcd(node: str, version: str, addresses: Mapping[str, Addresses], *, joined: bool) -> str:
    """etcd.yaml of `node`; `addresses` has each member that existed when this one was written, itself included."""
    own = addresses[node]
    flags = {
        "advertise-client-urls": own.client_url,
        "cert-file": f"{_PKI}/etcd/server.crt",
        "client-cert-auth": "true",
        "data-dir": "/var/lib/etcd",
        "initial-advertise-peer-urls": own.peer_url,
        "initial-cluster": ",".join(f"{name}={address.peer_url}" for name, address in addresses.items()),
        "key-file": f"{_PKI}/etcd/server.key",
        "listen-client-urls": own.client_url,
        "listen-metrics-urls": f"http://127.0.0.1:{own.metrics}",
        "listen-peer-urls": own.peer_url,
        "name": node,
        "peer-cert-file": f"{_PKI}/etcd/peer.crt",
        "peer-client-cert-auth": "true",
        "peer-key-file": f"{_PKI}/etcd/peer.key",
        "peer-trusted-ca-file": f"{_PKI}/etcd/ca.crt",
        "snapshot-count": "10000",
        "trusted-ca-file": f"{_PKI}/etcd/ca.crt",
    }
    minor = releases.minor_of(version)
    if minor >= 34:
        flags |= {"feature-gates": "InitialCorruptCheck=true", "watch-progress-notify-interval": "5s"}
    else:
        flags |= {
            "experimental-initial-corrupt-check": "true",
            "experimental-watch-progress-notify-interval": "5s",
        }
    if joined:
        flags["initial-cluster-state"] = "existing"
    return _pod(
        "etcd",
        image=f"etcd:{releases.etcd_tag(version)}",
        command=["etcd", *_sorted(flags)],
        annotations={"kubeadm.kubernetes.io/etcd.advertise-client-urls": own.client_url},
        requests={"cpu": "100m", "memory": "100Mi"},
        probes=_etcd_probes(minor, own.metrics),
        volumes={"etcd-data": ("/var/lib/etcd", False), "etcd-certs": (f"{_PKI}/etcd", False)},
    )


def kube_apiserver(node_ip: str, version: str, address: Addresses) -> str:
    """kube-apiserver.yaml: its own etcd member beneath, its own loopback port, the node's address advertised."""
    flags = {
        "advertise-address": node_ip,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{_PKI}/ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "etcd-cafile": f"{_PKI}/etcd/ca.crt",
        "etcd-certfile": f"{_PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{_PKI}/apiserver-etcd-client.key",
        "etcd-servers": address.client_url,
        "kubelet-client-certificate": f"{_PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{_PKI}/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": f"{_PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{_PKI}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{_PKI}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "secure-port": str(address.secure),
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": f"{_PKI}/sa.pub",
        "service-account-signing-key-file": f"{_PKI}/sa.key",
        "service-cluster-ip-range": topology.SERVICE_SUBNET,
        "tls-cert-file": f"{_PKI}/apiserver.crt",
        "tls-private-key-file": f"{_PKI}/apiserver.key",
    }
    return _pod(
        "kube-apiserver",
        image=f"kube-apiserver:v{version}",
        command=["kube-apiserver", *_sorted(flags)],
        annotations={"kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": f"{node_ip}:{address.secure}"},
        requests={"cpu": "250m"},
        probes=_probes("HTTPS", address.secure, live="/livez", ready="/readyz", host="127.0.0.1"),
        volumes={"ca-certs": ("/etc/ssl/certs", True), "k8s-certs": (_PKI, True)},
    )


def kube_controller_manager(version: str, pod_subnet: str, cluster: str) -> str:
    """kube-controller-manager.yaml."""
    kubeconfig = "/etc/kubernetes/controller-manager.conf"
    flags = {
        "allocate-node-cidrs": "true",
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "client-ca-file": f"{_PKI}/ca.crt",
        "cluster-cidr": pod_subnet,
        "cluster-name": cluster,
        "cluster-signing-cert-file": f"{_PKI}/ca.crt",
        "cluster-signing-key-file": f"{_PKI}/ca.key",
        "controllers": "*,bootstrapsigner,tokencleaner",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
        "requestheader-client-ca-file": f"{_PKI}/front-proxy-ca.crt",
        "root-ca-file": f"{_PKI}/ca.crt",
        "service-account-private-key-file": f"{_PKI}/sa.key",
        "service-cluster-ip-range": topology.SERVICE_SUBNET,
        "use-service-account-credentials": "true",
    }
    return _pod(
        "kube-controller-manager",
        image=f"kube-controller-manager:v{version}",
        command=["kube-controller-manager", *_sorted(flags)],
        requests={"cpu": "200m"},
        probes=_probes("HTTPS", 10257, live="/healthz", ready=None, host="127.0.0.1"),
        volumes={"ca-certs": ("/etc/ssl/certs", True), "k8s-certs": (_PKI, True), "kubeconfig": (kubeconfig, True)},
    )


def kube_scheduler(version: str) -> str:
    """kube-scheduler.yaml."""
    kubeconfig = "/etc/kubernetes/scheduler.conf"
    flags = {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
    }
    return _pod(
        "kube-scheduler",
        image=f"kube-scheduler:v{version}",
        command=["kube-scheduler", *_sorted(flags)],
        requests={"cpu": "100m"},
        probes=_probes("HTTPS", 10259, live="/healthz", ready=None, host="127.0.0.1"),
        volumes={"kubeconfig": (kubeconfig, True)},
    )


def _sorted(flags: Mapping[str, str]) -> list[str]:
    return [f"--{key}={flags[key]}" for key in sorted(flags)]


def _etcd_probes(minor: int, port: int) -> dict[str, Any]:
    if minor <= 30:
        live, start = "/health?exclude=NOSPACE&serializable=true", "/health?serializable=false"
        return _probes("HTTP", port, live=live, ready=None, start=start, host="127.0.0.1")
    return _probes("HTTP", port, live="/livez", ready="/readyz", start="/readyz", host="127.0.0.1")


def _probes(
    scheme: str, port: int, *, live: str, ready: str | None, host: str, start: str | None = None
) -> dict[str, Any]:
    def get(path: str) -> dict[str, Any]:
        return {"httpGet": {"host": host, "path": path, "port": port, "scheme": scheme}}

    slow = {"initialDelaySeconds": 10, "periodSeconds": 10, "timeoutSeconds": 15}
    probes = {"livenessProbe": get(live) | {"failureThreshold": 8} | slow}
    if ready:
        probes["readinessProbe"] = get(ready) | {"failureThreshold": 3, "periodSeconds": 1, "timeoutSeconds": 15}
    probes["startupProbe"] = get(start or live) | {"failureThreshold": 24} | slow
    return probes


def _pod(
    component: str,
    *,
    image: str,
    command: list[str],
    requests: Mapping[str, str],
    probes: Mapping[str, Any],
    volumes: Mapping[str, tuple[str, bool]],
    annotations: Mapping[str, str] | None = None,
) -> str:
    mounts = [
        {"mountPath": path, "name": name} | ({"readOnly": True} if read_only else {})
        for name, (path, read_only) in sorted(volumes.items())
    ]
    metadata: dict[str, Any] = {"annotations": dict(annotations)} if annotations else {}
    metadata |= {
        "labels": {"component": component, "tier": "control-plane"},
        "name": component,
        "namespace": "kube-system",
    }
    container = {
        "command": command,
        "image": f"{REGISTRY}/{image}",
        "imagePullPolicy": "IfNotPresent",
        **{name: probes[name] for name in ("livenessProbe",)},
        "name": component,
        **{name: probes[name] for name in ("readinessProbe",) if name in probes},
        "resources": {"requests": dict(requests)},
        "startupProbe": probes["startupProbe"],
        "volumeMounts": mounts,
    }
    spec = {
        "containers": [container],
        "hostNetwork": True,
        "priority": 2000001000,
        "priorityClassName": "system-node-critical",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [
            {"hostPath": {"path": path, "type": _host_type(path)}, "name": name}
            for name, (path, _read_only) in sorted(volumes.items())
        ],
    }
    return "\n".join(_yaml({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})) + "\nstatus: {}\n"


def _host_type(path: str) -> str:
    return "FileOrCreate" if path.endswith(".conf") else "DirectoryOrCreate"


def _yaml(value: Any, indent: int = 0) -> list[str]:
    """Block-style lines as Go's YAML writer lays them out: two spaces, list items level with their key."""
    pad = "  " * indent
    lines: list[str] = []
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                lines.append(f"{pad}{key}:")
                lines += _yaml(item, indent if isinstance(item, list) else indent + 1)
            else:
                lines.append(f"{pad}{key}: {_scalar(item)}")
        return lines
    for item in value:
        nested = _yaml(item, indent + 1) if isinstance(item, (dict, list)) else [f"{pad}  {_scalar(item)}"]
        lines.append(f"{pad}- {nested[0].lstrip()}")
        lines += nested[1:]
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value == {} or value == []:
        return str(value)
    text = str(value)
    ambiguous = text in ("true", "false", "null", "") or text.isdigit() or text[0] in "*&!%@`{}[]#|>'\" "
    return f'"{text}"' if isinstance(value, str) and ambiguous else text
