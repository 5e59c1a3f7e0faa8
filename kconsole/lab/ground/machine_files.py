"""The root folder of a machine as its installer and kubeadm left it: who it is, what it runs, where things go."""

from __future__ import annotations

from pathlib import Path

from kconsole.lab.ground.topology import Machine, System

_FOLDERS = (
    "etc/kubernetes/manifests",
    "etc/kubernetes/tmp",
    "root",
    "run",
    "tmp",
    "var/lib/kubelet",
    "var/log/pods",
)


def lay_out(folder: Path, machine: Machine) -> None:
    """Make the folders and identity files of `machine` under `folder`; what is there already stays."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    files = {
        "etc/hostname": f"{machine.name}\n",
        "etc/machine-id": f"{machine.machine_id}\n",
        "etc/os-release": os_release(machine.system),
    }
    for name, text in files.items():
        path = folder / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")


def os_release(system: System) -> str:
    """The text of /etc/os-release."""
    lines = {
        "NAME": system.name,
        "VERSION": system.version,
        "ID": system.id,
        "ID_LIKE": system.id_like,
        "VERSION_ID": system.version,
        "PRETTY_NAME": system.image,
    }
    if system.codename:
        lines["VERSION_CODENAME"] = system.codename
    return "".join(f'{key}="{value}"\n' for key, value in lines.items())
