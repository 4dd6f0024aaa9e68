"""What is committed leaves, whatever fails on the way, and nobody waits for what cannot leave."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from shared.messaging.errors import Unavailable
from shared.messaging.message import ADDRESSED, Message
from shared.messaging.metrics import OutboxMetrics
from shared.messaging.outbox import OutboxRelay
from shared.messaging.store import Changes, Write
from shared.testing.bus import MemoryBus, Trouble
from shared.testing.callers import StandingClock
from shared.testing.memory import Memory, MemoryDeferred, MemoryOutbox, MemoryStore
from shared.testing.store_suite import deferred, inbox_id, letter
from tests.unit.shared.messaging_kit import message

WAIT = 20.0


class Desk:
    """One instance's outbox on fakes."""

    def __init__(self, memory: Memory, owner: str = "one", limit: int = 10) -> None:
        self.memory = memory
        self.bus = MemoryBus()
        self.store = MemoryStore(memory, owner)
        self.outbox = MemoryOutbox(memory, owner)
        self.deferred_store = MemoryDeferred(memory, owner)
        self.registry = CollectorRegistry()
        metrics = OutboxMetrics(self.registry)
        self.relay = OutboxRelay(self.outbox, self.deferred_store, self.bus, metrics, limit=limit)

    async def commit(self, *ids: str) -> list[Message]:
        """Have rows in the outbox."""
        messages = [message(id_) for id_ in ids]
        await self.store.commit(Changes(messages=messages))
        return messages

    async def round(self) -> None:
        """One round of the relay, however many pages it takes, and what is told of it."""
        while await self.relay._round():
            continue
        await self.relay._check_in()

    def full(self) -> bool:
        """Whether commands would be refused."""
        return self.relay.full

    @property
    def sent(self) -> list[str]:
        """The ids that the broker has, in order."""
        return [one.envelope.id for one in self.bus.messages]

    @property
    def owed(self) -> list[str]:
        """The ids of the rows that are still there."""
        return sorted(self.memory.collections["outbox"])

    def metric(self, name: str, **labels: str) -> float:
        """What Prometheus would read; 0 where nothing was counted."""
        return self.registry.get_sample_value(name, labels) or 0.0


@pytest.fixture
def one() -> Desk:
    return Desk(Memory())


async def test_what_is_dispatched_leaves_at_once_and_its_row_goes(one: Desk) -> None:
    one.relay.dispatch(await one.commit("p1", "p2"))
    await one.relay.flushed()
    assert sorted(one.sent) == ["p1", "p2"]
    assert one.owed == []
    assert one.metric("jemput_outbox_published_total", path="direct") == 2


async def test_a_publish_that_fails_is_done_by_the_relay(one: Desk) -> None:
    one.bus.troubles.append(Trouble.REFUSED)
    one.relay.dispatch(await one.commit("p1", "p2"))
    await one.relay.flushed()
    assert (one.sent, one.owed) == (["p2"], ["p1"])
    await one.round()
    assert (one.sent, one.owed) == (["p2", "p1"], [])
    assert one.metric("jemput_outbox_published_total", path="relay") == 1
    assert one.metric("jemput_outbox_unconfirmed_total") == 1


async def test_a_publish_whose_confirm_is_lost_is_repeated(one: Desk) -> None:
    one.bus.troubles.append(Trouble.UNCONFIRMED)
    one.relay.dispatch(await one.commit("p1"))
    await one.relay.flushed()
    assert one.owed == ["p1"]
    await one.round()
    assert (one.sent, one.owed) == (["p1", "p1"], [])


async def test_while_the_bus_is_away_rows_stay_and_are_counted(one: Desk) -> None:
    one.bus.connected = False
    one.relay.dispatch(await one.commit(*[f"p{n}" for n in range(9)]))
    assert not one.full()
    one.relay.dispatch(await one.commit("p9"))
    assert one.full()
    await one.round()
    assert one.full()
    assert one.metric("jemput_outbox_pending") == 10
    one.bus.connected = True
    await one.round()
    assert len(one.sent) == 10
    assert not one.full()
    assert one.metric("jemput_outbox_pending") == 0


