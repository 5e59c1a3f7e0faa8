"""The addresses of pods: which are in use, and which comes next."""

from __future__ import annotations

import ipaddress


class PodAddresses:
    """The next address of each node's pod range, round and round, leaving out those that are in use."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}
        self._in_use: set[str] = set()

    def use(self, address: str) -> None:
        """`address` is a pod's already."""
        self._in_use.add(address)

    def free(self, address: str) -> None:
        """Its pod is gone."""
        self._in_use.discard(address)

    def next(self, cidr: str) -> str:
        """A free address in `cidr`; one in use when there is no other."""
        network = ipaddress.ip_network(cidr)
        size = network.num_addresses - 3
        for _ in range(size):
            count = self._given.get(cidr, 0)
            self._given[cidr] = count + 1
            address = str(network[2 + count % size])
            if address not in self._in_use:
                break
        self._in_use.add(address)
        return address
