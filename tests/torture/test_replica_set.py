"""Three mongods whose primary steps down, dies and falls silent, and a courier that is paused."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from deploy.local.servers import Servers
from tests.integration.kernel_kit import Line, amqp_of, line
from tests.size import LONG
from tests.torture.day import Day, day_of
from tests.torture.kit import QUEUE, Instance, Stand, courier_host, prepared
from tests.torture.load import add_job, check_with_work, ready, trickle, work
from tests.torture.replica_set import ReplicaSet

SEED: Final = 93
CASES: Final = 800 if LONG else 400
"""More than comes in while all four faults pass: about 20 messages in three seconds."""
AGENTS, ROUNDS = 4, 12
PAUSE: Final = 120.0 if LONG else 0.0
"""Seconds for which a courier is paused at least. Usually only until the broker has given its
messages to the other one, about two heartbeats of 15 seconds."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[ReplicaSet]:
    one = ReplicaSet(tmp_path)
    try:
        await one.start()
        yield one
    finally:
        one.kill()


@pytest.fixture
def own(servers: Servers, database: ReplicaSet) -> Servers:
    return replace(servers, mode="given", mongo_url=database.url)


@pytest.fixture
def host(servers: Servers) -> Iterator[str]:
    with courier_host(servers) as (vhost, _):
        yield vhost


async def test_nothing_is_lost_or_doubled_whatever_happens_to_the_primary_or_a_courier(
    own: Servers, host: str, database: ReplicaSet, tmp_path: Path
) -> None:
    day = day_of(CASES, SEED)
    carried = [f"home-{number:02}" for number in range(AGENTS * ROUNDS)]
    for case in carried:
        add_job(day, case)
    random.Random(SEED).shuffle(day.messages)
    async with (
        prepared(own, host, "torture_set", tmp_path) as one,
        line(amqp_of(own, host)) as raw,
    ):
        couriers = [one.start(), one.start()]
        agents = [asyncio.create_task(_carry(one, carried[n::AGENTS])) for n in range(AGENTS)]
        over = asyncio.Event()
        sending = asyncio.create_task(trickle(raw, day, over))
        for fault in (_stepped_down, _killed, _silent):
            await _all_well(one, couriers, database)
            stood = await _standstill(one, day, database, fault)
            print(f"{fault.__name__[1:]}: nothing done for {stood:.1f} s")  # noqa: T201
        await _all_well(one, couriers, database)
        await _courier_paused(one, day, couriers, raw)
        over.set()
        await sending
        await asyncio.wait_for(asyncio.gather(*agents), 240)
        await one.settled(day, raw)
        for instance in couriers:
            await instance.stop()
        await check_with_work(one, day, carried, raw)


async def _carry(one: Stand, cases: list[str]) -> None:
    for case in cases:
        await work(one, case)


Recovery = Callable[[], Awaitable[None]]


async def _stepped_down(database: ReplicaSet) -> Recovery:
    await asyncio.to_thread(database.step_down)
    return _nothing


async def _killed(database: ReplicaSet) -> Recovery:
    member = await asyncio.to_thread(database.kill_primary)
    return lambda: asyncio.to_thread(member.launch)


async def _silent(database: ReplicaSet) -> Recovery:
    member = await asyncio.to_thread(database.pause_primary)
    return lambda: asyncio.to_thread(database.resume, member)


async def _nothing() -> None:
    pass


async def _standstill(
    one: Stand, day: Day, database: ReplicaSet, fault: Callable[[ReplicaSet], Awaitable[Recovery]]
) -> float:
    """Return the seconds from a fault until another primary leads and more is done there."""
    before = await asyncio.to_thread(database.primary)
    began = time.monotonic()
    recover = await fault(database)

    async def replaced() -> bool:
        return await asyncio.to_thread(database.primary) not in (None, before)

    await one.wait_for(replaced)
    await _progress(one)
    stood = time.monotonic() - began
    assert await _done(one) < len(day.good), "the work was over before the fault"
    await recover()
    return stood


async def _courier_paused(one: Stand, day: Day, couriers: list[Instance], raw: Line) -> None:
    """Pause one until the broker has given what it held to the other, and let it go on."""
    assert await _consumers(raw) == len(couriers)
    pid = couriers[0].process.pid
    assert pid is not None
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        await one.wait_for(lambda: _fewer(raw, len(couriers)))
        await asyncio.sleep(max(0.0, PAUSE - (time.monotonic() - began)))
        await _progress(one)
        assert await _done(one) < len(day.good), "the work was over before the pause's end"
    finally:
        os.kill(pid, signal.SIGCONT)
    await one.wait_for(lambda: ready(couriers[0]))


async def _fewer(raw: Line, than: int) -> bool:
    return await _consumers(raw) < than


async def _consumers(raw: Line) -> int:
    queue = await raw.channel.declare_queue(QUEUE, passive=True)
    return queue.declaration_result.consumer_count or 0


async def _progress(one: Stand) -> None:
    """Wait until one more message is handled."""
    before = await _done(one)

    async def more() -> bool:
        return await _done(one) > before

    await one.wait_for(more)


async def _done(one: Stand) -> int:
    return await asyncio.to_thread(one.count, "inbox")


async def _all_well(one: Stand, couriers: list[Instance], database: ReplicaSet) -> None:
    """Wait until all three members are there, both couriers are ready and one more is done."""

    async def whole() -> bool:
        return await asyncio.to_thread(database.whole)

    await one.wait_for(whole)
    for instance in couriers:
        await one.wait_for(lambda instance=instance: ready(instance))
    await _progress(one)
