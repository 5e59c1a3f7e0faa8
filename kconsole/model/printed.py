"""The cells that the API server prints of nodes and pods, which are what `kubectl get` shows.

Source: the server's own printers; held against cells recorded from a real one. Pure.
"""

from __future__ import annotations

from datetime import datetime

from kconsole.model.ages import age, human_duration
from kconsole.model.nodes import Node, address, roles, status_text
from kconsole.model.pods import Pod, last_restart, restarts

NONE, UNKNOWN = "<none>", "<unknown>"
NODE_COLUMNS = ("NAME", "STATUS", "ROLES", "AGE", "VERSION")
NODE_WIDE_COLUMNS = ("INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME")


def node_cells(node: Node, now: datetime) -> tuple[str, ...]:
    """A node's cells, the wide ones last."""
    info = node.info
    return (
        node.name,
        status_text(node),
        ",".join(roles(node)) or NONE,
        age(node.metadata.creation_timestamp, now),
        info.kubelet_version,
        address(node, "InternalIP") or NONE,
        address(node, "ExternalIP") or NONE,
        info.os_image or UNKNOWN,
        info.kernel_version or UNKNOWN,
        info.container_runtime_version or UNKNOWN,
    )


def restarts_cell(pod: Pod, now: datetime) -> str:
    """RESTARTS: how many, and how long ago the last one was."""
    count, last = restarts(pod), last_restart(pod)
    return f"{count} ({human_duration(now - last)} ago)" if count and last else str(count)
