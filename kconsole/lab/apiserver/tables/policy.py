"""The columns of budgets, endpoints, revisions, priorities, webhooks and cron jobs. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, NONE, UNSET, Column, Printer, age_of, since

_SHOWN = 3
"""Addresses that fit in a cell."""


def _budget(budget: Object, now: datetime) -> list[Any]:
    spec, status = budget.get("spec") or {}, budget.get("status") or {}
    bounds = [spec.get(name) for name in ("minAvailable", "maxUnavailable")]
    shown = ["N/A" if bound is None else str(bound) for bound in bounds]
    return [budget["metadata"]["name"], *shown, status.get("disruptionsAllowed", 0), age_of(budget, now)]


def _few(found: list[str], *, empty: str = NONE) -> str:
    more = f" + {len(found) - _SHOWN} more..." if len(found) > _SHOWN else ""
    return ",".join(found[:_SHOWN]) + more if found else empty


def _endpoints(endpoints: Object, now: datetime) -> list[Any]:
    found: list[str] = []
    for subset in endpoints.get("subsets") or ():
        addresses = [one.get("ip", "") for one in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        found += [f"{ip}:{port.get('port')}" for port in ports for ip in addresses] if ports else addresses
    return [endpoints["metadata"]["name"], _few(found), age_of(endpoints, now)]


def _slice(endpoints: Object, now: datetime) -> list[Any]:
    ports = [str(port.get("port", "*")) for port in endpoints.get("ports") or ()]
    addresses = [one for endpoint in endpoints.get("endpoints") or () for one in endpoint.get("addresses") or ()]
    return [
        endpoints["metadata"]["name"],
        endpoints.get("addressType", ""),
        _few(ports, empty=UNSET),
        _few(addresses, empty=UNSET),
        age_of(endpoints, now),
    ]


def _revision(revision: Object, now: datetime) -> list[Any]:
    owners = revision["metadata"].get("ownerReferences") or []
    owner = next((one for one in owners if one.get("controller")), None)
    shown = NONE
    if owner is not None:
        group = owner.get("apiVersion", "").rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [revision["metadata"]["name"], shown, revision.get("revision", 0), age_of(revision, now)]


def _priority(priority: Object, now: datetime) -> list[Any]:
    return [
        priority["metadata"]["name"],
        priority.get("value", 0),
        bool(priority.get("globalDefault")),
        age_of(priority, now),
        priority.get("preemptionPolicy", ""),
    ]


def _webhooks(configuration: Object, now: datetime) -> list[Any]:
    return [configuration["metadata"]["name"], len(configuration.get("webhooks") or ()), age_of(configuration, now)]


def _cron_job(cron: Object, now: datetime) -> list[Any]:
    spec, status = cron.get("spec") or {}, cron.get("status") or {}
    template = ((spec.get("jobTemplate") or {}).get("spec") or {}).get("template") or {}
    containers = (template.get("spec") or {}).get("containers") or []
    last = status.get("lastScheduleTime")
    return [
        cron["metadata"]["name"],
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        str(bool(spec.get("suspend"))),
        len(status.get("active") or ()),
        since(last, now) if last else NONE,
        age_of(cron, now),
        ",".join(container["name"] for container in containers),
        ",".join(container.get("image", "") for container in containers),
        NONE,
    ]


BUDGETS = Printer(
    (
        NAME,
        Column("Min Available", "How many of its pods must be left."),
        Column("Max Unavailable", "How many of its pods may be missing."),
        Column("Allowed Disruptions", "How many may be evicted now.", type="integer"),
        AGE,
    ),
    _budget,
)
ENDPOINTS = Printer((NAME, Column("Endpoints", "The addresses of the ready pods."), AGE), _endpoints)
ENDPOINT_SLICES = Printer(
    (
        NAME,
        Column("AddressType", "The family of the addresses."),
        Column("Ports", "The ports."),
        Column("Endpoints", "The addresses."),
        AGE,
    ),
    _slice,
)
REVISIONS = Printer(
    (NAME, Column("Controller", "Whose revision it is."), Column("Revision", "Its number."), AGE), _revision
)
PRIORITIES = Printer(
    (
        NAME,
        Column("Value", "How important its pods are.", type="integer"),
        Column("Global-Default", "Whether pods that name no class have it.", type="boolean"),
        AGE,
        Column("PreemptionPolicy", "Whether its pods push others out."),
    ),
    _priority,
)
WEBHOOKS = Printer(
    (NAME, Column("Webhooks", "How many webhooks it configures.", type="integer"), AGE),
    _webhooks,
)
CRON_JOBS = Printer(
    (
        NAME,
        Column("Schedule", "When its jobs begin."),
        Column("Timezone", "Where the schedule is read."),
        Column("Suspend", "Whether it rests.", type="boolean"),
        Column("Active", "How many of its jobs run.", type="integer"),
        Column("Last Schedule", "When the last one began."),
        AGE,
        Column("Containers", "The names of the containers.", priority=1),
        Column("Images", "The images of the containers.", priority=1),
        Column("Selector", "The labels that select the pods.", priority=1),
    ),
    _cron_job,
)
