"""A built-in cluster in a process of its own, for as long as a measurement lasts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kconsole.lab.client import LabClient

KCONSOLE = [sys.executable, "-m", "kconsole"]


@contextlib.contextmanager
def cluster(*options: str) -> Iterator[tuple[Path, str, float]]:
    """`kconsole lab up` with `options`: its kubeconfig, its name, and the seconds until it was ready."""
    name = f"bench-{os.getpid()}-{time.monotonic_ns() % 100000}"
    with tempfile.TemporaryDirectory(prefix="kconsole-bench-") as folder:
        kubeconfig = Path(folder, "kubeconfig")
        begun = time.monotonic()
        command = [*KCONSOLE, "lab", "up", "--name", name, "--kubeconfig", str(kubeconfig), *options]
        with open(Path(folder, "log"), "wb") as log:
            lab = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            while not kubeconfig.exists():
                if lab.poll() is not None:
                    raise SystemExit(Path(folder, "log").read_text())
                time.sleep(0.01)
            yield kubeconfig, name, time.monotonic() - begun
        finally:
            lab.send_signal(signal.SIGTERM)
            lab.wait()


def churn(name: str, changes: float) -> None:
    """Have so many node changes a second from now on, in the cluster `name`."""
    LabClient.named(name).post("/churn", rate=changes)


def server_seconds(name: str) -> float:
    """Processor seconds that the cluster `name` has used so far."""
    return float(LabClient.named(name).get("/status")["cpu_seconds"])


def run(*argv: str, env: dict[str, str] | None = None) -> tuple[float, float]:
    """Run a command to its end: wall seconds and peak memory in MiB."""
    begun = time.monotonic()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **(env or {})}
    )
    complaint = process.stderr.read() if process.stderr else b""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(argv)}: {complaint.decode()}")
    return time.monotonic() - begun, used.ru_maxrss / 1024


def home(folder: Path) -> dict[str, str]:
    """An environment in which nothing is left in the real home."""
    return {"HOME": str(folder), "KUBECACHEDIR": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}


def node_names(kubeconfig: Path) -> list[str]:
    """Every node's name, through the command line."""
    told = subprocess.run(
        [*KCONSOLE, "nodes", "-o", "json", "--kubeconfig", str(kubeconfig)], check=True, capture_output=True
    )
    return [node["name"] for node in json.loads(told.stdout)]
