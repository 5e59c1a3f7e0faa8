"""The parts of objects that have paths and behaviour of their own: scale, eviction, binding, log, exec and its kin.

`status` and `finalize` are ordinary updates and not here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable

import msgspec

from kconsole.lab.apiserver import admission, eviction, logs, options
from kconsole.lab.apiserver.calls import Answer, Call
from kconsole.lab.apiserver.changes import Lost
from kconsole.lab.apiserver.media import read_object
from kconsole.lab.apiserver.patches import Patch
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.scale import scale_of, scaled
from kconsole.lab.apiserver.selectors import EVERYTHING
from kconsole.lab.apiserver.status import Object, bad_request, failure
from kconsole.lab.apiserver.watching import Follower

Handler = Callable[[Call], Awaitable[Answer]]
PLAIN_TEXT = "text/plain"
_GRANTED = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_EVICTION_VERSIONS = ("policy/v1", "policy/v1beta1")


class Subresources:
    """Answers calls on subresources out of `registry`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._handlers: dict[str, Handler] = {
            "scale": self._scale,
            "eviction": self._evict,
            "binding": self._bind,
            "log": self._log,
            "exec": self._nothing_runs,
            "attach": self._nothing_runs,
            "portforward": self._nothing_runs,
        }

    def handler(self, subresource: str) -> Handler | None:
        """What answers calls on it; None when the verbs of the object itself do."""
        return self._handlers.get(subresource)

    async def _scale(self, call: Call) -> Answer:
        if call.asked.verb == "get":
            entry = self._registry.entry(call.resource, call.namespace, call.asked.name)
            return Answer(msgspec.json.encode(scale_of(entry.object)))
        if call.asked.verb == "update":
            given = read_object(call.content_type, call.body)
            edit: Callable[[Object], Object] = lambda _: given  # noqa: E731 - one of two, both short
        else:
            edit = Patch(call.content_type.partition(";")[0].strip(), call.body).apply

        def scale(workload: Object) -> Object:
            wanted = edit(scale_of(workload))
            admission.check(self._registry, call.asked, call.resource, admission.UPDATE, wanted)
            return scaled(workload, wanted)

        obj = await self._registry.change(
            call.resource,
            call.namespace,
            call.asked.name,
            scale,
            dry_run=call.dry,
        )
        return Answer(msgspec.json.encode(scale_of(obj)))

    async def _evict(self, call: Call) -> Answer:
        given = read_object(call.content_type, call.body)
        kind, version = given.get("kind", "Eviction"), given.get("apiVersion", _EVICTION_VERSIONS[0])
        if kind != "Eviction" or version not in _EVICTION_VERSIONS:
            raise bad_request(f'{kind} in version "{version}" cannot be handled as a Eviction')
        _check_place(call, given)
        if (given.get("metadata") or {}).get("name", "") != call.asked.name:
            raise bad_request("name in URL does not match name in Eviction object")
        admission.check(self._registry, call.asked, call.resource, admission.CREATE, given)
        how = options.deletion(given.get("deleteOptions") or {}, {}, call.query.getall("dryRun", []))
        await eviction.evict(self._registry, call.asked.namespace, call.asked.name, how)
        return Answer(msgspec.json.encode(_GRANTED), 201, dry_run=how.dry_run)

    async def _bind(self, call: Call) -> Answer:
        given, name = read_object(call.content_type, call.body), call.asked.name
        _check_place(call, given)
        node = (given.get("target") or {}).get("name", "")

        def bound(pod: Object) -> Object:
            before = pod["spec"].get("nodeName")
            if before:
                why = f'pod {name} is already assigned to node "{before}"'
                details = {"name": name, "kind": "pods/binding"}
                message = f'Operation cannot be fulfilled on pods/binding "{name}": {why}'
                raise failure(409, "Conflict", message, details)
            return {**pod, "spec": {**pod["spec"], "nodeName": node}}

        await self._registry.change(call.resource, call.namespace, name, bound, dry_run=call.dry)
        return Answer(msgspec.json.encode(_GRANTED), 201)

    async def _log(self, call: Call) -> Answer:
        pod = self._registry.entry(call.resource, call.namespace, call.asked.name).object
        asked = logs.options_of(call.asked.name, call.query)
        logs.container_of(pod, asked.container)
        if not pod["spec"].get("nodeName"):
            return Answer(b"", 204, PLAIN_TEXT)
        return Answer(logs.text(pod, asked, self._registry.clock()), content_type=PLAIN_TEXT)

    async def _nothing_runs(self, call: Call) -> Answer:
        pod = self._registry.entry(call.resource, call.namespace, call.asked.name).object
        if not pod["spec"].get("nodeName"):
            raise bad_request(f"pod {call.asked.name} does not have a host assigned")
        message = f"{call.asked.subresource} is not offered: in the pods of this simulated cluster no process runs"
        raise failure(405, "MethodNotAllowed", message, {"name": call.asked.name, "kind": call.resource.plural})


def _check_place(call: Call, given: Object) -> None:
    where = (given.get("metadata") or {}).get("namespace") or call.asked.namespace
    if where != call.asked.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")


class LogStream:
    """A log that is followed: what there is, then what comes, until the container or the pod ends."""

    content_type = PLAIN_TEXT

    def __init__(self, registry: Registry, call: Call) -> None:
        self._registry = registry
        self._call = call
        self._asked = logs.options_of(call.asked.name, call.query)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """What to send, in order; the first may refuse."""
        call, registry = self._call, self._registry
        shelf, key = registry.store.shelf(call.resource), call.resource.key(call.namespace, call.asked.name)
        with Follower(shelf, key, EVERYTHING) as follower:
            follower.go_on_from(registry.store.revision)
            pod = registry.entry(call.resource, call.namespace, call.asked.name).object
            told = logs.text(pod, self._asked, registry.clock())
            yield told
            while not logs.has_ended(pod, self._asked.container):
                await follower.wait()
                try:
                    follower.take()
                except Lost:
                    return
                entry = shelf.find(key)
                if entry is None:
                    return
                pod = entry.object
            whole = logs.text(pod, self._asked, registry.clock())
            yield whole[len(told) :] if whole.startswith(told) else b""
