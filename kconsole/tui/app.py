"""The console: one app, the cluster it looks at, and what is asked of it.

Joins screens, store and cluster; holds no rule. What changes a cluster goes through a plan and its confirmation, and
every change comes back through the watch.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.model.nodes import Node
from kconsole.model.versions import parse_version
from kconsole.settings import Settings
from kconsole.tui import questions, themes
from kconsole.tui.ascii_only import AsciiOnly
from kconsole.tui.background import start
from kconsole.tui.cluster import Cluster, Now, Opener, live
from kconsole.tui.cordoning import Cordoning, carry_out
from kconsole.tui.facts import Facts
from kconsole.tui.keys import KEYS, keys_of
from kconsole.tui.messages import Message, Messages
from kconsole.tui.modals.choice import Choice
from kconsole.tui.modals.confirm import Consent
from kconsole.tui.mode import Mode
from kconsole.tui.own_errors import own_error
from kconsole.tui.palette import CONTEXT, KEY, THEME, action_items, context_items, theme_items
from kconsole.tui.pictures.glyphs import ASCII, UNICODE
from kconsole.tui.pod_counts import PodCounts
from kconsole.tui.screens.no_cluster import NoCluster, Way
from kconsole.tui.screens.nodes import NodesScreen
from kconsole.tui.store import Change, NodeStore
from kconsole.tui.table.order import ORDERS
from kconsole.tui.terminal import few_colours, is_gone, paints_per_second

if TYPE_CHECKING:
    from kconsole.kube.inventory import NodeChanges
    from kconsole.plan.steps import Action, Plan

Contexts = Callable[[], Sequence[tuple[str, str]]]
"""The names of all contexts, with their servers."""

_ASK_AGAIN = 5.0
"""Seconds until a cluster that did not say who we are is asked again."""


class Console(App[int], inherit_bindings=False):
    """The app. `opened` opens a cluster by the name of its context; `context` None is the current one."""

    CSS_PATH = "kconsole.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "quit", show=False, priority=True)]

    def __init__(
        self, settings: Settings, opener: Opener, contexts: Contexts, *, context: str | None, now: Now
    ) -> None:
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.settings = settings
        self.now = now
        self.store = NodeStore(now(), ASCII if settings.ascii else UNICODE)
        self.store.sort_by(ORDERS[settings.sort])
        self.store.descending = ORDERS[settings.sort].descending
        self.messages = Messages()
        self.facts = Facts()
        self.cluster: Cluster | None = None
        self.nodes_screen = NodesScreen()
        self._opener, self._contexts, self._wanted = opener, contexts, context
        self._unlocked: dict[str, str] = {}
        self._pods: PodCounts | None = None
        self._told_of_failure = False
        self._pause = 1 / paints_per_second(settings.paints_per_second, os.environ)
        self._dress()

    def _dress(self) -> None:
        self._themes = themes.load_themes(themes.folder())
        for theme in self._themes.values():
            self.register_theme(theme)
        self.theme = themes.choose(self.settings.theme, self._themes, few_colours=few_colours(self.console, os.environ))
        self.set_class(self.settings.ascii, "ascii")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and under `--ascii` one more."""
        return [*super().get_line_filters(), *([AsciiOnly()] if self.settings.ascii else [])]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, which must exist for the themes that come with Textual too."""
        return {themes.PREFIX + tone: "ansi_default" for tone in themes.TONES}

    def get_default_screen(self) -> Screen[None]:
        """The node table."""
        return self.nodes_screen

    def on_mount(self) -> None:
        """Paint first; the cluster is opened, and what that imports, after the first frame."""
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGHUP, signal.SIGTERM):
                loop.add_signal_handler(number, self.exit, 0)
            self.set_interval(1.0, self._leave_if_alone)
        self.call_after_refresh(self.look_at, self._wanted)

    def _leave_if_alone(self) -> None:
        if is_gone(sys.__stdin__.fileno() if sys.__stdin__ is not None else -1):
            self.exit(0)

    # --- the cluster

    def look_at(self, context: str | None) -> None:
        """Leave the cluster there is and open another."""
        self._told_of_failure = False
        start(self, partial(self._follow, context), "cluster")

    async def _follow(self, context: str | None) -> None:
        self._wanted = context
        self.store.clear()
        self.facts = Facts(context=context or "", link_since=self.now(), operation=self.facts.operation)
        self.show(Change(order=True))
        self.nodes_screen.redraw()
        try:
            cluster = await self._opener(context, self.suspend)
        except KconsoleError as problem:
            self.learn(problem=str(problem))
            self._tell_of_failure(str(problem))
            return
        try:
            self._adopt(cluster)
            async with aclosing(cluster.changes()) as batches:
                async for batch in batches:
                    self._take(batch)
                    await asyncio.sleep(self._pause)
        finally:
            self.cluster = None
            self.workers.cancel_group(self, "asking")
            self.workers.cancel_group(self, "pods")
            await cluster.close()

    def _adopt(self, cluster: Cluster) -> None:
        self.cluster = cluster
        name = cluster.context.name
        mode = Mode(
            lab=cluster.context.lab is not None,
            read_only=self.settings.read_only,
            protected=self.settings.protects(name),
            unlocked=self._unlocked.get(name),
        )
        self.learn(context=name, acting_as=cluster.acting_as, mode=mode)
        self._greet(cluster)
        self._ask_server(cluster)
        if self.settings.pods_every:
            self._pods = PodCounts(cluster.pod_count, self._in_view, self._count_pods, self.settings.pods_every)
            start(self, self._pods.run, "pods")

    def _greet(self, cluster: Cluster) -> None:
        lab = cluster.context.lab
        if lab is not None and lab.kubeconfig and not self.messages.all:
            says = _("Practice cluster. For kubectl in another terminal: export KUBECONFIG={path}")
            self.report(says.format(path=lab.kubeconfig), "")

    def _take(self, batch: NodeChanges) -> None:
        self.store.settled = self.facts.complete
        lost, link = self.facts.link in ("reconnecting", "stale"), batch.link
        change = self.store.apply(batch.upserts, batch.gone, self.now())
        shown = {"link": link.state, "link_since": link.since, "problem": link.problem, "complete": batch.complete}
        before = self.facts
        self.facts = msgspec.structs.replace(before, heard=link.heard, **shown)
        if any(getattr(before, name) != value for name, value in shown.items()):
            self.nodes_screen.redraw()
        if batch.complete and not before.complete:
            gc.freeze()  # thousands of nodes stay; looking through them for garbage stops everything for 50–100 ms
        self.show(change)
        if link.state == "live" and lost and self.cluster is not None:
            self._ask_server(self.cluster)
        if self.store.nodes or batch.complete:
            self._forget_failure()
        elif link.problem:
            self._tell_of_failure(link.problem)
        if change:
            self.look_at_pods()

    def _ask_server(self, cluster: Cluster) -> None:
        start(self, partial(self._learn_from, cluster), "asking")

    async def _learn_from(self, cluster: Cluster) -> None:
        """Find out the server's version, who we are and what we may; an upgrade can change the first at any time."""
        patched = sorted({key.patches for key in KEYS if key.patches})
        while True:
            try:
                version, user, may = await asyncio.gather(
                    cluster.server_version(), cluster.whoami(), cluster.may_patch(patched)
                )
            except KconsoleError:  # the watch says what is wrong; this is asked again
                await asyncio.sleep(_ASK_AGAIN)
                continue
            self.learn(server=version, user=user or "", may_patch=may)
            self.show(self.store.know_server(parse_version(version)))
            return

    def look_at_pods(self) -> None:
        """Other nodes may be in view: count the pods of those that are."""
        if self._pods is not None:
            self._pods.look_again()

    def _in_view(self) -> list[Node]:
        if self.facts.link != "live" or not self.nodes_screen.is_active:
            return []
        return [self.store.nodes[name] for name in self.nodes_screen.table.on_screen()]

    def _count_pods(self, counts: Mapping[str, int | None]) -> None:
        self.show(self.store.count_pods(counts, self.now()))

    def _tell_of_failure(self, problem: str) -> None:
        if isinstance(self.screen, NoCluster):
            self.screen.explain(problem)
        elif not self._told_of_failure and self.nodes_screen.is_active:
            self._told_of_failure = True
            self.push_screen(NoCluster(self.facts.context, problem), self._after_failure)

    def _forget_failure(self) -> None:
        if isinstance(self.screen, NoCluster):
            self.pop_screen()

    def _after_failure(self, way: Way | None) -> None:
        if way == "quit":
            self.exit(return_code=1, message=Text(self.facts.problem or ""))
        elif way == "retry":
            self.look_at(self._wanted)
        elif way == "choose":
            self._choose_context()

    # --- what the screens show

    def learn(self, **changes: Any) -> None:
        """Take in facts and show them."""
        self.facts = msgspec.structs.replace(self.facts, **changes)
        self.nodes_screen.redraw()

    def show(self, change: Change) -> None:
        """Show what changed in the store."""
        self.nodes_screen.take(change)

    def report(self, text: str, tone: Literal["bad", "warn", ""] = "bad") -> None:
        """Tell the person something; it stays until dismissed."""
        self.add_message(Message(self.now(), text, tone))

    def add_message(self, message: Message) -> None:
        """Tell what is already worded."""
        self.messages.add(message)
        self.nodes_screen.redraw()

    # --- what is asked

    def ask(self, action: Action, names: Sequence[str]) -> None:
        """Ask to cordon or uncordon these nodes."""
        if self._is_at_work():
            return
        try:
            Cordoning(self, action, names).ask()
        except KconsoleError as problem:
            self.report(str(problem))

    def _is_at_work(self) -> bool:
        """Whether something is being done to this cluster; then it says so."""
        if self.facts.operation:
            self.report(_("Still under way: {what}").format(what=self.facts.operation), "warn")
        return self.facts.operation is not None

    def carry_out(self, plan: Plan) -> None:
        """Carry out a plan that was confirmed."""
        start(self, partial(carry_out, self, plan), "operation")

    def ask_unlock(self) -> None:
        """Ask for the reason to change something in a protected context."""
        context = self.facts.context

        def answered(consent: Consent | None) -> None:
            if consent is not None and consent.reason:
                self._unlocked[context] = consent.reason
                self.learn(mode=msgspec.structs.replace(self.facts.mode, unlocked=consent.reason))

        self.push_screen(questions.unlock(context), answered)

    def ask_quit(self) -> None:
        """Leave; while something is being done, ask first."""
        operation = self.facts.operation
        if not operation:
            self.exit(0)
            return
        self.push_screen(questions.leave(operation), lambda consent: self.exit(0) if consent else None)

    async def action_quit(self) -> None:
        """Ctrl-c, on any screen."""
        self.ask_quit()

    def open_palette(self, refusals: Mapping[str, str]) -> None:
        """Every action, context and theme by name."""
        items = [
            *action_items(keys_of("nodes"), refusals),
            *context_items(self._known_contexts(), self.facts.context),
            *theme_items(self._themes, self.theme),
        ]
        self.push_screen(Choice(_("Commands"), items, _("type a part of the name")), self._chosen)

    def _known_contexts(self) -> Sequence[tuple[str, str]]:
        try:
            return self._contexts()
        except KconsoleError:  # told where the cluster is opened
            return ()

    def _choose_context(self) -> None:
        items = context_items(self._known_contexts(), self.facts.context)
        self.push_screen(Choice(_("Contexts"), items, _("type a part of the name")), self._chosen)

    async def _chosen(self, item: str | None) -> None:
        if item is None:
            return
        if item.startswith(KEY):
            key = next(key for key in KEYS if key.id == item.removeprefix(KEY))
            await self.nodes_screen.run_action(key.action)
        elif item.startswith(CONTEXT):
            if not self._is_at_work():
                self.look_at(item.removeprefix(CONTEXT))
        elif item.startswith(THEME):
            self.theme = item.removeprefix(THEME)

    async def on_event(self, event: Event) -> None:
        """Keys typed behind the one that left open nothing more: screens that are ending cannot show it."""
        if not (self._exit and isinstance(event, Key)):
            await super().on_event(event)

    # --- errors of our own

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A task that failed is told of as a sentence; how, stands in a file."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.report(own_error(event.worker.error))

    def _fatal_error(self) -> None:
        """End with a sentence where Textual would print a traceback. A private method: there is no public way."""
        error = self._exception
        self._exit_renderables.append(Text(own_error(error) if error is not None else ""))
        self._close_messages_no_wait()


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(timezone.utc)


def run_console(
    settings: Settings,
    *,
    kubeconfig: str | None,
    context: str | None,
    as_user: str | None = None,
    as_groups: tuple[str, ...] = (),
) -> int:
    """Open the console and return its exit code when it is left."""

    def contexts() -> list[tuple[str, str]]:
        from kconsole.kube.kubeconfig import contexts as read

        return [(found.name, found.server) for found in read(kubeconfig)]

    opener = live(kubeconfig, clock, as_user=as_user, as_groups=as_groups)
    console = Console(settings, opener, contexts, context=context, now=clock)
    console.run(mouse=False)
    return console.return_code or 0
