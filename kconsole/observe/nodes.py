"""What is asked about nodes on demand: one node, some, all, how many pods one has, everything about one. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import datetime
from fractions import Fraction
from typing import TypeVar
from urllib.parse import quote

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.kube.session import Session
from kconsole.model.events import Event, decode_event, newest_first
from kconsole.model.nodes import Node, decode_node
from kconsole.model.pods import Pod, decode_pod
from kconsole.model.quantities import amounts, requested
from kconsole.observe.lists import PAGE, PARTIAL, all_of, pages

_NODES = "/api/v1/nodes"
_PODS = "/api/v1/pods"
_EVENTS = "/api/v1/events"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"

T = TypeVar("T")


class NodePage(msgspec.Struct, frozen=True):
    """Everything shown about one node. What could not be read is None, and `problems` says why."""

    node: Node
    pods: tuple[Pod, ...] | None
    """All its pods, finished ones too, by namespace and name."""
    events: tuple[Event, ...] | None
    """Newest first."""
    lease_renewed: datetime | None
    """When its kubelet last said that it is there; None without a lease too."""
    allocatable: dict[str, Fraction]
    requested: dict[str, Fraction] | None
    """What its unfinished pods request, by the scheduler's rule; `pods` is their number."""
    problems: tuple[str, ...]


class _LeaseSpec(msgspec.Struct, frozen=True, rename="camel"):
    renew_time: datetime | None = None


class _Lease(msgspec.Struct):
    spec: _LeaseSpec = _LeaseSpec()


async def get_node(session: Session, name: str) -> Node:
    """The node as it is now. Raises ApiError (404 when there is none)."""
    answer = await session.get(f"{_NODES}/{quote(name, safe='')}")
    try:
        return decode_node(answer)
    except (msgspec.DecodeError, UnicodeError) as problem:
        text = _("Node {name} could not be read: {problem}.")
        raise Unreachable(text.format(name=name, problem=problem)) from None


async def get_nodes(session: Session, names: Iterable[str]) -> dict[str, Node | None]:
    """Each of these nodes; None for one that does not exist."""

    async def one(name: str) -> Node | None:
        try:
            return await get_node(session, name)
        except ApiError as problem:
            if problem.status == 404:
                return None
            raise

    wanted = list(dict.fromkeys(names))
    found = await asyncio.gather(*(one(name) for name in wanted), return_exceptions=True)
    nodes: dict[str, Node | None] = {}
    for name, answer in zip(wanted, found, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        nodes[name] = answer
    return nodes


async def list_nodes(session: Session, *, selector: str = "", page: int = 100) -> list[Node]:
    """All nodes, or those that a label selector chooses (by the server's judgement)."""
    return await all_of(session, _NODES, {"labelSelector": selector} if selector else {}, decode_node, page=page)


async def pod_count(session: Session, node: str) -> int:
    """How many pods of the node are not finished; cheap: only their names are read."""
    chosen = {"fieldSelector": f"spec.nodeName={node},status.phase!=Succeeded,status.phase!=Failed"}
    return sum([len(objects) async for objects in pages(session, _PODS, chosen, accept=PARTIAL, page=PAGE)])


async def node_page(session: Session, name: str) -> NodePage:
    """Everything about one node, gathered in parallel. Raises ApiError when the node itself cannot be read."""
    node = await get_node(session, name)
    problems: list[str] = []

    async def known(found: Awaitable[T]) -> T | None:
        try:
            return await found
        except (ApiError, Unreachable) as problem:
            problems.append(str(problem))
            return None

    pods, events, renewed = await asyncio.gather(
        known(_pods_on(session, name)), known(_events_about(session, node)), known(_lease_renewed(session, name))
    )
    return NodePage(
        node=node,
        pods=None if pods is None else tuple(pods),
        events=None if events is None else tuple(events),
        lease_renewed=renewed,
        allocatable=amounts(node.allocatable),
        requested=None if pods is None else requested(pods),
        problems=tuple(problems),
    )


async def _pods_on(session: Session, node: str) -> list[Pod]:
    pods = await all_of(session, _PODS, {"fieldSelector": f"spec.nodeName={node}"}, decode_pod)
    return sorted(pods, key=lambda pod: (pod.namespace, pod.name))


async def _events_about(session: Session, node: Node) -> list[Event]:
    """Kubelets name the node as the uid of their events, controllers give its real one: both are asked for."""

    async def with_uid(uid: str) -> list[Event]:
        about = {"kind": "Node", "name": node.name, "uid": uid}
        chosen = ",".join(f"involvedObject.{key}={value}" for key, value in about.items())
        return await all_of(session, _EVENTS, {"fieldSelector": chosen}, decode_event)

    found = await asyncio.gather(*(with_uid(uid) for uid in dict.fromkeys((node.metadata.uid, node.name))))
    return newest_first([event for events in found for event in events])


async def _lease_renewed(session: Session, name: str) -> datetime | None:
    try:
        answer = await session.get(f"{_LEASES}/{quote(name, safe='')}")
        return msgspec.json.decode(answer, type=_Lease).spec.renew_time
    except ApiError as problem:
        if problem.status == 404:
            return None
        raise
    except (msgspec.DecodeError, UnicodeError):
        return None
