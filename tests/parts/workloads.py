"""Workloads for tests of the built-in cluster, small and quick, and looks at what became of them."""

from __future__ import annotations

from typing import Any

from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.cluster import Cluster

Object = dict[str, Any]

TEMPLATE_LABELS = {"app": "tested"}


def template(*, image: str = "a:1", annotations: Object | None = None, **spec: Any) -> Object:
    """A pod template."""
    metadata: Object = {"labels": dict(TEMPLATE_LABELS)}
    if annotations:
        metadata["annotations"] = annotations
    return {"metadata": metadata, "spec": {"containers": [{"name": "a", "image": image}], **spec}}


def owner(kind: str, name: str = "tested", *, version: str = "apps/v1", **spec: Any) -> Object:
    """Something that keeps pods, in `default`."""
    metadata = {"name": name, "namespace": "default"}
    body: Object = {"apiVersion": version, "kind": kind, "metadata": metadata}
    return body | {"spec": {"selector": {"matchLabels": dict(TEMPLATE_LABELS)}, **spec}}


async def create(lab: Cluster, resource: str, body: Object) -> Object:
    """As a client would."""
    return await lab.running.registry.create(RESOURCES[resource], body, reset_status=True)


def get(lab: Cluster, resource: str, name: str, namespace: str | None = "default") -> Object | None:
    """The object, or None."""
    return lab.running.api.find(resource, namespace, name)


def pods(lab: Cluster, namespace: str = "default", **labels: str) -> list[Object]:
    """The pods there that have `labels`."""
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    return lab.running.registry.list(RESOURCES["pods"], namespace, labels=selector)


def running(lab: Cluster, namespace: str = "default", **labels: str) -> list[Object]:
    """Those that are ready and stay."""
    found = []
    for pod in pods(lab, namespace, **labels):
        conditions = {one["type"]: one["status"] for one in pod.get("status", {}).get("conditions", ())}
        if conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]:
            found.append(pod)
    return found


def names(found: list[Object]) -> list[str]:
    """Their names."""
    return [one["metadata"]["name"] for one in found]


def events(lab: Cluster, name: str, namespace: str = "default") -> list[tuple[str, str]]:
    """(reason, message) of each event about the object of that name."""
    found = lab.running.registry.list(RESOURCES["events"], namespace, fields=f"involvedObject.name={name}")
    return [(one["reason"], one["message"]) for one in found]
