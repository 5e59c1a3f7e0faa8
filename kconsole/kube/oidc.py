"""OpenID Connect tokens of a kubeconfig's `auth-provider: oidc`: used while valid, refreshed after, kept for kubectl.

The refresh is the `kubernetes` package's, over a connection of ours: its own would not verify the issuer's certificate.
"""

from __future__ import annotations

import asyncio
import binascii
import ssl
import tempfile
from base64 import b64encode, urlsafe_b64decode
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from kconsole.i18n import _
from kconsole.kube import tls
from kconsole.kube.errors import ConfigProblem
from kconsole.kube.kubeconfig_file import AuthProvider


class _Claims(msgspec.Struct):
    exp: float | None = None


class Token(msgspec.Struct, frozen=True):
    """An ID token and its end, as far as it says."""

    id_token: str
    expires: datetime | None


def expiry(id_token: str) -> datetime | None:
    """When a JWT ends, by its `exp` claim (its signature is the API server's business); None when it does not say."""
    parts = id_token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Claims)
    except (msgspec.DecodeError, binascii.Error, UnicodeError, ValueError):
        return None
    return datetime.fromtimestamp(claims.exp, timezone.utc) if claims.exp is not None else None


def present(provider: AuthProvider, now: datetime) -> Token | None:
    """The token that the kubeconfig holds, if it is still valid."""
    held = str((provider.config or {}).get("id-token") or "")
    ends = expiry(held) if held else None
    return Token(held, ends) if held and (ends is None or ends > now) else None


async def refreshed(provider: AuthProvider, user: str, path: Path | None) -> tuple[Token, AuthProvider]:
    """A new token from the issuer, and the entry that goes with it from now on (an issuer may end the refresh token).

    The entry is also written to the kubeconfig at `path`, for kubectl. Raises ConfigProblem.
    """
    config = {key: str(value or "") for key, value in (provider.config or {}).items()}
    refresh_token, issuer = config.get("refresh-token"), config.get("idp-issuer-url", "")
    if not refresh_token or not issuer or not config.get("client-id"):
        text = _("The OpenID Connect login of {user} has ended. Log in again with the tool that wrote the kubeconfig.")
        raise ConfigProblem(text.format(user=user))
    authority = tls.pem(
        "idp-certificate-authority",
        config.get("idp-certificate-authority"),
        config.get("idp-certificate-authority-data"),
    )
    trust = await asyncio.to_thread(tls.client_context, authority, None)
    answer = await _ask_issuer(config, issuer, refresh_token, trust)
    id_token = answer.get("id_token")
    if not isinstance(id_token, str) or not id_token:
        raise ConfigProblem(_("The OpenID Connect issuer {issuer} gave no ID token.").format(issuer=issuer))
    rotated = {"id-token": id_token, "refresh-token": str(answer.get("refresh_token") or refresh_token)}
    if path is not None:
        await asyncio.to_thread(_keep, path, user, rotated)
    return Token(id_token, expiry(id_token)), AuthProvider(provider.name, {**(provider.config or {}), **rotated})


async def _ask_issuer(config: dict[str, str], issuer: str, refresh_token: str, trust: ssl.SSLContext) -> dict[str, Any]:
    import aiohttp
    from kubernetes.aio.config.config_exception import ConfigException
    from kubernetes.aio.config.openid import OpenIDRequestor

    class Requestor(OpenIDRequestor):  # type: ignore[misc]
        def _client_session(self) -> aiohttp.ClientSession:
            login = b64encode(f"{config['client-id']}:{config.get('client-secret', '')}".encode()).decode()
            return aiohttp.ClientSession(
                headers={**self._default_headers, "Authorization": f"Basic {login}"},
                connector=aiohttp.TCPConnector(ssl=trust),
                timeout=aiohttp.ClientTimeout(total=30, sock_connect=5),
                raise_for_status=True,
                trust_env=True,
            )

    requestor = Requestor(config["client-id"], config.get("client-secret", ""), issuer)
    try:
        answer = await requestor.refresh_token(refresh_token)
    except (ConfigException, aiohttp.ClientError, asyncio.TimeoutError, OSError, KeyError, ValueError) as problem:
        text = _("The OpenID Connect issuer {issuer} did not renew the login: {problem}. Log in again.")
        raise ConfigProblem(text.format(issuer=issuer, problem=problem or type(problem).__name__)) from None
    return answer if isinstance(answer, dict) else {}


def _keep(path: Path, user: str, rotated: dict[str, str]) -> None:
    """Write rotated tokens back, as kubectl does: an issuer may have ended the old refresh token.

    The rest of the file stays as it is, comments included. A file that cannot be written is left alone.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    written: Path | None = None
    try:
        real = path.resolve(strict=True)
        document = yaml.load(real.read_bytes())
        entry = next(item for item in document["users"] if item["name"] == user)
        entry["user"]["auth-provider"]["config"].update(rotated)
        with tempfile.NamedTemporaryFile(dir=real.parent, prefix=f".{real.name}.", delete=False) as file:
            written = Path(file.name)
            yaml.dump(document, file)
        written.chmod(real.stat().st_mode & 0o777)
        written.replace(real)
    except (OSError, KeyError, StopIteration, TypeError):
        if written is not None:
            written.unlink(missing_ok=True)
