"""The node table's widget against Textual's DataTable: the same rows, the same terminal, time and bytes.

`python -m bench.tables WIDGET ROWS` is the program that is measured; `measure` runs it on a pseudo-terminal.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.report import heading, median, row
from bench.terminal import Terminal

STEPS = ("fill", "one cell", "10 % of rows", "sort", "cursor down", "page down")
ROWS = 5000
RUNS = 3


def measure() -> None:
    """Print the section."""
    heading(f"The table: {ROWS:,} rows, 200×50, a real terminal", "kconsole's LineTable against Textual's DataTable")
    found = {widget: [_run(widget) for _ in range(RUNS)] for widget in ("line", "data")}
    for step in STEPS:
        for what, unit, scale in (("s", "ms", 1000), ("bytes", "B", 1)):
            ours, theirs = (median([run[step][what] for run in found[w]]) * scale for w in ("line", "data"))
            row(
                f"{step}: {'time with paint' if what == 's' else 'sent'}",
                ours,
                unit,
                against="DataTable",
                theirs=theirs,
            )


def _run(widget: str) -> dict[str, dict[str, float]]:
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        terminal = Terminal(
            [sys.executable, "-m", "bench.tables", widget, str(ROWS)],
            (200, 50),
            {"BENCH_OUT": out.name, "TEXTUAL_FPS": "60"},
        )
        while not Path(out.name).stat().st_size:
            terminal.read(0.2)
            if time.monotonic() - terminal.started > 120:
                raise SystemExit("the table did not finish")
        terminal.end()
        result: dict[str, dict[str, float]] = json.loads(Path(out.name).read_text())
        return result


def child(widget: str, count: int) -> None:
    """Fill, change, sort and scroll one table; write what each took."""
    from textual.app import App, ComposeResult
    from textual.widgets import DataTable

    from bench.invented import NOW, nodes
    from kconsole.tui.store import NodeStore
    from kconsole.tui.table.columns import Moment, row_of
    from kconsole.tui.table.order import ORDERS
    from kconsole.tui.widgets.line_table import LineTable

    found = nodes(count)
    store = NodeStore(NOW)
    chance = random.Random(1)
    figures: dict[str, dict[str, float]] = {}

    class Measured(App[None]):
        def compose(self) -> ComposeResult:
            yield LineTable(store, lambda: NOW) if widget == "line" else DataTable(cursor_type="row")

        def on_mount(self) -> None:
            self.sent = 0
            write = self._driver.write  # type: ignore[union-attr]

            def counted(data: str) -> None:
                self.sent += len(data.encode())
                write(data)

            self._driver.write = counted  # type: ignore[union-attr,method-assign]
            self.set_timer(0.3, self.go)

        async def step(self, name: str, act: Callable[[], Any]) -> None:
            import asyncio

            await asyncio.sleep(0.1)
            before, began, painted = self.sent, time.perf_counter(), asyncio.Event()
            act()
            self.screen.call_after_refresh(painted.set)
            await painted.wait()
            while self.screen._dirty_widgets or self.screen._repaint_required or self.screen._layout_required:
                await asyncio.sleep(0)
            took = time.perf_counter() - began
            await asyncio.sleep(0.15)
            figures[name] = {"s": took, "bytes": self.sent - before}

        async def go(self) -> None:
            names = list(found)
            some = chance.sample(names, count // 10)
            changed = {name: _flipped(found[name]) for name in some}
            if widget == "line":
                table = self.query_one(LineTable)

                def fill() -> None:
                    change = store.apply(found, (), NOW)
                    store.arrange()
                    table.show(change)
                    table.fit_columns()

                def sort() -> None:
                    store.sort_by(ORDERS["version"])
                    table.show_all()

                await self.step("fill", fill)
                first = store.order[3]
                await self.step("one cell", lambda: table.show(store.apply({first: _flipped(found[first])}, (), NOW)))
                await self.step("10 % of rows", lambda: table.show(store.apply(changed, (), NOW)))
                await self.step("sort", sort)
                table.action_first()
                await self.step("cursor down", lambda: table.action_move(1))
                await self.step("page down", lambda: table.action_page(1))
            else:
                grid = self.query_one(DataTable)
                moment = Moment(NOW)
                keys = grid.add_columns(*[str(i) for i in range(len(row_of(found[names[0]], moment)))])

                def fill_grid() -> None:
                    for name, node in found.items():
                        grid.add_row(*[cell.text for cell in row_of(node, moment)], key=name)

                def change_some() -> None:
                    for name, node in changed.items():
                        for column, cell in zip(keys, row_of(node, moment), strict=True):
                            if cell.text != grid.get_cell(name, column):
                                grid.update_cell(name, column, cell.text)

                await self.step("fill", fill_grid)
                await self.step("one cell", lambda: grid.update_cell(names[3], keys[1], "NotReady"))
                await self.step("10 % of rows", change_some)
                await self.step("sort", lambda: grid.sort(keys[4]))
                grid.move_cursor(row=0)
                await self.step("cursor down", grid.action_cursor_down)
                await self.step("page down", grid.action_page_down)
            Path(os.environ["BENCH_OUT"]).write_text(json.dumps(figures))
            self.exit()

    def _flipped(node: Any) -> Any:
        import msgspec

        return msgspec.structs.replace(
            node, spec=msgspec.structs.replace(node.spec, unschedulable=not node.unschedulable)
        )

    Measured().run(mouse=False)


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]))
