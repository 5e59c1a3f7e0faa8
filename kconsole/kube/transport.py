"""Requests to one API server: the address, TLS, proxy, credentials and time limits that each of them needs.

Sends what it is told to send and judges nothing. Used by `session.py`, which reads, and `actions.py`, which writes.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

import kconsole
from kconsole.i18n import _
from kconsole.kube import failures, tls
from kconsole.kube.credentials import Credential, Credentials
from kconsole.kube.deadline import within
from kconsole.kube.errors import ApiError, ConfigProblem, Unreachable
from kconsole.kube.exec_plugin import Interactive
from kconsole.kube.impersonation import Impersonation
from kconsole.kube.kubeconfig import Access
from kconsole.kube.kubeconfig_file import Cluster
from kconsole.kube.proxies import proxy_for

CONNECT = 5.0
"""Seconds for a TCP connection and its TLS handshake."""
ANSWER = 30.0
"""Seconds for the head of a stream's answer; what follows has its own limit."""
_PARALLEL = 64
_ON_THE_WIRE = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


class _Request(NamedTuple):
    method: str
    path: str
    params: Mapping[str, str] | None
    head: list[tuple[str, str]]
    body: bytes | None
    limits: aiohttp.ClientTimeout


def server_url(cluster: Cluster) -> str:
    """The API server's URL; a bare host:port means https where anything about TLS is said, as in kubectl."""
    server = (cluster.server or "").rstrip("/")
    if "://" not in server:
        secure = cluster.certificate_authority or cluster.certificate_authority_data or cluster.insecure_skip_tls_verify
        server = f"{'https' if secure else 'http'}://{server}"
    try:
        url = urlsplit(server)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigProblem(_("The kubeconfig's server is not a URL: {server}.").format(server=cluster.server))
    return server


class Transport:
    """A connection pool to one API server. Close it when done."""

    def __init__(
        self,
        access: Access,
        *,
        reread: Callable[[], Access],
        impersonation: Impersonation | None,
        interactive: Interactive | None,
        now: Callable[[], datetime],
    ) -> None:
        """Blocks while files are read. Raises ConfigProblem."""
        self._cluster, self._now = access.cluster, now
        self.server = server_url(access.cluster)
        self._proxy = proxy_for(self.server, access.cluster.proxy_url, os.environ)
        self._headers = [("User-Agent", f"kconsole/{kconsole.__version__}")]
        if access.cluster.disable_compression:
            self._headers.append(("Accept-Encoding", "identity"))
        if impersonation is not None:
            self._headers += impersonation.headers()
        self._credentials = Credentials(reread, access, interactive=interactive, now=now)
        self._tls: tuple[tls.ClientCertificate | None, ssl.SSLContext] | None = None
        self._pool: aiohttp.ClientSession | None = None
        self._streams: set[aiohttp.ClientResponse] = set()

    async def prepare(self) -> None:
        """Load what stands in files, so that a wrong kubeconfig is named before the first request."""
        await self._tls_context(self._credentials.filed.certificate)

    async def close(self) -> None:
        """End every connection."""
        for response in list(self._streams):
            response.close()  # closing the pool alone would leave its reader waiting
        if self._pool is not None:
            await self._pool.close()

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        body: bytes | None = None,
        content_type: str = "application/json",
        timeout: float = ANSWER,
    ) -> bytes:
        """The body of the answer. Raises ApiError, Unreachable, ConfigProblem."""
        head = [("Accept", accept)] + ([("Content-Type", content_type)] if body is not None else [])
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT)
        response = await self._answered(_Request(method, path, params, head, body, limits))
        try:
            content = await response.read()
        except _ON_THE_WIRE as problem:
            raise failures.unreachable(problem, self.server, self._proxy) from problem
        finally:
            response.release()
        if accept.startswith("application/json") and "json" not in response.content_type:
            text = _(
                "{server} answered with {kind}, which is not the Kubernetes API. A proxy or login page in between?"
            )
            raise Unreachable(text.format(server=self.server, kind=response.content_type))
        return content

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, accept: str, silence: float
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """The body of an answer that goes on, in pieces at most `silence` seconds apart."""
        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=silence)
        response = await self._answered(_Request("GET", path, params, [("Accept", accept)], None, limits))
        self._streams.add(response)
        try:
            yield response.content
        finally:
            self._streams.discard(response)
            response.close()

    def broken(self, problem: BaseException) -> Unreachable:
        """The sentence for a stream that broke."""
        return failures.unreachable(problem, self.server, self._proxy)

    async def _answered(self, request: _Request) -> aiohttp.ClientResponse:
        credential = await self._credentials.current()
        try:
            return await self._once(request, credential)
        except ApiError as problem:
            if problem.status != 401:
                raise
            if (other := await self._credentials.renewed(credential)) is None:
                raise await self._explained(problem) from None
        try:
            return await self._once(request, other)
        except ApiError as problem:
            raise (await self._explained(problem) if problem.status == 401 else problem) from None

    async def _once(self, request: _Request, credential: Credential) -> aiohttp.ClientResponse:
        headers = self._headers + request.head
        if credential.authorization is not None:
            headers = [*headers, ("Authorization", credential.authorization)]
        context = await self._tls_context(credential.certificate)

        async def send() -> aiohttp.ClientResponse:
            return await self._connections().request(
                request.method,
                URL(self.server + request.path),
                params=request.params,
                headers=headers,
                data=request.body,
                timeout=request.limits,
                proxy=self._proxy,
                ssl=context,
                server_hostname=self._cluster.tls_server_name or None,
                allow_redirects=False,
            )

        try:
            response = await within(request.limits.total or ANSWER, send(), undo=aiohttp.ClientResponse.close)
            if response.status < 300:
                return response
            try:
                content = await response.read()
            finally:
                response.release()
        except _ON_THE_WIRE as problem:
            if isinstance(problem, aiohttp.ClientConnectorCertificateError):
                self._tls = None  # the next attempt reads the CA file again: it may have been replaced
            raise failures.unreachable(problem, self.server, self._proxy) from problem
        raise failures.refused(response.status, response.headers, content, now=self._now())

    def _connections(self) -> aiohttp.ClientSession:
        if self._pool is None:
            self._pool = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_PARALLEL), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._pool

    async def _tls_context(self, certificate: tls.ClientCertificate | None) -> ssl.SSLContext:
        """One context for one client certificate, so that connections are shared until it changes."""
        if self._tls is None or self._tls[0] != certificate:
            self._tls = certificate, await asyncio.to_thread(self._make_context, certificate)
        return self._tls[1]

    def _make_context(self, certificate: tls.ClientCertificate | None) -> ssl.SSLContext:
        cluster = self._cluster
        authority = tls.pem("certificate-authority", cluster.certificate_authority, cluster.certificate_authority_data)
        return tls.client_context(authority, certificate, insecure=bool(cluster.insecure_skip_tls_verify))

    async def _explained(self, problem: ApiError) -> ApiError:
        """A 401 that says which credential ended when, where that is known."""
        ends = await asyncio.to_thread(self._credentials.ends)
        if ends is None or ends > self._now():
            return problem
        text = _("The API server does not accept these credentials (401): they ended on {ends:%Y-%m-%d %H:%M} UTC. ")
        return ApiError(
            text.format(ends=ends) + _("Log in again, or renew them."),
            status=problem.status,
            reason=problem.reason,
            message=problem.message,
            retry_after=problem.retry_after,
            details=problem.details,
        )
