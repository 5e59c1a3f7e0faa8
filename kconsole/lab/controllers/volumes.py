"""Volumes: claims get theirs, and each is attached to the node whose pods use it, for a while longer than they do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.clock import LabClock
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.controllers.pods import is_finished
from kconsole.lab.scheduling.volumes import claims_of

Object = dict[str, Any]

DRIVER = "csi.lab.example"
STORAGE_CLASS = "standard"
_DETACH_SECONDS = 5.0


class Claims(Controller):
    """The volume binder and the provisioner of the storage class."""

    follows = ("persistentvolumeclaims",)
    lag = 0.2

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """Itself."""
        return (key_of(obj),)

    async def sync(self, key: Key) -> None:
        """A volume for a claim that waits; none for one that is gone."""
        claim = await self.api.get("persistentvolumeclaims", *key)
        if claim is None:
            for volume in self.api.list("persistentvolumes"):
                reference = volume["spec"].get("claimRef") or {}
                if (reference.get("namespace"), reference.get("name")) == key:
                    await self._release(volume)
            return
        if (claim.get("status") or {}).get("phase") == "Bound" or "deletionTimestamp" in claim["metadata"]:
            return
        if (claim["spec"].get("storageClassName") or STORAGE_CLASS) != STORAGE_CLASS:
            return
        volume = volume_for(claim)
        await self.api.create("persistentvolumes", volume)
        name = volume["metadata"]["name"]
        await self.api.change("persistentvolumeclaims", *key, lambda one: bound(one, name))
        await self.api.change("persistentvolumeclaims", *key, lambda one: bound(one, name), subresource="status")
        message = f"Successfully provisioned volume {name}"
        await self.api.event(claim, "ProvisioningSucceeded", message, source=DRIVER)

    async def _release(self, volume: Object) -> None:
        name = volume["metadata"]["name"]
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
            await self.api.delete("persistentvolumes", None, name, uid=volume["metadata"]["uid"])
        else:
            await self.api.change(
                "persistentvolumes",
                None,
                name,
                lambda one: one | {"status": {"phase": "Released"}},
                subresource="status",
            )


def volume_for(claim: Object) -> Object:
    """The volume that is made for a claim, bound to it."""
    metadata, spec = claim["metadata"], claim["spec"]
    name = f"pvc-{metadata['uid']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER}},
        "spec": {
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "capacity": {"storage": ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "csi": {"driver": DRIVER, "fsType": "ext4", "volumeHandle": f"vol-{metadata['uid'][:13]}"},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": STORAGE_CLASS,
            "volumeMode": "Filesystem",
        },
        "status": {"phase": "Bound"},
    }


def bound(claim: Object, volume: str) -> Object:
    """The claim as it is once it has that volume."""
    spec = {**claim["spec"], "volumeName": volume, "storageClassName": STORAGE_CLASS, "volumeMode": "Filesystem"}
    annotations = {
        **(claim["metadata"].get("annotations") or {}),
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
        "volume.kubernetes.io/storage-provisioner": DRIVER,
    }
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
    status = {"phase": "Bound", "accessModes": spec.get("accessModes") or [], "capacity": {"storage": size}}
    return {**claim, "metadata": {**claim["metadata"], "annotations": annotations}, "spec": spec, "status": status}


class Attachments(Controller):
    """The attach/detach controller together with its driver. A key is a volume and a node."""

    follows = ("pods", "volumeattachments")
    lag = 0.3

    def __init__(self, api: Api, clock: LabClock) -> None:
        super().__init__(api, clock)
        self._claims = api.index("pods", _claims)
        self._unused: dict[Key, float] = {}

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """What the pod uses where it is; what an attachment attaches."""
        if resource == "volumeattachments":
            yield obj["spec"]["source"].get("persistentVolumeName") or "", obj["spec"]["nodeName"]
            return
        node = obj["spec"].get("nodeName")
        for name in claims_of(obj) if node else ():
            claim = self.api.find("persistentvolumeclaims", obj["metadata"]["namespace"], name)
            if claim is not None and claim["spec"].get("volumeName"):
                yield claim["spec"]["volumeName"], node

    async def sync(self, key: Key) -> None:
        """Attach what is used, detach what has not been used for a while."""
        volume, node = key
        name = attachment_name(volume, node)
        present = await self.api.get("volumeattachments", None, name)
        if self._is_used(volume, node):
            self._unused.pop(key, None)
            if present is None:
                await self.api.create("volumeattachments", attachment(volume, node))
            return
        if present is None:
            self._unused.pop(key, None)
            return
        since = self._unused.setdefault(key, self.clock.elapsed())
        left = _DETACH_SECONDS - (self.clock.elapsed() - since)
        if left > 0:
            self.agenda.note(key, left)
        else:
            await self.api.delete("volumeattachments", None, name, uid=present["metadata"]["uid"])

    def _is_used(self, volume: str, node: str) -> bool:
        found = self.api.find("persistentvolumes", None, volume)
        reference = (found["spec"].get("claimRef") or {}) if found else {}
        users = self._claims.of(f"{reference.get('namespace')}/{reference.get('name')}")
        return any(pod["spec"].get("nodeName") == node and not is_finished(pod) for pod in users)


def _claims(pod: Object) -> Iterable[str]:
    return [f"{pod['metadata']['namespace']}/{name}" for name in claims_of(pod)]


def attachment_name(volume: str, node: str) -> str:
    """What the attachment of `volume` to `node` is called."""
    return "csi-" + hashlib.sha256(f"{volume}{DRIVER}{node}".encode()).hexdigest()


def attachment(volume: str, node: str) -> Object:
    """A VolumeAttachment that has been carried out."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "VolumeAttachment",
        "metadata": {"name": attachment_name(volume, node), "annotations": {"csi.alpha.kubernetes.io/node-id": node}},
        "spec": {"attacher": DRIVER, "nodeName": node, "source": {"persistentVolumeName": volume}},
        "status": {"attached": True},
    }
