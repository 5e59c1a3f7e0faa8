"""Clusters for tests of the screens: nodes as the API would give them, and a fake connection fed with snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from kconsole.errors import KconsoleError
from kconsole.kube.errors import ApiError
from kconsole.kube.inventory import Link, NodeChanges
from kconsole.kube.kubeconfig import Context, LabEntry
from kconsole.model.nodes import Node
from kconsole.observe.nodes import NodePage
from kconsole.run.world import World
from kconsole.settings import Settings
from kconsole.tui.app import Console
from kconsole.tui.cluster import Cluster

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=timezone.utc)


def stamp(ago: timedelta) -> str:
    return (NOW - ago).isoformat()


def make_node(
    name: str,
    *,
    ready: str | None = "True",
    since: timedelta = timedelta(days=3),
    cordoned: bool = False,
    annotations: dict[str, str] | None = None,
    roles: tuple[str, ...] = (),
    version: str = "v1.33.4",
    labels: dict[str, str] | None = None,
    taints: tuple[dict[str, str], ...] = (),
    bad: tuple[str, ...] = (),
    created: timedelta = timedelta(days=3),
    pods: str | None = "110",
    uid: str | None = None,
) -> Node:
    """A node; everything not named is as a healthy worker has it."""
    conditions = [{"type": kind, "status": "True", "lastTransitionTime": stamp(timedelta(minutes=20))} for kind in bad]
    if ready is not None:
        conditions.append({"type": "Ready", "status": ready, "lastTransitionTime": stamp(since)})
    all_labels = {"kubernetes.io/hostname": name, **(labels or {})}
    all_labels |= {f"node-role.kubernetes.io/{role}": "" for role in roles}
    all_taints = list(taints)
    if cordoned:
        taint = {
            "key": "node.kubernetes.io/unschedulable",
            "effect": "NoSchedule",
            "timeAdded": stamp(timedelta(hours=3)),
        }
        all_taints.append(taint)
    return msgspec.convert(
        {
            "metadata": {
                "name": name,
                "uid": uid or f"uid-{name}",
                "creationTimestamp": stamp(created),
                "labels": all_labels,
                "annotations": annotations,
            },
            "spec": {"unschedulable": cordoned or None, "taints": all_taints},
            "status": {
                "conditions": conditions,
                "addresses": [{"type": "InternalIP", "address": "10.10.0.11"}],
                "nodeInfo": {
                    "kubeletVersion": version,
                    "osImage": "Ubuntu 24.04.2 LTS",
                    "kernelVersion": "6.8.0-60-generic",
                    "containerRuntimeVersion": "containerd://1.7.27",
                },
                "allocatable": {"pods": pods} if pods else {},
            },
        },
        Node,
    )


def by_name(*nodes: Node) -> dict[str, Node]:
    return {node.name: node for node in nodes}


def cordon_note(
    by: str = "kim@bastion", reason: str | None = "disk swap", ago: timedelta = timedelta(hours=3)
) -> dict[str, str]:
    note = {"kconsole.io/cordon-by": by, "kconsole.io/cordon-at": stamp(ago)}
    return {**note, "kconsole.io/cordon-reason": reason} if reason else note


class FakeWriter:
    """The writing half of a cluster in memory; `refuse` makes the API say no to a node."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.refuse: dict[str, str] = {}
        self.patched: list[tuple[str, dict[str, Any]]] = []

    async def patch_node(self, name: str, patch: dict[str, Any], *, dry_run: bool = False) -> Node:
        if name in self.refuse:
            raise ApiError(self.refuse[name], status=403, reason="Forbidden", message=self.refuse[name])
        self.patched.append((name, patch))
        node = self.cluster.truth[name]
        spec = msgspec.structs.replace(node.spec, unschedulable=patch["spec"]["unschedulable"])
        notes = {k: v for k, v in {**node.annotations, **patch["metadata"]["annotations"]}.items() if v is not None}
        changed = msgspec.structs.replace(
            node, spec=spec, metadata=msgspec.structs.replace(node.metadata, annotations=notes)
        )
        self.cluster.truth[name] = changed
        return changed


