"""A small API server with real TLS on loopback, sessions of its three kinds of users, and real kubectl against it."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from kconsole.lab.apiserver.authentication import Authenticator, User
from kconsole.lab.apiserver.authorization import ADMIN_GROUP, OPERATOR_GROUP, VIEWER_GROUP
from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.faults import Faults
from kconsole.lab.apiserver.journal import Journal
from kconsole.lab.apiserver.listener import ApiListener
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.store import Store
from kconsole.lab.ground.pki import CLIENT, SERVER, Authority, Pair

USERS = {"admin": ADMIN_GROUP, "operator": OPERATOR_GROUP, "viewer": VIEWER_GROUP}
KUBECTL = shutil.which("kubectl")
PLAIN = {"Accept": "application/json"}


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Answered:
    code: int
    body: Any
    headers: dict[str, str]


@dataclass
class Api:
    """The server under test and what a test needs to talk to it."""

    registry: Registry
    clock: Any
    folder: Path
    authority: Authority
    pairs: dict[str, Pair]
    faults: Faults = field(default_factory=Faults)
    authenticator: Authenticator = field(
        default_factory=lambda: Authenticator({"secret": User("tina", (VIEWER_GROUP,))})
    )
    journal: Journal = field(default_factory=Journal)
    port: int = 0
    listener: ApiListener | None = None
    sessions: dict[str, aiohttp.ClientSession] = field(default_factory=dict)

    async def start(self, version: str = "1.33.4") -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        tls.load_verify_locations(self.folder / "ca.crt")
        tls.verify_mode = ssl.CERT_OPTIONAL
        self.listener = ApiListener(
            self.registry,
            version=version,
            tls=tls,
            authenticator=self.authenticator,
            faults=self.faults,
            journal=self.journal,
            name="cp1",
        )
        self.port = await self.listener.start("127.0.0.1", self.port)

    def client_tls(self, user: str | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "ca.crt")
        if user:
            context.load_cert_chain(self.folder / f"{user}.crt", self.folder / f"{user}.key")
        return context

    def session(self, user: str | None = "admin") -> aiohttp.ClientSession:
        key = user or ""
        if key not in self.sessions:
            connector = aiohttp.TCPConnector(ssl=self.client_tls(user), limit=0)
            self.sessions[key] = aiohttp.ClientSession(f"https://127.0.0.1:{self.port}", connector=connector)
        return self.sessions[key]

    async def ask(
        self, method: str, path: str, body: Any = None, *, user: str | None = "admin", **headers: str
    ) -> Answered:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session(user).request(method, path, data=data, headers=sent) as response:
            raw = await response.read()
            is_json = response.content_type == "application/json"
            return Answered(response.status, json.loads(raw) if is_json else raw, dict(response.headers))

    async def get(self, path: str, *, user: str | None = "admin", **headers: str) -> Answered:
        return await self.ask("GET", path, user=user, **headers)

    def kubeconfig(self, user: str = "admin") -> Path:
        path = self.folder / f"{user}.conf"
        certificate = {
            "client-certificate": str(self.folder / f"{user}.crt"),
            "client-key": str(self.folder / f"{user}.key"),
        }
        server = f"https://127.0.0.1:{self.port}"
        cluster = {"server": server, "certificate-authority": str(self.folder / "ca.crt")}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": user, "user": certificate}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
            "current-context": "lab",
        }
        path.write_text(json.dumps(document))
        return path

    async def close(self) -> None:
        for session in self.sessions.values():
            await session.close()
        if self.listener is not None:
            await self.listener.stop()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.create("kubernetes")


@pytest.fixture(scope="session")
def pairs(authority: Authority) -> dict[str, Pair]:
    found = {name: authority.issue(name, uses=[CLIENT], groups=[group]) for name, group in USERS.items()}
    return {**found, "server": authority.issue("kube-apiserver", uses=[SERVER], names=["localhost", "127.0.0.1"])}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def api(tmp_path: Path, authority: Authority, pairs: dict[str, Pair], clock: Clock) -> AsyncIterator[Api]:
    """Three nodes, four namespaces and two pods, held in memory, at 1.33.4; the clock stands still."""
    folder = tmp_path / "api"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(authority.pair.cert)
    for name, pair in pairs.items():
        (folder / f"{name}.crt").write_bytes(pair.cert)
        (folder / f"{name}.key").write_bytes(pair.key)
    store = Store(MemoryBackend())
    await store.load()
    registry = Registry(store, clock, seed=1)
    await seed(registry)
    server = Api(registry, clock, folder, authority, pairs)
    await server.start()
    yield server
    await server.close()


async def seed(registry: Registry) -> None:
    for name in ("default", "kube-system", "kube-node-lease", "shop"):
        await registry.create(RESOURCES["namespaces"], {"metadata": {"name": name}})
    for name in ("cp1", "w1", "w2"):
        await registry.create(RESOURCES["nodes"], node(name))
    for name, where in (("web-1", "w1"), ("web-2", "w2")):
        await registry.create(RESOURCES["pods"], pod(name, where))


def node(name: str) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    if name.startswith("cp"):
        labels["node-role.kubernetes.io/control-plane"] = ""
    return {
        "metadata": {"name": name, "labels": labels},
        "status": {
            "conditions": [
                {"type": "MemoryPressure", "status": "False", "reason": "KubeletHasSufficientMemory"},
                {"type": "Ready", "status": "True", "reason": "KubeletReady"},
            ],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}, {"type": "Hostname", "address": name}],
            "nodeInfo": {"kubeletVersion": "v1.33.4", "osImage": "Ubuntu 24.04.1 LTS", "kernelVersion": "6.8.0"},
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
        },
    }


def pod(name: str, where: str, namespace: str = "shop") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name.partition("-")[0]}},
        "spec": {"nodeName": where, "containers": [{"name": "main", "image": "web:1.2"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "main", "ready": True, "restartCount": 0, "state": {"running": {}}}],
        },
    }


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Kubectl = Callable[..., Coroutine[Any, Any, Ran]]


Process = Callable[..., Coroutine[Any, Any, asyncio.subprocess.Process]]


@pytest.fixture
def kubectl_process(api: Api, tmp_path: Path) -> Process:
    """Starts real kubectl as `user`, of the minor that the server says it is; `more` is environment."""
    if KUBECTL is None:
        pytest.skip("kubectl is not installed")

    async def start(*arguments: str, user: str = "admin", **more: str) -> asyncio.subprocess.Process:
        environment = {
            **more,
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "KUBECACHEDIR": str(tmp_path / "cache"),
            "KUBECONFIG": str(api.kubeconfig(user)),
        }
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            str(KUBECTL), *arguments, env=environment, stdin=pipe, stdout=pipe, stderr=pipe
        )

    return start


@pytest.fixture
def kubectl(kubectl_process: Process) -> Kubectl:
    """As `kubectl_process`, and waits for the end."""

    async def run(*arguments: str, user: str = "admin", stdin: str | None = None, **more: str) -> Ran:
        process = await kubectl_process(*arguments, user=user, **more)
        out, err = await asyncio.wait_for(process.communicate(stdin.encode() if stdin else None), 60)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())

    return run
