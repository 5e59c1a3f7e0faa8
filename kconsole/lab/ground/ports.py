"""Loopback ports for what must know its port before it starts (etcd, API servers, the balancer).

Taken below the range that systems hand out by themselves, so that a kept cluster finds its ports free again.
"""

from __future__ import annotations

import random
import socket

_RANGE = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports that nothing listened on a moment ago."""
    chance = random.SystemRandom()
    found: list[int] = []
    for port in chance.sample(_RANGE, len(_RANGE)):
        if len(found) == count:
            return found
        if is_free(port):
            found.append(port)
    raise OSError("no free loopback ports left between 20000 and 32000")


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback `port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
