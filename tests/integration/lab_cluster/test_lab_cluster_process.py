"""The built-in cluster as a process: how it starts, is controlled, ends, and what it leaves (nothing)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kconsole.lab.etcd import find_binary

needs_etcd = pytest.mark.skipif(find_binary() is None, reason="no etcd program")


def within(seconds: float, fact: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = fact()
        if value:
            return value
        time.sleep(0.02)
    pytest.fail(f"not within {seconds:g} s: {what}")


def alive(pid: int) -> bool:
    """Whether the process runs (one that has ended and waits to be collected does not)."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


class Labs:
    """Starts `kconsole lab up` processes and runs commands beside them."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self.started: list[subprocess.Popen[str]] = []

    @property
    def folder(self) -> Path:
        return Path(self.environ["XDG_RUNTIME_DIR"]) / f"kconsole-{os.getuid()}" / "labs"

    def up(self, *words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "kconsole", "lab", "up", *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def ready(self, name: str) -> dict[str, Any]:
        state = self.folder / name / "lab.json"
        within(30, state.exists, f"{name} is up")
        found: dict[str, Any] = json.loads(state.read_text())
        return found

    def run(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "kconsole", "lab", *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def labs(lab_environ: dict[str, str]) -> Iterator[Labs]:
    labs = Labs(lab_environ)
    yield labs
    for process in labs.started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@needs_etcd
def test_a_lab_says_how_to_reach_it_and_leaves_nothing_when_it_is_terminated(labs: Labs, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    process = labs.up("--nodes", "1", "--kubeconfig", str(kubeconfig))
    state = labs.ready("lab")
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    status = json.loads(labs.run("status", "-o", "json"))
    members = list(status["etcd_members"].values())
    assert len(members) == 1
    assert alive(members[0])
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert state["server"] in output
    assert f"export KUBECONFIG={state['kubeconfig']}" in output
    assert f"etcd {state['etcd']} (its manifest says 3.5.21-0)" in output
    assert list(Path(labs.environ["XDG_RUNTIME_DIR"]).iterdir()) == []
    assert not kubeconfig.exists()
    assert not alive(members[0])
    for url in (state["server"], state["control"]):
        assert refused(int(url.rpartition(":")[2]))


@needs_etcd
def test_a_killed_lab_leaves_no_etcd_and_its_files_go_with_the_next_one(labs: Labs) -> None:
    process = labs.up("--nodes", "1")
    labs.ready("lab")
    member = json.loads(labs.run("status", "-o", "json"))["etcd_members"]["cp1"]
    process.kill()
    process.communicate()
    within(10, lambda: not alive(member), "etcd dies with the lab")
    leftover = labs.folder / "lab" / "cluster"
    assert leftover.exists()
    (leftover / "marker").touch()
    labs.up("--memory", "--nodes", "0")
    within(30, lambda: not (leftover / "marker").exists() and (labs.folder / "lab/lab.json").exists(), "cleaned up")


@pytest.mark.parametrize("end", ["pipe", "terminate"])
def test_where_the_kernel_does_not_end_a_child_with_its_parent_the_leash_does(end: str) -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    script = f"import sys; from kconsole.lab import leash; sys.exit(leash._watch([sys.executable, '-c', {child!r}]))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        pid = int(process.stdout.readline())
        if end == "pipe":
            process.stdin.close()
        else:
            process.terminate()
        within(10, lambda: not alive(pid), "the child ends")
    assert process.returncode != 0


def test_two_labs_run_side_by_side_and_a_name_is_given_once(labs: Labs) -> None:
    first = labs.up("--memory", "--nodes", "1", "--name", "one")
    labs.up("--memory", "--nodes", "2", "--name", "two")
    one, two = labs.ready("one"), labs.ready("two")
    assert one["server"] != two["server"]
    again = labs.run("up", "--memory", "--name", "one", code=1)
    assert f"running already, as process {first.pid}" in again
    labs.run("stop", "--name", "one")
    assert first.wait(timeout=30) == 0
    assert json.loads(labs.run("status", "--name", "two", "-o", "json"))["nodes"] == 3
    gone = labs.run("status", "--name", "one", code=1)
    assert "Running: two" in gone


def test_faults_clock_and_reset_by_the_command_line(labs: Labs) -> None:
    labs.up("--memory", "--nodes", "1")
    labs.ready("lab")
    assert "No faults" in labs.run("fault")
    labs.run("fault", "kubelet", "w1", "stop")
    assert labs.run("fault", "latency=20ms").splitlines() == ["latency=20ms", "kubelet w1 stop"]
    assert "There is no kubelet on 'w7'" in labs.run("fault", "kubelet", "w7", "stop", code=2)
    assert "No faults" in labs.run("fault", "clear")
    assert "60× real time" in labs.run("clock", "speed", "60")
    assert "paused" in labs.run("clock", "pause")
    labs.run("clock", "speed", "-1", code=2)
    labs.run("clock", "speed", "fast", code=2)
    labs.run("fault", "apiserver", "stop")
    labs.run("reset")
    assert "No faults" in labs.run("fault", "list")
    assert "Kubernetes 1.33.4, 2 nodes, stored in memory" in labs.run("status")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--version", "1.12"), "cannot play Kubernetes '1.12'"),
        (("--nodes", "-1"), "--nodes -1 cannot be"),
        (("--control-planes", "0"), "--control-planes 0 cannot be"),
        (("--name", "Not A Name"), "cannot name a lab"),
    ],
)
def test_a_cluster_that_cannot_be_is_refused_in_one_sentence(labs: Labs, words: tuple[str, ...], says: str) -> None:
    output = labs.run("up", "--memory", *words, code=2)
    assert says in output
    assert len(output.splitlines()) == 1
    assert list(Path(labs.environ["XDG_RUNTIME_DIR"]).iterdir()) == []


def test_keeping_needs_etcd_and_a_folder_of_its_own(labs: Labs, tmp_path: Path) -> None:
    assert "choose one" in labs.run("up", "--memory", "--keep", str(tmp_path / "kept"), code=1)
    full = tmp_path / "full"
    full.mkdir()
    (full / "letter.txt").write_text("mine")
    if find_binary() is not None:
        assert "holds other files" in labs.run("up", "--keep", str(full), code=1)
    assert [path.name for path in full.iterdir()] == ["letter.txt"]


def test_without_an_etcd_program_the_lab_says_what_to_install_and_runs_in_memory(labs: Labs, tmp_path: Path) -> None:
    script = (
        "import sys; from kconsole.lab import etcd; etcd._candidates = lambda environ: [];"
        "from kconsole.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "lab", "up", "--nodes", "0"],
        env=labs.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    labs.started.append(process)
    labs.ready("lab")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "pip install 'kconsole[lab]'" in output
    assert "stored in memory" in output


def test_a_lab_that_a_console_started_ends_when_the_console_dies(labs: Labs) -> None:
    script = (
        "import time; from kconsole.cli.lab_process import LabProcess\n"
        "with LabProcess(['--memory', '--nodes', '1']) as lab:\n"
        "    print(lab.state['pid'], flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], env=labs.environ, stdout=subprocess.PIPE, text=True)
    labs.started.append(parent)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    within(20, lambda: not alive(pid), "the lab ends with its parent")
    within(5, lambda: not labs.folder.exists(), "its files are gone")


def test_a_lab_that_cannot_start_tells_the_console_why(labs: Labs) -> None:
    script = (
        "from kconsole.errors import KconsoleError; from kconsole.cli.lab_process import LabProcess\n"
        "try:\n"
        "    with LabProcess(['--memory', '--version', '1.9']): pass\n"
        "except KconsoleError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=labs.environ, capture_output=True, text=True, check=True, timeout=60
    )
    assert "cannot play Kubernetes '1.9'" in done.stdout