async def test_the_limit_counts_what_others_left(one: Desk) -> None:
    other = Desk(one.memory, "two")
    await other.outbox.renew(60)
    await other.commit(*[f"p{n}" for n in range(10)])
    assert not one.full()
    await one.round()
    assert one.full()
    assert one.sent == []


async def test_rows_of_a_dead_instance_are_published_and_of_a_living_one_not() -> None:
    clock = StandingClock()
    one, two = (Desk(memory := Memory(clock), "one"), Desk(memory, "two"))
    await two.outbox.renew(10)
    await two.commit("p1")
    await one.round()
    assert one.sent == []
    clock.advance(seconds=11)
    await one.round()
    assert (one.sent, one.owed) == (["p1"], [])


async def test_a_round_renews_the_lease() -> None:
    clock = StandingClock()
    one = Desk(Memory(clock))
    await one.round()
    (instance,) = one.memory.copies("instances")
    assert instance["until"] - clock.now == timedelta(seconds=10)
    await one.relay.retire()
    assert one.memory.copies("instances") == []


async def test_what_waits_no_longer_is_sent_to_its_own_queue(one: Desk) -> None:
    await one.store.commit(
        Changes(
            inbox=[inbox_id("message:w")],
            deferred=[{**deferred("w", waits_for="x")}],
            writes=[Write("letters", letter("x", 1), None)],
        )
    )
    await one.round()
    assert [(sent.exchange, sent.key) for sent in one.bus.sent] == [(ADDRESSED, "test.events")]
    assert (one.owed, one.memory.copies("inbox")) == ([], [])


async def test_rows_that_no_queue_wants_stay_and_hold_up_nobody(one: Desk) -> None:
    lost = [
        Message(p.envelope, p.body, routing_key="nobody") for p in map(message, many("a", 1200))
    ]
    await one.store.commit(Changes(messages=lost))
    await one.commit("b1")
    one.bus.unroutable.add("nobody")
    await one.round()
    assert one.sent == ["b1"]
    assert len(one.owed) == 1200
    assert one.metric("jemput_outbox_unconfirmed_total") == 1200
    one.bus.unroutable.clear()
    await one.round()
    assert len(one.sent) == 1201
    assert one.owed == []


async def test_a_long_backlog_leaves_in_one_go(one: Desk) -> None:
    await one.commit(*many("p", 1700))
    await one.round()
    assert len(one.sent) == 1700
    assert one.owed == []


async def test_what_is_on_its_way_is_not_sent_by_the_relay_too(one: Desk) -> None:
    one.bus.gate.clear()
    one.relay.dispatch(await one.commit("p1"))
    await asyncio.sleep(0)
    round_ = asyncio.create_task(one.round())
    await asyncio.sleep(0.01)
    one.bus.gate.set()
    await round_
    await one.relay.flushed()
    assert one.sent == ["p1"]


async def test_a_row_that_is_seen_after_it_was_cleared_is_not_sent_again(one: Desk) -> None:
    """As a read of what a majority has, a moment after the deletion."""
    messages = await one.commit("p1")
    one.relay.dispatch(messages)
    await one.relay.flushed()
    await one.commit("p1")
    await one.round()
    assert one.sent == ["p1"]


async def test_a_row_that_could_not_be_cleared_is_cleared_later_and_not_sent_again(
    one: Desk,
) -> None:
    clear = one.outbox.clear
    left = 2

    async def failing(ids: list[str]) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Unavailable
        await clear(ids)

    one.outbox.clear = failing  # type: ignore[method-assign, assignment]
    running = asyncio.create_task(one.relay.run())
    one.relay.dispatch(await one.commit("p1"))
    await until(lambda: not one.owed)
    running.cancel()
    assert one.sent == ["p1"]


