"""Pods as the API keeps them: the spec a server would have defaulted, and the status a kubelet posts for each state.

Pure: names, images and times in, API objects out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kconsole.lab.stamps import stamp

Object = dict[str, Any]

_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_DAEMON_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


@dataclass(frozen=True)
class Image:
    """A container image: `name` with its tag."""

    name: str
    size: int = 20_000_000

    @property
    def digest(self) -> str:
        """An invented digest, always the same for the same name."""
        return "sha256:" + hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def by_digest(self) -> str:
        """`repository@sha256:…`."""
        return f"{self.name.rpartition(':')[0]}@{self.digest}"


@dataclass(frozen=True)
class Shape:
    """What a pod of a workload looks like."""

    container: str
    image: Image
    requests: Mapping[str, str] = field(default_factory=dict)
    volumes: Sequence[Object] = ()
    mounts: Sequence[Object] = ()
    restart_policy: str = "Always"
    grace_seconds: int = 30
    host_network: bool = False
    daemon: bool = False
    command: Sequence[str] = ()
    tolerations: Sequence[Object] = ()


def template(shape: Shape) -> Object:
    """The spec of a pod template, without what only a bound pod has."""
    container: Object = {
        "image": shape.image.name,
        "imagePullPolicy": "IfNotPresent",
        "name": shape.container,
        "resources": {"requests": dict(shape.requests)} if shape.requests else {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    if shape.command:
        container["command"] = list(shape.command)
    if shape.mounts:
        container["volumeMounts"] = [dict(mount) for mount in shape.mounts]
    spec: Object = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": shape.restart_policy,
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": shape.grace_seconds,
    }
    if shape.host_network:
        spec["hostNetwork"] = True
    if shape.tolerations:
        spec["tolerations"] = [dict(toleration) for toleration in shape.tolerations]
    if shape.volumes:
        spec["volumes"] = [dict(volume) for volume in shape.volumes]
    return spec


def pod(
    name: str, namespace: str, shape: Shape, *, labels: Mapping[str, str], owner: Object | None, node: str | None
) -> Object:
    """A Pod, bound to `node` unless that is None. `owner` is a controller's ownerReference."""
    spec = template(shape)
    if shape.daemon:
        spec = tolerant(spec)
    spec = admitted(spec)
    if node:
        spec["nodeName"] = node
    metadata: Object = {"name": name, "namespace": namespace, "labels": dict(labels)}
    if owner:
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def tolerant(spec: Object) -> Object:
    """`spec` with the tolerations that every pod of a DaemonSet has."""
    wanted: list[Object] = [{"effect": effect, "key": key, "operator": "Exists"} for key, effect in _DAEMON_TOLERATED]
    if spec.get("hostNetwork"):
        wanted.append({"effect": "NoSchedule", "key": "node.kubernetes.io/network-unavailable", "operator": "Exists"})
    present = list(spec.get("tolerations") or [])
    return {**spec, "tolerations": present + [one for one in wanted if one not in present]}


def pinned(spec: Object, node: str) -> Object:
    """`spec` with an affinity for that node alone, as each pod of a DaemonSet has."""
    affinity = dict(spec.get("affinity") or {})
    required = {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]}
    affinity["nodeAffinity"] = {
        **(affinity.get("nodeAffinity") or {}),
        "requiredDuringSchedulingIgnoredDuringExecution": required,
    }
    return {**spec, "affinity": affinity}


