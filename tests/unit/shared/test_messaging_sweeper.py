"""Who sends timers, and what becomes of that when servers are away or a process dies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.messaging import sweeper as module
from shared.messaging.errors import Unavailable
from shared.messaging.metrics import TimerMetrics
from shared.messaging.sweeper import PAGE, Sweeper
from shared.messaging.timers import TIMERS, new_timer
from shared.testing.bus import MemoryBus, Trouble
from shared.testing.callers import StandingClock
from shared.testing.memory import Memory
from shared.testing.timers import LEASE, MemoryTimers


class House:
    """One database and one broker, and the instances on them."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.memory = Memory(self.clock)
        self.bus = MemoryBus()

    def sweeper(self, owner: str) -> Sweeper:
        """An instance's part."""
        store = MemoryTimers(self.memory, owner, "desk.events")
        return Sweeper(store, self.bus, TimerMetrics(CollectorRegistry()))

    def put(self, *keys: str) -> None:
        """Have timers be there that are due."""
        now = self.clock()
        for key in keys:
            row = TIMERS.encode(new_timer("remind", key, now, {}, above=0, now=now))
            self.memory.collections[TIMERS.name][row["_id"]] = row

    @property
    def sent(self) -> list[str]:
        """Keys of the timers that the broker has, in order, doubles included."""
        return [message.envelope.aggregate_id for message in self.bus.messages]

    @property
    def noted(self) -> set[str]:
        """Keys of those that are noted as sent."""
        rows = self.memory.collections[TIMERS.name].values()
        return {row["key"] for row in rows if "next" not in row}


@pytest.fixture
def house() -> House:
    return House()


@asynccontextmanager
async def running(sweeper: Sweeper) -> AsyncIterator[None]:
    """Run one until the end of the block."""
    task = asyncio.create_task(sweeper.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def lead(sweeper: Sweeper) -> None:
    await sweeper.stand()
    while await sweeper.round():
        continue


async def test_only_the_one_that_leads_sends(house: House) -> None:
    one, two = house.sweeper("one"), house.sweeper("two")
    house.put("a")
    await lead(one)
    house.put("b")
    await lead(two)
    assert house.sent == ["a"]
    await lead(one)
    assert house.sent == ["a", "b"]


async def test_after_a_death_the_next_sends_what_was_not_noted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = house.sweeper("one"), house.sweeper("two")
    house.put("a")
    await lead(one)
    monkeypatch.setattr(module, "_NOTED_AFTER", 0.0)
    house.put("b")
    await lead(one)
    assert house.noted == {"a"}
    await lead(two)
    assert house.sent == ["a", "b"]
    house.clock.advance(seconds=LEASE.total_seconds() + 0.1)
    await lead(two)
    assert house.sent == ["a", "b", "b"]


async def test_who_lost_the_lead_forgets_what_it_had_taken(house: House) -> None:
    one, two = house.sweeper("one"), house.sweeper("two")
    house.put("a")
    house.bus.troubles.append(Trouble.REFUSED)
    await lead(one)
    house.clock.advance(seconds=LEASE.total_seconds() + 0.1)
    await lead(two)
    await lead(one)
    assert house.sent == ["a"]


async def test_while_the_broker_takes_nothing_one_at_a_time_is_tried(house: House) -> None:
    one = house.sweeper("one")
    house.bus.answering = False
    house.put(*[f"k{number}" for number in range(20)])
    house.bus.troubles.append(Trouble.UNCONFIRMED)
    await lead(one)
    assert len(house.sent) == 1
    assert house.bus.answering is False
    # It answers again: the rest follows, the one in doubt among them.
    await lead(one)
    await lead(one)
    assert sorted(set(house.sent)) == sorted(f"k{number}" for number in range(20))
    assert len(house.sent) == 21


async def test_what_the_broker_refuses_does_not_fill_the_memory(house: House) -> None:
    one = house.sweeper("one")
    house.put(*[f"k{number}" for number in range(2 * PAGE)])
    house.bus.unroutable.add("desk.events")
    for _ in range(5):
        await lead(one)
    assert len(one._taken) == PAGE
    house.bus.unroutable.clear()
    await lead(one)
    assert len(set(house.sent)) == len(house.sent) == 2 * PAGE


@pytest.mark.parametrize("trouble", [Unavailable("away"), RuntimeError("a fault of ours")])
async def test_no_trouble_of_a_round_ends_it(house: House, trouble: Exception) -> None:
    house.memory.trouble = trouble
    house.put("a")
    async with running(house.sweeper("one")):
        await asyncio.sleep(0.05)
        house.memory.trouble = None
        async with asyncio.timeout(5):
            while not house.sent:  # noqa: ASYNC110 - what another task does
                await asyncio.sleep(0.01)
    assert house.sent == ["a"]


async def test_stopped_it_gives_the_lead_back(house: House) -> None:
    async with running(house.sweeper("one")), asyncio.timeout(5):
        while "timers" not in house.memory.collections["leases"]:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.01)
    assert await MemoryTimers(house.memory, "two").lead() is not None


async def test_the_lead_is_kept_while_a_publish_waits(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STAND_SECONDS", 0.001)
    house.put("a")
    house.bus.gate.clear()
    two = MemoryTimers(house.memory, "two")
    async with running(house.sweeper("one")):
        await asyncio.sleep(0.05)
        for _ in range(5):
            house.clock.now += timedelta(seconds=LEASE.total_seconds() / 2)
            await asyncio.sleep(0.02)
            assert await two.lead() is None
        house.bus.gate.set()
