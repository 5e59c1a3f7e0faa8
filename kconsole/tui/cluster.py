"""The cluster, as the screens see it: what they may ask, and the real one that answers.

Joins `kube`, `observe` and `run` for one context. The writing half comes into being only when `world` is called, which
read-only screens never do. Heavy imports happen when a cluster is opened, after the first frame is painted.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from kconsole.kube.inventory import Inventory, NodeChanges
    from kconsole.kube.kubeconfig import Context
    from kconsole.kube.session import Session
    from kconsole.model.nodes import Node
    from kconsole.observe.nodes import NodePage
    from kconsole.run.world import World

Now = Callable[[], datetime]
Suspend = Callable[[], AbstractContextManager[Any]]


class Cluster(Protocol):
    """One cluster that is being looked at."""

    @property
    def context(self) -> Context:
        """The context it was opened with."""

    @property
    def acting_as(self) -> str | None:
        """Whom this user impersonates."""

    def changes(self) -> AsyncGenerator[NodeChanges, None]:
        """What changed since it was last taken, for ever."""

    async def server_version(self) -> str:
        """The API server's version, such as v1.33.4."""

    async def whoami(self) -> str | None:
        """Who the API server says we are; None when it does not say."""

    async def may_patch(self, resources: Iterable[str]) -> dict[str, bool | None]:
        """Whether this user may patch these; None where it could not be found out."""

    async def pod_count(self, node: Node) -> int:
        """How many pods that are not finished a node has."""

    async def node_page(self, name: str) -> NodePage:
        """All about one node."""

    def world(self) -> World:
        """The writing half."""

    async def close(self) -> None:
        """End watches and connections."""


Opener = Callable[[str | None, Suspend], Awaitable[Cluster]]


class LiveCluster:
    """A cluster behind a kubeconfig context."""

    def __init__(self, session: Session, inventory: Inventory, now: Now, acting_as: str | None) -> None:
        self._session = session
        self._inventory = inventory
        self._now = now
        self.context = session.context
        self.acting_as = acting_as or session.context.impersonate
        self._watching = asyncio.create_task(inventory.run())

    def changes(self) -> AsyncGenerator[NodeChanges, None]:
        """See Cluster."""
        return cast("AsyncGenerator[NodeChanges, None]", self._inventory.changes())

    async def server_version(self) -> str:
        """See Cluster."""
        return await self._session.server_version()

    async def whoami(self) -> str | None:
        """See Cluster."""
        return await self._session.whoami()

    async def may_patch(self, resources: Iterable[str]) -> dict[str, bool | None]:
        """See Cluster."""
        from kconsole.observe.access import Verb, allowed

        verbs = {resource: Verb("patch", resource) for resource in resources}
        answers = await allowed(self._session, verbs.values())
        return {resource: answers[verb] for resource, verb in verbs.items()}

    async def pod_count(self, node: Node) -> int:
        """See Cluster."""
        from kconsole.observe.nodes import pod_count

        return await pod_count(self._session, node.name)

    async def node_page(self, name: str) -> NodePage:
        """See Cluster."""
        from kconsole.observe.nodes import node_page

        return await node_page(self._session, name)

    def world(self) -> World:
        """See Cluster."""
        from kconsole.kube.actions import Writer
        from kconsole.observe.nodes import get_node
        from kconsole.run.world import World

        return World(partial(get_node, self._session), Writer(self._session), self._now, asyncio.sleep)

    async def close(self) -> None:
        """See Cluster."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._session.close()


def live(kubeconfig: str | None, now: Now, *, as_user: str | None = None, as_groups: tuple[str, ...] = ()) -> Opener:
    """Opens contexts of this kubeconfig. What it returns takes a context's name (None: the current one), and what gives
    the terminal away while a credential plugin asks something."""

    async def open_cluster(context: str | None, suspend: Suspend) -> Cluster:
        # In a thread: these imports take half a second, in which the console must answer keys.
        for module in ("kconsole.kube.session", "kconsole.kube.inventory"):
            await asyncio.to_thread(importlib.import_module, module)
        from kconsole.kube.impersonation import Impersonation
        from kconsole.kube.inventory import Inventory
        from kconsole.kube.session import Session

        impersonation = Impersonation(as_user, as_groups) if as_user else None
        session = await Session.open(kubeconfig, context, impersonate=impersonation, interactive=suspend, now=now)
        return LiveCluster(session, Inventory(session, now=now), now, as_user)

    return open_cluster
