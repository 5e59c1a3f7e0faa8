"""A small real API server on loopback, TLS and all, that holds nodes and plays every fault of a wire when told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: list[tuple[str, str]]
    body: bytes
    peer_certificate: dict[str, Any] | None

    def header(self, name: str) -> str | None:
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [v for k, v in self.headers if k.lower() == name.lower()]

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") in ("1", "true")


class Reply:
    """One answer, as whole or as broken as a test wants it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.streaming = False

    async def json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        await self.whole(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    async def whole(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        head = "".join(f"{k}: {v}\r\n" for k, v in {**headers, "Content-Length": str(len(body))}.items())
        self.writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)
        await self.writer.drain()

    async def status(self, code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> None:
        await self.json(code, status_object(code, reason, message), headers)

    async def stream(self) -> None:
        self.streaming = True
        self.writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self.writer.drain()

    async def send(self, data: bytes) -> None:
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def event(self, kind: str, body: Any) -> None:
        await self.send(json.dumps({"type": kind, "object": body}).encode() + b"\n")

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def cut(self) -> None:
        self.writer.transport.abort()


Handler = Callable[[Request, Reply], Awaitable[None]]


def status_object(code: int, reason: str, message: str) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def node(name: str, version: int = 1, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "kind": "Node",
        "apiVersion": "v1",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }
    for key, value in more.items():
        made[key] = {**made.get(key, {}), **value} if isinstance(value, dict) else value
    return made


@dataclass
class ScriptedApi:
    """Nodes, their history, and faults to play: handlers taken from `lists` and `watches` before the honest answer."""

    version: int = 100
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    oldest: int = 0
    requests: list[Request] = field(default_factory=list)
    lists: deque[Handler] = field(default_factory=deque)
    watches: deque[Handler] = field(default_factory=deque)
    others: dict[str, Handler] = field(default_factory=dict)
    gate: Handler | None = None
    """Sees every request first; answers it by returning after writing, or passes by raising `Pass`."""
    port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def put(self, name: str, **more: Any) -> None:
        self.version += 1
        kind = "MODIFIED" if name in self.nodes else "ADDED"
        self.nodes[name] = node(name, self.version, **more)
        self._record(kind, self.nodes[name])

    def delete(self, name: str) -> None:
        self.version += 1
        gone = self.nodes.pop(name)
        gone = {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}
        self._record("DELETED", gone)

    def compact(self) -> None:
        """Forget history: every version before now is answered with 410."""
        self.version += 1
        self.oldest = self.version
        self.history.clear()
        self.changed.set()

    def _record(self, kind: str, body: dict[str, Any]) -> None:
        self.history.append((self.version, kind, body))
        self.changed.set()

    async def start(self, context: ssl.SSLContext | None, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._connection, "127.0.0.1", port or self.port, ssl=context)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Like a killed server: the port closes and every connection is cut."""
        if self.server is not None:
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()
            for task in list(self.tasks):
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            await self.server.wait_closed()
            self.server = None

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        self.writers.add(writer)
        try:
            while (request := await _request(reader, writer)) is not None:
                self.requests.append(request)
                reply = Reply(writer)
                await self._answer(request, reply)
                if reply.streaming or writer.is_closing():
                    return
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            return
        finally:
            self.writers.discard(writer)
            self.tasks.discard(task)
            writer.close()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, request: Request, reply: Reply) -> None:
        if self.gate is not None:
            with contextlib.suppress(Pass):
                await self.gate(request, reply)
                return
        if request.path in self.others:
            await self.others[request.path](request, reply)
        elif request.path != "/api/v1/nodes":
            await reply.status(404, "NotFound", "the server could not find the requested resource")
        elif request.is_watch:
            await (self.watches.popleft() if self.watches else self.honest_watch)(request, reply)
        else:
            await (self.lists.popleft() if self.lists else self.honest_list)(request, reply)

    async def honest_list(self, request: Request, reply: Reply) -> None:
        limit, start = int(request.query.get("limit", "0")) or 10**9, request.query.get("continue", "")
        names = sorted(name for name in self.nodes if name > start)
        meta = {"resourceVersion": str(self.version)}
        if len(names) > limit:
            meta["continue"] = names[limit - 1]
        items = [self.nodes[name] for name in names[:limit]]
        await reply.json(200, {"kind": "NodeList", "apiVersion": "v1", "metadata": meta, "items": items})

    async def honest_watch(self, request: Request, reply: Reply) -> None:
        since = int(request.query["resourceVersion"])
        if since < self.oldest:
            await reply.status(410, "Expired", "too old resource version")
            return
        await reply.stream()
        await self.follow(reply, since)

    async def follow(self, reply: Reply, since: int) -> None:
        """Every event after `since`, for as long as the client listens."""
        while True:
            self.changed.clear()
            for version, kind, body in list(self.history):
                if version > since:
                    await reply.event(kind, body)
                    since = version
            await self.changed.wait()


class Pass(Exception):
    """The gate lets this request through."""


async def _request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    line = await reader.readline()
    if not line:
        return None
    parts = line.decode("latin-1").split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/"):  # a TLS hello may by chance look like three words
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await reader.read()  # closing with bytes unread would reset the connection before the answer is seen
        return None
    method, target, _version = parts
    headers = []
    while (raw := await reader.readline()) not in (b"\r\n", b""):
        name, _colon, value = raw.decode().partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    body = await reader.readexactly(length) if length else b""
    url = urlsplit(target)
    peer = writer.get_extra_info("peercert")
    return Request(method, url.path, dict(parse_qsl(url.query)), headers, body, peer)


@contextlib.asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[ScriptedApi]:
    api = ScriptedApi()
    await api.start(context)
    try:
        yield api
    finally:
        await api.stop()
