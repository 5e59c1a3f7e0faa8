"""The columns of pods: READY, STATUS and RESTARTS as the real printer words them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, NONE, Column, Printer, age_of, human_duration, moment


def status_of(pod: Object) -> str:
    """The one word (or `Init:…`) for what a pod is doing."""
    status = pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or ""
    if any(_is(condition, "PodScheduled", reason="SchedulingGated") for condition in status.get("conditions") or ()):
        reason = "SchedulingGated"
    initialising, reason = _init_reason(pod, reason)
    if not initialising or _condition(pod, "Initialized"):
        reason = _container_reason(pod, reason)
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return reason


def _is(condition: Object, kind: str, *, reason: str) -> bool:
    return condition.get("type") == kind and condition.get("reason") == reason


def _condition(pod: Object, kind: str) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition.get("type") == kind and condition.get("status") == "True" for condition in conditions)


def _restartable(pod: Object) -> set[str]:
    """The init containers that are sidecars: they stay."""
    return {
        container["name"]
        for container in pod.get("spec", {}).get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    }


def _init_reason(pod: Object, reason: str) -> tuple[bool, str]:
    """Whether the pod is still initialising, and the reason that its init containers give."""
    statuses = (pod.get("status") or {}).get("initContainerStatuses") or []
    sidecars = _restartable(pod)
    total = len(pod.get("spec", {}).get("initContainers") or ())
    for at, container in enumerate(statuses):
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if container.get("name") in sidecars and container.get("started"):
            continue
        if ended is not None:
            return True, f"Init:{ended.get('reason') or _how_it_ended(ended)}"
        if waiting is not None and waiting.get("reason") not in (None, "", "PodInitializing"):
            return True, f"Init:{waiting['reason']}"
        return True, f"Init:{at}/{total}"
    return False, reason


def _how_it_ended(ended: Object) -> str:
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _container_reason(pod: Object, reason: str) -> str:
    has_running = False
    for container in reversed((pod.get("status") or {}).get("containerStatuses") or []):
        state = container.get("state") or {}
        ended, waiting = state.get("terminated"), state.get("waiting")
        if waiting is not None and waiting.get("reason"):
            reason = waiting["reason"]
        elif ended is not None:
            reason = ended.get("reason") or _how_it_ended(ended)
        elif container.get("ready") and state.get("running") is not None:
            has_running = True
    if reason == "Completed" and has_running:
        return "Running" if _condition(pod, "Ready") else "NotReady"
    return str(reason)


def _ready(pod: Object) -> str:
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    sidecars = _restartable(pod)
    counted = [c for c in status.get("initContainerStatuses") or () if c.get("name") in sidecars and c.get("started")]
    counted += status.get("containerStatuses") or []
    ready = sum(bool(one.get("ready")) and "terminated" not in (one.get("state") or {}) for one in counted)
    return f"{ready}/{len(spec.get('containers') or ()) + len(sidecars)}"


def _restarts(pod: Object, now: datetime) -> str:
    status = pod.get("status") or {}
    initialising = _init_reason(pod, "")[0]
    sidecars = _restartable(pod)
    of_init = status.get("initContainerStatuses") or []
    counted = of_init if initialising else [c for c in of_init if c.get("name") in sidecars]
    if not initialising:
        counted = counted + (status.get("containerStatuses") or [])
    count = sum(one.get("restartCount", 0) for one in counted)
    ends = [((one.get("lastState") or {}).get("terminated") or {}).get("finishedAt") for one in counted]
    last = max((end for end in ends if end), default=None)
    if not count or last is None:
        return str(count)
    return f"{count} ({human_duration((now - moment(last)).total_seconds())} ago)"


def _gates(pod: Object) -> str:
    gates = (pod.get("spec") or {}).get("readinessGates") or []
    met = sum(_condition(pod, gate.get("conditionType", "")) for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _address(status: Object) -> str:
    addresses = status.get("podIPs") or []
    return (addresses[0].get("ip") if addresses else status.get("podIP")) or NONE


def _cells(pod: Object, now: datetime) -> list[Any]:
    status = pod.get("status") or {}
    return [
        pod["metadata"]["name"],
        _ready(pod),
        status_of(pod),
        _restarts(pod, now),
        age_of(pod, now),
        _address(status),
        (pod.get("spec") or {}).get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(pod),
    ]


PODS = Printer(
    (
        NAME,
        Column("Ready", "How many of the containers are ready."),
        Column("Status", "What the pod is doing, or why it is not."),
        Column("Restarts", "How often its containers were started again, and when last."),
        AGE,
        Column("IP", "The pod's address.", priority=1),
        Column("Node", "The node the pod runs on.", priority=1),
        Column("Nominated Node", "The node being cleared for the pod.", priority=1),
        Column("Readiness Gates", "How many of its extra conditions hold.", priority=1),
    ),
    _cells,
)
