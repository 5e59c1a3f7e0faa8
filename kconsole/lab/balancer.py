"""One address for all API servers: each connection goes to the next one that is alive; with none alive it is refused.

Moves bytes only; TLS ends in the API server behind it. While nothing is alive the port stays reserved but nothing
listens on it, so that clients see what a dead control plane shows them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

_READ = 256 * 1024


class Balancer:
    """The address that stands in the kubeconfig."""

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self._host = host
        self._port = port
        self._backends: list[int] = []
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._links: set[_Link] = set()
        self._opening = asyncio.Lock()
        self.up = asyncio.Event()
        """Set while any API server is behind it."""

    @property
    def url(self) -> str:
        """Where clients reach the cluster."""
        return f"https://{self._host}:{self._port}"

    def reserve(self) -> None:
        """Take the port. OSError when something else has it."""
        if self._reserved is None and self._server is None:
            self._reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._reserved.bind((self._host, self._port))

    async def add(self, port: int) -> None:
        """An API server is alive on `port`."""
        async with self._opening:
            if port not in self._backends:
                self._backends.append(port)
            if self._server is None:
                self.reserve()
                reserved, self._reserved = self._reserved, None
                assert reserved is not None
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(self._accept, sock=reserved, backlog=512)
            self.up.set()

    async def remove(self, port: int) -> None:
        """The API server on `port` is going; its connections end by themselves."""
        async with self._opening:
            if port in self._backends:
                self._backends.remove(port)
            if not self._backends and self._server is not None:
                self.up.clear()
                await self._stop_listening()
                self.reserve()

    async def close(self) -> None:
        """Give the port back and cut every connection."""
        self._backends.clear()
        self.up.clear()
        await self._stop_listening()
        for link in list(self._links):
            link.cut()
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            # A server that is closed stops listening only when the loop has turned; the port is bound again after it.
            await asyncio.sleep(0)

    def _accept(self) -> _Link:
        if self._backends:
            self._turn += 1
        candidates = [self._backends[(self._turn + i) % len(self._backends)] for i in range(len(self._backends))]
        return _Link(self._host, candidates, self._links)


class _Link(asyncio.Protocol):
    """The client's half of a connection, and the way to the API server's half."""

    def __init__(self, host: str, ports: list[int], links: set[_Link]) -> None:
        self._host, self._ports, self._links = host, ports, links
        self._client: asyncio.Transport | None = None
        self._far: asyncio.Transport | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        """What came before the other half was there: a transport of Python 3.10 reads on although it was paused."""
        self._ended_early = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._client = transport
        transport.pause_reading()
        transport.set_write_buffer_limits(high=_READ * 4)
        self._links.add(self)
        self._dialling = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        assert self._client is not None
        for port in self._ports:
            with contextlib.suppress(OSError):
                transport, _ = await loop.create_connection(lambda: _Return(self), self._host, port)
                self._far = transport
                transport.set_write_buffer_limits(high=_READ * 4)
                if self._client.is_closing():
                    transport.abort()
                    return
                transport.writelines(self._early)
                self._early.clear()
                if self._ended_early:
                    transport.write_eof()
                self._client.resume_reading()
                return
        self._client.abort()

    def data_received(self, data: bytes) -> None:
        if self._far is not None:
            self._far.write(data)
        else:
            self._early.append(data)

    def eof_received(self) -> bool:
        if self._far is None:
            self._ended_early = True
        elif self._far.can_write_eof():
            self._far.write_eof()
        return True

    def pause_writing(self) -> None:
        if self._far is not None:
            self._far.pause_reading()

    def resume_writing(self) -> None:
        if self._far is not None and not self._far.is_closing():
            self._far.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._links.discard(self)
        if self._dialling is not None and not self._dialling.done():
            self._dialling.cancel()
        if self._far is not None:
            self._far.abort()

    def returned(self, data: bytes) -> None:
        """Bytes from the API server, for the client."""
        if self._client is not None:
            self._client.write(data)

    def hold_back(self, *, pausing: bool) -> None:
        """The API server reads more slowly than the client writes, or no longer does."""
        if self._client is not None and not self._client.is_closing():
            if pausing:
                self._client.pause_reading()
            else:
                self._client.resume_reading()

    def far_gone(self, exc: Exception | None) -> None:
        """The API server's half ended: orderly ends stay orderly, resets stay resets."""
        if self._client is not None:
            if exc is None:
                self._client.close()
            else:
                self._client.abort()

    def cut(self) -> None:
        """End both halves now."""
        for transport in (self._client, self._far):
            if transport is not None:
                transport.abort()


class _Return(asyncio.Protocol):
    """The API server's half of a connection."""

    def __init__(self, link: _Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        self._link.returned(data)

    def pause_writing(self) -> None:
        self._link.hold_back(pausing=True)

    def resume_writing(self) -> None:
        self._link.hold_back(pausing=False)

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.far_gone(exc)
