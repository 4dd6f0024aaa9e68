"""Timers on the real kernel in memory: set, moved and cleared with the state; fired once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts import CATALOGUE
from shared.contracts.envelope import new_id
from shared.contracts.intake import ReceiptConfirmed
from shared.messaging.errors import PredecessorMissing
from shared.messaging.message import Message
from shared.messaging.routes import fire
from shared.messaging.sweeper import PAGE
from shared.messaging.task import Task
from shared.messaging.timers import MAX_IDS, TIMERS, Timer, is_timer, name_of, timer_type
from shared.messaging.topology import RETRY_SECONDS, SUSPECT_LIMIT
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.messaging.wire import ATTEMPT, REASON, properties, split_type
from shared.testing.bus import Trouble
from shared.testing.callers import StandingClock
from shared.testing.delivery import Delivery
from shared.testing.memory import MemoryStore
from shared.testing.messaging import MemoryMessaging, Receipt, memory_messaging
from tests.unit.shared.messaging_kit import event

HOUR = timedelta(hours=1)


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """The domain's own refusal."""

    reason = "no"
    detail = "not this"


class Desk:
    """A service whose letters are to be answered within an hour, or a reminder is noted."""

    def __init__(self, messaging: MemoryMessaging) -> None:
        self.messaging = messaging
        self.clock = messaging.clock
        self.fails: list[Exception] = []
        self.then: list[UseCase] = []
        """What the handler does besides, in turn."""
        self.consumer = messaging.consumer(Refused)
        self.consumer.on_timer("remind")(self.remind)

    async def remind(self, timer: Timer, uow: UnitOfWork) -> None:
        """Note a reminder, or fail."""
        found = await uow.load("reminders", timer.key)
        count = found["count"] + 1 if found else 1
        said = {"count": count, "at": self.clock(), "payload": dict(timer.payload)}
        uow.put("reminders", {"_id": timer.key, "version": count, **said})
        if self.then:
            await self.then.pop(0)(uow)
        if self.fails:
            raise self.fails.pop(0)

    async def run(self, use_case: UseCase) -> None:
        """Run a command and let follow what follows."""
        await self.messaging.commit.submit(Task(use_case, new_id(), "k"))
        await self.messaging.settle()

    async def later(self, **by: float) -> None:
        """Let time pass, and let follow what follows."""
        self.clock.advance(**by)
        await self.messaging.settle()

    @property
    def reminders(self) -> dict[str, int]:
        """How often each letter was reminded of."""
        return {one["_id"]: one["count"] for one in self.messaging.documents("reminders")}

    @property
    def timers(self) -> list[str]:
        """The timers that are set."""
        return [row["_id"] for row in self.messaging.documents(TIMERS.name)]

    def metric(self, sample: str, /, **labels: str) -> float:
        """What Prometheus would read; 0 where nothing was counted."""
        return self.messaging.registry.get_sample_value(sample, labels) or 0.0

    async def hand_in(self, message: Message, **headers: Any) -> Receipt:
        """Deliver a message alone."""
        said = properties(message)
        said.headers = {**(said.headers or {}), **headers}
        return await self.messaging._hand_in(Delivery(message.body, said))

    async def sent(self) -> Message:
        """Have what is due published and kept from the queue; the message."""
        await self.messaging.sweeper.stand()
        await self.messaging.sweeper.round()
        self.messaging._replayed = len(self.messaging.bus.sent)
        message = self.messaging.bus.sent[-1].message
        assert message is not None
        return message


@pytest.fixture
async def one() -> AsyncIterator[Desk]:
    async with memory_messaging("desk") as messaging:
        yield Desk(messaging)


def set_(key: str = "a", after: timedelta = HOUR, **payload: str) -> UseCase:
    """A unit that sets the timer of a letter."""

    async def work(uow: UnitOfWork) -> None:
        await uow.set_timer("remind", key, uow.now() + after, payload)

    return work


async def clear(uow: UnitOfWork) -> None:
    """Clear the timer of letter a."""
    await uow.clear_timer("remind", "a")


async def test_it_fires_when_it_is_due_and_once(one: Desk) -> None:
    await one.run(set_(letter_id="letter-1"))
    await one.later(minutes=59, seconds=59)
    assert (one.reminders, one.timers) == ({}, ["remind/a"])
    await one.later(seconds=1)
    assert (one.reminders, one.timers) == ({"a": 1}, [])
    (reminder,) = one.messaging.documents("reminders")
    assert reminder["payload"] == {"letter_id": "letter-1"}
    await one.later(days=1)
    assert one.reminders == {"a": 1}
    assert one.metric("jemput_timers_fired_total", name="remind") == 1


