"""What the screens know besides the nodes, as one frozen value that is replaced whole.

Data only: banner, footer and refusals are pure functions of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from kconsole.tui.mode import Mode

STALE_AFTER = timedelta(seconds=10)
"""How long after the server's last word a lost connection makes the picture stale."""

LinkState = Literal["connecting", "live", "reconnecting", "stale"]


class Facts(msgspec.Struct, frozen=True):
    """The cluster that is looked at, who looks, and how fresh the picture is."""

    context: str = ""
    server: str = ""
    """The API server's version as it says it, empty until known."""
    user: str = ""
    acting_as: str | None = None
    mode: Mode = Mode()
    may_patch: Mapping[str, bool | None] = {}
    link: LinkState = "connecting"
    link_since: datetime | None = None
    heard: datetime | None = None
    """When the server last sent anything."""
    problem: str | None = None
    """What keeps the picture from being live, in one sentence."""
    complete: bool = False
    """Whether every node has been listed at least once."""
    operation: str | None = None
    """What is being done to the cluster, in a phrase."""

    def freshness(self, now: datetime) -> LinkState:
        """The state of the connection as it is shown: one that is not restored soon makes the picture stale."""
        if self.link == "reconnecting" and self.heard is not None and now - self.heard >= STALE_AFTER:
            return "stale"
        return self.link
