"""The console in a real terminal: on the built-in cluster in tmux, and when the terminal goes away."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

KCONSOLE = [sys.executable, "-m", "kconsole"]


def wait_for(holds: Callable[[], bool], what: Callable[[], str], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A home of its own, and nothing of the tester's."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") if name in os.environ}
    home = {name: str(tmp_path / name.lower()) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")}
    (tmp_path / "xdg_runtime_dir").mkdir(mode=0o700)
    return {**kept, **home, "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8"}


@pytest.fixture
def lab(tmp_path: Path, environment: dict[str, str]) -> Iterator[Path]:
    """A built-in cluster in a process of its own; its kubeconfig."""
    kubeconfig = tmp_path / "kubeconfig"
    command = [*KCONSOLE, "lab", "up", "--memory", "--name", "tmux", "--kubeconfig", str(kubeconfig)]
    log = tmp_path / "lab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: process.poll() is not None or "Ctrl-C" in log.read_text(), log.read_text)
        assert process.poll() is None, log.read_text()
        yield kubeconfig
    finally:
        process.terminate()
        process.wait(30)


class Tmux:
    """A terminal that can be looked at and typed into."""

    def __init__(self, folder: Path, environment: dict[str, str], command: list[str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._environment = environment
        inner = f"{shlex.join(command)}; echo left with $?; cat"
        self.run("new-session", "-d", "-x", "80", "-y", "24", inner)

    def run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._tmux, *arguments], env=self._environment, check=True, capture_output=True, text=True
        ).stdout

    def screen(self) -> str:
        return self.run("capture-pane", "-p")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.run("send-keys", key)

    def shows(self, text: str) -> None:
        wait_for(lambda: text in self.screen(), lambda: f"{text!r} is not on the screen:\n{self.screen()}")

    def lacks(self, text: str) -> None:
        wait_for(lambda: text not in self.screen(), lambda: f"{text!r} is still on the screen:\n{self.screen()}")


@pytest.fixture
def in_tmux(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[[list[str]], Tmux]]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    opened: list[Tmux] = []

    def open_it(command: list[str]) -> Tmux:
        opened.append(Tmux(tmp_path, environment, command))
        return opened[-1]

    yield open_it
    for tmux in opened:
        with contextlib.suppress(subprocess.CalledProcessError):
            tmux.run("kill-server")


def test_two_nodes_are_cordoned_and_marks_survive_a_stopped_api_server(
    lab: Path, environment: dict[str, str], in_tmux: Callable[[list[str]], Tmux]
) -> None:
    def fault(*words: str) -> None:
        subprocess.run([*KCONSOLE, "lab", "fault", "--name", "tmux", *words], env=environment, check=True, timeout=30)

    tmux = in_tmux([*KCONSOLE, "--kubeconfig", str(lab)])
    tmux.shows(" LAB  tmux  Kubernetes v1.33")
    tmux.shows("w3")
    tmux.press("Down", "Space", "Down", "Space")
    tmux.shows("2 marked")
    tmux.press("c")
    tmux.shows("kubectl --context tmux cordon w1 w2")
    tmux.press("y")
    tmux.shows("✓ w1")
    tmux.shows("2 cordoned")
    tmux.lacks("»")
    fault("apiserver", "stop")
    tmux.shows("reconnecting")
    fault("apiserver", "start")
    tmux.shows("  live")
    tmux.shows("2 marked")
    tmux.press("u")
    tmux.shows("[ y uncordon ]")
    tmux.press("y")
    tmux.lacks("cordoned ")
    tmux.press("q", "u", "c", ":")
    tmux.shows("left with 0")
    assert "NAME" not in tmux.screen()


def test_a_terminal_without_any_ability_is_refused_with_a_sentence(
    environment: dict[str, str], in_tmux: Callable[[list[str]], Tmux]
) -> None:
    tmux = in_tmux(["env", "TERM=dumb", *KCONSOLE])
    tmux.shows("TERM=dumb")
    tmux.shows("left with 2")


class Terminal:
    """A bare pseudo-terminal whose other end this test holds, and can let go of."""

    def __init__(self, environment: dict[str, str], kubeconfig: Path) -> None:
        kubeconfig.write_text(
            "{apiVersion: v1, kind: Config, current-context: gone,"
            " contexts: [{name: gone, context: {cluster: c, user: u}}],"
            " clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {token: t}}]}"
        )
        self.pid, self.end = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [*KCONSOLE, "--kubeconfig", str(kubeconfig)], environment)
        self.seen = b""

    def shows(self, text: bytes, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, self.seen[-2000:]
            if select.select([self.end], [], [], 0.1)[0]:
                self.seen += os.read(self.end, 65536)

    def ended(self, seconds: float = 30) -> int:
        """The exit status, once it has ended by itself."""
        deadline = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                pytest.fail("it did not end by itself")
            time.sleep(0.05)


def test_a_cluster_that_refuses_connections_is_named_and_a_hangup_ends_the_console(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    terminal = Terminal(environment, tmp_path / "kubeconfig")
    terminal.shows(b"cannot be reached")
    os.close(terminal.end)
    terminal.ended()


def test_a_request_to_end_restores_the_terminal(tmp_path: Path, environment: dict[str, str]) -> None:
    terminal = Terminal(environment, tmp_path / "kubeconfig")
    terminal.shows(b"cannot be reached")
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.shows(b"\x1b[?1049l")
    assert terminal.ended() == 0
    os.close(terminal.end)
