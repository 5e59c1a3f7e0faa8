"""The controllers of the first workloads, and what goes with them, as API objects that need nothing more done.

Pure: a Workload in, objects out whose status is what its pods, as they will be seeded, make it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kconsole.lab.controllers import disruption, pods
from kconsole.lab.controllers.daemonsets import GENERATION
from kconsole.lab.controllers.deployment_status import REVISION, status_of
from kconsole.lab.controllers.jobs import job_labels
from kconsole.lab.controllers.rollout import limits
from kconsole.lab.controllers.volumes import STORAGE_CLASS
from kconsole.lab.seeds import pod_objects
from kconsole.lab.seeds.workloads import DAEMON_SET, DEPLOYMENT, JOB, STATEFUL_SET, Budget, Workload

Object = dict[str, Any]

_ROLLING = {"maxSurge": "25%", "maxUnavailable": "25%"}


def labels_of(workload: Workload) -> dict[str, str]:
    """The labels of its pods."""
    return {"app": workload.name, **workload.labels}


def _template(workload: Workload, more: Mapping[str, str] | None = None) -> Object:
    metadata: Object = {"labels": labels_of(workload) | dict(more or {})}
    if workload.knobs:
        metadata["annotations"] = dict(workload.knobs)
    return {"metadata": metadata, "spec": pod_objects.template(workload.shape)}


def _object(workload: Workload, kind: str, version: str, spec: Object, status: Object) -> Object:
    metadata = {"name": workload.name, "namespace": workload.namespace, "labels": labels_of(workload)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def _ready(workload: Workload) -> int:
    return workload.replicas if workload.state == "running" else 0


def deployment(workload: Workload, now: str) -> tuple[Object, Object]:
    """The Deployment and its ReplicaSet; the latter has no owner yet."""
    template, count, ready = _template(workload), workload.replicas, _ready(workload)
    hashed = pods.hash_of(template)
    name = f"{workload.name}-{hashed}"
    surge = limits(_ROLLING["maxSurge"], _ROLLING["maxUnavailable"], count)
    spec: Object = {
        "progressDeadlineSeconds": 600,
        "replicas": count,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": labels_of(workload)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": dict(_ROLLING)},
        "template": template,
    }
    hash_label = {pods.HASH: hashed}
    of_set: Object = {"replicas": count, "fullyLabeledReplicas": count, "observedGeneration": 1}
    if ready:
        of_set |= {"readyReplicas": ready, "availableReplicas": ready}
    one = _object(
        workload,
        "ReplicaSet",
        "apps/v1",
        {
            "replicas": count,
            "selector": {"matchLabels": labels_of(workload) | hash_label},
            "template": _template(workload, hash_label),
        },
        of_set,
    )
    one["metadata"] |= {"name": name, "labels": labels_of(workload) | hash_label}
    one["metadata"]["annotations"] = {
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": str(count),
        "deployment.kubernetes.io/max-replicas": str(count + surge[0]),
    }
    whole = _object(workload, DEPLOYMENT, "apps/v1", spec, {})
    whole["metadata"] |= {"annotations": {REVISION: "1"}, "generation": 1}
    whole["status"] = status_of(whole, one, [one], unavailable=surge[1], now=now)
    message = f'ReplicaSet "{name}" has successfully progressed.'
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": message}
    if ready < count:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        progressing |= {"status": "False", "reason": "ProgressDeadlineExceeded", "message": message}
    whole["status"]["conditions"].append(progressing | {"lastTransitionTime": now, "lastUpdateTime": now})
    return whole, one


def stateful_set(workload: Workload) -> Object:
    """The StatefulSet; its revisions are told when it has been stored."""
    spec: Object = {
        "podManagementPolicy": "OrderedReady",
        "replicas": workload.replicas,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": labels_of(workload)},
        "serviceName": workload.name,
        "template": _template(workload),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    }
    if workload.storage:
        claim = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": workload.storage}},
            "storageClassName": STORAGE_CLASS,
            "volumeMode": "Filesystem",
        }
        named = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": claim}
        spec["volumeClaimTemplates"] = [named]
        container = spec["template"]["spec"]["containers"][0]
        container["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/data"}]
    return _object(workload, STATEFUL_SET, "apps/v1", spec, {"replicas": 0})


def stateful_status(count: int, revision: str) -> Object:
    """Its status when all pods are ready."""
    names = ("availableReplicas", "currentReplicas", "readyReplicas", "replicas", "updatedReplicas")
    told: Object = {"collisionCount": 0, "currentRevision": revision, "updateRevision": revision}
    return told | {"observedGeneration": 1} | dict.fromkeys(names, count)


def daemon_set(workload: Workload, count: int, node_selector: Mapping[str, str]) -> Object:
    """The DaemonSet with its pods on `count` nodes."""
    rolling = {"maxSurge": 0, "maxUnavailable": 1}
    spec: Object = {
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": labels_of(workload)},
        "template": _template(workload),
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
    }
    if node_selector:
        spec["template"]["spec"]["nodeSelector"] = dict(node_selector)
    names = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "numberAvailable")
    status = dict.fromkeys((*names, "updatedNumberScheduled"), count)
    found = _object(workload, DAEMON_SET, "apps/v1", spec, status | {"numberMisscheduled": 0, "observedGeneration": 1})
    found["metadata"]["annotations"] = {GENERATION: "1"}
    return found


def job(workload: Workload, now: str) -> Object:
    """The Job, done or at it."""
    spec: Object = {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "manualSelector": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
        "template": _template(workload),
    }
    status: Object = {"startTime": now, "terminating": 0, "uncountedTerminatedPods": {}}
    if workload.state == "completed":
        since = {"lastProbeTime": now, "lastTransitionTime": now}
        met: Object = {"message": "Reached expected number of succeeded pods", "reason": "CompletionsReached"}
        conditions = [met | since | {"status": "True", "type": kind} for kind in ("SuccessCriteriaMet", "Complete")]
        status |= {"completionTime": now, "conditions": conditions, "ready": 0, "succeeded": 1}
    else:
        status |= {"active": 1, "ready": 1}
    return _object(workload, JOB, "batch/v1", spec, status)


def job_pod_labels(workload: Workload, uid: str) -> dict[str, str]:
    """The labels of the pod of a Job."""
    return labels_of(workload) | job_labels(workload.name, uid)


def service(workload: Workload, address: str) -> Object:
    """Its Service; without an address of its own for a StatefulSet."""
    own = "None" if workload.kind == STATEFUL_SET else address
    port = {"port": workload.port, "protocol": "TCP", "targetPort": workload.port}
    spec: Object = {
        "clusterIP": own,
        "clusterIPs": [own],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [port],
        "selector": labels_of(workload),
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    return _object(workload, "Service", "v1", spec, {"loadBalancer": {}})


def budget(workload: Workload, wanted: Budget, now: str) -> Object:
    """One of its PodDisruptionBudgets, reckoned."""
    spec: Object = {"selector": {"matchLabels": dict(wanted.labels) or labels_of(workload)}}
    for name, value in (("minAvailable", wanted.min_available), ("maxUnavailable", wanted.max_unavailable)):
        if value is not None:
            spec[name] = value
    found = _object(workload, "PodDisruptionBudget", "policy/v1", spec, {})
    found["metadata"] |= {"name": wanted.name}
    count = workload.replicas
    numbers = disruption.reckon(found, pods=count, scale=count, healthy=_ready(workload))
    found["status"] = {
        "conditions": disruption.condition(numbers.allowed, 1, (), now),
        "currentHealthy": numbers.healthy,
        "desiredHealthy": numbers.desired,
        "disruptionsAllowed": numbers.allowed,
        "expectedPods": numbers.expected,
        "observedGeneration": 1,
    }
    return found
