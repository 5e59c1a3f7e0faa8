from __future__ import annotations

import asyncio
from datetime import datetime, timezone
from typing import Any

import pytest

from kconsole.lab.apiserver.backends import Contents, Kept, MemoryBackend, Mismatch, Unavailable
from kconsole.lab.apiserver.changes import Lost
from kconsole.lab.apiserver.entry import stored_value
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.status import ApiError
from kconsole.lab.apiserver.store import Store

NODES, LEASES, NAMESPACES = RESOURCES["nodes"], RESOURCES["leases"], RESOURCES["namespaces"]


def now() -> datetime:
    return datetime(2026, 3, 1, tzinfo=timezone.utc)


def node(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": "u"}, "spec": spec}


class FlakyBackend:
    """Keeps what it is given, and can fail before or after it has written."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.revision = 1
        self.fails: Unavailable | None = None
        self.writes_although_failing = False

    async def load(self) -> Contents:
        if self.fails:
            raise self.fails
        return Contents(self.revision, list(self.kept.values()))

    async def write(self, key: str, value: bytes | None, expected: int) -> int:
        if self.fails and not self.writes_although_failing:
            raise self.fails
        present = self.kept.get(key)
        if (present.revision if present else 0) != expected:
            raise Mismatch
        self.revision += 1
        if value is None:
            del self.kept[key]
        else:
            self.kept[key] = Kept(key, value, self.revision)
        if self.fails:
            raise self.fails
        return self.revision

    async def check(self) -> None:
        if self.fails:
            raise self.fails


async def test_one_resource_version_rises_with_every_write_of_any_resource() -> None:
    store = Store(MemoryBackend())
    revisions = [(await store.write(NODES, f"/registry/minions/{n}", node(n), 0)).revision for n in "ab"]
    lease = {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": {"name": "l"}}
    revisions.append((await store.write(LEASES, "/registry/leases/x/l", lease, 0)).revision)
    assert revisions == sorted(set(revisions))
    assert store.revision == revisions[-1]


async def test_a_write_for_another_state_is_a_mismatch() -> None:
    store = Store(MemoryBackend())
    entry = await store.write(NODES, "/registry/minions/a", node("a"), 0)
    await store.write(NODES, entry.key, node("a", x=1), entry.revision)
    for expected in (0, entry.revision):
        with pytest.raises(Mismatch):
            await store.write(NODES, entry.key, node("a", x=2), expected)


async def test_an_older_list_shows_the_state_of_its_revision() -> None:
    store = Store(MemoryBackend())
    first = await store.write(NODES, "/registry/minions/a", node("a"), 0)
    second = await store.write(NODES, "/registry/minions/b", node("b"), 0)
    await store.write(NODES, "/registry/minions/a", None, first.revision)
    await store.write(NODES, "/registry/minions/b", node("b", x=1), second.revision)
    await store.write(NODES, "/registry/minions/c", node("c"), 0)
    shelf = store.shelf(NODES)
    then = shelf.under_at(NODES.prefix, second.revision)
    assert [(entry.name, entry.object["spec"]) for entry in then] == [("a", {}), ("b", {})]
    assert [entry.name for entry in shelf.under(NODES.prefix)] == ["b", "c"]


async def test_history_is_bounded_and_says_from_where_it_is_known() -> None:
    store = Store(MemoryBackend(), history_length=10)
    revision = 0
    for number in range(50):
        revision = (await store.write(NODES, "/registry/minions/a", node("a", x=number), revision)).revision
    log = store.shelf(NODES).log
    with pytest.raises(Lost) as lost:
        log.position(2)
    assert lost.value.oldest == log.floor > 2
    assert len(log.read(log.position(log.floor))) <= 10


async def test_history_is_bounded_by_bytes_too() -> None:
    store = Store(MemoryBackend(), history_size=20_000)
    revision = 0
    for number in range(50):
        wide = node("a", x=str(number) * 1000)
        revision = (await store.write(NODES, "/registry/minions/a", wide, revision)).revision
    log = store.shelf(NODES).log
    assert sum(len(change.entry.body) for change in log.read(log.position(log.floor))) <= 20_000


async def test_a_busy_resource_does_not_push_another_ones_history_out() -> None:
    store = Store(MemoryBackend(), history_length=10)
    entry = await store.write(NODES, "/registry/minions/a", node("a"), 0)
    lease = {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": {"name": "l"}}
    revision = 0
    for number in range(50):
        revision = (await store.write(LEASES, "/registry/leases/x/l", {**lease, "n": number}, revision)).revision
    assert store.shelf(NODES).log.position(entry.revision) is not None


async def test_after_an_outage_the_picture_catches_up_with_what_was_written_all_the_same() -> None:
    backend = FlakyBackend()
    store = Store(backend)
    await store.load()
    entry = await store.write(NODES, "/registry/minions/a", node("a"), 0)
    backend.fails, backend.writes_although_failing = Unavailable("away", outcome_known=False), True
    position = store.shelf(NODES).log.end
    with pytest.raises(Unavailable):
        await store.write(NODES, entry.key, node("a", unschedulable=True), entry.revision)
    assert store.shelf(NODES).under(NODES.prefix)[0].object["spec"] == {}
    backend.fails = None
    await store.check()
    assert store.shelf(NODES).under(NODES.prefix)[0].object["spec"] == {"unschedulable": True}
    (change,) = store.shelf(NODES).log.read(position)
    assert change.type == "MODIFIED"


async def test_an_outage_leaves_reads_and_watches_alone() -> None:
    backend = FlakyBackend()
    store = Store(backend)
    await store.load()
    await store.write(NODES, "/registry/minions/a", node("a"), 0)
    position = store.shelf(NODES).log.end
    backend.fails = Unavailable("away", outcome_known=True)
    with pytest.raises(Unavailable):
        await store.write(NODES, "/registry/minions/b", node("b"), 0)
    assert [entry.name for entry in store.shelf(NODES).under(NODES.prefix)] == ["a"]
    assert store.shelf(NODES).log.read(position) == []


async def test_data_replaced_by_an_older_snapshot_begins_a_new_history() -> None:
    backend = FlakyBackend()
    store = Store(backend)
    await store.load()
    await store.write(NODES, "/registry/minions/a", node("a"), 0)
    snapshot, revision = dict(backend.kept), backend.revision
    position = store.shelf(NODES).log.end
    for name in "bcd":
        await store.write(NODES, f"/registry/minions/{name}", node(name), 0)
    backend.kept, backend.revision = snapshot, revision
    await store.load()
    assert store.revision == revision
    assert [entry.name for entry in store.shelf(NODES).under(NODES.prefix)] == ["a"]
    with pytest.raises(Lost):
        store.shelf(NODES).log.read(position)


@pytest.mark.parametrize("first", ["change", "create"])
async def test_data_replaced_under_a_running_server_is_noticed_at_the_next_write(first: str) -> None:
    backend = FlakyBackend()
    store = Store(backend)
    await store.load()
    registry = Registry(store, now)
    await registry.create(NODES, {"metadata": {"name": "a"}})
    snapshot, revision = dict(backend.kept), backend.revision
    for name in "bcd":
        await registry.create(NODES, {"metadata": {"name": name}})
    position = store.shelf(NODES).log.end
    backend.kept, backend.revision = snapshot, revision
    if first == "change":
        with pytest.raises(ApiError) as gone:
            await registry.change(NODES, None, "d", lambda obj: {**obj, "spec": {"unschedulable": True}})
        assert gone.value.code == 404
    else:
        await registry.create(NODES, {"metadata": {"name": "e"}})
    names = [obj["metadata"]["name"] for obj in registry.list(NODES)]
    assert names == (["a"] if first == "change" else ["a", "e"])
    assert store.revision == backend.revision
    with pytest.raises(Lost):
        store.shelf(NODES).log.read(position)


async def test_what_someone_else_wrote_between_two_writes_is_seen() -> None:
    backend = FlakyBackend()
    store = Store(backend)
    await store.load()
    await backend.write("/registry/minions/z", stored_value(NODES, node("z")), 0)
    await store.write(NODES, "/registry/minions/a", node("a"), 0)
    assert [entry.name for entry in store.shelf(NODES).under(NODES.prefix)] == ["a", "z"]


async def test_a_value_in_another_order_is_read_all_the_same() -> None:
    backend = FlakyBackend()
    value = b'{"metadata":{"name":"a","resourceVersion":"77"},"spec":{},"kind":"Node","apiVersion":"v1"}'
    await backend.write("/registry/minions/a", value, 0)
    store = Store(backend)
    await store.load()
    (entry,) = store.shelf(NODES).under(NODES.prefix)
    assert entry.object["metadata"] == {"resourceVersion": "2", "name": "a"}


async def test_a_cancelled_caller_does_not_leave_a_write_half_done() -> None:
    gate, backend = asyncio.Event(), FlakyBackend()
    write = backend.write

    async def slow(key: str, value: bytes | None, expected: int) -> int:
        await gate.wait()
        return await write(key, value, expected)

    backend.write = slow  # type: ignore[method-assign]
    store = Store(backend)
    task = asyncio.create_task(store.write(NODES, "/registry/minions/a", node("a"), 0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await store.write(NODES, "/registry/minions/b", node("b"), 0)
    assert [entry.name for entry in store.shelf(NODES).under(NODES.prefix)] == ["a", "b"]