async def until(condition: Callable[[], bool]) -> None:
    """Let time pass until something holds."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - the fakes set no events
            await asyncio.sleep(0.01)


async def _background(one: Desk, meanwhile: Callable[[], Awaitable[None]]) -> None:
    running = asyncio.create_task(one.relay.run())
    try:
        await meanwhile()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_an_outage_of_the_database_ends_no_round(one: Desk) -> None:
    async def meanwhile() -> None:
        one.memory.away = True
        await asyncio.sleep(0.1)
        one.memory.away = False
        await one.commit("p1")
        await until(lambda: not one.owed)

    await _background(one, meanwhile)
    assert one.sent == ["p1"]


async def test_waking_begins_a_round_at_once(one: Desk) -> None:
    async def meanwhile() -> None:
        await until(lambda: bool(one.memory.collections["instances"]))
        await one.commit("p1")
        one.relay.wake()
        async with asyncio.timeout(0.3):
            await until(lambda: not one.owed)

    await _background(one, meanwhile)
    assert one.sent == ["p1"]


async def test_the_bus_comes_back_in_the_middle(one: Desk) -> None:
    async def meanwhile() -> None:
        one.bus.troubles.extend([None, Trouble.CUT])
        one.relay.dispatch(await one.commit("p1", "p2", "p3"))
        await until(lambda: not one.bus.connected)
        one.relay.dispatch(await one.commit("p4"))
        one.bus.connected = True
        await until(lambda: not one.owed)

    await _background(one, meanwhile)
    assert sorted(one.sent) == ["p1", "p2", "p3", "p4"]


def many(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:05}" for number in range(count)]


async def test_a_broker_that_confirms_nothing_gets_one_row_at_a_time_until_it_does(
    one: Desk,
) -> None:
    """Short of memory it stops reading: each further publish would only be a double later."""
    one.bus.troubles.extend([Trouble.UNCONFIRMED] * 4)
    one.relay.dispatch(await one.commit("p1", "p2", "p3"))
    await one.relay.flushed()
    assert one.relay.stalled
    one.relay.dispatch(await one.commit("p4"))
    await one.round()
    assert (one.sent, one.relay.stalled) == (["p1", "p2", "p3", "p1"], True)
    await one.round()
    assert (one.sent[4:], one.relay.stalled) == (["p1"], False)
    await one.round()
    assert one.sent[5:] == ["p2", "p3", "p4"]
    assert one.owed == []


async def test_the_limit_counts_what_is_under_way(one: Desk) -> None:
    one.bus.gate.clear()
    one.relay.dispatch(await one.commit(*[f"p{n}" for n in range(10)]))
    assert one.full()
    one.bus.gate.set()
    await one.relay.flushed()
    assert not one.full()


async def test_the_lease_is_renewed_while_a_publish_hangs(
    one: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: asyncio.Queue[None] = asyncio.Queue()

    async def renew(_: float) -> None:
        renewed.put_nowait(None)

    monkeypatch.setattr(one.relay._store, "renew", renew)
    one.bus.gate.clear()
    await one.commit("p1")
    running = asyncio.create_task(one.relay.run())
    async with asyncio.timeout(10):
        for _ in range(3):
            await renewed.get()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert one.bus.sent == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unavailable("full", reason="OutOfDiskSpace", refused=True), "OutOfDiskSpace"),
        (ZeroDivisionError(), "fault"),
    ],
)
async def test_no_error_ends_the_relay(one: Desk, error: Exception, reason: str) -> None:
    async def meanwhile() -> None:
        one.memory.trouble = error
        await until(lambda: one.metric("jemput_outbox_rounds_failed_total", reason=reason) >= 2)
        one.memory.trouble = None
        await one.commit("p1")
        await until(lambda: not one.owed)

    await _background(one, meanwhile)
    assert one.sent == ["p1"]


async def test_a_row_that_cannot_be_read_holds_up_nobody_and_is_counted(one: Desk) -> None:
    await one.commit("p1", "p2")
    del one.memory.collections["outbox"]["p1"]["type"]
    await one.round()
    assert (one.sent, one.owed) == (["p2"], [])
    assert one.metric("jemput_outbox_unreadable") == 1
