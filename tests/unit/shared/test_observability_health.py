import asyncio

import pytest

from shared.observability import health as module
from shared.observability.health import STALLED_AFTER, Health, Readiness


async def well() -> None:
    return None


async def ill() -> str:
    return "no primary"


async def broken() -> None:
    raise ConnectionError("mongodb://user:password@host")


async def hangs() -> None:
    await asyncio.Event().wait()


async def test_all_well_is_ready() -> None:
    health = Health()
    health.add("mongo", well)
    health.add("broker", well)
    assert await health.readiness() == Readiness(ready=True, checks={"mongo": "ok", "broker": "ok"})


async def test_one_reason_is_enough_to_be_unready() -> None:
    health = Health()
    health.add("mongo", ill)
    health.add("broker", well)
    assert await health.readiness() == Readiness(
        ready=False, checks={"mongo": "no primary", "broker": "ok"}
    )


async def test_a_failing_check_names_the_kind_of_failure_alone() -> None:
    health = Health()
    health.add("mongo", broken)
    assert (await health.readiness()).checks == {"mongo": "failed: ConnectionError"}


async def test_a_degraded_part_is_told_and_work_goes_on() -> None:
    health = Health()
    health.add("broker", ill, degrades=True)
    assert await health.readiness() == Readiness(
        ready=True, checks={"broker": "degraded: no primary"}
    )


async def test_a_check_that_hangs_is_given_up_and_holds_nobody() -> None:
    health = Health(timeout=0.01)
    health.add("mongo", hangs)
    health.add("broker", well)
    async with asyncio.timeout(2):
        found = await health.readiness()
    assert found == Readiness(
        ready=False, checks={"mongo": "no answer within 0.01 s", "broker": "ok"}
    )


async def test_a_check_that_ignores_its_cancellation_does_not_hold_up_the_answer() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        raise ConnectionError

    health = Health(timeout=0.01)
    health.add("mongo", stubborn)
    async with asyncio.timeout(2):
        assert not (await health.readiness()).ready
    release.set()


async def test_draining_is_unready_at_once_and_asks_nobody() -> None:
    asked = []

    async def ask() -> None:
        asked.append(1)

    health = Health()
    health.add("mongo", ask)
    health.drain()
    found = await health.readiness()
    assert not found.ready
    assert list(found.checks) == ["stopping"]
    assert asked == []
    assert health.stopping.is_set()


async def test_draining_while_checks_run_is_unready_too() -> None:
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    health = Health()
    health.add("mongo", slow)
    asking = asyncio.create_task(health.readiness())
    await asyncio.sleep(0)
    health.drain()
    gate.set()
    assert not (await asking).ready


async def test_many_askers_cost_one_look() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)

    health = Health()
    health.add("mongo", look)
    found = await asyncio.gather(*(health.readiness() for _ in range(20)))
    assert all(answer.ready for answer in found)
    assert looks == 1
    await health.readiness()
    assert looks == 2


async def test_an_asker_who_leaves_does_not_spoil_the_look_for_others() -> None:
    gate = asyncio.Event()

    async def slow() -> None:
        await gate.wait()

    health = Health()
    health.add("mongo", slow)
    first, second = (asyncio.create_task(health.readiness()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert (await second).ready


def test_two_checks_of_one_name_are_a_mistake() -> None:
    health = Health()
    health.add("mongo", well)
    with pytest.raises(ValueError, match="mongo"):
        health.add("mongo", ill)


async def test_the_watch_measures_how_late_the_loop_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK", 0.001)
    times = iter([10.0, 10.001, 12.001])
    measured: list[float] = []
    enough = asyncio.Event()

    class Collect:
        def set(self, value: float, /) -> None:
            measured.append(value)
            if len(measured) == 2:
                enough.set()

    health = Health(timer=lambda: next(times, 12.002))
    assert health.liveness().lag is None
    watch = asyncio.create_task(health.watch(Collect()))
    async with asyncio.timeout(2):
        await enough.wait()
    watch.cancel()
    assert measured[:2] == [0.0, pytest.approx(1.999)]


async def test_a_loop_that_no_longer_turns_is_not_alive() -> None:
    now = 100.0
    health = Health(timer=lambda: now)
    watch = asyncio.create_task(health.watch())
    await asyncio.sleep(0)
    assert health.liveness().live
    now += STALLED_AFTER + module.TICK - 0.1
    assert health.liveness().live
    now += 0.1
    found = health.liveness()
    assert not found.live
    assert found.lag == pytest.approx(STALLED_AFTER)
    watch.cancel()
