"""An API server that plays faults, certificates for it, and kubeconfigs that lead to it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from certificates import Authority, server_context
from kubeconfigs import Kubeconfig, b64
from plugins import Clock
from scripted_api import ScriptedApi, serving

from kconsole.kube.session import Session


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if sys.version_info < (3, 11):
        # Its TLS transports complain of not being closed even when it was the peer who cut the connection.
        for item in (item for item in items if item.path.parent == Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning"))


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


@pytest.fixture
def kubeconfig(tmp_path: Path, api: ScriptedApi, authority: Authority) -> Kubeconfig:
    server = {"server": f"https://127.0.0.1:{api.port}", "certificate-authority-data": b64(authority.pem)}
    return Kubeconfig(tmp_path / "config", server)


@pytest.fixture
async def session(kubeconfig: Kubeconfig) -> AsyncIterator[Session]:
    async with await kubeconfig.open() as opened:
        yield opened
