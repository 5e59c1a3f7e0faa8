"""What steps act on: the ports through which the engine reaches the cluster, so that tests can hand in others.

Only names what is needed; the real parts live in `kube/` and `observe/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from kconsole.model.nodes import Node


class NodeWriter(Protocol):
    """The writing half of the API; a read-only run has none."""

    async def patch_node(self, name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        """Apply a strategic merge patch and return the node as the API then has it."""


class World(msgspec.Struct, frozen=True):
    """The cluster as steps see it. `pause` waits that many seconds; tests hand in one that does not."""

    read_node: Callable[[str], Awaitable[Node]]
    writer: NodeWriter
    now: Callable[[], datetime]
    pause: Callable[[float], Awaitable[None]]
