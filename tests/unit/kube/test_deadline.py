"""A wait with a limit neither loses a cancellation nor leaves anything behind."""

from __future__ import annotations

import asyncio

import pytest

from kconsole.kube.deadline import within


async def test_the_result_and_the_failure_come_through() -> None:
    async def fails() -> None:
        raise KeyError

    assert await within(5, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(KeyError):
        await within(5, fails())


async def test_what_takes_too_long_is_ended_before_the_time_out_is_told() -> None:
    ended = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(asyncio.TimeoutError):
        await within(0.01, forever())
    assert ended.is_set()


async def test_a_cancellation_that_comes_together_with_the_result_wins_and_the_result_is_undone() -> None:
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    undone: list[str] = []

    async def answer() -> str:
        return await answered

    waiting = asyncio.ensure_future(within(5, answer(), undo=undone.append))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    answered.set_result("late")
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert undone == ["late"]
