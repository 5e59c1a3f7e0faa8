"""The paths that are no resource's: version, health, metrics, discovery, OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from kconsole.lab.apiserver import discovery, openapi, openapi_v2
from kconsole.lab.apiserver.backends import Unavailable
from kconsole.lab.apiserver.calls import Answer
from kconsole.lab.apiserver.faults import Faults
from kconsole.lab.apiserver.metrics import exposition
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.status import failure, no_such_path
from kconsole.lab.apiserver.store import Store

_CHECKS = (
    "ping",
    "log",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/rbac/bootstrap-roles",
)
_READY_CHECKS = ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_CHECKS[3:], "shutdown")
_HEALTH = {"/healthz": _CHECKS, "/livez": _CHECKS, "/readyz": _READY_CHECKS}
_TEXT = "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


async def answer(
    store: Store, faults: Faults, version: str, path: str, query: Mapping[str, str], accept: str
) -> Answer:
    """The answer for `path`; 404 when it is nothing here."""
    head, _, check = path[1:].partition("/")
    if f"/{head}" in _HEALTH:
        return await _health(store, head, check, verbose="verbose" in query)
    path = path.rstrip("/") or "/"
    resources = store.served.resources
    if path == "/metrics":
        return Answer(exposition(faults.deprecated), content_type=_METRICS)
    if faults.hides_evictions:
        resources = tuple(map(_without_evictions, resources))
    if path in ("/api", "/apis"):
        media_type = discovery.aggregated_media_type(accept, version)
        if media_type:
            document = discovery.aggregated(resources, core=path == "/api", media_type=media_type)
            return Answer(msgspec.json.encode(document), content_type=media_type)
    found = {
        "/version": lambda: discovery.version_document(version),
        "/api": discovery.core_versions,
        "/apis": lambda: discovery.group_list(resources),
        "/openapi/v3": lambda: openapi.index(resources),
    }.get(path, lambda: discovery.find_group(resources, path) or discovery.find_resource_list(resources, path))()
    if found is not None:
        return Answer(msgspec.json.encode(found))
    if path == "/openapi/v2":
        return Answer(openapi_v2.document(resources), content_type=openapi_v2.MEDIA_TYPE)
    document_bytes = openapi.find_document(resources, path)
    if document_bytes is None:
        raise no_such_path()
    return Answer(document_bytes)


def _without_evictions(resource: Resource) -> Resource:
    if resource.subresource("eviction") is None:
        return resource
    return replace(resource, subresources=tuple(sub for sub in resource.subresources if sub.name != "eviction"))


async def _health(store: Store, name: str, check: str, *, verbose: bool) -> Answer:
    checks = _HEALTH[f"/{name}"]
    if check:
        if check not in checks:
            raise no_such_path()
        checks = (check,)
    failed = set()
    if any(one.startswith("etcd") for one in checks):
        try:
            await store.check()
        except Unavailable:
            failed = {"etcd", "etcd-readiness"} & set(checks)
    if failed and check:
        raise failure(500, "InternalError", f"Internal error occurred: {check} failed")
    if not failed and (check or not verbose):
        return Answer(b"ok", content_type=_TEXT)
    lines = [f"[-]{one} failed: reason withheld" if one in failed else f"[+]{one} ok" for one in checks]
    lines.append(f"{name} check {'failed' if failed else 'passed'}")
    return Answer("\n".join([*lines, ""]).encode(), 500 if failed else 200, _TEXT)
