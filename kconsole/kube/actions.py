"""The writing half: the few requests that change a cluster. A read-only console never builds a Writer.

Sends exactly what it is told, once: a request whose answer was lost may have been carried out, so it is not repeated.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import Unreachable
from kconsole.kube.session import Session
from kconsole.model.nodes import Node, decode_node

FIELD_MANAGER = "kconsole"


class Writer:
    """Changes one cluster through its session's connection."""

    def __init__(self, session: Session) -> None:
        self._transport = session._transport  # the one door to writing

    async def patch_node(self, name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        """The node after a strategic merge patch, as kubectl's cordon sends it; `dry_run` checks and changes nothing.

        Raises ApiError when it was refused; Unreachable when it is not known whether it took effect.
        """
        params = {"fieldManager": FIELD_MANAGER} | ({"dryRun": "All"} if dry_run else {})
        answer = await self._transport.request(
            "PATCH",
            f"/api/v1/nodes/{quote(name, safe='')}",
            params,
            body=msgspec.json.encode(patch),
            content_type="application/strategic-merge-patch+json",
        )
        try:
            return decode_node(answer)
        except (msgspec.DecodeError, UnicodeError):
            text = _("The API server's answer to the change of node {name} could not be read; look at the node.")
            raise Unreachable(text.format(name=name)) from None
