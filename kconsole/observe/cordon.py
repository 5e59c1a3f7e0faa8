"""What a cordon plan is computed from: every node of the cluster, and whether this user may patch them."""

from __future__ import annotations

import asyncio

import msgspec

from kconsole.kube.session import Session
from kconsole.model.nodes import Node
from kconsole.observe.access import Verb, allowed
from kconsole.observe.nodes import list_nodes

PATCH_NODES = Verb("patch", "nodes")


class CordonFacts(msgspec.Struct, frozen=True):
    """`may_patch` is None when the API would not say."""

    picture: dict[str, Node]
    may_patch: bool | None


async def cordon_facts(session: Session) -> CordonFacts:
    """Ask the cluster, reading only."""
    nodes, may = await asyncio.gather(list_nodes(session), allowed(session, [PATCH_NODES]))
    return CordonFacts({node.name: node for node in nodes}, may[PATCH_NODES])
