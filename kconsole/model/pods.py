"""Pods: the few fields used, and STATUS exactly as kubectl prints it.

Decodes JSON and answers questions about it; talks to nobody. Source of the STATUS rules: the API server's own printer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kconsole.model.nodes import Condition, Meta, Wire

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"


class OwnerReference(Wire, frozen=True):
    """Who owns the object; `controller` marks the one that recreates it."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class PodMeta(Meta, frozen=True):
    """Metadata with the owners, which decide what happens to a pod."""

    deletion_grace_period_seconds: int | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    finalizers: tuple[str, ...] | None = None


class _Waiting(Wire, frozen=True):
    reason: str | None = None


class _Terminated(Wire, frozen=True):
    reason: str | None = None
    exit_code: int = 0
    signal: int | None = None
    finished_at: datetime | None = None


class _State(Wire, frozen=True):
    waiting: _Waiting | None = None
    running: dict[str, Any] | None = None
    terminated: _Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    """One container, as its kubelet reports it."""

    name: str = ""
    ready: bool = False
    restart_count: int = 0
    started: bool | None = None
    state: _State = _State()
    last_state: _State = _State()


class _Resources(Wire, frozen=True):
    requests: dict[str, str | int] | None = None


class Container(Wire, frozen=True):
    """One container of the spec."""

    name: str = ""
    resources: _Resources | None = None
    restart_policy: str | None = None


class PodSpec(Wire, frozen=True):
    """The part of a pod's spec that is used."""

    node_name: str | None = None
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    overhead: dict[str, str | int] | None = None
    priority_class_name: str | None = None


class PodStatus(Wire, frozen=True):
    """The part of a pod's status that is used."""

    phase: str = ""
    reason: str | None = None
    conditions: tuple[Condition, ...] | None = None
    container_statuses: tuple[ContainerStatus, ...] | None = None
    init_container_statuses: tuple[ContainerStatus, ...] | None = None
    start_time: datetime | None = None


class Pod(Wire, frozen=True):
    """A pod, as the API gave it."""

    metadata: PodMeta = PodMeta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def name(self) -> str:
        """The pod's name, unique in its namespace at one time; the UID tells two of them apart."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """The pod's namespace."""
        return self.metadata.namespace or ""


def controller(pod: Pod) -> OwnerReference | None:
    """The owner that recreates the pod, if there is one."""
    return next((o for o in pod.metadata.owner_references or () if o.controller), None)


def is_mirror(pod: Pod) -> bool:
    """Whether it only mirrors a static pod of its node."""
    return MIRROR_ANNOTATION in (pod.metadata.annotations or {})


def is_finished(pod: Pod) -> bool:
    """Whether it will never run again."""
    return pod.status.phase in ("Succeeded", "Failed")


def is_ready(pod: Pod) -> bool:
    """Whether its Ready condition is True."""
    return condition_is_true(pod, "Ready")


def condition_is_true(pod: Pod, kind: str) -> bool:
    """Whether its condition of that type is True."""
    return any(c.type == kind and c.status == "True" for c in pod.status.conditions or ())


def ready_count(pod: Pod) -> tuple[int, int]:
    """READY as kubectl counts it: running ready containers, all containers (restartable init containers count)."""
    sidecars = {c.name for c in pod.spec.init_containers or () if c.restart_policy == "Always"}
    statuses = [*(pod.status.container_statuses or ())]
    sidecar_statuses = [s for s in pod.status.init_container_statuses or () if s.name in sidecars]
    ready = sum(s.ready and s.state.running is not None for s in statuses)
    ready += sum(s.ready and bool(s.started) for s in sidecar_statuses)
    return ready, len(pod.spec.containers or ()) + len(sidecars)


def restarts(pod: Pod) -> int:
    """RESTARTS as kubectl counts them (of the containers, or of the init containers while they run)."""
    return sum(status.restart_count for status in _restarting(pod))


def last_restart(pod: Pod) -> datetime | None:
    """When one of the containers that `restarts` counts last ended, if that is known."""
    ends = [status.last_state.terminated for status in _restarting(pod)]
    return max((end.finished_at for end in ends if end is not None and end.finished_at), default=None)


def _restarting(pod: Pod) -> list[ContainerStatus]:
    of_init = pod.status.init_container_statuses or ()
    if _init_status(pod)[1]:
        return list(of_init)
    sidecars = {c.name for c in pod.spec.init_containers or () if c.restart_policy == "Always"}
    return [*(pod.status.container_statuses or ()), *(s for s in of_init if s.name in sidecars)]


def status_text(pod: Pod) -> str:
    """STATUS as `kubectl get pods` prints it."""
    reason, initializing = _init_status(pod)
    if not initializing:
        reason = _container_status(pod, reason)
    if pod.metadata.deletion_timestamp is not None:
        if pod.status.reason == "NodeLost":
            return "Unknown"
        if pod.status.phase not in ("Failed", "Succeeded"):
            return "Terminating"
    return reason


def _ended(terminated: _Terminated) -> str:
    if terminated.reason:
        return terminated.reason
    return f"Signal:{terminated.signal}" if terminated.signal else f"ExitCode:{terminated.exit_code}"


def _init_status(pod: Pod) -> tuple[str, bool]:
    """The reason so far, and whether init containers decide it (not once the pod says Initialized)."""
    reason, initializing = _init_reason(pod)
    return reason, initializing and not condition_is_true(pod, "Initialized")


def _init_reason(pod: Pod) -> tuple[str, bool]:
    reason = pod.status.reason or pod.status.phase
    for gate in pod.status.conditions or ():
        if gate.type == "PodScheduled" and gate.reason == "SchedulingGated":
            reason = "SchedulingGated"
    containers = {c.name: c for c in pod.spec.init_containers or ()}
    for i, status in enumerate(pod.status.init_container_statuses or ()):
        ended, waiting = status.state.terminated, status.state.waiting
        if ended is not None and ended.exit_code == 0:
            continue
        spec = containers.get(status.name)
        if spec is not None and spec.restart_policy == "Always" and status.started:
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}", True
        if waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
            return f"Init:{waiting.reason}", True
        return f"Init:{i}/{len(containers)}", True
    return reason, False


def _container_status(pod: Pod, reason: str) -> str:
    running = False
    for status in reversed(pod.status.container_statuses or ()):
        state = status.state
        if state.waiting is not None and state.waiting.reason:
            reason = state.waiting.reason
        elif state.terminated is not None:
            reason = _ended(state.terminated)
        elif status.ready and state.running is not None:
            running = True
    if reason == "Completed" and running:
        return "Running" if condition_is_true(pod, "Ready") else "NotReady"
    return reason


_pod_decoder = msgspec.json.Decoder(Pod)


def decode_pod(raw: bytes | msgspec.Raw) -> Pod:
    """A Pod from the JSON of one API object; raises msgspec.DecodeError when it is not one."""
    return _pod_decoder.decode(raw)
