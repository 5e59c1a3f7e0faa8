"""The lab's time: speed changes delays and never timestamps; steps wake sleepers in order."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from kconsole.lab.clock import LabClock, SteppedClock

START = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.timezone.utc)


async def test_a_fast_clock_makes_a_days_delay_pass_and_leaves_timestamps_alone() -> None:
    clock = LabClock()
    clock.set_speed(10_000)
    before, elapsed = clock.now(), clock.elapsed()
    await clock.sleep(600)
    assert clock.elapsed() - elapsed >= 600
    assert clock.now() - before < dt.timedelta(seconds=60)


async def test_a_change_of_speed_reaches_those_who_sleep_already() -> None:
    clock = LabClock(speed=0)
    sleeper = asyncio.create_task(clock.sleep(3600))
    await asyncio.sleep(0)
    clock.set_speed(10_000)
    await asyncio.wait_for(sleeper, 10)


async def test_a_step_passes_a_paused_delay() -> None:
    clock = LabClock(speed=0)
    sleeper = asyncio.create_task(clock.sleep(60))
    await asyncio.sleep(0)
    await clock.step(59)
    await asyncio.sleep(0)
    assert not sleeper.done()
    await clock.step(1)
    await asyncio.wait_for(sleeper, 10)


@pytest.mark.parametrize("speed", [-1, 10_001, float("nan")])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        LabClock().set_speed(speed)


async def test_stepped_sleepers_wake_at_their_own_moments_in_order() -> None:
    clock = SteppedClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, (clock.now() - START).total_seconds()))

    tasks = [asyncio.create_task(sleeper("a", 10, 10, 10)), asyncio.create_task(sleeper("b", 15))]
    await clock.step(25)
    assert woken == [("a", 10), ("b", 15), ("a", 20)]
    assert clock.elapsed() == 25
    await clock.step(5)
    assert woken[-1] == ("a", 30)
    await asyncio.gather(*tasks)


async def test_stepped_time_moves_by_steps_alone() -> None:
    clock = SteppedClock(START)
    assert clock.now() == START
    with pytest.raises(ValueError, match="steps"):
        clock.set_speed(2)
    with pytest.raises(ValueError, match="forward"):
        await clock.step(-1)
