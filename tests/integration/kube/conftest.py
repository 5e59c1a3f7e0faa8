"""An API server that plays faults, certificates for it, and kubeconfigs that lead to it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, server_context
from plugins import Clock
from scripted_api import ScriptedApi, serving

from kconsole.kube.session import Session


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KUBECONFIG", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def api(tmp_path: Path, authority: Authority) -> AsyncIterator[ScriptedApi]:
    async with serving(server_context(authority.issue("server"), tmp_path, authority.pem)) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


class Kubeconfig:
    """A kubeconfig file whose one context leads to the API server."""

    def __init__(self, path: Path, cluster: dict[str, Any]) -> None:
        self.path, self.cluster, self.user, self.context = path, cluster, {"token": "secret"}, {}
        self.write()

    def write(
        self,
        *,
        user: dict[str, Any] | None = None,
        cluster: dict[str, Any] | None = None,
        context: dict[str, Any] | None = None,
    ) -> str:
        self.user = self.user if user is None else user
        self.cluster = {**self.cluster, **(cluster or {})}
        content = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **(context or {})}}],
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
        }
        self.path.write_text(json.dumps(content))
        return str(self.path)

    async def open(self, **options: Any) -> Session:
        return await Session.open(str(self.path), **options)


@pytest.fixture
def kubeconfig(tmp_path: Path, api: ScriptedApi, authority: Authority) -> Kubeconfig:
    server = {"server": f"https://127.0.0.1:{api.port}", "certificate-authority-data": b64(authority.pem)}
    return Kubeconfig(tmp_path / "config", server)


@pytest.fixture
async def session(kubeconfig: Kubeconfig) -> AsyncIterator[Session]:
    async with await kubeconfig.open() as opened:
        yield opened


async def until(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait for a fact; a deadline only so that a failure ends."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)
