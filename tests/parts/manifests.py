"""The objects that kubectl is given, as small as they can be."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
IMAGE = "registry.example/conformance/web:1.0"


def pod_spec(
    node: str = "", *, empty_dir: bool = False, grace: int | None = None, image: str = IMAGE, **more: Any
) -> Object:
    spec: Object = {"containers": [{"name": "main", "image": image}], **more}
    if node:
        spec["nodeSelector"] = {"kubernetes.io/hostname": node}
    if empty_dir:
        spec["volumes"] = [{"name": "cache", "emptyDir": {}}]
        spec["containers"][0]["volumeMounts"] = [{"name": "cache", "mountPath": "/cache"}]
    if grace is not None:
        spec["terminationGracePeriodSeconds"] = grace
    return spec


def pod(name: str, node: str = "", *, labels: dict[str, str] | None = None, **more: Any) -> Object:
    metadata = {"name": name, "labels": {"app": name, **(labels or {})}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(node, **more)}


def _workload(kind: str, name: str, node: str, more: Object, pods: Object) -> Object:
    labels = {"app": name}
    template = {"metadata": {"labels": dict(labels)}, "spec": pod_spec(node, **pods)}
    spec = {"selector": {"matchLabels": labels}, "template": template, **more}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


def deployment(name: str, replicas: int = 1, node: str = "", **pods: Any) -> Object:
    return _workload("Deployment", name, node, {"replicas": replicas}, pods)


def stateful_set(name: str, replicas: int = 1, node: str = "", **pods: Any) -> Object:
    return _workload("StatefulSet", name, node, {"replicas": replicas, "serviceName": name}, pods)


def daemon_set(name: str, **pods: Any) -> Object:
    return _workload("DaemonSet", name, "", {}, pods)


def job(name: str, node: str = "") -> Object:
    template = {"spec": {**pod_spec(node), "restartPolicy": "Never"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}


def budget(name: str, app: str = "", **numbers: Any) -> Object:
    selector = {"matchLabels": {"app": app or name}}
    spec = {"selector": selector, **numbers}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}
