"""Clusters behind a proxy are reached through it, and a proxy that does not help is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from kubeconfigs import Kubeconfig
from plugins import version
from scripted_api import ScriptedApi

from kconsole.kube.errors import Unreachable


class Proxy:
    """A proxy that knows CONNECT and nothing else."""

    def __init__(self, answer: str) -> None:
        self.answer, self.port = answer, 0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.leads_to = 0
        self.tasks: set[asyncio.Task[None]] = set()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _c, value in (line.partition(":") for line in head[1:])}
        self.asked.append((head[0], headers))
        writer.write(f"HTTP/1.1 {self.answer}\r\n\r\n".encode())
        if self.answer.startswith("200"):
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.leads_to)
            await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
        writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def proxy(api: ScriptedApi, answer: str = "200 Connection established") -> AsyncIterator[Proxy]:
    made = Proxy(answer)
    made.leads_to = api.port
    server = await asyncio.start_server(made.connection, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await asyncio.gather(*made.tasks, return_exceptions=True)


async def test_proxy_url_leads_through_the_proxy_with_its_password(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    api.others["/version"] = version
    async with proxy(api) as through:
        kubeconfig.write(cluster={"proxy-url": f"http://me:secret@127.0.0.1:{through.port}"})
        async with await kubeconfig.open() as session:
            assert await session.server_version() == "v1.33.4"
    ((line, headers),) = through.asked
    assert line == f"CONNECT 127.0.0.1:{api.port} HTTP/1.1"
    assert headers["proxy-authorization"] == "Basic bWU6c2VjcmV0"
    assert "authorization" not in headers, "the cluster's token is none of the proxy's business"


async def test_the_environments_proxy_is_used_for_a_host_that_is_not_local(
    api: ScriptedApi, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.others["/version"] = version
    async with proxy(api) as through:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{through.port}")
        kubeconfig.write(cluster={"server": "https://api.far.example:6443", "tls-server-name": "127.0.0.1"})
        async with await kubeconfig.open() as session:
            assert await session.server_version() == "v1.33.4"
    assert through.asked[0][0] == "CONNECT api.far.example:6443 HTTP/1.1"


async def test_the_environments_proxy_is_not_used_for_localhost(
    api: ScriptedApi, kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.others["/version"] = version
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    async with await kubeconfig.open() as session:
        assert await session.server_version() == "v1.33.4"


async def test_a_proxy_that_refuses_is_named_without_its_password(api: ScriptedApi, kubeconfig: Kubeconfig) -> None:
    async with proxy(api, "407 Proxy Authentication Required") as through:
        kubeconfig.write(cluster={"proxy-url": f"http://me:secret@127.0.0.1:{through.port}"})
        async with await kubeconfig.open() as session:
            with pytest.raises(Unreachable, match=r"The proxy http://127.0.0.1:\d+ did not open the way .*: 407") as e:
                await session.server_version()
    assert "secret" not in str(e.value)


async def test_a_proxy_that_is_not_there_is_named(kubeconfig: Kubeconfig) -> None:
    kubeconfig.write(cluster={"proxy-url": "http://127.0.0.1:1"})
    async with await kubeconfig.open() as session:
        with pytest.raises(Unreachable, match=r"The proxy http://127\.0\.0\.1:1 cannot be reached"):
            await session.server_version()
