"""Services' endpoints: the addresses of the pods that a service selects, as Endpoints and as an EndpointSlice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from kconsole.lab.controllers import pods
from kconsole.lab.controllers.loop import Controller, Key, key_of
from kconsole.lab.seeds.pod_objects import owner_reference

Object = dict[str, Any]


class Endpoints(Controller):
    """The endpoints and endpoint slice controllers."""

    follows = ("services", "pods")
    lag = 0.1

    def concerned(self, resource: str, kind: str, obj: Object) -> Iterable[Key]:
        """The service itself, or those that select a pod."""
        if resource == "services":
            return (key_of(obj),)
        if kind == "LISTED":
            return ()
        labels, namespace = obj["metadata"].get("labels") or {}, obj["metadata"]["namespace"]
        return [key_of(one) for one in self.api.list("services", namespace) if _selects(one, labels)]

    async def sync(self, key: Key) -> None:
        """Write both, or remove the Endpoints of a service that is gone (its slice goes with its owner)."""
        service = await self.api.get("services", *key)
        if service is None:
            await self.api.delete("endpoints", *key)
            return
        if not service["spec"].get("selector"):
            return
        found = [
            pod
            for pod in self.api.list("pods", key[0])
            if _selects(service, pod["metadata"].get("labels") or {})
            and (pod.get("status") or {}).get("podIP")
            and not pods.is_finished(pod)
        ]
        for resource, body in (
            ("endpoints", endpoints(service, found)),
            ("endpointslices", endpoint_slice(service, found)),
        ):
            await self._put(resource, body)

    async def _put(self, resource: str, body: Object) -> None:
        where = body["metadata"]["namespace"], body["metadata"]["name"]
        rest = {name: value for name, value in body.items() if name != "metadata"}
        present = await self.api.get(resource, *where)
        if present is None:
            await self.api.create(resource, body)
        elif any(present.get(name) != value for name, value in rest.items()):
            await self.api.change(resource, *where, lambda one: {**one, **rest})


def _selects(service: Object, labels: Object) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels.items()


def _ports(service: Object, found: Sequence[Object], *, name: str) -> list[Object]:
    ports = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort", port["port"])
        number = target if isinstance(target, int) else _named(found, target) or port["port"]
        ports.append({name: port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")})
    return [port if port[name] else {k: v for k, v in port.items() if k != name} for port in ports]


def _named(found: Sequence[Object], target: str) -> int | None:
    for pod in found:
        for container in pod["spec"]["containers"]:
            for port in container.get("ports") or ():
                if port.get("name") == target:
                    return int(port["containerPort"])
    return None


def _target(pod: Object) -> Object:
    metadata = pod["metadata"]
    return {"kind": "Pod", "name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"]}


def endpoints(service: Object, found: Sequence[Object]) -> Object:
    """The Endpoints of `service`: pods that are ready, and those that are not; pods that are ending are neither."""
    lists: dict[str, list[Object]] = {"addresses": [], "notReadyAddresses": []}
    for pod in found:
        if pods.is_terminating(pod):
            continue
        address = {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _target(pod)}
        lists["addresses" if pods.is_ready(pod) else "notReadyAddresses"].append(address)
    subset: Object = {name: addresses for name, addresses in lists.items() if addresses}
    metadata = {
        name: service["metadata"][name] for name in ("name", "namespace", "labels") if name in service["metadata"]
    }
    body: Object = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
    if subset:
        body["subsets"] = [subset | {"ports": _ports(service, found, name="name")}]
    return body | ({} if subset else {"subsets": []})


def endpoint_slice(service: Object, found: Sequence[Object]) -> Object:
    """The EndpointSlice of `service`: every pod, with its conditions."""
    metadata = service["metadata"]
    suffix = hashlib.sha256(metadata["uid"].encode()).hexdigest()[:5]
    endings = []
    for pod in found:
        ready, ending = pods.is_ready(pod), pods.is_terminating(pod)
        conditions = {"ready": ready and not ending, "serving": ready, "terminating": ending}
        one = {"addresses": [pod["status"]["podIP"]], "conditions": conditions, "targetRef": _target(pod)}
        endings.append(one | {"nodeName": pod["spec"]["nodeName"]})
    labels = {
        **(metadata.get("labels") or {}),
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": metadata["name"],
    }
    return {
        "addressType": "IPv4",
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": endings,
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{metadata['name']}-{suffix}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        },
        "ports": _ports(service, found, name="name"),
    }