class FakeCluster:
    """A cluster that says what a test tells it to say, when it tells it: snapshots in, no clock, no network."""

    def __init__(self, *nodes: Node, context: str = "prod", lab: bool = False) -> None:
        entry = LabEntry("http://127.0.0.1:1", "token", "lab") if lab else None
        self.context = Context(context, context, "kim", "https://10.0.0.1:6443", "default", None, entry, True)
        self.acting_as: str | None = None
        self.truth: dict[str, Node] = by_name(*nodes)
        self.version = "v1.33.4"
        self.may: bool | None = True
        self.writer = FakeWriter(self)
        self.worlds = 0
        self.closed = False
        self.page: NodePage | KconsoleError | None = None
        self.link = Link("live", NOW, NOW, None)
        self._news: asyncio.Queue[NodeChanges] = asyncio.Queue()
        self.tell(*nodes)

    def tell(self, *nodes: Node, gone: Iterable[str] = (), complete: bool = True) -> None:
        """Let the watch bring this."""
        self.truth.update(by_name(*nodes))
        self._news.put_nowait(NodeChanges(by_name(*nodes), frozenset(gone), complete, self.link))

    def tell_truth(self, *names: str) -> None:
        """Let the watch bring these nodes as they are now."""
        self.tell(*(self.truth[name] for name in names))

    def tell_link(
        self, state: Any, problem: str | None = None, *, heard: timedelta = timedelta(0), complete: bool = True
    ) -> None:
        """Let the connection change."""
        self.link = Link(state, NOW, NOW - heard, problem)
        self.tell(complete=complete)

    async def changes(self) -> AsyncGenerator[NodeChanges, None]:
        while True:
            yield await self._news.get()

    async def server_version(self) -> str:
        return self.version

    async def whoami(self) -> str | None:
        return "kim"

    async def may_patch(self, resources: Iterable[str]) -> dict[str, bool | None]:
        return dict.fromkeys(resources, self.may)

    async def pod_count(self, node: Node) -> int:
        return len(node.name)

    async def node_page(self, name: str) -> NodePage:
        if isinstance(self.page, KconsoleError):
            raise self.page
        if self.page is not None:
            return self.page
        return NodePage(self.truth[name], (), (), NOW, {}, {}, ())

    def world(self) -> World:
        self.worlds += 1

        async def read(name: str) -> Node:
            return self.truth[name]

        async def pause(seconds: float) -> None:
            await asyncio.sleep(0)

        return World(read, self.writer, lambda: NOW, pause)

    async def close(self) -> None:
        self.closed = True


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


def console_on(
    *clusters: FakeCluster | KconsoleError,
    clock: Clock | None = None,
    contexts: Sequence[str] = ("prod", "lab"),
    **settings: Any,
) -> Console:
    """A console that opens these clusters, one after the other."""
    waiting = list(clusters)

    async def open_cluster(context: str | None, suspend: Any) -> Cluster:
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(found, KconsoleError):
            raise found
        return found

    return Console(
        Settings(**settings),
        open_cluster,
        lambda: [(name, f"https://{name}:6443") for name in contexts],
        context=None,
        now=clock or Clock(),
    )


def screen_lines(console: Console) -> list[str]:
    """What the terminal shows, line by line, without colours."""
    return [strip.text.rstrip() for strip in console.screen._compositor.render_strips()]


def screen_text(console: Console) -> str:
    return "\n".join(screen_lines(console))


async def until(console: Console, holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a fact; fails showing the screen."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, "\n" + screen_text(console)
        await asyncio.sleep(0.01)


async def until_text(console: Console, text: str) -> None:
    await until(console, lambda: text in screen_text(console))
