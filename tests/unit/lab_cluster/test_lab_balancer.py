"""One address for several servers: forwarding, taking turns, refusing when none is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kconsole.lab.balancer import Balancer
from kconsole.lab.ground.ports import free_ports


class Echo:
    """Answers each connection with its own name and everything it was sent, after the client's end of file."""

    def __init__(self, name: bytes) -> None:
        self.name = name

    async def start(self) -> int:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.name + await reader.read())
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture
async def balancer() -> AsyncIterator[Balancer]:
    balancer = Balancer(free_ports(1)[0])
    balancer.reserve()
    yield balancer
    await balancer.close()


def port(balancer: Balancer) -> int:
    return int(balancer.url.rpartition(":")[2])


async def ask(balancer: Balancer, data: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port(balancer))
    writer.write(data)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_large_answers_arrive_whole(balancer: Balancer) -> None:
    echo = Echo(b"")
    await balancer.add(await echo.start())
    data = bytes(range(256)) * 40_000
    assert await ask(balancer, data) == data
    echo.server.close()


async def test_servers_take_turns_and_a_dead_one_is_passed_over(balancer: Balancer) -> None:
    one, two = Echo(b"1"), Echo(b"2")
    for echo in (one, two):
        await balancer.add(await echo.start())
    assert {await ask(balancer) for _ in range(4)} == {b"1", b"2"}
    one.server.close()  # it died without a word to the balancer
    assert {await ask(balancer) for _ in range(4)} == {b"2"}
    two.server.close()


async def test_with_no_server_alive_connections_are_refused_and_accepted_again_later(balancer: Balancer) -> None:
    with pytest.raises(ConnectionRefusedError):
        await ask(balancer)
    echo = Echo(b"1")
    behind = await echo.start()
    for _ in range(3):
        await balancer.add(behind)
        assert await ask(balancer) == b"1"
        await balancer.remove(behind)
        assert not balancer.up.is_set()
        with pytest.raises(ConnectionRefusedError):
            await ask(balancer)
    echo.server.close()


async def test_servers_that_come_up_at_the_same_moment_share_one_listener(balancer: Balancer) -> None:
    echoes = [Echo(b"1"), Echo(b"2"), Echo(b"3")]
    ports = [await echo.start() for echo in echoes]
    await asyncio.gather(*(balancer.add(number) for number in ports))
    assert await ask(balancer) in (b"1", b"2", b"3")
    for echo in echoes:
        echo.server.close()


async def test_a_closed_balancer_gives_its_port_back(balancer: Balancer) -> None:
    await balancer.close()
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", port(balancer))
    server.close()
    await server.wait_closed()
