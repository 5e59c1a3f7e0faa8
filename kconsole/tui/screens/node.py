"""The page of one node: read again every few seconds while it is in view, scrolled with the table's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from kconsole.errors import KconsoleError
from kconsole.i18n import _
from kconsole.tui import keys
from kconsole.tui.background import start
from kconsole.tui.pictures.footer import footer
from kconsole.tui.pictures.help_page import help_lines
from kconsole.tui.pictures.lines import Line, paragraph, spread
from kconsole.tui.pictures.node_page import page_lines
from kconsole.tui.pictures.text import clean
from kconsole.tui.screens.help import HelpScreen
from kconsole.tui.widgets.text_lines import TextLines

if TYPE_CHECKING:
    from kconsole.observe.nodes import NodePage
    from kconsole.tui.app import Console

_AGAIN = 5.0
"""Seconds between two readings."""


class NodeScreen(Screen[None]):
    """All about one node."""

    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("node")]

    def __init__(self, node: str) -> None:
        super().__init__()
        self.node = node
        self._read: NodePage | None = None
        self._problem: str | None = None

    @property
    def console(self) -> Console:
        """The app, by its own type."""
        return cast("Console", self.app)

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        self.banner = TextLines(self._banner, id="banner")
        self.page = TextLines(self._lines, id="page")
        self.footer = TextLines(self._footer, id="footer")
        yield self.banner
        yield self.page
        yield self.footer

    def on_mount(self) -> None:
        """Read it now, and again every so often."""
        self._look()
        self.set_interval(_AGAIN, self._look)

    def _look(self) -> None:
        if self.is_active:
            start(self, self._read_page, "node")

    async def _read_page(self) -> None:
        cluster = self.console.cluster
        if cluster is None:
            return
        try:
            self._read = await cluster.node_page(self.node)
            self._problem = None
        except KconsoleError as problem:
            self._problem = str(problem)
        self.banner.redraw()
        self.page.redraw()

    def _banner(self, width: int) -> list[Line]:
        context = self.console.facts.context
        return [spread(((" ", ""), (clean(self.node), "title")), ((f"{clean(context)} ", "muted"),), width)]

    def _lines(self, width: int) -> list[Line]:
        lines = paragraph(clean(self._problem), width, "bad", indent=1) if self._problem else []
        if self._read is not None:
            lines += page_lines(self._read, self.console.now(), self.console.store.glyphs, width)
        elif not lines:
            lines = [((" ", ""), (_("Reading …"), "muted"))]
        return lines

    def _footer(self, width: int) -> list[Line]:
        return [footer(keys.keys_of("node"), {}, width)]

    # --- keys

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.page.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.page.scroll_relative(y=by * max(1, self.page.size.height - 1), animate=False)

    def action_first(self) -> None:
        """To the top."""
        self.page.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        """To the end."""
        self.page.scroll_to(y=self.page.virtual_size.height, animate=False)

    def action_back(self) -> None:
        """To the table."""
        self.dismiss()

    def action_help(self) -> None:
        """The keys of this screen."""
        self.app.push_screen(HelpScreen(lambda width: help_lines(keys.keys_of("node"), None, width)))
