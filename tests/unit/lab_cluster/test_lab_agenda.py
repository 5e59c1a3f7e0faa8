"""What is due when, and indexes that never answer with less than was written."""

from __future__ import annotations

import asyncio
import datetime as dt

from kconsole.lab.agenda import Agenda
from kconsole.lab.apiserver.backends import MemoryBackend
from kconsole.lab.apiserver.registry import Registry
from kconsole.lab.apiserver.resources import RESOURCES
from kconsole.lab.apiserver.store import Store
from kconsole.lab.clock import SteppedClock
from kconsole.lab.indexes import Index, by_controller

START = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.timezone.utc)
PODS = RESOURCES["pods"]


async def worked(agenda: Agenda[str], done: list[str]) -> None:
    while True:
        done.append(await agenda.next())


async def test_keys_become_due_in_their_order_and_each_only_once() -> None:
    clock = SteppedClock(START)
    agenda: Agenda[str] = Agenda(clock)
    done: list[str] = []
    task = asyncio.get_running_loop().create_task(worked(agenda, done))
    agenda.note("late", 10)
    agenda.note("soon", 2)
    agenda.note("late", 20)  # the earlier moment stands
    agenda.note("now")
    agenda.note("now")
    agenda.note("never", 5)
    agenda.drop("never")
    agenda.note("moved", 1)
    agenda.move("moved", 30)
    await clock.step(1)
    assert done == ["now"]
    await clock.step(10)
    assert done == ["now", "soon", "late"]
    await clock.step(60)
    assert done == ["now", "soon", "late", "moved"]
    assert len(agenda) == 0
    task.cancel()


def pod(name: str, owner: str) -> dict[str, object]:
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "ownerReferences": [reference]},
        "spec": {"containers": [{"name": "a", "image": "a:1"}]},
    }


async def test_an_index_knows_every_write_at_once_also_after_its_history_was_lost() -> None:
    store = Store(MemoryBackend(), history_length=10)
    registry = Registry(store, lambda: START, seed=1)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    await registry.create(RESOURCES["namespaces"], namespace)
    await registry.create(PODS, pod("a", "one"))
    index = Index(registry, "pods", by_controller)

    def names(owner: str) -> list[str]:
        return [one["metadata"]["name"] for one in index.of(owner)]

    assert names("one") == ["a"]
    await registry.create(PODS, pod("b", "one"))
    await registry.delete(PODS, "default", "a", grace_seconds=0)
    assert names("one") == ["b"]
    await registry.change(
        PODS, "default", "b", lambda one: one | {"metadata": one["metadata"] | {"ownerReferences": []}}
    )
    assert names("one") == []
    for number in range(40):
        await registry.create(PODS, pod(f"c{number:02}", "two"))
    assert len(names("two")) == 40
    await store.load()
    assert len(names("two")) == 40
