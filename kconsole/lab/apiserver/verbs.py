"""The verbs as HTTP has them: a request understood, an answer in bytes. Watches are in `streaming`.

Reads parameters and bodies, calls the registry, writes the format the client accepts. Knows no sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from kconsole.lab.apiserver import admission, reviews
from kconsole.lab.apiserver.accepting import accepted, patched
from kconsole.lab.apiserver.calls import Answer, Call
from kconsole.lab.apiserver.media import Format, negotiate, read_object
from kconsole.lab.apiserver.paging import Page, page_of
from kconsole.lab.apiserver.patches import ACCEPTED, ACCEPTED_FOR_CUSTOM, Patch
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.selectors import select
from kconsole.lab.apiserver.status import (
    Object,
    bad_request,
    method_not_allowed,
    success,
)
from kconsole.lab.apiserver.subresources import Subresources
from kconsole.lab.apiserver.tables.render import partial, partial_list, rows, table

ONE_SHAPE = ("Table", "PartialObjectMetadata")
LIST_SHAPES = ("Table", "PartialObjectMetadataList")


class Verbs:
    """Answers calls out of `registry`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._subresources = Subresources(registry)

    async def answer(self, call: Call) -> Answer:
        """The answer to any verb but watch; raises ApiErrors."""
        served = call.resource.verbs
        if call.asked.subresource:
            subresource = call.resource.subresource(call.asked.subresource)
            served = subresource.verbs if subresource else ()
        if call.asked.verb not in served or not _has_place(call):
            raise method_not_allowed(call.resource)
        special = self._subresources.handler(call.asked.subresource)
        if special is not None:
            return await special(call)
        answer: Answer = await getattr(self, f"_{call.asked.verb}")(call)
        return answer

    def _one(self, call: Call, obj: Object, encoded: bytes | None = None, code: int = 200) -> Answer:
        shape = negotiate(call.accept, ONE_SHAPE)
        if shape.shape == "Table":
            version = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return Answer(self._table(call, [obj], version, shape), code)
        if shape.shape:
            return Answer(msgspec.json.encode(partial(obj, shape.version)), code)
        return Answer(encoded or msgspec.json.encode(obj), code)

    def _table(self, call: Call, objs: list[Object], metadata: Object, shape: Format) -> bytes:
        include = call.query.get("includeObject", "Metadata")
        now = self._registry.clock()
        found = rows(call.resource, objs, now, version=shape.version, include=include)
        return table(call.resource, metadata, found, version=shape.version)

    async def _get(self, call: Call) -> Answer:
        entry = self._registry.entry(call.resource, call.namespace, call.asked.name)
        return self._one(call, entry.object if "as=" in call.accept else {}, entry.encoded)

    async def _list(self, call: Call) -> Answer:
        shape = negotiate(call.accept, LIST_SHAPES)
        selection = select(call.resource, call.query.get("labelSelector"), call.query.get("fieldSelector"))
        token_expired = bool(call.query.get("continue")) and call.continue_expired()
        page = page_of(
            self._registry.store,
            call.resource,
            call.namespace,
            selection,
            call.query,
            continue_expired=token_expired,
        )
        return Answer(self._page(call, page, shape))

    def _page(self, call: Call, page: Page, shape: Format) -> bytes:
        if shape.shape == "Table":
            return self._table(call, [entry.object for entry in page.entries], page.metadata, shape)
        if shape.shape:
            return partial_list((entry.object for entry in page.entries), page.metadata, version=shape.version)
        metadata = msgspec.json.encode(page.metadata)
        items = b"},{".join([entry.body for entry in page.entries])
        kind = f'{{"kind":"{call.resource.kind}List","apiVersion":"{call.resource.api_version}","metadata":'.encode()
        return b"".join((kind, metadata, b',"items":[', b"{%s}" % items if items else b"", b"]}"))

    async def _create(self, call: Call) -> Answer:
        given = read_object(call.content_type, call.body)
        if not call.resource.stored:
            return Answer(msgspec.json.encode(reviews.answer(call.resource, given, call.user)), 201)
        metadata = given.setdefault("metadata", {})
        where = call.namespace
        if where and isinstance(metadata, dict) and metadata.setdefault("namespace", where) != where:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        given, warnings = accepted(call.resource, given, call.validation)
        self._admit(call, admission.CREATE, given)
        obj = await self._registry.create(call.resource, given, dry_run=call.dry, reset_status=True)
        return _warning(self._one(call, obj, code=201), warnings)

    async def _update(self, call: Call) -> Answer:
        given, warnings = accepted(call.resource, read_object(call.content_type, call.body), call.validation)
        return _warning(await self._changed(call, lambda _: given), warnings)

    async def _patch(self, call: Call) -> Answer:
        formats = ACCEPTED if call.resource.custom is None else ACCEPTED_FOR_CUSTOM
        patch = Patch(call.content_type.partition(";")[0].strip(), call.body, formats)

        def edit(obj: Object) -> Object:
            result = patch.apply(obj)
            return patched(call.resource, result, patch.content, call.validation, strategic=patch.strategic)

        return await self._changed(call, edit)

    def _admit(self, call: Call, operation: str, obj: Object) -> None:
        admission.check(self._registry, call.asked, call.resource, operation, obj)

    async def _changed(self, call: Call, edit: Callable[[Object], Object]) -> Answer:
        def admitted(obj: Object) -> Object:
            edited = edit(obj)
            self._admit(call, admission.UPDATE, edited)
            return edited

        obj = await self._registry.change(
            call.resource,
            call.namespace,
            call.asked.name,
            admitted,
            subresource=call.asked.subresource or None,
            dry_run=call.dry,
        )
        return self._one(call, obj)

    async def _delete(self, call: Call) -> Answer:
        how = call.deletion()
        self._admit(call, admission.DELETE, self._registry.entry(call.resource, call.namespace, call.asked.name).object)
        obj, gone = await self._registry.remove(
            call.resource,
            call.namespace,
            call.asked.name,
            grace_seconds=how.grace_seconds,
            propagation=how.propagation,
            preconditions=how.preconditions,
            dry_run=how.dry_run,
        )
        if gone and not call.resource.returns_deleted:
            status = success(call.resource, call.asked.name, obj["metadata"]["uid"])
            answer = Answer(msgspec.json.encode(status))
        else:
            answer = self._one(call, obj)
        return replace(answer, dry_run=how.dry_run)

    async def _deletecollection(self, call: Call) -> Answer:
        how = call.deletion()
        selection = select(call.resource, call.query.get("labelSelector"), call.query.get("fieldSelector"))
        page = page_of(self._registry.store, call.resource, call.namespace, selection, call.query)
        for entry in page.entries:
            await self._registry.remove(
                call.resource,
                entry.object["metadata"].get("namespace"),
                entry.name,
                grace_seconds=how.grace_seconds,
                propagation=how.propagation,
                preconditions={"uid": entry.object["metadata"]["uid"]},
                dry_run=how.dry_run,
            )
        return Answer(self._page(call, page, Format()), dry_run=how.dry_run)


def _warning(answer: Answer, warnings: list[str]) -> Answer:
    if not warnings:
        return answer
    said = ", ".join(f"299 - {msgspec.json.encode(one).decode()}" for one in warnings)
    return replace(answer, headers={**answer.headers, "Warning": said})


def _has_place(call: Call) -> bool:
    """Whether the path is one that the verb has: an object's, or a collection's in its namespace."""
    asked, verb = call.asked, call.asked.verb
    if verb in ("update", "patch", "delete"):
        return bool(asked.name) and bool(asked.namespace) == call.resource.namespaced
    if verb == "create":
        return bool(asked.subresource) or (not asked.name and bool(asked.namespace) == call.resource.namespaced)
    return True
