"""The node table and what can be done from it: keys become intents, the store becomes a picture.

Decides nothing: the store holds the state, pure modules make the words, the console does what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from kconsole.errors import UsageError
from kconsole.i18n import _
from kconsole.tui import keys
from kconsole.tui.messages import notice
from kconsole.tui.modals.choice import Choice, Item
from kconsole.tui.mode import refusal
from kconsole.tui.pictures.banner import banner
from kconsole.tui.pictures.footer import footer
from kconsole.tui.pictures.help_page import help_lines
from kconsole.tui.pictures.lines import Line
from kconsole.tui.screens.help import HelpScreen
from kconsole.tui.screens.messages import MessagesScreen
from kconsole.tui.screens.node import NodeScreen
from kconsole.tui.store import Change
from kconsole.tui.table.filter import Filter, parse_filter
from kconsole.tui.table.order import ORDERS
from kconsole.tui.terminal import is_busy
from kconsole.tui.widgets.line_table import LineTable
from kconsole.tui.widgets.text_lines import TextLines

if TYPE_CHECKING:
    from kconsole.plan.steps import Action
    from kconsole.tui.app import Console


_AGES_EVERY = 10
"""Seconds between two looks at the ages of nodes that are well."""


class NodesScreen(Screen[None]):
    """Banner, table, messages, footer."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("nodes")]

    def __init__(self) -> None:
        super().__init__()
        self._held = Change()
        self._before = Filter()
        self._complaint = ""
        self._seconds = 0

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        self.table = LineTable(self.console.store, self.console.now)
        self.banner = TextLines(self._banner, id="banner")
        self.notice = TextLines(lambda width: notice(self.console.messages.standing, width), id="notice")
        self.footer = TextLines(self._footer, id="footer")
        self.typed = Input(id="filter", placeholder=_("text, !text, -l app=web,zone in (a,b)"))
        self.typed.cursor_blink = False
        yield self.banner
        yield self.table
        yield self.notice
        yield Horizontal(Static(Content(" / ")), self.typed, id="prompt")
        yield self.footer

    def on_mount(self) -> None:
        """The table has the keys."""
        self.table.everything = self.console.settings.all_columns
        self.table.focus()
        self.set_interval(1.0, self.tick)

    # --- pictures

    def _banner(self, width: int) -> list[Line]:
        rows = max(0, self.table.size.height - 1)
        return banner(self.console.facts, self.console.store, self.console.now(), width, height=rows)

    def _footer(self, width: int) -> list[Line]:
        if self._complaint:
            return [((" ", ""), (self._complaint, "bad"))]
        if not self.is_active:  # the keys are those of what lies above
            return [()]
        return [footer(keys.keys_of("nodes"), self.refusals(), width)]

    def refusals(self) -> dict[str, str]:
        """The keys that cannot be used now, with the reason."""
        facts = self.console.facts
        found = {key.id: refusal(key, facts.mode, facts.may_patch) for key in keys.keys_of("nodes")}
        return {name: reason for name, reason in found.items() if reason is not None}

    def take(self, change: Change) -> None:
        """Show what changed in the store: now, or when this screen is in view and the terminal ready."""
        self._held = Change(self._held.rows | change.rows, self._held.order or change.order)
        self.flush()

    def flush(self) -> None:
        """Paint what was held back."""
        if not self.is_active or not self.is_mounted or is_busy(self.app._driver):
            return
        store = self.console.store
        if store.due(self.console.now()):
            store.arrange()
            self._held = Change(self._held.rows, True)
        if self._held:
            held, self._held = self._held, Change()
            self.table.show(held)
            if held.order:
                self._say_why_empty()
        self.banner.redraw()

    def tick(self) -> None:
        """A second went by: durations, and what was held back.

        How long a node has been in trouble goes on by the second, mere age more slowly: a screen full of young nodes
        would be sent again every second for nothing.
        """
        self._seconds += 1
        if self.is_active:
            store, now = self.console.store, self.console.now()
            self.table.set_class(self.console.facts.freshness(now) == "stale", "stale")
            names = self.table.on_screen()
            if self._seconds % _AGES_EVERY:
                names = [name for name in names if name in store.unready or name in store.cordoned]
            self.take(store.tick(names, now))

    def on_screen_resume(self) -> None:
        """Back in view: show what happened meanwhile."""
        self.redraw()

    def on_screen_suspend(self) -> None:
        """Something lies above."""
        self.call_later(self.footer.redraw)

    def redraw(self) -> None:
        """Show facts and messages as they are now."""
        if not self.is_mounted:
            return
        self.table.set_class(self.console.facts.freshness(self.console.now()) == "stale", "stale")
        self._say_why_empty()
        for part in (self.banner, self.notice, self.footer):
            part.redraw()
        self.flush()

    def _say_why_empty(self) -> None:
        store, facts = self.console.store, self.console.facts
        if store.nodes:
            says = _("No node matches the filter “{text}”. esc clears it.").format(text=store.filter.text)
        elif facts.complete:
            says = _("This cluster has no nodes.")
        else:
            says = _("Connecting to {context} …").format(context=facts.context) if facts.context else _("Connecting …")
        if says != self.table.empty:
            self.table.empty = says
            self.table.refresh()

    def on_line_table_moved(self) -> None:
        """Other rows may be in view."""
        self.banner.redraw()
        self.console.look_at_pods()

    def on_line_table_laid_out(self) -> None:
        """Conditions are named by the status only while they have no column."""
        apart = any(shown.column.id == "conditions" for shown in self.table.columns)
        changed = self.console.store.put_conditions_apart(apart)
        if changed:
            self.table.fit_columns()

    # --- keys

    def _refused(self, key_id: str) -> bool:
        """Whether a key cannot be used now; then it says why."""
        reason = self.refusals().get(key_id)
        if reason is None:
            return False
        label = next(_(key.label) for key in keys.KEYS if key.id == key_id)
        self.console.report(_("{key} is not possible: {reason}.").format(key=label, reason=reason), "warn")
        return True

    def action_cordon(self) -> None:
        """Ask to cordon the chosen nodes."""
        self._ask("cordon")

    def action_uncordon(self) -> None:
        """Ask to uncordon the chosen nodes."""
        self._ask("uncordon")

    def _ask(self, action: Action) -> None:
        chosen = self.console.store.chosen()
        if not self._refused(action) and chosen:
            self.console.ask(action, chosen)

    def action_mark(self) -> None:
        """Mark or unmark the node under the cursor, which stays where it is, as in k9s."""
        self.console.store.toggle_mark()
        self._marks_changed()

    def action_mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        self.console.store.mark_range()
        self._marks_changed()

    def action_mark_all(self) -> None:
        """Mark everything that is shown, or nothing of it."""
        self.console.store.mark_shown()
        self._marks_changed()

    def action_clear_marks(self) -> None:
        """Unmark everything."""
        self.console.store.clear_marks()
        self._marks_changed()

    def _marks_changed(self) -> None:
        self.table.show_marks(self.table.on_screen())
        self.banner.redraw()

    def action_order(self) -> None:
        """Choose an order from a menu."""
        current = self.console.store.sorting
        items = [
            Item(order.id, _(order.says), _("this one; again turns it round") if order is current else "")
            for order in ORDERS.values()
        ]

        def chosen(order_id: str | None) -> None:
            if order_id is not None:
                self.action_sort(order_id)

        self.app.push_screen(Choice(_("Order of the nodes"), items, _("type a part of the name")), chosen)

    def action_sort(self, order_id: str) -> None:
        """Sort; by the same order once more, turn it round."""
        self.console.store.sort_by(ORDERS[order_id])
        self.take(Change(order=True))

    def action_wide(self) -> None:
        """Show all columns, or those that fit."""
        self.table.show_everything(not self.table.everything)

    def action_open(self) -> None:
        """Show all about the node under the cursor."""
        name = self.console.store.cursor
        if name is not None and self.console.store.order:
            self.app.push_screen(NodeScreen(name))

    def action_unlock(self) -> None:
        """Allow changes in a protected context."""
        if not self._refused("unlock"):
            self.console.ask_unlock()

    def action_messages(self) -> None:
        """Show everything that was reported."""
        self.app.push_screen(MessagesScreen(self.console.messages))

    def action_palette(self) -> None:
        """Every command by name."""
        self.console.open_palette(self.refusals())

    def action_help(self) -> None:
        """The keys of this screen."""
        shown: Sequence[keys.Key] = keys.keys_of("table", "nodes")
        self.app.push_screen(HelpScreen(lambda width: help_lines(shown, self.console.store.glyphs, width)))

    def action_quit(self) -> None:
        """Leave, if nothing is being done."""
        self.console.ask_quit()

    def action_back(self) -> None:
        """Dismiss messages; else clear the filter."""
        if self.console.messages.standing:
            self.console.messages.dismiss()
            self.redraw()
        elif self.console.store.filter:
            self._filter_by(Filter())

    # --- the filter

    def action_filter(self) -> None:
        """Open the line to type a filter in."""
        self._before = self.console.store.filter
        self.typed.value = self._before.text
        self.query_one("#prompt").add_class("open")
        self.typed.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while it is typed; what cannot be read yet is explained below."""
        if not self.query_one("#prompt").has_class("open"):
            return
        try:
            wanted = parse_filter(event.value)
        except UsageError as problem:
            self._complain(str(problem))
            return
        self._complain("")
        self._filter_by(wanted)

    def on_input_submitted(self) -> None:
        """Keep the filter, if it is one."""
        if not self._complaint:
            self._close_filter()

    def key_escape(self) -> None:
        """While a filter is typed: as it was before."""
        if self.typed.has_focus:
            self._close_filter()
            self._filter_by(self._before)

    def _close_filter(self) -> None:
        self._complain("")
        self.query_one("#prompt").remove_class("open")
        self.table.focus()

    def _complain(self, words: str) -> None:
        if words != self._complaint:
            self._complaint = words
            self.footer.redraw()

    def _filter_by(self, wanted: Filter) -> None:
        self.console.store.filter_by(wanted)
        self.table.scroll_to(y=0, animate=False)
        self.take(Change(order=True))
