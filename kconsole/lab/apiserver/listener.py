"""One API server on one port: TLS, requests in, answers and watches out. Several can share a registry.

Order for each request: faults, who asks, may they, the answer, the journal. Knows no verbs itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from kconsole.lab.apiserver import plain
from kconsole.lab.apiserver.authentication import ANONYMOUS, Authenticator, User, impersonated
from kconsole.lab.apiserver.authorization import allowed, refusal
from kconsole.lab.apiserver.calls import Answer, Call
from kconsole.lab.apiserver.faults import Faults
from kconsole.lab.apiserver.journal import Journal, Record
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.requests import Asked, target, truth, understand
from kconsole.lab.apiserver.status import ApiError, failure, no_such_path
from kconsole.lab.apiserver.streaming import Cut, WatchStream
from kconsole.lab.apiserver.subresources import LogStream
from kconsole.lab.apiserver.verbs import Verbs

_log = logging.getLogger(__name__)

LARGEST_BODY = 3 * 1024 * 1024
"""Bytes that a request's body may have."""
CLIENT_GONE = 499
"""What the journal has for a request whose client left before the answer."""

_IDLE_CONNECTION = 3600.0


@dataclass
class _Exchange:
    """What becomes known about a request while it is answered; the journal's source."""

    asked: Asked
    user: User = ANONYMOUS
    began: float = field(default_factory=time.perf_counter)
    reason: str = ""
    recorded: bool = False


