"""The columns of volumes, claims, storage classes and attachments. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, UNSET, Column, Printer, age_of

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_LEGACY_CLASS = "volume.beta.kubernetes.io/storage-class"


def _modes(modes: list[str] | None) -> str:
    found = set(modes or ())
    return ",".join(short for mode, short in _MODES.items() if mode in found)


def _class(obj: Object) -> str:
    annotations = obj["metadata"].get("annotations") or {}
    return annotations.get(_LEGACY_CLASS) or (obj.get("spec") or {}).get("storageClassName") or ""


def _phase(obj: Object) -> str:
    phase = (obj.get("status") or {}).get("phase", "")
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else phase


def _volume(volume: Object, now: datetime) -> list[Any]:
    spec = volume.get("spec") or {}
    claim = spec.get("claimRef") or {}
    return [
        volume["metadata"]["name"],
        (spec.get("capacity") or {}).get("storage", ""),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(volume),
        f"{claim.get('namespace', '')}/{claim['name']}" if claim.get("name") else "",
        _class(volume),
        spec.get("volumeAttributesClassName") or UNSET,
        (volume.get("status") or {}).get("reason", ""),
        age_of(volume, now),
        spec.get("volumeMode") or UNSET,
    ]


def _claim(claim: Object, now: datetime) -> list[Any]:
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    bound = bool(spec.get("volumeName"))
    return [
        claim["metadata"]["name"],
        _phase(claim),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        _class(claim),
        spec.get("volumeAttributesClassName") or UNSET,
        age_of(claim, now),
        spec.get("volumeMode") or UNSET,
    ]


def _storage_class(storage: Object, now: datetime) -> list[Any]:
    annotations = storage["metadata"].get("annotations") or {}
    is_default = any(annotations.get(name) == "true" for name in _DEFAULT_CLASS)
    return [
        storage["metadata"]["name"] + (" (default)" if is_default else ""),
        storage.get("provisioner", ""),
        storage.get("reclaimPolicy", "Delete"),
        storage.get("volumeBindingMode", "Immediate"),
        bool(storage.get("allowVolumeExpansion")),
        age_of(storage, now),
    ]


def _attachment(attachment: Object, now: datetime) -> list[Any]:
    spec = attachment.get("spec") or {}
    return [
        attachment["metadata"]["name"],
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName", ""),
        spec.get("nodeName", ""),
        bool((attachment.get("status") or {}).get("attached")),
        age_of(attachment, now),
    ]


_OF_CLASS = (
    Column("StorageClass", "The class it was provisioned by."),
    Column("VolumeAttributesClass", "The class of its changeable attributes."),
)
_MODE = Column("VolumeMode", "Whether it is a file system or a block device.", priority=1)

VOLUMES = Printer(
    (
        NAME,
        Column("Capacity", "How much it holds."),
        Column("Access Modes", "How many nodes can use it at once."),
        Column("Reclaim Policy", "What becomes of it after its claim."),
        Column("Status", "Whether it is bound to a claim."),
        Column("Claim", "The claim it is bound to."),
        *_OF_CLASS,
        Column("Reason", "Why it is the way it is."),
        AGE,
        _MODE,
    ),
    _volume,
)
CLAIMS = Printer(
    (
        NAME,
        Column("Status", "Whether it is bound to a volume."),
        Column("Volume", "The volume it is bound to."),
        Column("Capacity", "How much that holds."),
        Column("Access Modes", "How many nodes can use it at once."),
        *_OF_CLASS,
        AGE,
        _MODE,
    ),
    _claim,
)
STORAGE_CLASSES = Printer(
    (
        NAME,
        Column("Provisioner", "What makes the volumes."),
        Column("ReclaimPolicy", "What becomes of them after their claims."),
        Column("VolumeBindingMode", "When a claim is bound."),
        Column("AllowVolumeExpansion", "Whether they can grow."),
        AGE,
    ),
    _storage_class,
)
ATTACHMENTS = Printer(
    (
        NAME,
        Column("Attacher", "What attaches the volume.", format="name"),
        Column("PV", "The volume."),
        Column("Node", "Where it is attached."),
        Column("Attached", "Whether it is attached now.", type="boolean"),
        AGE,
    ),
    _attachment,
)
