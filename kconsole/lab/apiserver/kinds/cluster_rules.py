"""What is particular to everything but pods and workloads: nodes, namespaces, services, budgets, storage. Pure."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

from kconsole.lab.apiserver.kinds.workload_rules import go_selector_causes
from kconsole.lab.apiserver.metadata_checks import too_long
from kconsole.lab.apiserver.rule import Cause, Rules, required, unsupported, wrong
from kconsole.lab.apiserver.status import Object

LARGEST_DATA = 1024 * 1024
"""Bytes that the data of a ConfigMap or a Secret may have."""

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or"
    " 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_PERCENT = re.compile(r"[0-9]+%")
_PERCENT_RULE = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for"
    " validation is '[0-9]+%')"
)


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
    texts = secret.pop("stringData", None) or {}
    if texts:
        written = {name: base64.b64encode(value.encode()).decode() for name, value in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **written}


def _without_status(obj: Object) -> None:
    obj["status"] = {}


def _service_defaults(service: Object) -> None:
    spec = service.setdefault("spec", {})
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    service.setdefault("status", {}).setdefault("loadBalancer", {})


def _service_admit(service: Object) -> None:
    spec, metadata = service["spec"], service["metadata"]
    if spec["type"] == "ExternalName":
        return
    spread = hashlib.sha256(f"{metadata.get('namespace')}/{metadata['name']}".encode()).digest()
    # The same service has the same address every time, which tests and people like; two rarely share one.
    spec.setdefault("clusterIP", f"10.{96 + spread[0] % 16}.{spread[1]}.{1 + spread[2] % 254}")
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    if spec["type"] != "ClusterIP":
        for port in spec.get("ports") or ():
            port.setdefault("nodePort", 30000 + (int.from_bytes(spread[3:5], "big") + int(port["port"])) % 2768)


def _service_inherit(old: Object, new: Object) -> None:
    before, spec = old["spec"], new.setdefault("spec", {})
    if spec.get("type", "ClusterIP") == "ExternalName":
        return
    for name in ("clusterIP", "clusterIPs"):
        if name in before:
            spec.setdefault(name, before[name])
    ports = {port.get("port"): port.get("nodePort") for port in before.get("ports") or ()}
    for port in spec.get("ports") or ():
        if spec.get("type") in ("NodePort", "LoadBalancer") and ports.get(port.get("port")):
            port.setdefault("nodePort", ports[port["port"]])


def _service_frozen(old: Object, new: Object) -> list[Cause]:
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if not before or before == after or new["spec"].get("type") == "ExternalName":
        return []
    shown = f'[]string{{"{after}"}}'
    return [wrong("spec.clusterIPs[0]", shown, "may not change once set")]


def _service_check(service: Object) -> list[Cause]:
    spec, causes = service["spec"], []
    if not spec.get("ports") and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        causes.append(required("spec.ports"))
    for number, port in enumerate(spec.get("ports") or ()):
        for name in ("port", "targetPort"):
            value = port.get(name)
            if isinstance(value, int) and not 1 <= value <= 65535:
                where = f"spec.ports[{number}].{name}"
                causes.append(wrong(where, str(value), "must be between 1 and 65535, inclusive"))
    return causes


def _budget_defaults(budget: Object) -> None:
    budget.setdefault("spec", {})
    status = budget.setdefault("status", {})
    for name in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        status.setdefault(name, 0)


def _budget_check(budget: Object) -> list[Cause]:
    spec = budget["spec"]
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    causes: list[Cause] = []
    if least is not None and most is not None:
        causes.append(wrong("spec", _go_budget(spec), "minAvailable and maxUnavailable cannot be both set"))
    causes += _share_causes("spec.minAvailable", least)
    causes += _share_causes("spec.maxUnavailable", most)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy not in (None, "AlwaysAllow", "IfHealthyBudget"):
        causes.append(unsupported("spec.unhealthyPodEvictionPolicy", policy, "AlwaysAllow", "IfHealthyBudget"))
    return causes + go_selector_causes(spec.get("selector"), "spec.selector")


def _go_budget(spec: Object) -> str:
    return f"{{minAvailable: {spec['minAvailable']}, maxUnavailable: {spec['maxUnavailable']}}}"


def _share_causes(field: str, value: Any) -> list[Cause]:
    """What is wrong with a number of pods or a percentage of them."""
    if value is None:
        return []
    if isinstance(value, int):
        return [wrong(field, str(value), "must be greater than or equal to 0")] if value < 0 else []
    written = f'intstr.IntOrString{{Type:1, IntVal:0, StrVal:"{value}"}}'
    if not _PERCENT.fullmatch(value):
        return [wrong(field, written, _PERCENT_RULE)]
    return [wrong(field, written, "must not be greater than 100%")] if int(value[:-1]) > 100 else []


def _claim_defaults(claim: Object) -> None:
    claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    claim.setdefault("status", {}).setdefault("phase", "Pending")


def _claim_begin(claim: Object) -> None:
    claim["status"] = {"phase": "Pending"}


def _volume_defaults(volume: Object) -> None:
    spec = volume.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    volume.setdefault("status", {}).setdefault("phase", "Pending")


def _attachment_defaults(attachment: Object) -> None:
    attachment.setdefault("status", {}).setdefault("attached", False)


def _class_defaults(storage: Object) -> None:
    storage.setdefault("reclaimPolicy", "Delete")
    storage.setdefault("volumeBindingMode", "Immediate")


def _priority_defaults(priority: Object) -> None:
    priority.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _webhook_defaults(configuration: Object) -> None:
    for webhook in configuration.get("webhooks") or ():
        for name, value in (("failurePolicy", "Fail"), ("matchPolicy", "Equivalent"), ("timeoutSeconds", 10)):
            webhook.setdefault(name, value)
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        for rule in webhook.get("rules") or ():
            rule.setdefault("scope", "*")
        service = (webhook.get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)


def _webhook_check(configuration: Object) -> list[Cause]:
    causes: list[Cause] = []
    for number, webhook in enumerate(configuration.get("webhooks") or ()):
        at, name, client = f"webhooks[{number}]", webhook.get("name", ""), webhook.get("clientConfig") or {}
        if name.count(".") < 2:
            why = "should be a domain with at least three segments separated by dots"
            causes.append(wrong(f"{at}.name", f'"{name}"', why))
        if webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            causes.append(required(f"{at}.sideEffects", "must specify one of None, NoneOnDryRun"))
        if ("url" in client) == ("service" in client):
            causes.append(required(f"{at}.clientConfig", "exactly one of url or service is required"))
        if not webhook.get("admissionReviewVersions"):
            causes.append(required(f"{at}.admissionReviewVersions", "must specify one of v1, v1beta1"))
    return causes


def _definition_defaults(definition: Object) -> None:
    spec = definition.setdefault("spec", {})
    names = spec.setdefault("names", {})
    names.setdefault("singular", names.get("kind", "").lower())
    names.setdefault("listKind", f"{names.get('kind', '')}List")
    spec.setdefault("conversion", {"strategy": "None"})


def _definition_admit(definition: Object) -> None:
    """Establish it: the real server does so a moment later, when no names are taken twice."""
    since, names = definition["metadata"]["creationTimestamp"], definition["spec"]["names"]
    accepted = ("NamesAccepted", "NoConflicts", "no conflicts found")
    established = ("Established", "InitialNamesAccepted", "the initial names have been accepted")
    versions = [one["name"] for one in definition["spec"].get("versions") or () if one.get("storage")]
    definition["status"] = {
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": since, "reason": reason, "message": message}
            for kind, reason, message in (accepted, established)
        ],
        "acceptedNames": dict(names),
        "storedVersions": versions,
    }


def _definition_check(definition: Object) -> list[Cause]:
    spec, name = definition["spec"], definition["metadata"]["name"]
    causes = [required(f"spec.{part}") for part in ("group", "scope") if not spec.get(part)]
    causes += [required(f"spec.names.{part}") for part in ("plural", "kind") if not spec["names"].get(part)]
    if spec.get("scope") not in (None, "", "Cluster", "Namespaced"):
        causes.append(unsupported("spec.scope", spec["scope"], "Cluster", "Namespaced"))
    if not causes and name != f"{spec['names']['plural']}.{spec['group']}":
        causes.append(wrong("metadata.name", f'"{name}"', 'must be spec.names.plural+"."+spec.group'))
    versions = spec.get("versions") or []
    if sum(bool(one.get("storage")) for one in versions) != 1:
        why = "must have exactly one version marked as storage version"
        causes.append(wrong("spec.versions", "[]", why) if not versions else wrong("spec.versions", "…", why))
    return causes


def _size_of(*parts: Object | None) -> int:
    return sum(len(str(value)) for part in parts for value in (part or {}).values())


def _map_check(settings: Object) -> list[Cause]:
    data, binary = settings.get("data") or {}, settings.get("binaryData") or {}
    causes = [wrong(f"data[{key}]", f'"{key}"', _KEY_RULE) for key in (*data, *binary) if not _DATA_KEY.fullmatch(key)]
    return [*causes, too_long("[]", LARGEST_DATA)] if _size_of(data, binary) > LARGEST_DATA else causes


def _map_frozen(old: Object, new: Object) -> list[Cause]:
    changed = [part for part in ("data", "binaryData") if old.get(part) != new.get(part)]
    if not old.get("immutable"):
        return []
    if not new.get("immutable"):
        return [("immutable", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")]
    why = "Forbidden: field is immutable when `immutable` is set"
    return [(part, "FieldValueForbidden", why) for part in changed]


def _secret_check(secret: Object) -> list[Cause]:
    data = secret.get("data") or {}
    causes = [wrong(f"data[{key}]", f'"{key}"', _KEY_RULE) for key in data if not _DATA_KEY.fullmatch(key)]
    decoded = sum(len(value) * 3 // 4 for value in data.values())
    return [*causes, too_long("data", LARGEST_DATA)] if decoded > LARGEST_DATA else causes


CLUSTER_RULES = {
    "configmaps": Rules(check=_map_check, frozen=_map_frozen),
    "customresourcedefinitions": Rules(defaults=_definition_defaults, admit=_definition_admit, check=_definition_check),
    "nodes": Rules(defaults=_node_defaults, frozen=_node_frozen),
    "namespaces": Rules(defaults=_namespace_defaults, begin=_namespace_begin, ends_by_finalize=True),
    "secrets": Rules(defaults=_secret_defaults, check=_secret_check, frozen=_map_frozen),
    "services": Rules(
        defaults=_service_defaults,
        admit=_service_admit,
        inherit=_service_inherit,
        check=_service_check,
        frozen=_service_frozen,
    ),
    "poddisruptionbudgets": Rules(defaults=_budget_defaults, begin=_without_status, check=_budget_check),
    "persistentvolumeclaims": Rules(defaults=_claim_defaults, begin=_claim_begin),
    "persistentvolumes": Rules(defaults=_volume_defaults, begin=_claim_begin),
    "volumeattachments": Rules(defaults=_attachment_defaults, begin=_without_status),
    "storageclasses": Rules(defaults=_class_defaults),
    "priorityclasses": Rules(defaults=_priority_defaults),
    "validatingwebhookconfigurations": Rules(defaults=_webhook_defaults, check=_webhook_check),
}