async def test_a_handler_never_finds_that_its_time_has_not_come(one: Desk) -> None:
    one.clock.advance(microseconds=678)
    wanted = one.clock() + HOUR
    await one.run(set_())
    (row,) = one.messaging.documents(TIMERS.name)
    assert wanted <= TIMERS.decode(row).due < wanted + timedelta(milliseconds=1)
    await one.later(hours=1)
    assert one.reminders == {}
    await one.later(milliseconds=1)
    assert one.reminders == {"a": 1}


async def test_set_in_the_past_it_fires_at_once(one: Desk) -> None:
    await one.run(set_(after=-HOUR))
    assert one.reminders == {"a": 1}
    assert one.metric("jemput_timers_late_seconds_sum") == 3600


async def test_an_outage_makes_it_late_and_loses_nothing(one: Desk) -> None:
    await one.run(set_())
    one.messaging.bus.connected = False
    await one.later(hours=2)
    assert one.reminders == {}
    await one.messaging.sweeper.measure()
    assert one.metric("jemput_timers_oldest_overdue_seconds") == 3600
    assert one.metric("jemput_timers_pending") == 1
    one.messaging.bus.connected = True
    await one.messaging.settle()
    assert one.reminders == {"a": 1}
    await one.messaging.sweeper.measure()
    assert one.metric("jemput_timers_oldest_overdue_seconds") == 0
    assert one.metric("jemput_timers_pending") == 0


async def test_cleared_it_does_not_fire(one: Desk) -> None:
    await one.run(set_())
    await one.run(clear)
    assert one.timers == []
    await one.later(hours=2)
    assert one.reminders == {}
    await one.run(clear)


async def test_set_again_it_moves(one: Desk) -> None:
    await one.run(set_())
    await one.run(set_(after=3 * HOUR))
    await one.later(hours=2)
    assert one.reminders == {}
    await one.later(hours=1)
    assert one.reminders == {"a": 1}


async def test_timers_of_one_name_are_told_apart_by_their_keys(one: Desk) -> None:
    await one.run(set_("a"))
    await one.run(set_("b", 2 * HOUR))
    await one.run(clear)
    await one.later(hours=2)
    assert one.reminders == {"b": 1}


async def test_a_unit_that_fails_sets_none(one: Desk) -> None:
    async def fails(uow: UnitOfWork) -> None:
        await set_()(uow)
        raise Refused

    with pytest.raises(Refused):
        await one.run(fails)
    assert one.timers == []


@pytest.mark.parametrize("change", [clear, set_(after=5 * HOUR)])
async def test_cleared_or_moved_on_its_way_it_does_nothing(one: Desk, change: UseCase) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    await one.messaging.commit.submit(Task(change, "change", "k"))
    assert (await one.hand_in(message)).acknowledged
    assert one.reminders == {}
    assert one.metric("jemput_timers_overtaken_total", name="remind") == 1
    assert one.metric("jemput_timers_fired_total", name="remind") == 0


async def test_cleared_and_set_again_in_one_unit_it_is_another(one: Desk) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()

    async def anew(uow: UnitOfWork) -> None:
        await clear(uow)
        await set_()(uow)

    await one.messaging.commit.submit(Task(anew, "anew", "k"))
    await one.hand_in(message)
    assert one.reminders == {}
    await one.later(hours=1)
    assert one.reminders == {"a": 1}


async def test_after_it_fired_the_same_key_can_be_set_again(one: Desk) -> None:
    # The clock stands still: a count that began anew would give the first one's message id.
    for count in (1, 2, 3):
        await one.run(set_(after=-HOUR))
        assert one.reminders == {"a": count}


async def test_its_handler_may_set_it_again(one: Desk) -> None:
    one.then = [set_(), set_()]
    await one.run(set_())
    for count in (1, 2, 3):
        await one.later(hours=1)
        assert one.reminders == {"a": count}
    assert one.timers == []


async def test_the_same_message_twice_fires_once(one: Desk) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    for _ in range(2):
        assert (await one.hand_in(message)).acknowledged
    assert one.reminders == {"a": 1}
    assert one.metric("jemput_timers_fired_total", name="remind") == 1


async def test_a_handler_that_fails_is_tried_again(one: Desk) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    one.fails = [RuntimeError()]
    assert (await one.hand_in(message)).retry_later
    assert (one.reminders, one.timers) == ({}, ["remind/a"])
    await one.hand_in(message)
    assert (one.reminders, one.timers) == ({"a": 1}, [])