def pinned_to(spec: Object) -> str:
    """The one node that `spec` is pinned to; empty when it is not."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    names = [
        field["values"]
        for term in terms
        for field in term.get("matchFields") or ()
        if field["key"] == "metadata.name" and field["operator"] == "In"
    ]
    return str(names[0][0]) if len(names) == 1 and len(names[0]) == 1 else ""


def admitted(spec: Object) -> Object:
    """`spec` as admission leaves it: a lost node is tolerated for five minutes, and somebody's account is used."""
    tolerations = list(spec.get("tolerations") or [])
    for key in _TOLERATED:
        if not any(_covers(one, key) for one in tolerations):
            tolerations.append({"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300})
    account = spec.get("serviceAccountName") or "default"
    given: Object = {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0}
    given |= {key: value for key, value in spec.items() if value is not None}
    return given | {"serviceAccount": account, "serviceAccountName": account, "tolerations": tolerations}


def _covers(toleration: Object, key: str) -> bool:
    """Whether somebody has decided already how the NoExecute taint `key` is tolerated."""
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")


def owner_reference(owner: Object) -> Object:
    """How a pod names the controller `owner`, which has been stored (it has a uid)."""
    return {
        "apiVersion": owner["apiVersion"],
        "blockOwnerDeletion": True,
        "controller": True,
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }


def running(body: Object, *, host_ip: str, pod_ip: str, now: dt.datetime, restarts: int = 0) -> Object:
    """The status of a pod all of whose containers run and are ready."""
    return _status(
        body, "Running", host_ip=host_ip, pod_ip=pod_ip, now=now, ready=True, restarts=restarts,
        state={"running": {"startedAt": stamp(now)}},
        last={"terminated": _terminated(1, "Error", now)} if restarts else {},
    )  # fmt: skip


def creating(body: Object, *, host_ip: str, now: dt.datetime) -> Object:
    """The status of a pod that its kubelet has taken up and whose containers do not run yet."""
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    return _status(body, "Pending", host_ip=host_ip, pod_ip=None, now=now, ready=False, restarts=0, state=waiting)


def completed(body: Object, *, host_ip: str, pod_ip: str, now: dt.datetime) -> Object:
    """The status of a pod that did its work and ended well."""
    state = {"terminated": _terminated(0, "Completed", now)}
    return _status(body, "Succeeded", host_ip=host_ip, pod_ip=pod_ip, now=now, ready=False, restarts=0, state=state)


def ended(body: Object, *, host_ip: str, pod_ip: str, now: dt.datetime, restarts: int, code: int) -> Object:
    """The status of a pod whose containers ended with `code`: Succeeded or Failed."""
    status = _status(
        body, "Succeeded", host_ip=host_ip, pod_ip=pod_ip, now=now, ready=False, restarts=restarts,
        state={"terminated": _terminated(code, "Error" if code else "Completed", now)},
    )  # fmt: skip
    if code:
        status["phase"] = "Failed"
        for condition in status["conditions"]:
            if condition.get("reason") == "PodCompleted":
                condition["reason"] = "PodFailed"
    return status


def carried_over(before: Object, after: Object) -> Object:
    """`after` with the times of `before` where nothing changed since, and the conditions that are not a kubelet's."""
    old = {one["type"]: one for one in before.get("conditions") or ()}
    conditions = []
    for one in after.get("conditions") or ():
        same = old.pop(one["type"], None)
        if same is not None and same["status"] == one["status"]:
            one = one | {"lastTransitionTime": same.get("lastTransitionTime")}
        conditions.append(one)
    new = after | {"conditions": [*old.values(), *conditions]}
    if before.get("startTime"):
        new["startTime"] = before["startTime"]
    was = {one["name"]: one for one in before.get("containerStatuses") or ()}
    new["containerStatuses"] = [_container_carried(was.get(one["name"]), one) for one in after["containerStatuses"]]
    return new


def _container_carried(before: Object | None, after: Object) -> Object:
    if before is None:
        return after
    since = (before.get("state") or {}).get("running", {}).get("startedAt")
    if since and "running" in after["state"] and before.get("restartCount") == after["restartCount"]:
        after = after | {"state": {"running": {"startedAt": since}}}
    ended_now = after["state"].get("terminated")
    if since and ended_now:
        after = after | {"state": {"terminated": ended_now | {"startedAt": since}}}
    last = (before.get("state") or {}).get("terminated")
    if last and "terminated" not in after["state"]:
        return after | {"lastState": {"terminated": last}}
    if before.get("lastState") and before.get("restartCount") == after["restartCount"]:
        return after | {"lastState": before["lastState"]}
    return after


def crash_looping(
    body: Object, *, host_ip: str, pod_ip: str, now: dt.datetime, restarts: int, backoff: float = 300.0
) -> Object:
    """The status of a pod whose container keeps ending and waits `backoff` seconds to be started again."""
    name, metadata = body["spec"]["containers"][0]["name"], body["metadata"]
    pod_name = f"{metadata['name']}_{metadata['namespace']}({metadata.get('uid', '')})"
    minutes, seconds = divmod(round(backoff), 60)
    wait = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    message = f"back-off {wait} restarting failed container={name} pod={pod_name}"
    return _status(
        body, "Running", host_ip=host_ip, pod_ip=pod_ip, now=now, ready=False, restarts=restarts,
        state={"waiting": {"reason": "CrashLoopBackOff", "message": message}},
        last={"terminated": _terminated(1, "Error", now)},
    )  # fmt: skip


def not_ready(body: Object, *, host_ip: str, pod_ip: str, now: dt.datetime, restarts: int) -> Object:
    """The status of a pod whose containers run but do not answer their probes."""
    return _status(
        body, "Running", host_ip=host_ip, pod_ip=pod_ip, now=now, ready=False, restarts=restarts,
        state={"running": {"startedAt": stamp(now)}},
        last={"terminated": _terminated(1, "Error", now)} if restarts else {},
    )  # fmt: skip


def unschedulable(body: Object, *, message: str, now: dt.datetime) -> Object:
    """The status of a pod that no node can take."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastProbeTime": None,
        "lastTransitionTime": stamp(now),
    }
    return {"phase": "Pending", "conditions": [condition], "qosClass": _quality(body)}


def bound(pod: Object, node: str, *, now: dt.datetime | None = None) -> Object:
    """`pod` placed on `node`, or with `now` the status that says so."""
    if now is None:
        return {**pod, "spec": {**pod["spec"], "nodeName": node}}
    status = pod.get("status") or {}
    others = [one for one in status.get("conditions") or () if one["type"] != "PodScheduled"]
    since: Object = {"lastProbeTime": None, "lastTransitionTime": stamp(now)}
    placed: Object = {"type": "PodScheduled", "status": "True", **since}
    return {**pod, "status": {**status, "conditions": [*others, placed]}}


def _status(
    body: Object,
    phase: str,
    *,
    host_ip: str,
    pod_ip: str | None,
    now: dt.datetime,
    ready: bool,
    restarts: int,
    state: Object,
    last: Object | None = None,
) -> Object:
    done = phase == "Succeeded"
    ready_condition = {"status": "True" if ready else "False"}
    if not ready:
        ready_condition["reason"] = "PodCompleted" if done else "ContainersNotReady"
        if not done:
            names = " ".join(c["name"] for c in body["spec"]["containers"])
            ready_condition["message"] = f"containers with unready status: [{names}]"
    common: Object = {"lastProbeTime": None, "lastTransitionTime": stamp(now)}
    conditions: list[Object] = [
        {"type": "PodReadyToStartContainers", "status": "True" if pod_ip and not done else "False", **common},
        {"type": "Initialized", "status": "True", **common},
        {"type": "Ready", **ready_condition, **common},
        {"type": "ContainersReady", **ready_condition, **common},
        {"type": "PodScheduled", "status": "True", **common},
    ]
    status: Object = {
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [
            _container(body, container, state=state, last=last or {}, ready=ready, restarts=restarts)
            for container in body["spec"]["containers"]
        ],
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
        "qosClass": _quality(body),
        "startTime": stamp(now),
    }
    if pod_ip:
        status |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    return status


def _container(body: Object, container: Object, *, state: Object, last: Object, ready: bool, restarts: int) -> Object:
    image = Image(container["image"])
    status: Object = {
        "image": image.name,
        "imageID": "",
        "lastState": last,
        "name": container["name"],
        "ready": ready,
        "restartCount": restarts,
        "started": ready,
        "state": state,
    }
    if state.get("waiting", {}).get("reason") != "ContainerCreating":
        seed = f"{body['metadata']['namespace']}/{body['metadata']['name']}/{container['name']}/{restarts}"
        status["containerID"] = "containerd://" + hashlib.sha256(seed.encode()).hexdigest()
        status["imageID"] = image.by_digest
    return status


def _terminated(code: int, reason: str, now: dt.datetime) -> Object:
    started = stamp(now - dt.timedelta(seconds=7))
    return {"exitCode": code, "finishedAt": stamp(now), "reason": reason, "startedAt": started}


def _quality(body: Object) -> str:
    asked = any(c.get("resources", {}).get("requests") for c in body["spec"]["containers"])
    return "Burstable" if asked else "BestEffort"
