"""Thousands of nodes of realistic size, and changes to them on request, for benchmarks.

The nodes are made by arithmetic from the seed; most of their 12 KB is images, as on real nodes. They have no folders
and no processes; their heartbeats are those of any other kubelet.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any

from kconsole.lab.access import Api, ApiAway
from kconsole.lab.ground.topology import Machine
from kconsole.lab.kubelets.kubelet import Kubelet
from kconsole.lab.stamps import stamp

Object = dict[str, Any]

MOST_WITH_FOLDERS = 200
"""Workers beyond this number are a fleet: no folders, and the bulk of real nodes instead."""
MOST_WITH_PODS = 200
"""Workers of a fleet that run pods; on the others only the nodes themselves matter."""
WITH_PODS = {"fleet.example/pods": "true"}
"""What the DaemonSets of a fleet ask of a node."""
_OLDEST_DAYS = 400
_IMAGES = 42
_ZONES = "abc"
_TICK_SECONDS = 0.1


def images(machine: Machine, seed: int) -> list[tuple[str, int]]:
    """The images on a node of a fleet: two names each, by digest and by tag, as one entry a name."""
    digests = hashlib.shake_128(f"{seed}/{machine.name}/images".encode()).hexdigest(_IMAGES * 32)
    return [
        (f"registry.example/team-{i % 9}/service-{i}@sha256:{digests[64 * i : 64 * i + 64]}", 10**7 * (1 + i % 40))
        for i in range(_IMAGES)
    ]


def with_bulk(node: Object, machine: Machine, seed: int, now: dt.datetime, *, pods: bool) -> Object:
    """`node` with the age, labels, annotations and image tags of one that has been there for long."""
    number = machine.machine_id[:8]
    zone = f"eu-1{_ZONES[int(number, 16) % len(_ZONES)]}"
    node["metadata"]["labels"] |= {
        "topology.kubernetes.io/region": "eu-1",
        "topology.kubernetes.io/zone": zone,
        "node.kubernetes.io/instance-type": "general.4x",
        **(WITH_PODS if pods else {}),
        **{f"fleet.example/label-{i}": f"value-{i}-{number[:2]}" for i in range(12)},
    }
    days = int(number, 16) % (_OLDEST_DAYS * 86_400) / 86_400 + 2
    node["metadata"]["creationTimestamp"] = stamp(now - dt.timedelta(days=days))
    node["metadata"]["annotations"] |= {
        f"fleet.example/annotation-{i}": f'{{"revision":{i},"digest":"{machine.machine_id}"}}' for i in range(10)
    }
    for place, image in enumerate(node["status"]["images"]):
        name = image["names"][0].partition("@")[0]
        image["names"].append(f"{name}:1.{place}.{seed % 10}")
    return node


class Churn:
    """Changes of nodes at a steady rate: pressure comes and goes, heartbeats move, now and then a node is not ready."""

    def __init__(self, kubelets: Mapping[str, Kubelet], api: Api, seed: int) -> None:
        self._kubelets = kubelets
        self._api = api
        self._chance = random.Random(seed)  # noqa: S311 - which node changes next
        self.changes = 0

    async def run(self, rate: float) -> None:
        """`rate` changes a second until cancelled; what the server cannot keep up with is not made up for."""
        loop = asyncio.get_running_loop()
        names: Sequence[str] = sorted(self._kubelets)
        due = loop.time()
        for _ in itertools.count():
            batch = max(1, round(rate * _TICK_SECONDS))
            for _ in range(batch):
                await self._change(self._chance.choice(names))
                await asyncio.sleep(0)
            due = max(due + batch / rate, loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _change(self, name: str) -> None:
        draw = self._chance.random()

        def flip(node: Object) -> Object:
            for condition in node["status"]["conditions"]:
                if draw < 0.1 and condition["type"] == "Ready":
                    _set(condition, ready=condition["status"] != "True")
                elif condition["type"] == "MemoryPressure":
                    pressed = draw > 0.8
                    condition["status"] = "True" if pressed else "False"
            node["metadata"]["annotations"]["fleet.example/churn"] = str(self.changes)
            return node

        try:
            await self._api.change("nodes", None, name, flip, subresource="status")
            self.changes += 1
        except ApiAway:
            await asyncio.sleep(0.1)


def _set(condition: Object, *, ready: bool) -> None:
    condition["status"] = "True" if ready else "False"
    condition["reason"] = "KubeletReady" if ready else "KubeletNotReady"
    message = "kubelet is posting ready status" if ready else "container runtime is down"
    condition["message"] = message
