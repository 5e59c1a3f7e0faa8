"""Lists in pages: which entries a list request gets, at which resourceVersion, and how the next page is asked for."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

import msgspec

from kconsole.lab.apiserver.changes import Lost
from kconsole.lab.apiserver.entry import Entry
from kconsole.lab.apiserver.requests import number
from kconsole.lab.apiserver.resources import Resource
from kconsole.lab.apiserver.selectors import Selection
from kconsole.lab.apiserver.status import (
    ApiError,
    Object,
    bad_request,
    expired,
    expired_continue,
    failure,
    too_large_version,
)
from kconsole.lab.apiserver.store import Store

_INCONSISTENT = -1


@dataclass(frozen=True)
class Page:
    """Entries, and the list metadata that goes with them."""

    entries: list[Entry]
    metadata: Object


def bad_list_options(field: str, reason: str) -> ApiError:
    """422 about the parameters of a list or watch."""
    message = f'ListOptions.meta.k8s.io "" is invalid: {field}: {reason}'
    kind, _, rest = reason.partition(": ")
    cause = {"reason": f"FieldValue{kind.partition(' ')[0]}", "message": reason if rest else kind, "field": field}
    return failure(422, "Invalid", message, {"kind": "ListOptions", "group": "meta.k8s.io", "causes": [cause]})


def _encode(revision: int, start: str) -> str:
    token = msgspec.json.encode({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def _decode(token: str) -> tuple[int, str]:
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if found["v"] != "meta.k8s.io/v1":
            raise bad_request(f"continue key is not valid: server does not recognize this encoded version {found['v']}")
        return int(found["rv"]), str(found["start"])
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        raise bad_request("continue key is not valid: malformed value") from None


def resource_version(query: Mapping[str, str]) -> int | None:
    """The resourceVersion asked for; None when there is none, 400 when it is no number."""
    try:
        return number(query, "resourceVersion")
    except ApiError:
        text = query["resourceVersion"]
        raise bad_list_options(
            "resourceVersion", f'Invalid value: "{text}": strconv.ParseUint: invalid syntax'
        ) from None


def page_of(
    store: Store,
    resource: Resource,
    namespace: str | None,
    selection: Selection,
    query: Mapping[str, str],
    *,
    continue_expired: bool = False,
) -> Page:
    """The page that a list request asks for. `continue_expired` plays a history that was compacted between pages."""
    shelf, prefix = store.shelf(resource), resource.under(namespace)
    limit = number(query, "limit") or 0
    token, wanted = query.get("continue", ""), resource_version(query)
    match = query.get("resourceVersionMatch", "")
    _check(token, wanted, match)
    start = ""
    if token:
        revision, start = _decode(token)
        if revision == _INCONSISTENT:
            revision = store.revision
            entries = shelf.under(prefix)
        else:
            try:
                if continue_expired:
                    raise Lost(store.revision)
                entries = _at(store, resource, namespace, revision)
            except Lost:
                raise expired_continue(_encode(_INCONSISTENT, start)) from None
    elif match == "Exact" and wanted is not None:
        revision = wanted
        try:
            entries = _at(store, resource, namespace, revision)
        except Lost as lost:
            raise expired(revision, lost.oldest) from None
    else:
        if wanted is not None and wanted > store.revision:
            raise too_large_version(wanted, store.revision)
        if wanted == 0:
            # Served from the cache without paging, as the real server does.
            limit = 0
        revision = store.revision
        entries = shelf.selected(prefix, selection) if selection.wants(resource.indexed) else shelf.under(prefix)
    first = bisect_left(entries, prefix + start, key=attrgetter("key")) if start else 0
    return _cut(entries, first, limit, selection, revision, len(prefix))


def _check(token: str, wanted: int | None, match: str) -> None:
    if token and wanted:
        raise bad_request("specifying resource version is not allowed when using continue")
    if not match:
        return
    name = "resourceVersionMatch"
    if match not in ("Exact", "NotOlderThan"):
        supported = 'supported values: "Exact", "NotOlderThan", ""'
        raise bad_list_options(name, f'Unsupported value: "{match}": {supported}')
    if token:
        raise bad_list_options(name, f"Forbidden: {name} is forbidden when continue is provided")
    if wanted is None:
        raise bad_list_options(name, f"Forbidden: {name} is forbidden unless resourceVersion is provided")
    if match == "Exact" and wanted == 0:
        raise bad_list_options(name, f'Forbidden: {name} "Exact" is forbidden for resourceVersion "0"')


def _at(store: Store, resource: Resource, namespace: str | None, revision: int) -> list[Entry]:
    if revision > store.revision:
        raise too_large_version(revision, store.revision)
    return store.shelf(resource).under_at(resource.under(namespace), revision)


def _cut(entries: list[Entry], first: int, limit: int, selection: Selection, revision: int, skip: int) -> Page:
    metadata: Object = {"resourceVersion": str(revision)}
    if not selection:
        last = first + limit if limit else len(entries)
        chosen = entries[first:last]
    else:
        chosen, last = [], first
        for entry in entries[first:]:
            if limit and len(chosen) == limit:
                break
            last += 1
            if selection(entry.object):
                chosen.append(entry)
    if last < len(entries):
        metadata["continue"] = _encode(revision, entries[last - 1].key[skip:] + "\x00")
        if not selection:
            metadata["remainingItemCount"] = len(entries) - last
    return Page(chosen, metadata)
