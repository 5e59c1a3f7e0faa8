"""What this user may do, asked of the API server before it is tried. Asks, changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from kconsole.errors import KconsoleError
from kconsole.kube.session import Session


class Verb(msgspec.Struct, frozen=True):
    """Something one may or may not do: `Verb("create", "pods", subresource="eviction")`."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    namespace: str | None = None


class _ReviewStatus(msgspec.Struct, frozen=True):
    allowed: bool


class _Review(msgspec.Struct):
    status: _ReviewStatus


async def allowed(session: Session, verbs: Iterable[Verb]) -> dict[Verb, bool | None]:
    """Whether each is allowed; None where it could not be found out."""
    asked = list(dict.fromkeys(verbs))
    answers = await asyncio.gather(*(_is_allowed(session, verb) for verb in asked))
    return dict(zip(asked, answers, strict=True))


async def _is_allowed(session: Session, verb: Verb) -> bool | None:
    attributes = {"verb": verb.verb, "resource": verb.resource, "group": verb.group, "subresource": verb.subresource}
    if verb.namespace:
        attributes["namespace"] = verb.namespace
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    try:
        answer = await session.review(msgspec.json.encode(body))
        return msgspec.json.decode(answer, type=_Review).status.allowed
    except (KconsoleError, msgspec.DecodeError, UnicodeError):
        return None
