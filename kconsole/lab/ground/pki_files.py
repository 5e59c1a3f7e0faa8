"""Where a cluster's certificates lie: kubeadm's file names in each node's folder, and the users a person gets.

Writes files and reads authorities back, so that a kept cluster goes on with the same ones. Keys are 0600.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kconsole.lab.ground import releases, topology
from kconsole.lab.ground.kubeconfig import component_kubeconfig
from kconsole.lab.ground.pki import CLIENT, SERVER, Authority, Pair, signing_pair

PKI = "etc/kubernetes/pki"
ADMINS = "kubeadm:cluster-admins"
MASTERS = "system:masters"
USERS: Mapping[str, tuple[str, ...]] = {
    "admin": (MASTERS,),
    "operator": ("kconsole:operators",),
    "viewer": ("kconsole:viewers",),
}
"""The users of the kubeconfig a person gets, with their groups."""


@dataclass(frozen=True)
class ClusterPki:
    """The three authorities and the service-account key that all control planes of a cluster share."""

    ca: Authority
    etcd: Authority
    front_proxy: Authority
    service_accounts: Pair

    @classmethod
    def create(cls) -> ClusterPki:
        """Fresh ones."""
        return cls(
            ca=Authority.create("kubernetes"),
            etcd=Authority.create("etcd-ca"),
            front_proxy=Authority.create("front-proxy-ca"),
            service_accounts=signing_pair(),
        )

    @classmethod
    def read(cls, node: Path) -> ClusterPki:
        """Those in the folder of a control-plane node. FileNotFoundError when they are not there."""
        pki = node / PKI
        return cls(
            ca=Authority(_read_pair(pki / "ca")),
            etcd=Authority(_read_pair(pki / "etcd/ca")),
            front_proxy=Authority(_read_pair(pki / "front-proxy-ca")),
            service_accounts=Pair((pki / "sa.pub").read_bytes(), (pki / "sa.key").read_bytes()),
        )

    def user(self, name: str) -> Pair:
        """A client certificate for one of USERS."""
        return self.ca.issue(name, uses=[CLIENT], groups=USERS[name])


def write_control_plane(folder: Path, machine: topology.Machine, pki: ClusterPki, *, version: str, server: str) -> None:
    """Everything under etc/kubernetes of a control-plane node but its manifests. `server` is the cluster's address."""
    base = folder / PKI
    admins = ADMINS if releases.minor_of(version) >= 29 else MASTERS
    _write_pair(base / "ca", pki.ca.pair)
    _write_pair(base / "etcd/ca", pki.etcd.pair)
    _write_pair(base / "front-proxy-ca", pki.front_proxy.pair)
    _write(base / "sa.pub", pki.service_accounts.cert, 0o600)
    _write(base / "sa.key", pki.service_accounts.key, 0o600)
    here = [machine.name, "localhost", "127.0.0.1", "::1", machine.internal_ip]
    service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    apiserver = pki.ca.issue("kube-apiserver", uses=[SERVER], names=[*service, topology.FIRST_SERVICE_IP, *here])
    _write_pair(base / "apiserver", apiserver)
    kubelet_client = pki.ca.issue("kube-apiserver-kubelet-client", uses=[CLIENT], groups=[admins])
    _write_pair(base / "apiserver-kubelet-client", kubelet_client)
    _write_pair(base / "front-proxy-client", pki.front_proxy.issue("front-proxy-client", uses=[CLIENT]))
    _write_pair(base / "apiserver-etcd-client", pki.etcd.issue("kube-apiserver-etcd-client", uses=[CLIENT]))
    health = pki.etcd.issue("kube-etcd-healthcheck-client", uses=[CLIENT])
    _write_pair(base / "etcd/healthcheck-client", health)
    for role in ("server", "peer"):
        pair = pki.etcd.issue(machine.name, uses=[SERVER, CLIENT], names=here)
        _write_pair(base / f"etcd/{role}", pair)
    components = {
        "admin.conf": ("kubernetes-admin", [admins]),
        "controller-manager.conf": ("system:kube-controller-manager", []),
        "scheduler.conf": ("system:kube-scheduler", []),
    }
    if releases.minor_of(version) >= 29:
        components["super-admin.conf"] = ("kubernetes-super-admin", [MASTERS])
    for file, (user, groups) in components.items():
        _write_kubeconfig(folder / "etc/kubernetes" / file, user, groups, pki=pki, server=server)
    write_worker(folder, machine, pki, server=server)


def write_worker(folder: Path, machine: topology.Machine, pki: ClusterPki, *, server: str) -> None:
    """What `kubeadm join` leaves on any node: the cluster's CA certificate and the kubelet's kubeconfig."""
    _write(folder / PKI / "ca.crt", pki.ca.pair.cert, 0o644)
    user = f"system:node:{machine.name}"
    _write_kubeconfig(folder / "etc/kubernetes/kubelet.conf", user, ["system:nodes"], pki=pki, server=server)


def _write_kubeconfig(path: Path, user: str, groups: list[str], *, pki: ClusterPki, server: str) -> None:
    pair = pki.ca.issue(user, uses=[CLIENT], groups=groups)
    text = component_kubeconfig("kubernetes", user, server=server, ca=pki.ca.pair.cert, pair=pair)
    _write(path, text.encode(), 0o600)


def _read_pair(stem: Path) -> Pair:
    return Pair(Path(f"{stem}.crt").read_bytes(), Path(f"{stem}.key").read_bytes())


def _write_pair(stem: Path, pair: Pair) -> None:
    _write(Path(f"{stem}.crt"), pair.cert, 0o644)
    _write(Path(f"{stem}.key"), pair.key, 0o600)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
