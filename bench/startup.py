"""How soon the console is there: the first frame, and the first table that is whole, on the small built-in cluster."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bench.cluster import KCONSOLE, cluster, home, run
from bench.report import heading, median, row
from bench.terminal import Terminal

RUNS = 5


def measure() -> None:
    """Print the section."""
    heading("Start: 4 nodes, 80×24", "from exec to bytes on a pseudo-terminal; named against Python itself and kubectl")
    with cluster() as (kubeconfig, _name, ready_after), tempfile.TemporaryDirectory() as folder:
        env = home(Path(folder))
        frames, tables = zip(*[_console(kubeconfig, env) for _ in range(RUNS)], strict=True)
        bare = median([run(sys.executable, "-c", "import textual.app")[0] for _ in range(RUNS)])
        listed = median(
            [run("kubectl", "--kubeconfig", str(kubeconfig), "get", "nodes", env=env)[0] for _ in range(RUNS)]
        )
        ours = median([run(*KCONSOLE, "nodes", "--kubeconfig", str(kubeconfig), env=env)[0] for _ in range(RUNS)])
    row("built-in cluster ready (with etcd)", ready_after, "s", aim="2 s")
    row("console: first frame", median(frames), "s", against="import textual.app", theirs=bare, aim="0.5 s")
    row("console: the whole table", median(tables), "s", against="kubectl get nodes", theirs=listed)
    row("kconsole nodes", ours, "s", against="kubectl get nodes", theirs=listed)


def _console(kubeconfig: Path, env: dict[str, str]) -> tuple[float, float]:
    terminal = Terminal([*KCONSOLE, "--kubeconfig", str(kubeconfig)], env=env)
    try:
        frame = terminal.until(lambda seen: b"NAME" in seen)
        table = terminal.until(lambda seen: b"w3" in seen)
    finally:
        terminal.end()
    if frame is None or table is None:
        raise SystemExit("the console did not come up:\n" + terminal.seen.decode(errors="replace")[-2000:])
    time.sleep(0.1)
    return frame, table
