"""Who is asking: from a client certificate, a bearer token or nothing, and on whose behalf.

A certificate has been checked against the cluster's CA by TLS before it comes here. Decides nothing about permissions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from kconsole.lab.apiserver.status import unauthorized

AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True)
class User:
    """Someone who asks. `on_behalf` says who really does, when it is someone else."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    on_behalf: str = ""


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))


class Headers(Protocol):
    """As much of a request's headers as is needed here."""

    def get(self, name: str, /) -> str | None:
        """The first value."""

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """All values."""


class Authenticator:
    """Knows bearer tokens; `tokens` may be changed while it is in use."""

    def __init__(self, tokens: dict[str, User] | None = None) -> None:
        self.tokens = tokens if tokens is not None else {}

    def authenticate(self, certificate: Mapping[str, Any] | None, headers: Headers) -> User:
        """The user; anonymous without credentials, 401 with a token that is not known."""
        if certificate and certificate.get("subject"):
            return _from_certificate(certificate)
        scheme, _, token = (headers.get("Authorization") or "").partition(" ")
        if not scheme:
            return ANONYMOUS
        if scheme.lower() != "bearer" or token.strip() not in self.tokens:
            raise unauthorized()
        user = self.tokens[token.strip()]
        return User(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)


def _from_certificate(certificate: Mapping[str, Any]) -> User:
    pairs = [pair for part in certificate["subject"] for pair in part]
    name = next((value for key, value in pairs if key == "commonName"), "")
    groups = tuple(value for key, value in pairs if key == "organizationName")
    return User(name, (*groups, AUTHENTICATED))


def impersonated(user: User, headers: Headers) -> User | None:
    """Whom `user` wants to be taken for; None when the headers do not say so."""
    name = headers.get("Impersonate-User")
    if not name:
        return None
    groups = tuple(headers.getall("Impersonate-Group", []))
    if AUTHENTICATED not in groups and name != ANONYMOUS.name:
        groups = (*groups, AUTHENTICATED)
    return User(name, groups, headers.get("Impersonate-Uid") or "", on_behalf=user.name)
