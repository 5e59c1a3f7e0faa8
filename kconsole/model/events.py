"""Events: what the cluster's components said about an object, old style and new. Pure."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec

from kconsole.model.nodes import Meta, Wire

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class _Source(Wire, frozen=True):
    component: str | None = None


class _Series(Wire, frozen=True):
    count: int | None = None
    last_observed_time: datetime | None = None


class Event(Wire, frozen=True):
    """One event, as the API gave it; use the properties, since components fill different fields."""

    metadata: Meta = Meta()
    type: str | None = None
    reason: str | None = None
    message: str | None = None
    source: _Source | None = None
    reporting_component: str | None = None
    series: _Series | None = None
    repeated: int | None = msgspec.field(default=None, name="count")
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def count(self) -> int:
        """How often it happened."""
        return (self.series and self.series.count) or self.repeated or 1

    @property
    def last(self) -> datetime | None:
        """When it happened last."""
        seen = self.series.last_observed_time if self.series is not None else None
        return seen or self.last_timestamp or self.event_time or self.first_timestamp

    @property
    def component(self) -> str:
        """Who said it."""
        return (self.source and self.source.component) or self.reporting_component or ""


def newest_first(events: list[Event]) -> list[Event]:
    """The events, each once, by when they last happened."""
    once = {event.metadata.uid or f"{id(event)}": event for event in events}
    return sorted(once.values(), key=lambda event: event.last or _LONG_AGO, reverse=True)


_event_decoder = msgspec.json.Decoder(Event)


def decode_event(raw: bytes | msgspec.Raw) -> Event:
    """An Event from the JSON of one API object; raises msgspec.DecodeError when it is not one."""
    return _event_decoder.decode(raw)
