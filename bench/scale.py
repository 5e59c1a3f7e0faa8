"""5,000 nodes of realistic size: how soon they are on the screen, what that costs, and how it feels under load."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.cluster import KCONSOLE, churn, cluster, home, run
from bench.report import heading, median, row
from bench.terminal import Terminal

NODES = 5000
CHANGES = 500
SIZE = (160, 48)
RUNS = 3
SECONDS = 10.0
KEYS = 30


def measure() -> None:
    """Print the section."""
    about = f"`lab up --memory --nodes {NODES}`, about 12 KB a node; {SIZE[0]}×{SIZE[1]}"
    heading(f"{NODES:,} nodes", about)
    with (
        cluster("--memory", "--nodes", str(NODES)) as (kubeconfig, name, ready_after),
        tempfile.TemporaryDirectory() as folder,
    ):
        env = home(Path(folder))
        row("built-in cluster ready (in memory)", ready_after, "s")
        _listing(kubeconfig, env)
        _living(kubeconfig, name, env)


def _listing(kubeconfig: Path, env: dict[str, str]) -> None:
    asked = ("kubectl", "--kubeconfig", str(kubeconfig), "get", "nodes")
    theirs = [run(*asked, env=env) for _ in range(RUNS + 1)][1:]
    in_full = median([run(*asked, "-o", "json", env=env)[0] for _ in range(RUNS)])
    listed = [run(*KCONSOLE, "nodes", "--kubeconfig", str(kubeconfig), env=env) for _ in range(RUNS)]
    first, whole, peak = [], [], []
    for _ in range(RUNS):
        terminal = Terminal([*KCONSOLE, "--kubeconfig", str(kubeconfig)], SIZE, env)
        first.append(terminal.until(lambda seen: b"Ready" in seen) or float("nan"))
        whole.append(terminal.until(lambda seen: f"{NODES + 1} nodes".encode() in seen) or float("nan"))
        peak.append(terminal.end().peak)
    kubectl_s, kubectl_mib = (median([t[i] for t in theirs]) for i in (0, 1))
    row("console: the first rows", median(first), "s", aim="1 s")
    row("console: the whole table", median(whole), "s", against="kubectl get nodes", theirs=kubectl_s, aim="1.5×")
    row("  (kubectl get nodes asks for a Table; with -o json", in_full, "s")
    row("console: peak memory", median(peak), "MiB", against="kubectl get nodes", theirs=kubectl_mib, aim="200 MB")
    row("kconsole nodes", median([t[0] for t in listed]), "s", against="kubectl get nodes", theirs=kubectl_s)
    row(
        "kconsole nodes: peak memory",
        median([t[1] for t in listed]),
        "MiB",
        against="kubectl get nodes",
        theirs=kubectl_mib,
    )


def _living(kubeconfig: Path, name: str, env: dict[str, str]) -> None:
    terminal = Terminal([*KCONSOLE, "--kubeconfig", str(kubeconfig)], SIZE, env)
    try:
        terminal.until(lambda seen: f"{NODES + 1} nodes".encode() in seen)
        terminal.drain(3.0)
        idle = _felt(terminal)
        churn(name, CHANGES)
        terminal.drain(2.0)
        loaded = _felt(terminal)
        churn(name, 0)
    finally:
        terminal.end()
    for what, unit, aim in (
        ("processor share", "%", "1 % idle"),
        ("sent to the terminal", "B/s", ""),
        ("a key answered: median", "ms", "50 ms"),
        ("a key answered: 95th percentile", "ms", "50 ms"),
    ):
        row(f"idle: {what}", idle[what], unit, aim=aim if "processor" in what else "")
        row(
            f"{CHANGES} changes/s: {what}",
            loaded[what],
            unit,
            against="idle",
            theirs=idle[what] or None,
            aim="" if "processor" in what else aim,
        )


def _felt(terminal: Terminal) -> dict[str, float]:
    before = terminal.cpu()
    sent = terminal.drain(SECONDS)
    used = terminal.cpu() - before
    delays = sorted(d for d in (terminal.answer(b"j" if i % 2 else b"k") for i in range(KEYS)) if d is not None)
    return {
        "processor share": 100 * used / SECONDS,
        "sent to the terminal": sent / SECONDS,
        "a key answered: median": 1000 * median(delays),
        "a key answered: 95th percentile": 1000 * delays[int(len(delays) * 0.95)],
    }
