"""What a request shows to prove who asks, kept valid: files read again, plugins and OpenID Connect asked again in time.

Knows when a credential ends and where the next one comes from; sends nothing to the cluster.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kconsole.i18n import _
from kconsole.kube import exec_plugin, oidc, tls
from kconsole.kube.errors import ConfigProblem
from kconsole.kube.exec_plugin import Interactive
from kconsole.kube.kubeconfig import Access
from kconsole.kube.kubeconfig_file import User
from kconsole.kube.tls import ClientCertificate

REREAD = timedelta(minutes=1)
"""How long the content of files counts: projected tokens and certificates are replaced under way."""
EARLY = timedelta(seconds=60)
"""How long before its end a credential is replaced, at most; a fifth of its life when that is shorter."""
COOLDOWN = timedelta(seconds=60)
"""A plugin whose fresh credentials were refused is not asked again sooner."""
FAILURE_HOLDS = timedelta(seconds=5)
"""Requests that wait behind a failed plugin share its failure instead of running it again, one after another."""


class Credential(msgspec.Struct, frozen=True):
    """What one request shows; both parts may be missing (anonymous)."""

    authorization: str | None = None
    certificate: ClientCertificate | None = None


class _Issued(msgspec.Struct, frozen=True):
    credential: Credential
    ends: datetime | None
    due: datetime | None


def from_files(user: User) -> Credential:
    """What the kubeconfig's user entry and the files it names hold now. Raises ConfigProblem."""
    certificate = tls.pem("client-certificate", user.client_certificate, user.client_certificate_data)
    key = tls.pem("client-key", user.client_key, user.client_key_data)
    if (certificate is None) != (key is None):
        raise ConfigProblem(_("The kubeconfig's user has only one of client-certificate and client-key."))
    pair = ClientCertificate(certificate, key) if certificate is not None and key is not None else None
    token = _token(user)
    if token:
        return Credential(f"Bearer {token}", pair)
    if user.username:
        login = b64encode(f"{user.username}:{user.password or ''}".encode()).decode()
        return Credential(f"Basic {login}", pair)
    return Credential(None, pair)


def _token(user: User) -> str | None:
    if user.token_file:
        try:
            if found := Path(user.token_file).read_text().strip():
                return found
        except OSError as problem:
            if not user.token:
                text = _("The token file {path} cannot be read: {problem}.")
                raise ConfigProblem(text.format(path=user.token_file, problem=problem.strerror)) from None
    return user.token


