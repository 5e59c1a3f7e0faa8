"""What the fields are for that people ask `kubectl explain` about, in sentences of our own.

A field is (type, description) or (type, description, fields); which fields there are, and their exact types, is in
`typed`. Not complete: a field that is not named here is explained by its name and type alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from kconsole.lab.apiserver.typed.notation import Field, fields_of, fields_of_kind

Fields = Mapping[str, tuple[Any, ...]]

_CONDITION: Fields = {
    "type": ("string", "What the condition is about."),
    "status": ("string", "True, False or Unknown."),
    "reason": ("string", "Why it has that status, in one word."),
    "message": ("string", "Why it has that status, in a sentence."),
    "lastTransitionTime": ("string", "When the status changed last."),
    "lastHeartbeatTime": ("string", "When the status was reported last."),
}
_TAINT: Fields = {
    "key": ("string", "The key of the taint."),
    "value": ("string", "The value that belongs to the key."),
    "effect": ("string", "What happens to pods that do not tolerate it: NoSchedule, PreferNoSchedule or NoExecute."),
    "timeAdded": ("string", "When a NoExecute taint was added."),
}
_TOLERATION: Fields = {
    "key": ("string", "The key of the taint that is tolerated; empty for all."),
    "operator": ("string", "Exists, or Equal."),
    "value": ("string", "The value of the taint, with Equal."),
    "effect": ("string", "The effect of the taint; empty for all."),
    "tolerationSeconds": ("integer", "How long a NoExecute taint is tolerated; for ever when it is not set."),
}
_ADDRESS: Fields = {
    "type": ("string", "InternalIP, ExternalIP or Hostname."),
    "address": ("string", "The address."),
}
_SYSTEM: Fields = {
    name: ("string", f"The node's {meaning}.")
    for name, meaning in {
        "machineID": "machine id",
        "systemUUID": "hardware id",
        "bootID": "boot id; it changes with every reboot",
        "kernelVersion": "kernel",
        "osImage": "operating system",
        "containerRuntimeVersion": "container runtime",
        "kubeletVersion": "kubelet",
        "kubeProxyVersion": "kube-proxy",
        "operatingSystem": "kind of operating system",
        "architecture": "processor architecture",
    }.items()
}
_CONTAINER: Fields = {
    "name": ("string", "The container's name, unique in the pod."),
    "image": ("string", "The image it runs."),
    "command": ("[string]", "What is run in place of the image's entry point."),
    "args": ("[string]", "Its arguments."),
    "env": (
        "[object]",
        "Environment variables.",
        {"name": ("string", "The variable's name."), "value": ("string", "Its value.")},
    ),
    "ports": (
        "[object]",
        "The ports it listens on.",
        {
            "containerPort": ("integer", "The number of the port."),
            "name": ("string", "A name for it."),
            "protocol": ("string", "TCP, UDP or SCTP."),
        },
    ),
    "resources": (
        "object",
        "What it needs, and what it may use at most.",
        {"requests": ("map", "What it needs."), "limits": ("map", "What it may use at most.")},
    ),
    "volumeMounts": (
        "[object]",
        "Where the pod's volumes are mounted.",
        {"name": ("string", "The volume."), "mountPath": ("string", "Where it is mounted.")},
    ),
}
_POD_SPEC: Fields = {
    "containers": ("[object]", "The containers that run in the pod.", _CONTAINER),
    "initContainers": ("[object]", "The containers that run before them, one after another.", _CONTAINER),
    "nodeName": ("string", "The node it runs on; set once by the scheduler."),
    "nodeSelector": ("map", "Labels that its node must have."),
    "restartPolicy": ("string", "Always, OnFailure or Never."),
    "terminationGracePeriodSeconds": ("integer", "Seconds that it has to end by itself when it is deleted."),
    "tolerations": ("[object]", "The taints of nodes it tolerates.", _TOLERATION),
    "priorityClassName": ("string", "How important it is compared with other pods."),
    "serviceAccountName": ("string", "The account it runs under."),
    "hostNetwork": ("boolean", "Whether it uses its node's network."),
    "volumes": ("[object]", "The volumes that its containers can mount.", {"name": ("string", "The volume's name.")}),
}
_REFERENCE: Fields = {
    name: ("string", f"The {name} of the object.")
    for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
}
_SELECTOR: Fields = {"matchLabels": ("map", "Labels that a pod must have.")}


def _workload(**more: tuple[Any, ...]) -> Fields:
    template = ("object", "The pods it creates.", {"spec": ("object", "What they are.", _POD_SPEC)})
    return {
        "spec": (
            "object",
            "What is wanted.",
            {"selector": ("object", "The pods that belong to it.", _SELECTOR), "template": template, **more},
        ),
        "status": ("object", "What is there."),
    }


_REPLICAS = ("integer", "How many pods are wanted.")

_BUDGET: Fields = {
    "minAvailable": ("string", "How many of the pods, or what share of them, must be left."),
    "maxUnavailable": ("string", "How many of the pods, or what share of them, may be missing."),
    "selector": ("object", "The pods it is about.", _SELECTOR),
    "unhealthyPodEvictionPolicy": ("string", "IfHealthyBudget, or AlwaysAllow: when pods that are not ready may go."),
}
_BUDGET_STATUS: Fields = {
    "disruptionsAllowed": ("integer", "How many of the pods may be evicted now."),
    "currentHealthy": ("integer", "How many of the pods are ready."),
    "desiredHealthy": ("integer", "How many must be."),
    "expectedPods": ("integer", "How many pods there should be."),
}

KINDS: Mapping[str, tuple[str, Fields]] = {
    "PodDisruptionBudget": (
        "A PodDisruptionBudget says how many pods of an application may be evicted at once.",
        {
            "spec": ("object", "What must be left.", _BUDGET),
            "status": ("object", "What that comes to now.", _BUDGET_STATUS),
        },
    ),
    "Node": (
        "A Node is a machine that runs pods.",
        {
            "spec": (
                "object",
                "How the node is to be used.",
                {
                    "unschedulable": ("boolean", "Whether the node is cordoned: no new pods are scheduled to it."),
                    "taints": ("[object]", "What keeps pods that do not tolerate it away.", _TAINT),
                    "podCIDR": ("string", "The addresses of its pods."),
                    "podCIDRs": ("[string]", "The same, for each address family."),
                    "providerID": ("string", "What the cloud provider calls it."),
                },
            ),
            "status": (
                "object",
                "How the node is.",
                {
                    "conditions": ("[object]", "What is known about its health.", _CONDITION),
                    "addresses": ("[object]", "How it is reached.", _ADDRESS),
                    "capacity": ("map", "All it has."),
                    "allocatable": ("map", "What of it pods can use."),
                    "nodeInfo": ("object", "What runs on it.", _SYSTEM),
                },
            ),
        },
    ),
    "Pod": (
        "A Pod is a group of containers that run together on one node.",
        {
            "spec": ("object", "What is to run, and how.", _POD_SPEC),
            "status": (
                "object",
                "How the pod is.",
                {
                    "phase": ("string", "Pending, Running, Succeeded, Failed or Unknown."),
                    "conditions": ("[object]", "How far it has come.", _CONDITION),
                    "podIP": ("string", "Its address."),
                    "startTime": ("string", "When its kubelet took it on."),
                    "reason": ("string", "Why it is the way it is, in one word."),
                    "message": ("string", "Why it is the way it is, in a sentence."),
                },
            ),
        },
    ),
    "Namespace": (
        "A Namespace is a scope for names.",
        {
            "spec": ("object", "How it is to be ended.", {"finalizers": ("[string]", "Who must let go of it first.")}),
            "status": ("object", "How it is.", {"phase": ("string", "Active, or Terminating.")}),
        },
    ),
    "Event": (
        "An Event says that something happened to an object.",
        {
            "involvedObject": ("object", "What it happened to.", _REFERENCE),
            "reason": ("string", "What happened, in one word."),
            "message": ("string", "What happened, in a sentence."),
            "type": ("string", "Normal or Warning."),
            "count": ("integer", "How often it happened."),
            "firstTimestamp": ("string", "When it happened first."),
            "lastTimestamp": ("string", "When it happened last."),
            "source": (
                "object",
                "Who says so.",
                {"component": ("string", "The program."), "host": ("string", "The node it runs on.")},
            ),
        },
    ),
    "Lease": (
        "A Lease says who holds something, and until when.",
        {
            "spec": (
                "object",
                "Who holds it.",
                {
                    "holderIdentity": ("string", "Who holds it."),
                    "leaseDurationSeconds": ("integer", "How long it is held without being renewed."),
                    "acquireTime": ("string", "When it was taken."),
                    "renewTime": ("string", "When it was renewed last."),
                    "leaseTransitions": ("integer", "How often it changed hands."),
                },
            )
        },
    ),
    "ConfigMap": (
        "A ConfigMap holds settings for pods to read.",
        {"data": ("map", "The settings."), "immutable": ("boolean", "Whether they can no longer be changed.")},
    ),
    "Secret": (
        "A Secret holds data that is not for everyone.",
        {
            "data": ("map", "The data, in base64."),
            "stringData": ("map", "The data as text; written only."),
            "type": ("string", "What it is for."),
        },
    ),
    "Service": (
        "A Service is one address for many pods.",
        {
            "spec": (
                "object",
                "How it is reached.",
                {
                    "type": ("string", "ClusterIP, NodePort, LoadBalancer or ExternalName."),
                    "clusterIP": ("string", "Its address."),
                    "selector": ("map", "Labels of its pods."),
                    "ports": (
                        "[object]",
                        "Its ports.",
                        {"port": ("integer", "The number."), "protocol": ("string", "TCP, UDP or SCTP.")},
                    ),
                },
            )
        },
    ),
    "ServiceAccount": ("A ServiceAccount is who a pod is to the API.", {}),
    "DaemonSet": ("A DaemonSet keeps one pod on each node.", _workload()),
    "Deployment": (
        "A Deployment keeps a number of pods, and replaces them step by step.",
        _workload(replicas=_REPLICAS),
    ),
    "ReplicaSet": ("A ReplicaSet keeps a number of equal pods.", _workload(replicas=_REPLICAS)),
    "StatefulSet": (
        "A StatefulSet keeps a number of pods that each have a name and storage of their own.",
        _workload(replicas=_REPLICAS, serviceName=("string", "The service that names them.")),
    ),
    "Job": (
        "A Job runs pods until enough have succeeded.",
        _workload(completions=("integer", "How many must succeed.")),
    ),
}
_METADATA: Fields = {
    "name": ("string", "The object's name, unique in its namespace."),
    "namespace": ("string", "The scope of the name."),
    "labels": ("map", "What the object can be selected by."),
    "annotations": ("map", "Notes that programs keep on the object."),
    "uid": ("string", "What tells this object from any other that ever was."),
    "resourceVersion": ("string", "Which state of the object this is."),
    "creationTimestamp": ("string", "When it was created."),
    "deletionTimestamp": ("string", "When it is to be gone."),
    "finalizers": ("[string]", "Who must let go of it before it can go."),
    "generateName": ("string", "The beginning of a name that the server completes."),
}


@lru_cache(maxsize=1)
def descriptions() -> Mapping[tuple[str, str], str]:
    """What a field is for, by the name of its type and its own; of the type itself under an empty name."""
    found = {("ObjectMeta", ""): "What all objects have."}
    _describe("ObjectMeta", fields_of("ObjectMeta"), _METADATA, found)
    for kind, (description, fields) in KINDS.items():
        found[kind, ""] = description
        found |= {
            (kind, "apiVersion"): "The group and version of this representation.",
            (kind, "kind"): "The kind of object this is.",
            (kind, "metadata"): "What all objects have.",
        }
        _describe(kind, fields_of_kind(kind) or {}, fields, found)
    return found


def _describe(struct: str, types: Mapping[str, Field], fields: Fields, found: dict[tuple[str, str], str]) -> None:
    for name, (_, description, *more) in fields.items():
        found.setdefault((struct, name), description)
        if more:
            kind = types[name].kind
            found.setdefault((kind, ""), description)
            _describe(kind, fields_of(kind), more[0], found)