class ApiListener:
    """A kube-apiserver of `version` (such as `1.33.4`). Client certificates count if `tls` asks for them."""

    def __init__(
        self,
        registry: Registry,
        *,
        version: str,
        tls: ssl.SSLContext | None,
        authenticator: Authenticator,
        faults: Faults,
        journal: Journal,
        name: str = "",
    ) -> None:
        self.version = version
        self.name = name
        self._registry = registry
        self._verbs = Verbs(registry)
        self._tls = tls
        self._authenticator = authenticator
        self._faults = faults
        self._journal = journal
        self._http: web.Server | None = None
        self._sockets: asyncio.Server | None = None
        self._address = ("", 0)
        self._watch_faults: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._http is not None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port (a free one for 0)."""
        self._http = web.Server(
            self._handle,
            request_factory=_request,
            handler_cancellation=True,
            keepalive_timeout=_IDLE_CONNECTION,
            access_log=None,
        )
        self._address = (host, port)
        await self._open()
        self._watch_faults = asyncio.create_task(self._follow_faults())
        return self._address[1]

    async def stop(self, *, abrupt: bool = True) -> None:
        """Listen no more and end all connections: at once, or after the requests under way (watches end at once)."""
        if self._http is None:
            return
        http, self._http = self._http, None
        if self._watch_faults is not None:
            self._watch_faults.cancel()
            await asyncio.gather(self._watch_faults, return_exceptions=True)
        self._close()
        if abrupt:
            for connection in http.connections:
                if connection.transport is not None:
                    connection.transport.abort()
        await http.shutdown(0 if abrupt else 1.0)

    async def _open(self) -> None:
        assert self._http is not None
        loop = asyncio.get_running_loop()
        host, port = self._address
        self._sockets = await loop.create_server(
            self._http, host, port, ssl=self._tls, backlog=1024, reuse_address=True
        )
        self._address = (host, self._sockets.sockets[0].getsockname()[1])

    def _close(self) -> None:
        if self._sockets is not None:
            self._sockets.close()
            self._sockets = None

    async def _follow_faults(self) -> None:
        """Stop listening while connections are to be refused, and forget the history when it is to be compacted."""
        changed, compactions = asyncio.Event(), self._faults.compactions
        self._faults.bell.subscribe(changed)
        try:
            while True:
                if self._faults.compactions > compactions:
                    compactions = self._faults.compactions
                    self._registry.store.compact(self._registry.store.revision)
                if self._faults.refusing:
                    self._close()
                elif self._sockets is None:
                    await self._open()
                await changed.wait()
                changed.clear()
        finally:
            self._faults.bell.unsubscribe(changed)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = understand(request.method, request.path, request.query)
        exchange = _Exchange(asked)
        try:
            return await self._answered(request, exchange)
        except ApiError as error:
            refused = error
        except asyncio.CancelledError:
            # The client is gone; what it asked for may be done all the same.
            if not exchange.recorded:
                self._record(request, exchange, CLIENT_GONE, dry_run=False)
            raise
        except web.HTTPRequestEntityTooLarge:
            refused = failure(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LARGEST_BODY}")
        except Exception as error:  # a defect of one answer must not take the connection down, and must be seen
            if isinstance(error, ConnectionError):
                raise
            _log.exception("%s %s failed", request.method, request.path)
            refused = failure(500, "InternalError", f"Internal error occurred: {error!r}")
        exchange.reason = refused.reason
        return self._send(
            request, exchange, Answer(msgspec.json.encode(refused.status), refused.code, headers=refused.headers)
        )

    async def _answered(self, request: web.BaseRequest, exchange: _Exchange) -> web.StreamResponse:
        asked = exchange.asked
        delay = self._faults.delay(asked)
        if delay:
            await asyncio.sleep(delay)
        exchange.user = self._who(request, asked)
        error = self._faults.error(asked)
        if error is not None:
            if error.code == 502:
                answer = Answer(b"bad gateway\n", 502, "text/plain; charset=utf-8", error.headers)
                return self._send(request, exchange, answer)
            raise error
        if not allowed(exchange.user, asked):
            raise refusal(exchange.user, asked)
        refused = self._faults.admission(asked)
        if refused is not None:
            raise refused
        if not asked.plural:
            if asked.verb != "get":
                raise no_such_path()
            accept = ",".join(request.headers.getall("Accept", []))
            answer = await plain.answer(
                self._registry.store, self._faults, self.version, request.path, request.query, accept
            )
            return self._send(request, exchange, answer)
        return await self._on_resource(request, exchange)

    def _who(self, request: web.BaseRequest, asked: Asked) -> User:
        certificate = request.transport.get_extra_info("peercert") if request.transport else None
        user = self._authenticator.authenticate(certificate, request.headers)
        other = impersonated(user, request.headers)
        if other is None:
            return user
        act = Asked("impersonate", asked.path, plural="users", name=other.name)
        if not allowed(user, act):
            raise refusal(user, act)
        return other

    async def _on_resource(self, request: web.BaseRequest, exchange: _Exchange) -> web.StreamResponse:
        asked, user = exchange.asked, exchange.user
        resource, _ = target(asked, self._registry.store.served)
        if asked.subresource == "eviction" and self._faults.hides_evictions:
            raise no_such_path()
        accept = ",".join(request.headers.getall("Accept", []))
        if asked.verb == "watch" and resource.stored:
            stream = WatchStream(self._registry, self._faults, resource, asked.namespace or None, request.query, accept)
            return await self._stream(request, exchange, stream)
        call = Call(
            asked,
            resource,
            user,
            request.query,
            accept,
            request.headers.get("Content-Type", ""),
            await request.read(),
            lambda: self._faults.continue_expired(asked),
        )
        if asked.subresource == "log" and asked.verb == "get" and truth(request.query, "follow"):
            return await self._stream(request, exchange, LogStream(self._registry, call))
        return self._send(request, exchange, await self._verbs.answer(call))

    async def _stream(
        self, request: web.BaseRequest, exchange: _Exchange, stream: WatchStream | LogStream
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": stream.content_type, **_standard()})
        response.enable_chunked_encoding()
        async with contextlib.aclosing(stream.chunks()) as chunks:
            # Until its first chunk (which may be empty) the stream can still refuse, with a code of its own.
            first = await anext(chunks)
            await response.prepare(request)
            self._record(request, exchange, 200, dry_run=False)
            try:
                if first:
                    await response.write(first)
                async for chunk in chunks:
                    await response.write(chunk)
            except Cut as cut:
                if cut.rest:
                    await response.write(cut.rest)
                if request.transport is not None:
                    request.transport.close()
                return response
        await response.write_eof()
        return response

    def _send(self, request: web.BaseRequest, exchange: _Exchange, answer: Answer) -> web.StreamResponse:
        self._record(request, exchange, answer.code, dry_run=answer.dry_run)
        headers = {"Content-Type": answer.content_type, **_standard(), **answer.headers}
        return web.Response(body=answer.body, status=answer.code, headers=headers)

    def _record(self, request: web.BaseRequest, exchange: _Exchange, code: int, *, dry_run: bool) -> None:
        asked, user = exchange.asked, exchange.user
        exchange.recorded = True
        self._journal.add(
            Record(
                time=self._registry.clock().isoformat(timespec="microseconds"),
                user=user.name,
                verb=asked.verb,
                path=asked.path,
                code=code,
                seconds=round(time.perf_counter() - exchange.began, 6),
                listener=self.name,
                group=asked.group,
                resource=asked.plural,
                subresource=asked.subresource,
                namespace=asked.namespace,
                name=asked.name,
                query=request.query_string,
                dry_run=dry_run or "All" in request.query.getall("dryRun", []),
                reason=exchange.reason,
                agent=request.headers.get("User-Agent", ""),
                on_behalf=user.on_behalf,
            )
        )


def _standard() -> dict[str, str]:
    return {"Audit-Id": str(uuid.uuid4()), "Cache-Control": "no-cache, private"}


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)
