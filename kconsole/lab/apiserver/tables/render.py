"""Tables and partial objects as bytes: what objects, lists and events become when a client asks for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from kconsole.lab.apiserver.custom import custom_printer
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables import others, policy, storage
from kconsole.lab.apiserver.tables.column import Printer
from kconsole.lab.apiserver.tables.nodes import NODES
from kconsole.lab.apiserver.tables.pods import PODS

_PRINTERS: Mapping[str, Printer] = {
    "nodes": NODES,
    "pods": PODS,
    "namespaces": others.NAMESPACES,
    "events": others.EVENTS,
    "leases": others.LEASES,
    "configmaps": others.CONFIG_MAPS,
    "secrets": others.SECRETS,
    "serviceaccounts": others.ACCOUNTS,
    "services": others.SERVICES,
    "deployments": others.DEPLOYMENTS,
    "replicasets": others.REPLICA_SETS,
    "statefulsets": others.STATEFUL_SETS,
    "daemonsets": others.DAEMON_SETS,
    "jobs": others.JOBS,
    "replicationcontrollers": others.REPLICATION_CONTROLLERS,
    "poddisruptionbudgets": policy.BUDGETS,
    "endpoints": policy.ENDPOINTS,
    "endpointslices": policy.ENDPOINT_SLICES,
    "controllerrevisions": policy.REVISIONS,
    "priorityclasses": policy.PRIORITIES,
    "validatingwebhookconfigurations": policy.WEBHOOKS,
    "cronjobs": policy.CRON_JOBS,
    "persistentvolumes": storage.VOLUMES,
    "persistentvolumeclaims": storage.CLAIMS,
    "storageclasses": storage.STORAGE_CLASSES,
    "volumeattachments": storage.ATTACHMENTS,
}


def printer_of(resource: Resource) -> Printer:
    """How `resource` is printed."""
    if resource.custom is not None:
        return custom_printer(resource)
    return _PRINTERS.get(resource.plural, others.PLAIN)


def partial(obj: Object, version: str) -> Object:
    """The object's metadata alone."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": obj["metadata"],
    }


def rows(resource: Resource, objs: Iterable[Object], now: datetime, *, version: str, include: str) -> list[Object]:
    """The table rows of `objs`. `include` is what comes with each: Metadata, Object or None."""
    cells = printer_of(resource).cells
    if include == "None":
        return [{"cells": cells(obj, now)} for obj in objs]
    if include == "Object":
        return [{"cells": cells(obj, now), "object": obj} for obj in objs]
    return [{"cells": cells(obj, now), "object": partial(obj, version)} for obj in objs]


def table(
    resource: Resource, metadata: Object, table_rows: list[Object], *, version: str, headers: bool = True
) -> bytes:
    """A Table; watches leave the headers out after the first."""
    columns = [column.definition() for column in printer_of(resource).columns] if headers else []
    return msgspec.json.encode(
        {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{version}",
            "metadata": metadata,
            "columnDefinitions": columns,
            "rows": table_rows,
        }
    )


def partial_list(objs: Iterable[Object], metadata: Object, *, version: str) -> bytes:
    """A PartialObjectMetadataList."""
    return msgspec.json.encode(
        {
            "kind": "PartialObjectMetadataList",
            "apiVersion": f"meta.k8s.io/{version}",
            "metadata": metadata,
            "items": [partial(obj, version) for obj in objs],
        }
    )
