"""The files a cluster begins with: each node's folder, certificates and manifests, and the record of a kept cluster.

Made once; after that the folders belong to whoever works on the machines. A reset makes them anew with the same
authorities and ports, so that every kubeconfig handed out stays good.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kconsole.errors import KconsoleError, UsageError
from kconsole.i18n import _
from kconsole.lab.ground import manifests, pki_files, ports, releases
from kconsole.lab.ground.folders import LabFolder, write_private
from kconsole.lab.ground.machine_files import lay_out
from kconsole.lab.ground.manifests import Addresses
from kconsole.lab.ground.pki_files import ClusterPki
from kconsole.lab.ground.topology import Machine, Topology, plan_topology
from kconsole.lab.seeds import fleet

RECORD = "cluster.json"


@dataclass(frozen=True)
class Options:
    """How a cluster is wanted. None takes what a kept cluster has, else the default."""

    name: str = "lab"
    workers: int | None = None
    control_planes: int | None = None
    version: str | None = None
    keep: Path | None = None
    kubeconfig: Path | None = None
    """Written besides the lab's own, for a person."""
    memory: bool = False
    """Without etcd."""
    seed: int = 1
    provider: str = ""
    """`gke`, `eks` or `aks`: nodes that look as that cloud's do."""
    stepped: bool = False
    """Time moves only by steps; needs `memory`."""


@dataclass(frozen=True)
class Plan:
    """Everything decided about a cluster before it runs."""

    topology: Topology
    balancer: int
    addresses: Mapping[str, Addresses]
    """Of each control-plane node."""
    etcd: bool
    """Whether it is stored in etcd."""
    kept: bool
    """Whether its files were there already."""

    @property
    def server(self) -> str:
        """The address in every kubeconfig."""
        return f"https://127.0.0.1:{self.balancer}"

    @property
    def members(self) -> dict[str, str]:
        """The peer URL of each etcd member."""
        return {name: address.peer_url for name, address in self.addresses.items()} if self.etcd else {}

    def without_etcd(self) -> Plan:
        """The same, stored in memory."""
        return replace(self, etcd=False)

    def has_folder(self, machine: Machine) -> bool:
        """Whether the machine has a root folder; those of a large fleet have none."""
        return machine.control_plane or not self.is_fleet

    @property
    def is_fleet(self) -> bool:
        """Whether the workers are too many for a folder each."""
        return len(self.topology.workers) > fleet.MOST_WITH_FOLDERS


def plan_cluster(options: Options, folder: LabFolder) -> Plan:
    """What `options` ask for, or the cluster kept in `folder` if there is one and they do not contradict it."""
    record = folder.cluster / RECORD
    if folder.keep and record.exists():
        return _read_plan(options, record)
    version = releases.parse_version(options.version or releases.DEFAULT_VERSION)
    machines = plan_topology(
        options.name,
        version,
        workers=3 if options.workers is None else options.workers,
        control_planes=1 if options.control_planes is None else options.control_planes,
        seed=options.seed,
        provider=options.provider,
    )
    names = [machine.name for machine in machines.control_planes]
    balancer, *free = ports.free_ports(1 + 4 * len(names))
    addresses = {name: Addresses(*free[4 * i : 4 * i + 4]) for i, name in enumerate(names)}
    return Plan(machines, balancer, addresses, etcd=not options.memory, kept=False)


def _read_plan(options: Options, record: Path) -> Plan:
    try:
        kept: dict[str, Any] = json.loads(record.read_text("utf-8"))
        known = kept["options"]
        wanted: dict[str, Any] = {"workers": options.workers, "control_planes": options.control_planes}
        wanted["version"] = options.version and releases.parse_version(options.version)
        for name, value in wanted.items():
            if value is not None and value != known[name]:
                flag = {"workers": "--nodes", "control_planes": "--control-planes", "version": "--version"}[name]
                raise UsageError(
                    _("The cluster kept in {folder} has {flag} {kept}: leave {flag} out, or keep a new one elsewhere.")
                    .format(folder=record.parent, flag=flag, kept=known[name])
                )  # fmt: skip
        machines = plan_topology(
            options.name,
            known["version"],
            workers=known["workers"],
            control_planes=known["control_planes"],
            seed=known["seed"],
            provider=known.get("provider", ""),
        )
        addresses = {name: Addresses(**numbers) for name, numbers in kept["addresses"].items()}
        plan = Plan(machines, int(kept["balancer"]), addresses, etcd=True, kept=True)
    except (KeyError, TypeError, ValueError) as error:
        raise KconsoleError(
            _("{file} does not describe a kept cluster ({error}). Choose another folder.").format(
                file=record, error=error
            )
        ) from error
    used = [plan.balancer, *(port for address in addresses.values() for port in asdict(address).values())]
    taken = [port for port in used if not ports.is_free(port)]
    if taken:
        raise KconsoleError(
            _("The kept cluster needs port {port} on 127.0.0.1, which another program uses. Stop that one.").format(
                port=taken[0]
            )
        )
    return plan


def make_files(plan: Plan, folder: LabFolder, pki: ClusterPki) -> None:
    """Every node's folder as it is right after kubeadm, replacing what is there."""
    shutil.rmtree(folder.cluster / "nodes", ignore_errors=True)
    cluster = plan.topology
    for machine in cluster.machines:
        if not plan.has_folder(machine):
            continue
        root = folder.node(machine.name)
        lay_out(root, machine)
        if machine.control_plane:
            pki_files.write_control_plane(root, machine, pki, version=cluster.version, server=plan.server)
            for name, text in _manifests(plan, machine).items():
                (root / manifests.MANIFESTS / f"{name}.yaml").write_text(text, encoding="utf-8")
        else:
            pki_files.write_worker(root, machine, pki, server=plan.server)
    if folder.keep:
        _write_record(plan, folder.cluster / RECORD)


def _manifests(plan: Plan, machine: Machine) -> dict[str, str]:
    version, own = plan.topology.version, plan.addresses[machine.name]
    names = list(plan.addresses)
    joined = names[: names.index(machine.name) + 1]
    texts = {
        "kube-apiserver": manifests.kube_apiserver(machine.internal_ip, version, own),
        "kube-controller-manager": manifests.kube_controller_manager(version, plan.topology.pod_subnet, "kubernetes"),
        "kube-scheduler": manifests.kube_scheduler(version),
    }
    if plan.etcd:
        members = {name: plan.addresses[name] for name in joined}
        texts["etcd"] = manifests.etcd(machine.name, version, members, joined=len(members) > 1)
    return texts


def _write_record(plan: Plan, path: Path) -> None:
    cluster = plan.topology
    options = {
        "workers": len(cluster.workers),
        "control_planes": len(cluster.control_planes),
        "version": cluster.version,
        "seed": cluster.seed,
        "provider": cluster.provider,
    }
    addresses = {name: asdict(address) for name, address in plan.addresses.items()}
    write_private(path, json.dumps({"options": options, "balancer": plan.balancer, "addresses": addresses}) + "\n")
