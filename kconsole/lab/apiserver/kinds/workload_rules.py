"""What is particular to workloads: defaults of templates and strategies, what must match, what is fixed. Pure."""

from __future__ import annotations

from typing import Any

from kconsole.lab.apiserver.kinds.pod_rules import complete_spec, spec_causes
from kconsole.lab.apiserver.label_selectors import selects
from kconsole.lab.apiserver.rule import Cause, Rules, below_zero, required, unsupported, wrong
from kconsole.lab.apiserver.status import Object

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_MISMATCH = "`selector` does not match template `labels`"
_OF_A_JOB = ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name")


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    complete_spec(template.setdefault("spec", {}))


def _deployment_defaults(deployment: Object) -> None:
    spec = deployment.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    _template(spec)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _replica_set_defaults(replicas: Object) -> None:
    spec = replicas.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    replicas.setdefault("status", {}).setdefault("replicas", 0)


def _stateful_set_defaults(stateful: Object) -> None:
    spec = stateful.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim.setdefault("status", {}).setdefault("phase", "Pending")
    _template(spec)
    status = stateful.setdefault("status", {})
    status.setdefault("replicas", 0)
    status.setdefault("availableReplicas", 0)


def _daemon_set_defaults(daemons: Object) -> None:
    spec = daemons.setdefault("spec", {})
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    _template(spec)
    status = daemons.setdefault("status", {})
    for name in ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"):
        status.setdefault(name, 0)


def _controller_defaults(controller: Object) -> None:
    spec = controller.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    _template(spec)
    labels = spec["template"]["metadata"].get("labels") or {}
    if labels:
        spec.setdefault("selector", dict(labels))
        controller["metadata"].setdefault("labels", dict(labels))
    controller.setdefault("status", {}).setdefault("replicas", 0)


def _job_defaults(job: Object) -> None:
    spec = job.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")
    _job_template(spec)


def _job_template(spec: Object) -> None:
    # A job must say how its pods restart; the general default would be wrong for it.
    said = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy")
    _template(spec)
    if said is None:
        del spec["template"]["spec"]["restartPolicy"]


def _job_admit(job: Object) -> None:
    spec, metadata = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    own = dict(zip(_OF_A_JOB, (metadata["uid"], metadata["name"]) * 2, strict=True))
    spec["selector"] = {"matchLabels": {_OF_A_JOB[0]: metadata["uid"]}}
    template = spec["template"]["metadata"]
    template["labels"] = {**(template.get("labels") or {}), **own}
    metadata["labels"] = {**own, **(metadata.get("labels") or {})}


def _cron_job_defaults(cron: Object) -> None:
    spec = cron.setdefault("spec", {})
    for name, value in (("concurrencyPolicy", "Allow"), ("suspend", False)):
        spec.setdefault(name, value)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    _job_template(spec.setdefault("jobTemplate", {}).setdefault("spec", {}))


def _begin(workload: Object) -> None:
    workload["status"] = {}


def go_map(labels: dict[str, str] | None) -> str:
    """Labels as Go prints them."""
    if labels is None:
        return "map[string]string(nil)"
    return "map[string]string{" + ", ".join(f'"{key}":"{value}"' for key, value in sorted(labels.items())) + "}"


def _go_selector(selector: Object) -> str:
    expressions = selector.get("matchExpressions")
    shown = (
        "[]v1.LabelSelectorRequirement(nil)" if expressions is None else f"[]v1.LabelSelectorRequirement{expressions}"
    )
    return f"v1.LabelSelector{{MatchLabels:{go_map(selector.get('matchLabels'))}, MatchExpressions:{shown}}}"


