"""From what went wrong on the wire to a sentence: no answer, or an answer that is a refusal. Pure."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.kube.proxies import without_password

# OpenSSL's X509_V_ERR_… numbers
_EXPIRED, _NOT_YET_VALID, _OTHER_NAME = 10, 9, (62, 64)
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)


class Status(msgspec.Struct, rename="camel"):
    """The API's answer when it is not the object asked for."""

    kind: str = ""
    message: str | None = None
    reason: str | None = None
    code: int | None = None
    details: dict[str, Any] | None = None


def refused(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> ApiError:
    """What an HTTP status of 400 or more (or a redirect) means."""
    try:
        said = msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeError):
        said = Status()
    if said.kind != "Status":
        said = Status(message=" ".join(body[:300].decode(errors="replace").split()) or None)
    return from_status(status, said, retry_after=_seconds(headers.get("Retry-After"), now))


def from_status(code: int, said: Status, *, retry_after: float | None = None) -> ApiError:
    """The error that a Status object stands for; `code` is the HTTP status that goes with it."""
    if retry_after is None and said.details and isinstance(said.details.get("retryAfterSeconds"), int):
        retry_after = float(said.details["retryAfterSeconds"])
    message, reason = said.message or "", said.reason or ""
    return ApiError(
        _refusal(code, message),
        status=code,
        reason=reason,
        message=message,
        retry_after=retry_after,
        details=said.details,
    )


def _refusal(code: int, message: str) -> str:
    what = message or _("(no reason given)")
    if code in (301, 302, 303, 307, 308):
        text = _("The server sends requests elsewhere ({code}): is the kubeconfig's server a Kubernetes API?")
    elif code == 401:
        text = _("The API server does not accept these credentials (401): {what}. Log in again, or renew them.")
    elif code == 403:
        text = _("Not allowed (403): {what}")
    elif code == 404:
        text = _("Not found (404): {what}")
    elif code == 429:
        text = _("The API server asks to slow down (429): {what}")
    elif code >= 500:
        text = _("The API server has a problem ({code}): {what}")
    else:
        text = _("The API server refused ({code}): {what}")
    return text.format(code=code, what=what.rstrip(".") if code == 401 else what)


def _seconds(value: str | None, now: datetime) -> float | None:
    """A Retry-After header, which is seconds or a date."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    return max(0.0, (at - now).total_seconds())


def unreachable(problem: BaseException, server: str, proxy: str | None) -> Unreachable:
    """Why there was no answer from `server`, and what to do next."""
    return Unreachable(
        _no_answer(problem).format(server=server, proxy=without_password(proxy or ""), problem=_words(problem))
    )


def _no_answer(problem: BaseException) -> str:
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        return _untrusted(problem.certificate_error)
    if isinstance(problem, aiohttp.ClientHttpProxyError):
        return _("The proxy {proxy} did not open the way to {server}: {problem}.")
    if isinstance(problem, aiohttp.ClientProxyConnectionError):
        return _("The proxy {proxy} cannot be reached: {problem}. Check HTTPS_PROXY, NO_PROXY and proxy-url.")
    cause = problem.os_error if isinstance(problem, aiohttp.ClientConnectorError) else problem
    if isinstance(cause, ssl.SSLError):
        return _tls(cause)
    if isinstance(cause, socket.gaierror):
        return _("The name of {server} cannot be resolved: {problem}. Check the network, VPN and DNS.")
    if isinstance(cause, ConnectionRefusedError):
        return _("Nothing listens at {server}: connection refused. Is the API server running?")
    if isinstance(cause, (asyncio.TimeoutError, TimeoutError)):
        return _("{server} did not answer in time. Check the network, VPN and firewall.")
    if isinstance(cause, (aiohttp.ServerDisconnectedError, ConnectionResetError, aiohttp.ClientPayloadError)):
        return _("{server} closed the connection in mid-answer. Is the API server restarting?")
    return _("{server} cannot be reached: {problem}.")


def _untrusted(problem: Exception) -> str:
    code = getattr(problem, "verify_code", None)
    if code == _EXPIRED:
        return _("The certificate of {server} has expired. On a kubeadm cluster: kubeadm certs renew all.")
    if code == _NOT_YET_VALID:
        return _("The certificate of {server} is not valid yet. Is this machine's clock right?")
    if code in _OTHER_NAME or (isinstance(problem, ssl.CertificateError) and code is None):
        return _("The certificate of {server} is for another name: {problem}. Check server and tls-server-name.")
    if code in _UNKNOWN_AUTHORITY:
        return _(
            "{server} is not trusted: its certificate was not signed by the certificate authority in the kubeconfig. "
            "It may be another cluster, or the kubeconfig is out of date."
        )
    return _("The certificate of {server} is not accepted: {problem}.")


def _tls(problem: ssl.SSLError) -> str:
    reason = (problem.reason or "").upper()
    if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason:
        return _("{server} does not speak TLS. Check the address and port in the kubeconfig.")
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        return _("{server} does not accept the client certificate: {problem}. Has it expired?")
    return _("No TLS connection with {server}: {problem}.")


def _words(problem: BaseException) -> str:
    if isinstance(problem, aiohttp.ClientConnectorCertificateError):
        inner: BaseException = problem.certificate_error
        return str(getattr(inner, "verify_message", "") or inner)
    if isinstance(problem, aiohttp.ClientHttpProxyError):
        return f"{problem.status} {problem.message}"
    if isinstance(problem, aiohttp.ClientConnectorError):
        problem = problem.os_error
    if isinstance(problem, ssl.SSLError):
        return (problem.reason or str(problem)).replace("_", " ").lower()
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    return str(problem) or type(problem).__name__
