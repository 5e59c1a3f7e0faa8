"""The backend that keeps the objects in a real etcd, through its JSON gateway.

`endpoints` and `tls` may be changed while it is in use; the endpoints are tried in turn, beginning with the last that
answered. The resourceVersion of an object is etcd's revision. Knows keys and bytes, no objects.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec

from kconsole.lab.apiserver.backends import Contents, Kept, Mismatch, Unavailable

ROOT = "/registry/"
_AFTER_ROOT = "/registry0"
_PAGE = 500
_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_CHECK_SECONDS = 2.0
TIMED_OUT = "etcdserver: request timed out"


def _text(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


class EtcdBackend:
    """Talks to the members at `endpoints` (`https://host:port`), with the client certificate in `tls`."""

    def __init__(self, endpoints: Sequence[str], tls: ssl.SSLContext | None = None) -> None:
        self.endpoints = list(endpoints)
        self.tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._last_good = ""

    async def close(self) -> None:
        """End the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def load(self) -> Contents:
        """Everything under /registry/, as it is at one revision."""
        kept: list[Kept] = []
        revision, start = 0, ROOT
        while True:
            asked = {"key": _text(start), "range_end": _text(_AFTER_ROOT), "limit": _PAGE}
            if revision:
                asked["revision"] = revision
            answer = await self._ask("range", asked, _ANSWER_SECONDS)
            revision = revision or int(answer["header"]["revision"])
            kept += [_kept(pair) for pair in answer.get("kvs", ())]
            if not answer.get("more"):
                return Contents(revision, kept)
            start = kept[-1].key + "\0"

    async def write(self, key: str, value: bytes | None, expected: int) -> int:
        """See Backend: one transaction that compares the key's revision."""
        change: Mapping[str, Any]
        if value is None:
            change = {"request_delete_range": {"key": _text(key)}}
        else:
            change = {"request_put": {"key": _text(key), "value": _text(value)}}
        compare = {"key": _text(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(expected)}
        answer = await self._ask("txn", {"compare": [compare], "success": [change]}, _ANSWER_SECONDS)
        if not answer.get("succeeded"):
            raise Mismatch
        return int(answer["header"]["revision"])

    async def check(self) -> None:
        """A read that takes a quorum; else `Unavailable`."""
        await self._ask("range", {"key": _text(ROOT), "keys_only": True, "limit": 1}, _CHECK_SECONDS)

    async def compact(self, revision: int) -> None:
        """Have etcd forget what was overwritten before `revision`; `Unavailable` when it cannot."""
        await self._ask("compaction", {"revision": str(revision)}, _ANSWER_SECONDS)

    async def _ask(self, what: str, body: Mapping[str, Any], seconds: float) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=60))
        data = msgspec.json.encode(body)
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        why = TIMED_OUT
        for endpoint in sorted(self.endpoints, key=lambda endpoint: endpoint != self._last_good):
            try:
                async with self._session.post(
                    f"{endpoint}/v3/kv/{what}", data=data, ssl=self.tls or True, timeout=timeout
                ) as response:
                    answer = msgspec.json.decode(await response.read())
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                # Nothing was sent, so the next member may be asked.
                address = endpoint.partition("://")[2]
                why = _unreachable(address, error)
                continue
            except (aiohttp.ClientError, asyncio.TimeoutError, OSError, msgspec.DecodeError) as error:
                raise Unavailable(TIMED_OUT, outcome_known=False) from error
            if response.status != 200:
                message = answer.get("message") or answer.get("error") or TIMED_OUT
                raise Unavailable(str(message), outcome_known=False)
            self._last_good = endpoint
            return answer
        raise Unavailable(why, outcome_known=True)


def _unreachable(address: str, error: Exception) -> str:
    cause = "connection refused" if isinstance(error, aiohttp.ClientConnectorError) else "i/o timeout"
    dialled = f"transport: Error while dialing: dial tcp {address}: connect: {cause}"
    return f'rpc error: code = Unavailable desc = connection error: desc = "{dialled}"'


def _kept(pair: Mapping[str, Any]) -> Kept:
    value = base64.b64decode(pair["value"])
    return Kept(base64.b64decode(pair["key"]).decode(), value, int(pair["mod_revision"]))
