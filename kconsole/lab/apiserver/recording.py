"""Events (core v1): what one looks like, and how the same thing happening again is counted. Pure."""

from __future__ import annotations

from datetime import datetime

from kconsole.lab.apiserver.objects import timestamp
from kconsole.lab.apiserver.status import Object

LIFETIME = 3600
"""Seconds after which an event that did not happen again is forgotten."""


def reference(obj: Object) -> Object:
    """An ObjectReference to `obj`; an ObjectReference is returned as it is."""
    if "metadata" not in obj:
        return obj
    metadata = obj["metadata"]
    found = {
        "kind": obj["kind"],
        "apiVersion": obj["apiVersion"],
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {key: value for key, value in found.items() if value}


def key_of(about: Object, kind: str, reason: str, message: str, source: Object) -> tuple[str, ...]:
    """What makes two happenings the same event."""
    where = (about.get("kind", ""), about.get("namespace", ""), about["name"], about.get("uid", ""))
    return (*where, about.get("fieldPath", ""), kind, reason, message, source["component"], source.get("host", ""))


def first(about: Object, kind: str, reason: str, message: str, source: Object, *, now: datetime, suffix: str) -> Object:
    """The Event for something that happened now for the first time."""
    at = timestamp(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{about['name']}.{suffix}", "namespace": about.get("namespace") or "default"},
        "involvedObject": about,
        "reason": reason,
        "message": message,
        "source": source,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
        "type": kind,
        "eventTime": None,
        "reportingComponent": source["component"],
        "reportingInstance": source.get("host", ""),
    }


def again(event: Object, *, now: datetime) -> Object:
    """`event`, happened once more."""
    return {**event, "count": event["count"] + 1, "lastTimestamp": timestamp(now)}
