"""One cluster, opened through one context of the kubeconfig: reading, and asking questions that change nothing.

There is no public way to change anything here; that is `actions.py`, which a read-only console never builds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from types import TracebackType

import aiohttp
import msgspec

from kconsole.i18n import _
from kconsole.kube import kubeconfig as _kubeconfig
from kconsole.kube.attending import ANSWER, attend
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.kube.exec_plugin import Interactive
from kconsole.kube.impersonation import Impersonation
from kconsole.kube.kubeconfig import Access, Context
from kconsole.kube.lines import LineSplitter
from kconsole.kube.transport import Transport

__all__ = ["SILENCE", "Impersonation", "Interactive", "Session"]

SILENCE = 90.0
"""Seconds without a byte after which a stream is taken for dead: bookmarks come about once a minute."""

_REVIEWS = {
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview"): "selfsubjectaccessreviews",
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview"): "selfsubjectrulesreviews",
    ("authentication.k8s.io/v1", "SelfSubjectReview"): "selfsubjectreviews",
    ("authentication.k8s.io/v1beta1", "SelfSubjectReview"): "selfsubjectreviews",
}


class _Typed(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""


class _ServerVersion(msgspec.Struct, rename="camel"):
    git_version: str


class _UserInfo(msgspec.Struct, frozen=True):
    username: str = ""


class _WhoStatus(msgspec.Struct, frozen=True, rename="camel"):
    user_info: _UserInfo = _UserInfo()


class _SelfSubjectReview(msgspec.Struct):
    status: _WhoStatus = _WhoStatus()


class Session:
    """A cluster that can be read. `async with` closes it."""

    def __init__(self, context: Context, transport: Transport) -> None:
        self.context = context
        self._transport = transport

    @classmethod
    async def open(
        cls,
        kubeconfig: str | None = None,
        context: str | None = None,
        *,
        impersonate: Impersonation | None = None,
        interactive: Interactive | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ) -> Session:
        """The named context, or the current one; no request is sent and no plugin run yet.

        `impersonate` replaces what the kubeconfig says about impersonation. `interactive` gives the terminal away for
        the time a credential plugin asks something (Textual's `App.suspend`, `contextlib.nullcontext` on a plain
        terminal); without it plugins run without a terminal. Raises ConfigProblem.
        """
        access = await asyncio.to_thread(_kubeconfig.resolve, kubeconfig, context)
        chosen = access.context.name

        def reread() -> Access:
            return _kubeconfig.resolve(kubeconfig, chosen)

        transport = await asyncio.to_thread(
            Transport,
            access,
            reread=reread,
            impersonation=impersonate or access.impersonation,
            interactive=interactive,
            now=now,
        )
        await transport.prepare()
        return cls(access.context, transport)

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        timeout: float = 30,
    ) -> bytes:
        """The answer to a GET of `path` (`/api/v1/nodes`), in at most `timeout` seconds.

        Raises ApiError, Unreachable or ConfigProblem.
        """
        return await self._transport.request("GET", path, params, accept=accept, timeout=timeout)

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, str], *, accept: str = "application/json", silence: float = SILENCE
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The complete lines of an answer that goes on, until the server ends it.

        Raises ApiError for a refusal; Unreachable when it cannot be opened, is cut, when nothing came for `silence`
        seconds, or sooner when a silent server does not answer other requests either.
        """
        async with self._transport.stream(path, params, accept=accept, silence=silence) as content:
            attending = asyncio.ensure_future(attend(content, lambda: self.get("/version", timeout=ANSWER)))
            try:
                yield self._lines(content, silence)
            finally:
                attending.cancel()
                await asyncio.wait({attending})

    async def _lines(self, content: aiohttp.StreamReader, silence: float) -> AsyncIterator[bytes]:
        splitter = LineSplitter()
        try:
            while chunk := await content.readany():
                for line in splitter.feed(chunk):
                    yield line
        except asyncio.TimeoutError:
            text = _("{server} has sent nothing for {seconds:.0f} s.")
            raise Unreachable(text.format(server=self._transport.server, seconds=silence)) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise self._transport.broken(problem) from problem

    async def review(self, body: bytes) -> bytes:
        """The answer to a SelfSubjectAccessReview, SelfSubjectRulesReview or SelfSubjectReview (JSON).

        These are sent with POST, but ask something and change nothing; any other kind is a ValueError.
        """
        asked = msgspec.json.decode(body, type=_Typed)
        resource = _REVIEWS.get((asked.api_version, asked.kind))
        if resource is None:
            raise ValueError(f"not a review: {asked.kind} of {asked.api_version}")
        return await self._transport.request("POST", f"/apis/{asked.api_version}/{resource}", body=body)

    async def server_version(self) -> str:
        """The API server's version, as `v1.33.4`."""
        answer = await self.get("/version")
        try:
            return msgspec.json.decode(answer, type=_ServerVersion).git_version
        except msgspec.DecodeError:
            text = _("{server} gives no Kubernetes version. Is the kubeconfig's server a Kubernetes API?")
            raise Unreachable(text.format(server=self._transport.server)) from None

    async def whoami(self) -> str | None:
        """The user name the API server sees; None where it does not say (before 1.27)."""
        for version in ("v1", "v1beta1"):
            body = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"}
            try:
                answer = await self.review(msgspec.json.encode(body))
                return msgspec.json.decode(answer, type=_SelfSubjectReview).status.user_info.username or None
            except msgspec.DecodeError:
                return None
            except ApiError as problem:
                if problem.status not in (403, 404):
                    raise
        return None

    async def close(self) -> None:
        """End every connection, streams included."""
        await self._transport.close()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
