"""The Scale of a workload: how many pods it is to keep, as `kubectl scale` reads and writes it. Pure."""

from __future__ import annotations

from kconsole.lab.apiserver.label_selectors import requirements, written
from kconsole.lab.apiserver.status import Object, bad_request, failure

KIND, VERSION = "Scale", "autoscaling/v1"
_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale_of(workload: Object) -> Object:
    """The Scale of a Deployment, ReplicaSet, StatefulSet or ReplicationController."""
    spec, selector = workload["spec"], workload["spec"].get("selector") or {}
    if workload["kind"] == "ReplicationController":
        selector = {"matchLabels": selector}
    status: Object = {"replicas": (workload.get("status") or {}).get("replicas", 0)}
    text = written(requirements(selector))
    return {
        "kind": KIND,
        "apiVersion": VERSION,
        "metadata": {key: workload["metadata"][key] for key in _METADATA if key in workload["metadata"]},
        "spec": {"replicas": spec["replicas"]} if spec.get("replicas") else {},
        "status": {**status, "selector": text} if text else status,
    }


def scaled(workload: Object, scale: Object) -> Object:
    """The workload keeping as many pods as `scale` says, and bearing its resourceVersion if it has one."""
    kind, version = scale.get("kind", KIND), scale.get("apiVersion", VERSION)
    if (kind, version) != (KIND, VERSION):
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {KIND}')
    metadata, wanted = scale.get("metadata") or {}, (scale.get("spec") or {}).get("replicas") or 0
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        what = "string" if isinstance(wanted, str) else "number" if isinstance(wanted, float) else "object"
        why = f"json: cannot unmarshal {what} into Go struct field ScaleSpec.spec.replicas of type int32"
        raise bad_request(f'{KIND} in version "v1" cannot be handled as a {KIND}: {why}')
    if wanted < 0:
        name = workload["metadata"]["name"]
        message = f"Invalid value: {wanted}: must be greater than or equal to 0"
        cause = {"reason": "FieldValueInvalid", "message": message, "field": "spec.replicas"}
        details = {"name": name, "group": "autoscaling", "kind": KIND, "causes": [cause]}
        raise failure(422, "Invalid", f'Scale.autoscaling "{name}" is invalid: spec.replicas: {message}', details)
    identity = {"name": metadata.get("name"), "resourceVersion": metadata.get("resourceVersion")}
    kept = {key: value for key, value in workload["metadata"].items() if key != "resourceVersion"}
    given = {key: value for key, value in identity.items() if value}
    return {**workload, "metadata": {**kept, **given}, "spec": {**workload["spec"], "replicas": wanted}}