def go_selector_causes(selector: Object | None, at: str) -> list[Cause]:
    """What is wrong with a label selector."""
    causes = []
    for number, one in enumerate((selector or {}).get("matchExpressions") or ()):
        operator, values = one.get("operator", ""), one.get("values")
        where = f"{at}.matchExpressions[{number}]"
        if operator not in _OPERATORS:
            causes.append(wrong(f"{where}.operator", f'"{operator}"', "not a valid selector operator"))
        elif operator in ("In", "NotIn") and not values:
            causes.append(required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator not in ("In", "NotIn") and values:
            why = "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append((f"{where}.values", "FieldValueForbidden", why))
    return causes


def _selector_causes(spec: Object) -> list[Cause]:
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels")
    causes = [required("spec.selector")] if selector is None else go_selector_causes(selector, "spec.selector")
    if not causes and selector is not None and not (selector.get("matchLabels") or selector.get("matchExpressions")):
        causes = [wrong("spec.selector", _go_selector(selector), "empty selector is invalid for deployment")]
    if selector is None or (not causes and not selects(selector, labels)):
        causes.append(wrong("spec.template.metadata.labels", go_map(labels), _MISMATCH))
    return causes


def _always(spec: Object) -> list[Cause]:
    template = spec["template"]["spec"]
    causes = spec_causes(template, "spec.template.spec")
    if not causes and template["restartPolicy"] != "Always":
        causes = [unsupported("spec.template.spec.restartPolicy", template["restartPolicy"], "Always")]
    return causes


def _check(workload: Object) -> list[Cause]:
    spec = workload["spec"]
    return [*below_zero("spec.replicas", spec.get("replicas")), *_selector_causes(spec), *_always(spec)]


def _stateful_set_check(owner: Object) -> list[Cause]:
    """As any other; the volumes that its pods get by claim may be mounted besides those of the template."""
    template = owner["spec"]["template"]
    own = [{"name": one["metadata"]["name"]} for one in owner["spec"].get("volumeClaimTemplates") or ()]
    volumes = [*own, *(template["spec"].get("volumes") or ())]
    whole = {**template, "spec": {**template["spec"], "volumes": volumes}}
    return _check({**owner, "spec": {**owner["spec"], "template": whole}})


def _deployment_check(deployment: Object) -> list[Cause]:
    causes, strategy = _check(deployment), deployment["spec"]["strategy"]
    if strategy["type"] not in ("Recreate", "RollingUpdate"):
        causes.append(unsupported("spec.strategy", strategy["type"], "Recreate", "RollingUpdate"))
    rolling: dict[str, Any] = strategy.get("rollingUpdate") or {}
    if strategy["type"] == "RollingUpdate" and all(
        rolling.get(one) in (0, "0%") for one in ("maxSurge", "maxUnavailable")
    ):
        zero = 'intstr.IntOrString{Type:0, IntVal:0, StrVal:""}'
        where = "spec.strategy.rollingUpdate.maxUnavailable"
        causes.append(wrong(where, zero, "may not be 0 when `maxSurge` is 0"))
    return causes


def _controller_check(controller: Object) -> list[Cause]:
    spec = controller["spec"]
    causes, labels = below_zero("spec.replicas", spec.get("replicas")), spec["template"]["metadata"].get("labels")
    if not spec.get("selector"):
        causes.append(required("spec.selector"))
    elif not selects({"matchLabels": spec["selector"]}, labels):
        causes.append(wrong("spec.template.metadata.labels", go_map(labels), _MISMATCH))
    return causes + _always(spec)


def _job_check(job: Object) -> list[Cause]:
    template = job["spec"]["template"]["spec"]
    causes = spec_causes(template, "spec.template.spec")
    for name in ("parallelism", "completions", "backoffLimit"):
        causes += below_zero(f"spec.{name}", job["spec"].get(name))
    if template.get("restartPolicy") not in ("OnFailure", "Never"):
        where, known = "spec.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"'
        causes.append(required(where, known))
    return causes


def _frozen(old: Object, new: Object) -> list[Cause]:
    before, after = old["spec"].get("selector"), new["spec"].get("selector")
    if before == after or after is None:
        return []
    return [wrong("spec.selector", _go_selector(after), "field is immutable")]


_STATEFUL_MAY_CHANGE = (
    *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
    *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
)
_STATEFUL_FIXED = (
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def _stateful_frozen(old: Object, new: Object) -> list[Cause]:
    fixed = [
        {name: value for name, value in one["spec"].items() if name not in _STATEFUL_MAY_CHANGE} for one in (old, new)
    ]
    return [] if fixed[0] == fixed[1] else [("spec", "FieldValueForbidden", _STATEFUL_FIXED)]


def _job_frozen(old: Object, new: Object) -> list[Cause]:
    return [
        wrong(f"spec.{name}", "…", "field is immutable")
        for name in ("selector", "template", "completionMode")
        if not old["spec"].get("suspend") and old["spec"].get(name) != new["spec"].get(name)
    ]


WORKLOAD_RULES = {
    "deployments": Rules(_deployment_defaults, begin=_begin, check=_deployment_check, frozen=_frozen),
    "replicasets": Rules(_replica_set_defaults, begin=_begin, check=_check, frozen=_frozen),
    "statefulsets": Rules(_stateful_set_defaults, begin=_begin, check=_stateful_set_check, frozen=_stateful_frozen),
    "daemonsets": Rules(_daemon_set_defaults, begin=_begin, check=_check, frozen=_frozen),
    "replicationcontrollers": Rules(_controller_defaults, begin=_begin, check=_controller_check),
    "jobs": Rules(_job_defaults, admit=_job_admit, begin=_begin, check=_job_check, frozen=_job_frozen),
    "cronjobs": Rules(_cron_job_defaults, begin=_begin),
}
