"""5,000 nodes of realistic size: how soon they are on the screen, what that costs, and how it feels under load."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from bench.cluster import KCONSOLE, churn, cluster, home, run, server_seconds
from bench.report import heading, median, row
from bench.terminal import Terminal

NODES = 5000
CHANGES = 500
SIZE = (160, 48)
RUNS = 3
SECONDS = 10.0
KEYS = 40
ALL = f"{NODES + 1} nodes".encode()
SHARE = "processor share"
FELT = (
    (SHARE, "%", "1 % idle"),
    ("sent to the terminal", "B/s", ""),
    ("a key answered: median", "ms", "50 ms"),
    ("a key answered: 95th percentile", "ms", "50 ms"),
    ("a key answered: slowest", "ms", "50 ms"),
)


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
        _listing(kubeconfig, name, env)
        _living(kubeconfig, name, env)


def _listing(kubeconfig: Path, name: str, env: dict[str, str]) -> None:
    asked = ("kubectl", "--kubeconfig", str(kubeconfig), "get", "nodes")
    theirs = [run(*asked, env=env) for _ in range(RUNS + 1)][1:]
    in_full = median([run(*asked, "-o", "json", env=env)[0] for _ in range(RUNS)])
    listed = [run(*KCONSOLE, "nodes", "--kubeconfig", str(kubeconfig), env=env) for _ in range(RUNS)]
    first, whole, peak, served = [], [], [], []
    for _ in range(RUNS):
        before = server_seconds(name)
        terminal = Terminal([*KCONSOLE, "--kubeconfig", str(kubeconfig)], SIZE, env)
        first.append(terminal.until(lambda seen: b"Ready" in seen) or float("nan"))
        whole.append(terminal.until(lambda seen: ALL in seen) or float("nan"))
        served.append(server_seconds(name) - before)
        peak.append(terminal.end().peak)
    before = server_seconds(name)
    run(*asked, env=env)
    served_kubectl = server_seconds(name) - before
    kubectl_s, kubectl_mib = (median([t[i] for t in theirs]) for i in (0, 1))
    row("console: the first rows", median(first), "s", aim="1 s")
    row("console: the whole table", median(whole), "s", against="kubectl get nodes", theirs=kubectl_s, aim="1.5×")
    row("  of which the server's own", median(served), "s", against="kubectl get nodes", theirs=served_kubectl)
    row("  kubectl get nodes -o json, which asks for as much", in_full, "s")
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
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "frames.json")
        command = [sys.executable, "-m", "bench.frames", str(kubeconfig)]
        terminal = Terminal(command, SIZE, {**env, "BENCH_OUT": str(out)})
        try:
            terminal.until(lambda seen: ALL in seen)
            terminal.drain(3.0)
            idle = _felt(terminal)
            churn(name, CHANGES)
            terminal.drain(2.0)
            loaded = _felt(terminal)
            churn(name, 0)
        finally:
            terminal.end()
        frames = sorted(json.loads(out.read_text()))
    for what, unit, aim in FELT:
        row(f"idle: {what}", idle[what], unit, aim=aim if what == SHARE else "")
        under = f"{CHANGES} changes/s: {what}"
        row(under, loaded[what], unit, against="idle", theirs=idle[what] or None, aim=aim if what != SHARE else "")
    row("a frame painted: median", median(frames), "ms")
    row("a frame painted: 95th percentile", frames[int(len(frames) * 0.95)], "ms")


def _felt(terminal: Terminal) -> dict[str, float]:
    before = terminal.cpu()
    sent = terminal.drain(SECONDS)
    used = terminal.cpu() - before
    delays = sorted(d for d in (terminal.answer(b"j" if i % 2 else b"k") for i in range(KEYS)) if d is not None)
    shares = (100 * used / SECONDS, sent / SECONDS)
    keys = (1000 * median(delays), 1000 * delays[int(len(delays) * 0.95)], 1000 * delays[-1])
    return {what: value for (what, _, _), value in zip(FELT, (*shares, *keys), strict=True)}
