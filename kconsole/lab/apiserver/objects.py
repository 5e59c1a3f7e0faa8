"""What happens to an object between a request and the store: identity, checks, what an update may touch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from kconsole.lab.apiserver.metadata_checks import metadata_causes
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.rules import Cause, Rules, rules_of
from kconsole.lab.apiserver.status import MODIFIED, Object, bad_request, conflict, invalid, precondition_failed

_KEPT_BY_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_SHAPES: Mapping[tuple[str, ...], type] = {
    ("metadata",): dict,
    ("metadata", "name"): str,
    ("metadata", "generateName"): str,
    ("metadata", "namespace"): str,
    ("metadata", "labels"): dict,
    ("metadata", "annotations"): dict,
    ("metadata", "finalizers"): list,
    ("metadata", "ownerReferences"): list,
    ("spec",): dict,
    ("status",): dict,
    ("spec", "containers"): list,
    ("spec", "initContainers"): list,
    ("spec", "taints"): list,
}
"""The shapes that the rules rely on; what is null counts as not there."""


def timestamp(moment: datetime) -> str:
    """As the API writes a time: UTC, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def checked_type(resource: Resource, obj: Object) -> Object:
    """`obj` with apiVersion and kind first and right; an object of another type is a 400."""
    kind, version = obj.get("kind", resource.kind), obj.get("apiVersion", resource.api_version)
    if (kind, version) != (resource.kind, resource.api_version):
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {resource.kind}')
    for path, shape in _SHAPES.items():
        if not isinstance(_at(obj, path), (shape, type(None))):
            where = ".".join(path)
            raise bad_request(
                f'{kind} in version "{version}" cannot be handled as a {resource.kind}: {where}: wrong type'
            )
    absent = [key for key in ("spec", "status") if obj.get(key) is None]
    rest = {key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", *absent)}
    return {"apiVersion": version, "kind": kind, "metadata": dict(obj.get("metadata") or {}), **rest}


def _at(obj: object, path: tuple[str, ...]) -> object:
    for part in path:
        obj = obj.get(part) if isinstance(obj, dict) else None
    return obj


def new_object(resource: Resource, given: Object, *, now: datetime, uid: str, suffix: str) -> Object:
    """A new object as it is stored first. `suffix` completes a generateName. 422 when it breaks a rule."""
    obj = checked_type(resource, given)
    metadata = obj["metadata"]
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "managedFields", "selfLink"):
        metadata.pop(name, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = f"{metadata['generateName'][:58]}{suffix}"
    metadata["uid"] = uid
    metadata["creationTimestamp"] = metadata.get("creationTimestamp") or timestamp(now)
    if resource.counts_generations:
        metadata["generation"] = 1
    if not resource.namespaced:
        metadata.pop("namespace", None)
    raise_if(resource, obj, metadata_causes(resource.plural, metadata))
    rules = rules_of(resource)
    rules.defaults(obj)
    rules.admit(obj)
    return obj


def check_new(resource: Resource, obj: Object) -> None:
    """422 when a new object breaks a rule of its resource."""
    raise_if(resource, obj, rules_of(resource).check(obj))


def raise_if(resource: Resource, obj: Object, causes: list[Cause]) -> None:
    """422 when there are causes."""
    if causes:
        raise invalid(resource, obj["metadata"].get("name") or "", causes)


def updated_object(resource: Resource, old: Object, given: Object, subresource: str | None) -> Object:
    """`old` with what an update through `subresource` (None: the object itself) may change taken from `given`.

    The object's own path leaves the status alone (where it is a subresource); the status path leaves all but the
    status, labels, annotations and finalizers alone. A resourceVersion or uid that is not the present one is a 409.
    """
    new = checked_type(resource, given)
    _check_identity(resource, old["metadata"], new["metadata"])
    metadata = {**new["metadata"], "name": old["metadata"]["name"]}
    for key in (*_KEPT_BY_SERVER, "namespace", "generateName", "resourceVersion"):
        metadata.pop(key, None)
        if key in old["metadata"]:
            metadata[key] = old["metadata"][key]
    for key in ("labels", "annotations", "finalizers", "ownerReferences", "managedFields"):
        if key == "managedFields" or not metadata.get(key):
            metadata.pop(key, None)
    result = {**new, "metadata": metadata}
    if subresource in ("status", "finalize"):
        part = "status" if subresource == "status" else "spec"
        result = {**old, "metadata": metadata if part == "status" else old["metadata"]}
        if part in new:
            result[part] = new[part]
    elif resource.subresource("status") is not None:
        result.pop("status", None)
        if "status" in old:
            result["status"] = old["status"]
    rules = rules_of(resource)
    rules.inherit(old, result)
    rules.defaults(result)
    if resource.counts_generations and result.get("spec") != old.get("spec"):
        metadata["generation"] = old["metadata"].get("generation", 0) + 1
    raise_if(
        resource, result, [*metadata_causes(resource.plural, metadata), *_finalizer_causes(old["metadata"], metadata)]
    )
    raise_if(resource, result, [*_newly_wrong(rules, old, result), *rules.frozen(old, result)])
    return result


def _newly_wrong(rules: Rules, old: Object, new: Object) -> list[Cause]:
    """What is wrong with the spec, if the update touched it: what was stored once can always be finished."""
    same = all(new.get(part) == old.get(part) for part in ("spec", "data", "webhooks"))
    return [] if same else rules.check(new)


def _finalizer_causes(old: Object, new: Object) -> list[Cause]:
    added = [name for name in new.get("finalizers") or () if name not in (old.get("finalizers") or ())]
    if "deletionTimestamp" not in old or not added:
        return []
    named = ", ".join(f'"{name}"' for name in added)
    why = "no new finalizers can be added if the object is being deleted, found new finalizers"
    return [("metadata.finalizers", "FieldValueForbidden", f"Forbidden: {why} []string{{{named}}}")]


def _check_identity(resource: Resource, old: Object, new: Object) -> None:
    name = old["name"]
    if new.get("name", name) != name:
        raise bad_request(
            f"the name of the object ({new['name']}) does not match the name on the URL ({name})",
        )
    if resource.namespaced and new.get("namespace", old["namespace"]) != old["namespace"]:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if new.get("uid", old["uid"]) != old["uid"]:
        why = f"Precondition failed: UID in precondition: {new['uid']}, UID in object meta: {old['uid']}"
        raise conflict(resource, name, why)
    version = new.get("resourceVersion")
    if version and version != old["resourceVersion"]:
        raise conflict(resource, name, MODIFIED)


def check_preconditions(resource: Resource, obj: Object, preconditions: Mapping[str, str]) -> None:
    """409 when a deletion was meant for another object, or another state of it."""
    metadata = obj["metadata"]
    uid, version = preconditions.get("uid"), preconditions.get("resourceVersion")
    if uid and uid != metadata["uid"]:
        raise precondition_failed(
            resource,
            metadata["name"],
            f"the UID in the precondition ({uid}) does not match the UID in record ({metadata['uid']})."
            " The object might have been deleted and then recreated",
        )
    if version and version != metadata["resourceVersion"]:
        raise precondition_failed(
            resource,
            metadata["name"],
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record"
            f" ({metadata['resourceVersion']}). The object might have been modified",
        )
