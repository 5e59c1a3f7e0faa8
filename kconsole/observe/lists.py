"""Complete lists read page by page, each object decoded on its own. Reads only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import TypeVar

import msgspec

from kconsole.i18n import _
from kconsole.kube.errors import ApiError, Unreachable
from kconsole.kube.session import Session

PAGE = 500
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
"""Accept header for names and labels only."""
_RESTARTS = 3

T = TypeVar("T")


class _ListMeta(msgspec.Struct, frozen=True):
    continue_: str | None = msgspec.field(default=None, name="continue")


class _List(msgspec.Struct):
    metadata: _ListMeta = _ListMeta()
    items: list[msgspec.Raw] | None = None


_decoder = msgspec.json.Decoder(_List)


async def pages(
    session: Session, path: str, params: Mapping[str, str], *, accept: str = "application/json", page: int = PAGE
) -> AsyncIterator[list[msgspec.Raw]]:
    """The objects at `path`, page by page. Raises ApiError (410 when the list outlived the server's memory of it)."""
    asked = {**params, "limit": str(page)}
    while True:
        answer = await session.get(path, asked, accept=accept)
        try:
            found = _decoder.decode(answer)
        except (msgspec.DecodeError, UnicodeError):
            text = _("The API server's answer to {path} could not be read.")
            raise Unreachable(text.format(path=path)) from None
        yield found.items or []
        if not found.metadata.continue_:
            return
        asked["continue"] = found.metadata.continue_


async def all_of(
    session: Session, path: str, params: Mapping[str, str], decode: Callable[[msgspec.Raw], T], *, page: int = PAGE
) -> list[T]:
    """Every object at `path`; begun again when the server forgot the list in the middle of it.

    An object that is not what the API promises raises Unreachable: half a list is no ground for a decision.
    """
    for attempt in range(_RESTARTS):
        found: list[T] = []
        try:
            async for objects in pages(session, path, params, page=page * 5**attempt):
                found += [decode(raw) for raw in objects]
        except ApiError as problem:
            if problem.status != 410 or attempt == _RESTARTS - 1:
                raise
        except (msgspec.DecodeError, UnicodeError) as problem:
            text = _("An object at {path} could not be read: {problem}.")
            raise Unreachable(text.format(path=path, problem=problem)) from None
        else:
            return found
    raise AssertionError("the last attempt returns or raises")