@pytest.mark.parametrize("way", ["exhausted", "refused"])
async def test_a_dead_letter_is_not_sent_again_and_fires_by_a_replay(one: Desk, way: str) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    one.fails = [RuntimeError() if way == "exhausted" else Refused()]
    attempts = len(RETRY_SECONDS) if way == "exhausted" else 0
    receipt = await one.hand_in(message, **{ATTEMPT: attempts})
    assert receipt.dead == ("attempts_exhausted" if way == "exhausted" else "no")
    assert one.timers == ["remind/a"]
    await one.messaging.sweeper.measure()
    assert one.metric("jemput_timers_pending") == 0
    assert one.metric("jemput_timers_oldest_overdue_seconds") == 0
    # Another instance leads: it sends what nobody noted as sent.
    await one.messaging.timer_store.resign()
    sent = len(one.messaging.bus.sent)
    await one.later(days=1)
    assert len(one.messaging.bus.sent) == sent
    await one.hand_in(message)
    assert (one.reminders, one.timers) == ({"a": 1}, [])


async def test_a_dead_letter_waits_for_the_database(one: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr("shared.messaging.firing._PAUSE", 0.001)
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()

    gone, versions = asyncio.Event(), MemoryStore.versions

    async def goes_away(store: MemoryStore, collection: str, ids: Sequence[str]) -> dict[str, int]:
        found = await versions(store, collection, ids)
        asyncio.get_running_loop().call_soon(go)
        return found

    def go() -> None:
        one.messaging.memory.away = True
        gone.set()

    # What is asked last before a refusal stands, of all collections at once.
    monkeypatch.setattr(MemoryStore, "versions", goes_away)
    one.fails = [Refused()]
    delivery = Delivery(message.body, properties(message))
    handling = one.consumer.receive(delivery)  # type: ignore[arg-type]
    await asyncio.wait_for(gone.wait(), 5)
    await asyncio.sleep(0.02)
    acknowledged = [delivery.acknowledged]
    one.messaging.memory.away = False
    await handling
    assert [*acknowledged, delivery.acknowledged] == [False, True]
    assert "died_at" in one.messaging.documents(TIMERS.name)[0]


async def test_one_that_ends_its_process_is_noted_before_it_does_so_the_last_time(
    one: Desk,
) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    noted: list[bool] = []

    async def look(_: UnitOfWork) -> None:
        noted.append("died_at" in one.messaging.documents(TIMERS.name)[0])

    one.then = [look, look]
    for deliveries in (SUSPECT_LIMIT - 1, SUSPECT_LIMIT):
        one.fails = [RuntimeError()]
        said = properties(message)
        said.headers = {**(said.headers or {}), "x-delivery-count": deliveries}
        await one.consumer.receive_suspect(Delivery(message.body, said))  # type: ignore[arg-type]
    assert noted == [False, True]
    await one.hand_in(message)
    assert (one.reminders, one.timers) == ({"a": 1}, [])


async def test_nobody_else_ends_a_timer(one: Desk) -> None:
    await one.run(set_())
    one.clock.advance(hours=1)
    message = await one.sent()
    said = properties(message)
    said.user_id = "courier"
    receipt = await one.messaging._hand_in(Delivery(message.body, said))
    assert receipt.dead == "sender"
    assert "died_at" not in one.messaging.documents(TIMERS.name)[0]


async def test_a_timer_without_a_handler_waits_for_newer_code(one: Desk) -> None:
    async def set_other(uow: UnitOfWork) -> None:
        await uow.set_timer("from_tomorrow", "a", uow.now())

    await one.messaging.commit.submit(Task(set_other, "set", "k"))
    message = await one.sent()
    assert (await one.hand_in(message)).retry_later
    notes = one.messaging.bus.sent[-1].letter.properties.headers or {}
    assert REASON not in notes
    assert one.timers == ["from_tomorrow/a"]
    unknown = one.metric("jemput_messages_failed_total", type="unknown", reason="unknown_timer")
    assert unknown == 1


async def test_a_reader_of_everything_gets_no_timer(one: Desk) -> None:
    async with memory_messaging("desk", memory=one.messaging.memory, clock=one.clock) as other:
        seen: list[str] = []

        async def keep(_: object, uow: UnitOfWork) -> None:
            seen.append(uow.cause.type if uow.cause else "")

        reader = Desk(other)
        reader.consumer.on_every(keep)
        await reader.run(set_(after=-HOUR))
        assert (reader.reminders, seen) == ({"a": 1}, [])


async def test_a_handler_that_needs_what_is_not_there_yet_is_deferred(one: Desk) -> None:
    async def needs(uow: UnitOfWork) -> None:
        if await uow.load("letters", "a") is None:
            raise PredecessorMissing("letters", "a")

    one.then = [needs, needs]
    await one.run(set_(after=-HOUR))
    assert (one.reminders, one.timers) == ({}, ["remind/a"])

    async def comes(uow: UnitOfWork) -> None:
        uow.put("letters", {"_id": "a", "version": 1})

    await one.run(comes)
    assert (one.reminders, one.timers) == ({"a": 1}, [])


@pytest.mark.parametrize(("trouble", "had"), [(Trouble.REFUSED, 1), (Trouble.UNCONFIRMED, 2)])
async def test_what_the_broker_did_not_confirm_is_sent_again(
    one: Desk, trouble: Trouble, had: int
) -> None:
    one.messaging.bus.troubles.append(trouble)
    await one.run(set_(after=-HOUR))
    await one.messaging.settle()
    assert one.reminders == {"a": 1}
    assert len(one.messaging.bus.sent) == had


async def test_more_than_a_page_is_due(one: Desk) -> None:
    async def many(uow: UnitOfWork) -> None:
        for number in range(PAGE + 20):
            await uow.set_timer("remind", f"letter-{number}", uow.now() - HOUR)

    await one.run(many)
    assert list(one.reminders.values()) == [1] * (PAGE + 20)


async def test_a_command_names_no_timer_among_what_it_changed(one: Desk) -> None:
    await one.messaging.commit.command(
        Task(set_(), inbox_id="c", key="k", actor="agus", action="POST /letters")
    )
    (action,) = one.messaging.documents("actions")
    assert action["changed"] == []


@pytest.mark.parametrize(
    ("name", "key", "due", "payload"),
    [
        ("Remind", "a", 0, {}),
        ("remind2", "a", 0, {}),
        ("x" * 41, "a", 0, {}),
        ("remind", "", 0, {}),
        ("remind", "3216990101900001", 0, {}),
        ("remind", "x" * 121, 0, {}),
        ("remind", "a", 0, {"phone": "+62 812 3456 7890"}),
        ("remind", "a", 0, {"Name": "a"}),
        ("remind", "a", 0, {f"id_{'x' * n}": "a" for n in range(1, MAX_IDS + 2)}),
        ("remind", "a", -24, {}),
        ("remind", "a", 200, {}),
    ],
)
async def test_what_can_be_no_timer_is_refused_without_being_quoted(
    one: Desk, name: str, key: str, due: int, payload: dict[str, str]
) -> None:
    at = datetime(2023 + due, 3, 11, tzinfo=UTC)

    async def odd(uow: UnitOfWork) -> None:
        await uow.set_timer(name, key, at, payload)

    with pytest.raises(ValueError, match="this can be no timer") as refused:
        await one.run(odd)
    for value in payload.values():
        assert len(value) < 2 or value not in str(refused.value)
    assert one.timers == []


async def test_a_time_without_a_zone_is_refused(one: Desk) -> None:
    async def naive(uow: UnitOfWork) -> None:
        await uow.set_timer("remind", "a", datetime(2023, 3, 11))  # noqa: DTZ001 - the point

    with pytest.raises(ValueError, match="timezone"):
        await one.run(naive)


async def test_a_timer_fires_by_its_message_alone() -> None:
    async with memory_messaging("desk", clock=StandingClock()) as messaging:
        desk = Desk(messaging)

        async def by_hand(uow: UnitOfWork) -> None:
            await fire(desk.remind, uow)

        with pytest.raises(RuntimeError, match="by its message"):
            await desk.run(by_hand)


async def test_an_event_and_a_timer_of_one_service_are_told_apart(one: Desk) -> None:
    one.consumer.on(ReceiptConfirmed)(_nothing)
    await one.messaging.deliver(event("a"))
    await one.run(set_(after=-HOUR))
    assert one.metric("jemput_messages_processed_total", type=event().type, outcome="new") == 1
    fired = timer_type("desk", "remind")
    assert one.metric("jemput_messages_processed_total", type=fired, outcome="new") == 1


async def _nothing(_: ReceiptConfirmed, __: UnitOfWork) -> None:
    """Handle an event by doing nothing."""


def test_no_event_has_a_timers_type() -> None:
    services = {type_.partition(".")[0] for type_ in CATALOGUE}
    assert [t for t in CATALOGUE for service in services if is_timer(service, t)] == []
    assert split_type(timer_type("desk", "remind")) == ("desk.timer_remind", 1)
    assert name_of(timer_type("desk", "remind_me")) == "remind_me"
