"""Acting as somebody else: who, and the request headers that say so.

Whether it is allowed is the API server's business.
"""

from __future__ import annotations

from urllib.parse import quote

import msgspec


class Impersonation(msgspec.Struct, frozen=True):
    """The identity a request claims on top of its credentials; `extra` maps a key to its values."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str | None = None
    extra: dict[str, tuple[str, ...]] = {}

    def headers(self) -> list[tuple[str, str]]:
        """The headers in order; groups and extra values repeat theirs. Extra keys are percent-encoded."""
        found = [("Impersonate-User", self.user)]
        found += [("Impersonate-Group", group) for group in self.groups]
        found += [("Impersonate-Uid", self.uid)] if self.uid else []
        for key, values in self.extra.items():
            found += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in values]
        return found
