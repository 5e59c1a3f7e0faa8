"""Renders the README's pictures from the built-in cluster: `make screenshots`.

The real console on the real built-in cluster, in memory and in this process, without a terminal.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from kconsole.lab import cluster_faults
from kconsole.lab.cluster import Cluster
from kconsole.lab.ground.birth import Options
from kconsole.settings import Settings
from kconsole.tui.app import Console, clock
from kconsole.tui.cluster import live

HERE = Path(__file__).parent
SIZE = (100, 26)


async def until(holds: Callable[[], bool]) -> None:
    """Wait, at most half a minute, until `holds` does."""
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise SystemExit("the screen never showed what the picture is of")


async def make() -> None:
    """Start the cluster, make some trouble in it, and take the pictures."""
    with tempfile.TemporaryDirectory(prefix="kconsole-screenshots-") as folder:
        os.environ.update(XDG_STATE_HOME=folder, XDG_RUNTIME_DIR=folder, USER="jane", LOGNAME="jane")
        async with await Cluster.up(Options(name="lab", memory=True, workers=5, control_planes=3)) as cluster:
            await cluster_faults.apply(cluster.running, ["kubelet", "w4", "stop"])
            cluster.running.clock.set_speed(100)
            console = Console(Settings(), live(str(cluster.kubeconfig), clock), list, context=None, now=clock)
            async with console.run_test(size=SIZE) as pilot:
                nodes = console.store.nodes
                await until(lambda: len(console.store.pods) == 8)
                await until(lambda: any(c.status == "Unknown" for c in nodes["w4"].conditions))
                cluster.running.clock.set_speed(1)
                await pilot.press("slash", *"w2", "enter", "c", "tab", *"disk swap", "enter")
                take(console, "confirm")
                await pilot.press("enter")
                await until(lambda: nodes["w2"].unschedulable)
                await pilot.press("escape", "g", "j", "space", "j", "space")
                await until(lambda: console.facts.operation is None)
                await pilot.pause(1)
                take(console, "nodes")
                await pilot.press("question_mark")
                take(console, "help")
                await pilot.press("escape", "g", "j", "enter")
                await pilot.pause(1)
                take(console, "node")


def take(console: Console, name: str) -> None:
    """Write the screen as it is now, in whatever monospaced font the reader has: no picture fetches a font."""
    svg = re.sub(r"@font-face\s*\{.*?\}", "", console.export_screenshot(title="kconsole"), flags=re.DOTALL)
    svg = "\n".join(line.rstrip() for line in svg.splitlines() if line.strip())
    (HERE / f"{name}.svg").write_text(svg + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(make())
