"""Which machines a built-in cluster consists of, and everything about them that is decided before it starts.

Pure: options and a seed in, frozen data out; the same options give the same machines. Touches no file, port or clock.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass

from kconsole.errors import UsageError
from kconsole.i18n import _

MOST_CONTROL_PLANES = 7
MOST_WORKERS = 20_000
POD_SUBNET_SMALL = "10.244.0.0/16"
POD_SUBNET_LARGE = "10.128.0.0/9"
SERVICE_SUBNET = "10.96.0.0/12"
FIRST_SERVICE_IP = "10.96.0.1"


@dataclass(frozen=True)
class System:
    """An operating system as a machine of the lab runs it."""

    name: str
    """os-release NAME."""
    image: str
    """os-release PRETTY_NAME, which the kubelet reports as osImage."""
    id: str
    id_like: str
    version: str
    codename: str
    kernel: str
    packages: str
    """`apt` or `dnf`."""
    runtime: str


UBUNTU = System(
    name="Ubuntu",
    image="Ubuntu 24.04.2 LTS",
    id="ubuntu",
    id_like="debian",
    version="24.04",
    codename="noble",
    kernel="6.8.0-60-generic",
    packages="apt",
    runtime="containerd://1.7.27",
)
ROCKY = System(
    name="Rocky Linux",
    image="Rocky Linux 9.5 (Blue Onyx)",
    id="rocky",
    id_like="rhel centos fedora",
    version="9.5",
    codename="",
    kernel="5.14.0-503.40.1.el9_5.x86_64",
    packages="dnf",
    runtime="containerd://1.7.27",
)


@dataclass(frozen=True)
class Machine:
    """One machine of the cluster."""

    name: str
    control_plane: bool
    internal_ip: str
    pod_cidr: str
    system: System
    machine_id: str
    system_uuid: str
    boot_id: str
    """Of its first boot; a reboot gives a new one."""
    cpus: int
    memory_kib: int
    disk_kib: int


@dataclass(frozen=True)
class Topology:
    """The machines, and the ranges and version they share."""

    name: str
    seed: int
    version: str
    pod_subnet: str
    provider: str
    """`gke`, `eks` or `aks`, whose nodes the workers are to look like; empty for kubeadm's own."""
    machines: tuple[Machine, ...]

    @functools.cached_property
    def control_planes(self) -> tuple[Machine, ...]:
        """The machines that run the control plane, cp1 first."""
        return tuple(machine for machine in self.machines if machine.control_plane)

    @functools.cached_property
    def workers(self) -> tuple[Machine, ...]:
        """The machines that run workloads, w1 first."""
        return tuple(machine for machine in self.machines if not machine.control_plane)

    @functools.cached_property
    def shown(self) -> tuple[Machine, ...]:
        """The machines that are nodes; who manages a cluster for others keeps the control plane to themselves."""
        return self.workers if self.provider else self.machines


def plan_topology(
    name: str, version: str, *, workers: int = 3, control_planes: int = 1, seed: int = 1, provider: str = ""
) -> Topology:
    """The machines `cp1…` and `w1…` of the cluster `name`. UsageError says which number or name cannot be."""
    check_name(name)
    if not 1 <= control_planes <= MOST_CONTROL_PLANES:
        raise UsageError(
            _("--control-planes {count} cannot be: give 1 to {most}.").format(
                count=control_planes, most=MOST_CONTROL_PLANES
            )
        )
    if not 0 <= workers <= MOST_WORKERS:
        raise UsageError(_("--nodes {count} cannot be: give 0 to {most}.").format(count=workers, most=MOST_WORKERS))
    names = [f"cp{i}" for i in range(1, control_planes + 1)] + [f"w{i}" for i in range(1, workers + 1)]
    small = len(names) <= 250
    last = names[-1] if workers >= 3 else ""
    return Topology(
        name=name,
        seed=seed,
        version=version,
        pod_subnet=POD_SUBNET_SMALL if small else POD_SUBNET_LARGE,
        provider=provider,
        machines=tuple(
            _machine(machine, index, seed=seed, small=small, system=ROCKY if machine == last else UBUNTU)
            for index, machine in enumerate(names)
        ),
    )


def check_name(name: str) -> None:
    """UsageError unless `name` can name a folder, a context and a cluster."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", name):
        raise UsageError(
            _("{name!r} cannot name a lab: use lower-case letters, digits and dashes, at most 42.").format(name=name)
        )


def _machine(name: str, index: int, *, seed: int, small: bool, system: System) -> Machine:
    invented = hashlib.shake_128(f"{seed}/{name}".encode()).hexdigest(48)
    control_plane = name.startswith("cp")
    return Machine(
        name=name,
        control_plane=control_plane,
        internal_ip=f"10.10.{(index + 10) // 250}.{(index + 10) % 250 + 1}",
        pod_cidr=f"10.244.{index}.0/24" if small else f"10.{128 + index // 256}.{index % 256}.0/24",
        system=system,
        machine_id=invented[:32],
        system_uuid=_uuid(invented[32:64]),
        boot_id=_uuid(invented[64:]),
        cpus=2 if control_plane else 4,
        memory_kib=(4 if control_plane else 8) * 1024 * 1024 - 83_520,
        disk_kib=61_202_244,
    )


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