class Credentials:
    """The credential of one context, always a valid one as far as this side can know."""

    def __init__(
        self,
        reread: Callable[[], Access],
        access: Access,
        *,
        interactive: Interactive | None,
        now: Callable[[], datetime],
    ) -> None:
        """`reread` resolves the context again from the kubeconfig on disk; it may block and raise ConfigProblem."""
        self._reread, self._access, self._interactive, self._now = reread, access, interactive, now
        self.filed = from_files(access.user)
        """The part of the credential that stands in files."""
        self._provider = access.user.auth_provider
        self._read_at = now()
        self._issued: _Issued | None = None
        self._failure: tuple[datetime, ConfigProblem] | None = None
        self._renewed_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def current(self) -> Credential:
        """The credential to show now. Raises ConfigProblem when a plugin or issuer gives none."""
        if self._fresh():
            return self._combined()
        async with self._lock:
            await self._refresh()
            return self._combined()

    async def renewed(self, refused: Credential) -> Credential | None:
        """Another credential than the one the server just refused; None when there is no other."""
        async with self._lock:
            if self._combined() == refused:
                if self._renewed_at is not None and self._now() - self._renewed_at < COOLDOWN:
                    return None
                self._renewed_at = self._now()
                await self._reread_files()
                if self._combined() == refused and self._is_issued():
                    self._issued = await self._issue(forced=True)
            found = self._combined()
            return None if found == refused else found

    def ends(self) -> datetime | None:
        """When the present credential ends, as far as it says; reads a certificate, so it blocks for a moment."""
        if self._issued is not None and self._issued.ends is not None:
            return self._issued.ends
        certificate = self._combined().certificate
        return tls.not_after(certificate.certificate) if certificate is not None else None

    def _combined(self) -> Credential:
        issued = self._issued.credential if self._issued is not None else Credential()
        return Credential(
            self.filed.authorization or issued.authorization, issued.certificate or self.filed.certificate
        )

    def _is_issued(self) -> bool:
        """Whether a plugin or issuer is asked. A token that stands in the kubeconfig goes first, as in kubectl."""
        user = self._access.user
        return self.filed.authorization is None and (user.exec is not None or user.auth_provider is not None)

    def _fresh(self) -> bool:
        now = self._now()
        if now - self._read_at >= REREAD:
            return False
        if not self._is_issued():
            return True
        return self._issued is not None and (self._issued.due is None or now < self._issued.due)

    async def _refresh(self) -> None:
        now = self._now()
        if now - self._read_at >= REREAD:
            await self._reread_files()
        if not self._is_issued():
            return
        if self._issued is None or (self._issued.due is not None and now >= self._issued.due):
            try:
                self._issued = await self._issue()
            except ConfigProblem:
                # The one at hand is still good; the next request tries again.
                if self._issued is None or self._issued.ends is None or now >= self._issued.ends:
                    raise

    async def _reread_files(self) -> None:
        self._read_at = self._now()
        try:
            access = await asyncio.to_thread(self._reread)
            # A file that now means another cluster says nothing about who may talk to this one.
            if access.cluster.server == self._access.cluster.server:
                self.filed = await asyncio.to_thread(from_files, access.user)
                if access.user != self._access.user:
                    self._issued = None
                    self._provider = access.user.auth_provider
                self._access = access
        except ConfigProblem:
            return  # being rewritten at this moment, perhaps; what was read before still counts

    async def _issue(self, *, forced: bool = False) -> _Issued:
        if self._failure is not None and self._now() - self._failure[0] < FAILURE_HOLDS:
            raise self._failure[1]
        try:
            issued = await (self._from_plugin() if self._access.user.exec is not None else self._from_issuer(forced))
        except ConfigProblem as problem:
            self._failure = (self._now(), problem)
            raise
        self._failure = None
        return issued

    async def _from_plugin(self) -> _Issued:
        plugin, cluster = self._access.user.exec, self._access.cluster
        assert plugin is not None
        authority = tls.pem("certificate-authority", cluster.certificate_authority, cluster.certificate_authority_data)
        given = await exec_plugin.run(plugin, cluster, authority, self._interactive)
        pair = None
        ends = given.expiration_timestamp
        if given.client_certificate_data and given.client_key_data:
            pair = ClientCertificate(given.client_certificate_data.encode(), given.client_key_data.encode())
            ends = ends or await asyncio.to_thread(tls.not_after, pair.certificate)
        credential = Credential(f"Bearer {given.token}" if given.token else None, pair)
        return _Issued(credential, ends, self._due(ends))

    async def _from_issuer(self, forced: bool) -> _Issued:
        provider = self._provider
        assert provider is not None
        if provider.name != "oidc":
            text = _("The login method {name} was removed from Kubernetes clients; use its credential plugin instead.")
            raise ConfigProblem(text.format(name=provider.name))
        token = None if forced else oidc.present(provider, self._now() + EARLY)
        if token is None:
            token, self._provider = await oidc.refreshed(provider, self._access.context.user, self._access.path)
        return _Issued(Credential(f"Bearer {token.id_token}"), token.expires, self._due(token.expires))

    def _due(self, ends: datetime | None) -> datetime | None:
        return None if ends is None else ends - min(EARLY, max(timedelta(0), (ends - self._now()) / 5))
