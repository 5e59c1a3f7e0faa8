"""The columns of namespaces, events, settings, services and workloads. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kconsole.lab.apiserver.label_selectors import requirements, written
from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import (
    AGE,
    NAME,
    NONE,
    UNKNOWN,
    Column,
    Printer,
    age_of,
    moment,
    since,
)
from kconsole.model.ages import human_duration


def _namespace(namespace: Object, now: datetime) -> list[Any]:
    return [namespace["metadata"]["name"], (namespace.get("status") or {}).get("phase", ""), age_of(namespace, now)]


def _lease(lease: Object, now: datetime) -> list[Any]:
    return [lease["metadata"]["name"], (lease.get("spec") or {}).get("holderIdentity", ""), age_of(lease, now)]


def _event(event: Object, now: datetime) -> list[Any]:
    about, source = event["involvedObject"], event.get("source") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = event.get("lastTimestamp") or first
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    component = source.get("component") or event.get("reportingComponent", "")
    host = source.get("host", "")
    return [
        since(last, now) if count == 1 or first is None else f"{since(last, now)} (x{count} over {since(first, now)})",
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        event.get("message", "").strip(),
        since(first, now),
        count,
        event["metadata"]["name"],
    ]


def _data(obj: Object, now: datetime) -> list[Any]:
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [obj["metadata"]["name"], count, age_of(obj, now)]


def _secret(secret: Object, now: datetime) -> list[Any]:
    return [secret["metadata"]["name"], secret.get("type", ""), len(secret.get("data") or {}), age_of(secret, now)]


def _account(account: Object, now: datetime) -> list[Any]:
    return [account["metadata"]["name"], len(account.get("secrets") or ()), age_of(account, now)]


def _pairs(labels: dict[str, str] | None) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def _service(service: Object, now: datetime) -> list[Any]:
    spec = service.get("spec") or {}
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    ]
    return [
        service["metadata"]["name"],
        spec.get("type", "ClusterIP"),
        spec.get("clusterIP") or NONE,
        ",".join(spec.get("externalIPs") or ()) or NONE,
        ",".join(ports) or NONE,
        age_of(service, now),
        _pairs(spec.get("selector")),
    ]


def _selected(selector: Object) -> str:
    # A replication controller has the labels themselves for a selector.
    is_plain = not isinstance(selector.get("matchLabels", selector.get("matchExpressions")), (dict, list))
    return written(requirements({"matchLabels": selector} if is_plain else selector)) or NONE


def _of_template(workload: Object) -> list[Any]:
    """The wide cells that all workloads share: containers, images, selector."""
    spec = workload.get("spec") or {}
    containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
    selector = spec.get("selector") or {}
    return [
        ",".join(container["name"] for container in containers),
        ",".join(container.get("image", "") for container in containers),
        _selected(selector),
    ]


def _numbers(workload: Object, *names: str) -> list[Any]:
    status = workload.get("status") or {}
    return [status.get(name, 0) for name in names]


def _wanted(workload: Object) -> int:
    return int((workload.get("spec") or {}).get("replicas", 1))


def _deployment(deployment: Object, now: datetime) -> list[Any]:
    ready, updated, available = _numbers(deployment, "readyReplicas", "updatedReplicas", "availableReplicas")
    name = deployment["metadata"]["name"]
    return [
        name,
        f"{ready}/{_wanted(deployment)}",
        updated,
        available,
        age_of(deployment, now),
        *_of_template(deployment),
    ]


def _replica_set(replicas: Object, now: datetime) -> list[Any]:
    numbers = _numbers(replicas, "replicas", "readyReplicas")
    return [replicas["metadata"]["name"], _wanted(replicas), *numbers, age_of(replicas, now), *_of_template(replicas)]


def _stateful_set(stateful: Object, now: datetime) -> list[Any]:
    (ready,) = _numbers(stateful, "readyReplicas")
    name = stateful["metadata"]["name"]
    return [name, f"{ready}/{_wanted(stateful)}", age_of(stateful, now), *_of_template(stateful)[:2]]


def _daemon_set(daemons: Object, now: datetime) -> list[Any]:
    numbers = _numbers(
        daemons,
        *("desiredNumberScheduled", "currentNumberScheduled", "numberReady"),
        *("updatedNumberScheduled", "numberAvailable"),
    )
    template = ((daemons.get("spec") or {}).get("template") or {}).get("spec") or {}
    where = _pairs(template.get("nodeSelector"))
    return [daemons["metadata"]["name"], *numbers, where, age_of(daemons, now), *_of_template(daemons)]


def _job(job: Object, now: datetime) -> list[Any]:
    spec, status = job.get("spec") or {}, job.get("status") or {}
    conditions = {one["type"] for one in status.get("conditions") or () if one.get("status") == "True"}
    state = next((name for name in ("Complete", "Failed", "Suspended") if name in conditions), "Running")
    start, end = status.get("startTime"), status.get("completionTime")
    took = ""
    if start:
        took = human_duration((moment(end) if end else now) - moment(start))
    done = f"{status.get('succeeded', 0)}/{spec.get('completions', 1)}"
    return [job["metadata"]["name"], state, done, took, age_of(job, now), *_of_template(job)]


def _plain(obj: Object, now: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or UNKNOWN]


_TEMPLATE = (
    Column("Containers", "The names of the containers.", priority=1),
    Column("Images", "The images of the containers.", priority=1),
    Column("Selector", "The labels that select the pods.", priority=1),
)


def _counts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, f"{name}: a number of pods.", type="integer", format="int32") for name in names)


PLAIN = Printer((NAME, Column("Created At", "When the object was created.", type="date")), _plain)

NAMESPACES = Printer((NAME, Column("Status", "Active, or Terminating."), AGE), _namespace)
LEASES = Printer((NAME, Column("Holder", "Who holds the lease."), AGE), _lease)
EVENTS = Printer(
    (
        Column("Last Seen", "When it happened last."),
        Column("Type", "Normal or Warning."),
        Column("Reason", "Why the object is the way it is, in one word."),
        Column("Object", "What it happened to."),
        Column("Subobject", "The part of the object.", priority=1),
        Column("Source", "Who says so.", priority=1),
        Column("Message", "What happened."),
        Column("First Seen", "When it happened first.", priority=1),
        Column("Count", "How often it happened.", priority=1),
        Column("Name", "The event's name.", format="name", priority=1),
    ),
    _event,
)
CONFIG_MAPS = Printer((NAME, Column("Data", "The number of entries."), AGE), _data)
SECRETS = Printer(
    (NAME, Column("Type", "What the secret is for."), Column("Data", "The number of entries."), AGE), _secret
)
ACCOUNTS = Printer((NAME, Column("Secrets", "The number of secrets."), AGE), _account)
SERVICES = Printer(
    (
        NAME,
        Column("Type", "How the service is reached."),
        Column("Cluster-IP", "Its address inside the cluster."),
        Column("External-IP", "Its address outside the cluster."),
        Column("Port(s)", "Its ports."),
        AGE,
        Column("Selector", "The labels that select its pods.", priority=1),
    ),
    _service,
)
DEPLOYMENTS = Printer(
    (NAME, Column("Ready", "Ready pods of those wanted."), *_counts("Up-to-date", "Available"), AGE, *_TEMPLATE),
    _deployment,
)
REPLICA_SETS = Printer((NAME, *_counts("Desired", "Current", "Ready"), AGE, *_TEMPLATE), _replica_set)
REPLICATION_CONTROLLERS = Printer(REPLICA_SETS.columns, _replica_set)
STATEFUL_SETS = Printer((NAME, Column("Ready", "Ready pods of those wanted."), AGE, *_TEMPLATE[:2]), _stateful_set)
DAEMON_SETS = Printer(
    (
        NAME,
        *_counts("Desired", "Current", "Ready", "Up-to-date", "Available"),
        Column("Node Selector", "The labels of the nodes it runs on."),
        AGE,
        *_TEMPLATE,
    ),
    _daemon_set,
)
JOBS = Printer(
    (
        NAME,
        Column("Status", "What the job is doing."),
        Column("Completions", "Completed pods of those wanted."),
        Column("Duration", "How long it took, or takes."),
        AGE,
        *_TEMPLATE,
    ),
    _job,
)
