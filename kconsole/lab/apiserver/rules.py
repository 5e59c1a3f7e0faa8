"""What is particular to a resource: defaults, how its status begins, how long its deletion takes, what may not change.

Data and small functions, one row a resource; a resource without a row has no rules of its own. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kconsole.lab.apiserver.status import Object

Cause = tuple[str, str, str]


def _nothing(obj: Object) -> None:
    """No defaults."""


def _at_once(obj: Object, asked: int | None) -> int:
    return 0


def _free(old: Object, new: Object) -> list[Cause]:
    return []


@dataclass(frozen=True)
class Rules:
    """How one resource differs from the generic object."""

    defaults: Callable[[Object], None] = _nothing
    """Fills in what was left out, in place, at creation and at every update."""
    begin: Callable[[Object], None] = _nothing
    """Sets the status that an object created by a client starts with, in place."""
    grace: Callable[[Object, int | None], int] = _at_once
    """Seconds that a deletion leaves the object there, given the seconds asked for."""
    frozen: Callable[[Object, Object], list[Cause]] = _free
    """What an update changed that cannot be changed."""
    ends_by_finalize: bool = False
    """Whether deletion waits for spec.finalizers (namespaces)."""


def _pod_defaults(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    for name, value in (
        ("restartPolicy", "Always"),
        ("dnsPolicy", "ClusterFirst"),
        ("schedulerName", "default-scheduler"),
        ("terminationGracePeriodSeconds", 30),
        ("securityContext", {}),
        ("enableServiceLinks", True),
    ):
        spec.setdefault(name, value)
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        container.setdefault("resources", {})
        container.setdefault("terminationMessagePath", "/dev/termination-log")
        container.setdefault("terminationMessagePolicy", "File")
        container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    pod.setdefault("status", {}).setdefault("phase", "Pending")
    pod["status"].setdefault("qosClass", quality_of_service(spec))


def _pull_policy(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def quality_of_service(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from the containers' requests and limits of cpu and memory."""
    containers = [*spec.get("containers", ()), *spec.get("initContainers", ())]
    asked = [_cpu_and_memory(container, "requests") for container in containers]
    limits = [_cpu_and_memory(container, "limits") for container in containers]
    if not any(asked) and not any(limits):
        return "BestEffort"
    guaranteed = all(
        len(limit) == 2 and (request or limit) == limit for request, limit in zip(asked, limits, strict=True)
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _cpu_and_memory(container: Object, which: str) -> dict[str, Any]:
    stated = (container.get("resources") or {}).get(which) or {}
    return {name: value for name, value in stated.items() if name in ("cpu", "memory")}


def _pod_begin(pod: Object) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": quality_of_service(pod.get("spec") or {})}


def _pod_grace(pod: Object, asked: int | None) -> int:
    spec, phase = pod["spec"], pod["status"].get("phase")
    if not spec.get("nodeName") or phase in ("Succeeded", "Failed"):
        return 0
    return int(spec["terminationGracePeriodSeconds"]) if asked is None else asked


_POD_MAY_CHANGE = ("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates")


def _pod_frozen(old: Object, new: Object) -> list[Cause]:
    before, after = _pod_identity(old["spec"]), _pod_identity(new["spec"])
    if not before.get("nodeName"):
        # A pod is bound to a node once.
        before["nodeName"] = after.get("nodeName")
    if before == after:
        return []
    message = (
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
        " `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing"
        " tolerations), `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    return [("spec", "FieldValueForbidden", message)]


def _pod_identity(spec: Object) -> Object:
    fixed = {name: value for name, value in spec.items() if name not in _POD_MAY_CHANGE}
    fixed.setdefault("nodeName", None)
    for group in ("containers", "initContainers"):
        if group in fixed:
            fixed[group] = [{key: value for key, value in one.items() if key != "image"} for one in fixed[group]]
    return fixed


def _node_defaults(node: Object) -> None:
    node.setdefault("spec", {})
    node.setdefault("status", {})
    if not node["spec"].get("unschedulable"):
        node["spec"].pop("unschedulable", None)
    if not node["spec"].get("taints"):
        node["spec"].pop("taints", None)


def _node_frozen(old: Object, new: Object) -> list[Cause]:
    causes = []
    for name in ("providerID", "podCIDR"):
        before, after = old["spec"].get(name), new["spec"].get(name)
        if before and after != before:
            causes.append((f"spec.{name}", "FieldValueForbidden", "Forbidden: node updates may not change it"))
    return causes


def _namespace_defaults(namespace: Object) -> None:
    metadata = namespace["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    namespace.setdefault("spec", {})
    namespace.setdefault("status", {}).setdefault("phase", "Active")


def _namespace_begin(namespace: Object) -> None:
    namespace.setdefault("spec", {})["finalizers"] = ["kubernetes"]
    namespace["status"] = {"phase": "Active"}


def _secret_defaults(secret: Object) -> None:
    secret.setdefault("type", "Opaque")


def _workload_begin(workload: Object) -> None:
    workload["status"] = {}


RULES: Mapping[str, Rules] = {
    "nodes": Rules(defaults=_node_defaults, frozen=_node_frozen),
    "pods": Rules(defaults=_pod_defaults, begin=_pod_begin, grace=_pod_grace, frozen=_pod_frozen),
    "namespaces": Rules(defaults=_namespace_defaults, begin=_namespace_begin, ends_by_finalize=True),
    "secrets": Rules(defaults=_secret_defaults),
    **{
        plural: Rules(begin=_workload_begin)
        for plural in ("daemonsets", "deployments", "replicasets", "statefulsets", "jobs")
    },
}
_PLAIN = Rules()


def rules_of(plural: str) -> Rules:
    """The rules of the resource with that plural name."""
    return RULES.get(plural, _PLAIN)
