"""ControllerRevisions: the templates a StatefulSet or DaemonSet has had, for roll-outs and for kubectl rollout undo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kconsole.lab.access import Api
from kconsole.lab.controllers import pods
from kconsole.lab.indexes import Index
from kconsole.lab.seeds.pod_objects import owner_reference

Object = dict[str, Any]

LABEL = "controller-revision-hash"


def revision(owner: Object, number: int) -> Object:
    """The ControllerRevision of the present template of `owner`, which has been stored (it has a uid)."""
    template, metadata = owner["spec"]["template"], owner["metadata"]
    hashed = pods.hash_of(template, 10)
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{metadata['name']}-{hashed}",
            "namespace": metadata["namespace"],
            "labels": {**((template.get("metadata") or {}).get("labels") or {}), LABEL: hashed},
            "annotations": _kept_annotations(metadata),
            "ownerReferences": [owner_reference(owner)],
        },
        "data": {"spec": {"template": {**template, "$patch": "replace"}}},
        "revision": number,
    }


def _kept_annotations(metadata: Object) -> dict[str, str]:
    own = metadata.get("annotations") or {}
    return {key: value for key, value in own.items() if key != "kubectl.kubernetes.io/last-applied-configuration"}


async def present_revision(api: Api, index: Index, owner: Object) -> Object | None:
    """The revision of the present template, stored with the highest number; None when it could not be."""
    known: Sequence[Object] = index.of(owner["metadata"]["uid"])
    highest = max((int(one["revision"]) for one in known), default=0)
    wanted = revision(owner, highest + 1)
    same = next((one for one in known if one["metadata"]["name"] == wanted["metadata"]["name"]), None)
    if same is None:
        await _forget(api, owner, known)
        return await api.create("controllerrevisions", wanted)
    if int(same["revision"]) < highest:
        where = same["metadata"]["namespace"], same["metadata"]["name"]
        return await api.change("controllerrevisions", *where, lambda one: one | {"revision": highest + 1})
    return same


async def _forget(api: Api, owner: Object, known: Sequence[Object]) -> None:
    """Remove the oldest beyond revisionHistoryLimit."""
    limit = owner["spec"].get("revisionHistoryLimit")
    keep = 10 if limit is None else int(limit)
    ordered = sorted(known, key=lambda one: int(one["revision"]))
    for one in ordered[: max(0, len(ordered) - keep)]:
        metadata = one["metadata"]
        await api.delete("controllerrevisions", metadata["namespace"], metadata["name"], uid=metadata["uid"])


def hash_of(stored: Object) -> str:
    """The value that the pods of a revision have at LABEL."""
    return str((stored["metadata"].get("labels") or {})[LABEL])


def revision_of(pod: Object) -> str:
    """The revision that a pod was made from."""
    return str((pod["metadata"].get("labels") or {}).get(LABEL, ""))
