"""What is particular to pods: defaults, grace, what a pod must have and what it keeps for life. Pure."""

from __future__ import annotations

import re
from typing import Any

from kconsole.lab.apiserver.rule import Cause, Rules, required, unsupported, wrong
from kconsole.lab.apiserver.status import Object

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_RULE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_PATIENCE = 300
"""Seconds that a pod stays on a node that is not ready or unreachable, unless it says otherwise."""
_WAITED_OUT = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_MIRROR = "kubernetes.io/config.mirror"
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBED = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def complete_spec(spec: Object) -> None:
    """Fill in, in place, what a pod's spec leaves out, in a pod or in a template."""
    for name, value in (
        ("restartPolicy", "Always"),
        ("dnsPolicy", "ClusterFirst"),
        ("schedulerName", "default-scheduler"),
        ("terminationGracePeriodSeconds", 30),
    ):
        spec.setdefault(name, value)
    spec.setdefault("securityContext", {})
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in _containers(spec):
        _complete_container(container)
    for volume in spec.get("volumes") or ():
        for source in ("configMap", "secret"):
            if volume.get(source) is not None:
                volume[source].setdefault("defaultMode", 420)
        if volume.get("hostPath") is not None:
            volume["hostPath"].setdefault("type", "")
        if len(volume) == 1:
            volume["emptyDir"] = {}


def _containers(spec: Object) -> list[Object]:
    return [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]


def _complete_container(container: Object) -> None:
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for one in container.get("env") or ():
        reference = (one.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for probe in [container[name] for name in _PROBES if container.get(name)]:
        for name, value in _PROBED.items():
            probe.setdefault(name, value)
        if probe.get("httpGet") is not None:
            probe["httpGet"].setdefault("path", "/")
            probe["httpGet"].setdefault("scheme", "HTTP")


def _pod_defaults(pod: Object) -> None:
    spec = pod.setdefault("spec", {})
    complete_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    pod.setdefault("status", {}).setdefault("phase", "Pending")
    pod["status"].setdefault("qosClass", quality_of_service(spec))


def _pull_policy(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition("@")[0].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def quality_of_service(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort, from the containers' requests and limits of cpu and memory."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
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


def _pod_admit(pod: Object) -> None:
    spec = pod["spec"]
    tolerations = spec.get("tolerations") or []
    missing = [key for key in _WAITED_OUT if not any(_tolerates(one, key) for one in tolerations)]
    waiting = {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _PATIENCE}
    if missing:
        spec["tolerations"] = [*tolerations, *({"key": key, **waiting} for key in missing)]
    if "priorityClassName" not in spec:
        spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    if _MIRROR not in (pod["metadata"].get("annotations") or {}):
        account = spec.setdefault("serviceAccountName", "default")
        spec.setdefault("serviceAccount", account)


def _pod_inherit(old: Object, new: Object) -> None:
    spec = new.setdefault("spec", {})
    for name in ("priority", "preemptionPolicy", "serviceAccountName", "serviceAccount"):
        if name in old["spec"]:
            spec.setdefault(name, old["spec"][name])
    before = old["spec"].get("tolerations") or []
    patience = [one for one in before if one.get("key") in _WAITED_OUT and one.get("tolerationSeconds") == _PATIENCE]
    tolerations = spec.get("tolerations") or []
    missing = [one for one in patience if not any(_tolerates(other, one["key"]) for other in tolerations)]
    if missing:
        spec["tolerations"] = [*tolerations, *missing]


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key") in (None, "", key) and toleration.get("effect") in (None, "", "NoExecute")


def spec_causes(spec: Object, at: str = "spec") -> list[Cause]:
    """What is wrong with a pod's spec that stands at `at`."""
    containers = spec.get("containers") or []
    causes = [] if containers else [required(f"{at}.containers")]
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    seen: set[str] = set()
    for group in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(group) or ()):
            causes += _container_causes(container, f"{at}.{group}[{number}]", volumes, seen)
    policy = spec.get("restartPolicy", "Always")
    if policy not in ("Always", "OnFailure", "Never"):
        causes.append(unsupported(f"{at}.restartPolicy", policy, "Always", "OnFailure", "Never"))
    return causes


def _container_causes(container: Object, at: str, volumes: set[Any], seen: set[str]) -> list[Cause]:
    name, causes = container.get("name", ""), []
    if not name:
        causes.append(required(f"{at}.name"))
    elif not _LABEL.fullmatch(name):
        causes.append(wrong(f"{at}.name", f'"{name}"', _LABEL_RULE))
    elif name in seen:
        causes.append((f"{at}.name", "FieldValueDuplicate", f'Duplicate value: "{name}"'))
    seen.add(name)
    if not container.get("image"):
        causes.append(required(f"{at}.image"))
    for number, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            where = f"{at}.volumeMounts[{number}].name"
            causes.append((where, "FieldValueNotFound", f'Not found: "{mount.get("name", "")}"'))
    return causes


def _pod_check(pod: Object) -> list[Cause]:
    return spec_causes(pod["spec"])


PODS = Rules(
    defaults=_pod_defaults,
    admit=_pod_admit,
    inherit=_pod_inherit,
    begin=_pod_begin,
    grace=_pod_grace,
    check=_pod_check,
    frozen=_pod_frozen,
)
