"""The log of a container, told from what the API knows of it: when it started, what it runs, how it ended. Pure.

Nothing runs in the pods of this cluster, so a log says no more than the pod's own status does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from kconsole.lab.apiserver.objects import timestamp
from kconsole.lab.apiserver.requests import number, truth
from kconsole.lab.apiserver.status import Object, bad_request, failure
from kconsole.lab.apiserver.tables.column import moment


@dataclass(frozen=True)
class LogOptions:
    """Which part of which log is asked for."""

    container: str = ""
    previous: bool = False
    tail: int | None = None
    since: int | None = None
    """Seconds."""
    largest: int | None = None
    """Bytes."""
    timestamps: bool = False


def options_of(pod_name: str, query: Mapping[str, str]) -> LogOptions:
    """The options in a request; 400 for what is no number, 422 for what is below zero."""
    numbers = {name: number(query, name) for name in ("tailLines", "sinceSeconds", "limitBytes")}
    for name, least in (("tailLines", 0), ("sinceSeconds", 1), ("limitBytes", 1)):
        value = numbers[name]
        if value is not None and value < least:
            bound = "greater than 0" if least else "greater than or equal to 0"
            message = f"Invalid value: {value}: must be {bound}"
            cause = {"reason": "FieldValueInvalid", "message": message, "field": name}
            details = {"name": pod_name, "kind": "PodLogOptions", "causes": [cause]}
            raise failure(422, "Invalid", f'PodLogOptions "{pod_name}" is invalid: {name}: {message}', details)
    return LogOptions(
        query.get("container", ""),
        truth(query, "previous"),
        numbers["tailLines"],
        numbers["sinceSeconds"],
        numbers["limitBytes"],
        truth(query, "timestamps"),
    )


def container_of(pod: Object, asked: str) -> Object:
    """The container meant; 400 when it is none of the pod's, or when it must be said which."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    of_pod = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    names = [one["name"] for one in of_pod]
    if not asked and len(names) > 1:
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]",
        )
    if asked and asked not in names:
        raise bad_request(f"container {asked} is not valid for pod {name}")
    return next(one for one in of_pod if asked in ("", one["name"]))


def text(pod: Object, asked: LogOptions, now: datetime) -> bytes:
    """The log; 400 when the container has none (yet)."""
    container = container_of(pod, asked.container)
    name = container["name"]
    status = _status(pod, name)
    state: Object = status.get("lastState") or {} if asked.previous else status.get("state") or {}
    if asked.previous and "terminated" not in state:
        raise bad_request(f'previous terminated container "{name}" in pod "{pod["metadata"]["name"]}" not found')
    if "running" not in state and "terminated" not in state:
        # A container that waits after a crash still has the log of its last run.
        state = status.get("lastState") or {}
    if "running" not in state and "terminated" not in state:
        reason = (status.get("state") or {}).get("waiting", {}).get("reason", "ContainerCreating")
        message = f'container "{name}" in pod "{pod["metadata"]["name"]}" is waiting to start: {reason}'
        raise bad_request(message)
    lines = _lines(container, state, now)
    if asked.since is not None:
        lines = [line for line in lines if line[0] >= now - timedelta(seconds=asked.since)]
    if asked.tail is not None:
        lines = lines[len(lines) - min(asked.tail, len(lines)) :]
    written = "".join(f"{_nanoseconds(at)} {line}\n" if asked.timestamps else f"{line}\n" for at, line in lines)
    return written.encode()[: asked.largest]


def has_ended(pod: Object, container: str) -> bool:
    """Whether nothing more will be added to the container's log."""
    return "running" not in (_status(pod, container_of(pod, container)["name"]).get("state") or {})


def _status(pod: Object, container: str) -> Object:
    status = pod.get("status") or {}
    of_pod = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return next((one for one in of_pod if one["name"] == container), {})


def _lines(container: Object, state: Object, now: datetime) -> list[tuple[datetime, str]]:
    ended = state.get("terminated")
    start = moment((ended or state["running"]).get("startedAt") or timestamp(now))
    command = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
    lines = [f"{container['name']}: image {container.get('image', '')}"]
    lines += [f"{container['name']}: running {command}"] if command else []
    lines.append(f"{container['name']}: started")
    found = [(start, line) for line in lines]
    if ended:
        end = moment(ended.get("finishedAt") or timestamp(now))
        code, reason = ended.get("exitCode", 0), ended.get("reason", "")
        found.append((end, f"{container['name']}: ended with exit code {code}{f' ({reason})' if reason else ''}"))
    return found


def _nanoseconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
