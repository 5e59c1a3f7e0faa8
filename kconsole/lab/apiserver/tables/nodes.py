"""The columns of nodes. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from kconsole.lab.apiserver.status import Object
from kconsole.lab.apiserver.tables.column import AGE, NAME, Column, Printer
from kconsole.model.nodes import Node
from kconsole.model.printed import node_cells


def _cells(node: Object, now: datetime) -> list[Any]:
    return list(node_cells(msgspec.convert(node, Node), now))


NODES = Printer(
    (
        NAME,
        Column("Status", "Whether the node is ready, and whether pods may be scheduled to it."),
        Column("Roles", "The roles that the node's labels give it."),
        AGE,
        Column("Version", "The version of the kubelet."),
        Column("Internal-IP", "The node's address inside the cluster.", priority=1),
        Column("External-IP", "The node's address outside the cluster.", priority=1),
        Column("OS-Image", "The operating system.", priority=1),
        Column("Kernel-Version", "The version of the kernel.", priority=1),
        Column("Container-Runtime", "The container runtime and its version.", priority=1),
    ),
    _cells,
)
