# ruff: noqa: S101, D102, PLR2004 - a suite of tests: it asserts, by names and plain numbers
"""What every store of timers must do; run against the fake and against MongoDB.

Times are long ago or far away, because the real server's clock cannot be moved.
"""

from datetime import UTC, datetime, timedelta

from shared.messaging.message import ADDRESSED
from shared.messaging.store import Changes, TimerStore, Write
from shared.messaging.timers import TIMERS, Timer, new_timer
from shared.testing.store_suite import NINE, NINE_STORED, Stores

NEVER = datetime(2199, 1, 1, tzinfo=UTC)


def timer(key: str, due: datetime = NINE, *, above: int = 0) -> Timer:
    """Return a timer that is set at nine."""
    return new_timer("remind", key, due, {"letter_id": f"letter-{key}"}, above=above, now=NINE)


async def leading(stores: Stores, owner: str = "one") -> tuple[TimerStore, str]:
    """Return the timers of an instance that leads, and its term."""
    timers = stores.timers(owner)
    term = await timers.lead()
    assert term is not None
    return timers, term


class TimerContract:
    """Rows that are due, once a term; a lease; dead letters."""

    async def _set(self, stores: Stores, *timers: Timer) -> None:
        writes = [Write(TIMERS.name, TIMERS.encode(one), None) for one in timers]
        await stores.store().commit(Changes(writes=[*writes]))

    async def test_what_is_due_is_a_message_to_the_services_own_queue(self, stores: Stores) -> None:
        one = timer("a")
        await self._set(stores, one, timer("b", NEVER))
        timers, term = await leading(stores)
        (message,) = await timers.take(term, 10)
        envelope = message.envelope
        assert (message.exchange, message.key) == (ADDRESSED, "desk.events")
        assert (envelope.id, envelope.type) == (one.generation, "desk.timer_remind.v1")
        assert (envelope.source, envelope.actor) == ("desk", "service:desk")
        assert (envelope.aggregate_id, envelope.correlation_id) == ("a", "a")
        # Kept to the millisecond, and never before its time.
        assert envelope.occurred_at == NINE_STORED + timedelta(milliseconds=1) > NINE
        assert message.body == b'{"due":"2023-03-11T02:00:00.124000Z","letter_id":"letter-a"}'

    async def test_it_is_taken_once_a_term_the_oldest_first(self, stores: Stores) -> None:
        for minute, key in enumerate("cab"):
            await self._set(stores, timer(key, NINE + timedelta(minutes=minute)))
        timers, term = await leading(stores)
        assert [m.envelope.aggregate_id for m in await timers.take(term, 2)] == ["c", "a"]
        assert [m.envelope.aggregate_id for m in await timers.take(term, 2)] == ["b"]
        assert await timers.take(term, 2) == []

    async def test_one_instance_leads(self, stores: Stores) -> None:
        one, term = await leading(stores, "one")
        assert await stores.timers("two").lead() is None
        assert await one.lead() == term
        await one.resign()
        assert await stores.timers("two").lead() not in (None, term)
        assert await one.lead() is None

    async def test_a_process_under_an_old_name_begins_a_term_of_its_own(
        self, stores: Stores
    ) -> None:
        await self._set(stores, timer("a"))
        one, term = await leading(stores, "one")
        assert len(await one.take(term, 10)) == 1
        await one.resign()
        again, other = await leading(stores, "one")
        assert other != term
        assert len(await again.take(other, 10)) == 1

    async def test_a_new_term_takes_what_was_not_noted_as_sent(self, stores: Stores) -> None:
        await self._set(stores, timer("a"), timer("b"))
        one, term = await leading(stores, "one")
        first = {message.envelope.aggregate_id: message for message in await one.take(term, 10)}
        await one.sent([first["a"]])
        await one.resign()
        two, other = await leading(stores, "two")
        (again,) = await two.take(other, 10)
        assert again.envelope.id == first["b"].envelope.id

    async def test_what_ends_each_that_sends_it_is_sent_slower(self, stores: Stores) -> None:
        await self._set(stores, timer("a"))
        found = []
        for _ in range(6):
            one, term = await leading(stores, "one")
            found.append(len(await one.take(term, 10)))
            await one.resign()
        # The third sets a pause of a minute.
        assert found == [1, 1, 1, 0, 0, 0]

    async def test_a_note_about_what_was_set_anew_is_void(self, stores: Stores) -> None:
        old = timer("a")
        await self._set(stores, old)
        timers, term = await leading(stores)
        taken = await timers.take(term, 10)
        moved = timer("a", above=old.version)
        write = Write(TIMERS.name, TIMERS.encode(moved), old.version)
        await stores.store().commit(Changes(writes=[write]))
        await timers.sent(taken)
        await timers.died(taken[0].envelope)
        (again,) = await timers.take(term, 10)
        assert again.envelope.id == moved.generation

    async def test_a_dead_letter_is_never_sent_and_not_overdue(self, stores: Stores) -> None:
        await self._set(stores, timer("a"))
        one, term = await leading(stores, "one")
        (message,) = await one.take(term, 10)
        await one.died(message.envelope)
        await one.resign()
        two, other = await leading(stores, "two")
        assert await two.take(other, 10) == []
        assert (await two.overdue()).pending == 0
        assert (await two.overdue()).seconds == 0.0
        (row,) = await stores.held(TIMERS.name)
        assert row["generation"] == message.envelope.id

    async def test_what_waits_and_what_should_not(self, stores: Stores) -> None:
        await self._set(stores, timer("a", NEVER))
        timers, term = await leading(stores)
        assert ((await timers.overdue()).pending, (await timers.overdue()).seconds) == (1, 0.0)
        # A timer is set to the millisecond that has begun by then.
        long_ago = datetime.now(UTC) - timedelta(hours=1, milliseconds=1)
        await self._set(stores, timer("b", long_ago))
        # Sent is not yet fired.
        await timers.sent(await timers.take(term, 10))
        assert (await timers.overdue()).pending == 2
        assert 3600 <= (await timers.overdue()).seconds < 3660

    async def test_a_row_that_cannot_be_read_holds_up_nobody(self, stores: Stores) -> None:
        await self._set(stores, timer("a"), timer("b", NINE + timedelta(hours=1)))
        await stores.change(TIMERS.name, "remind/a", "payload", None)
        timers, term = await leading(stores)
        assert [m.envelope.aggregate_id for m in await timers.take(term, 1)] == []
        assert [m.envelope.aggregate_id for m in await timers.take(term, 1)] == ["b"]
        assert (await timers.overdue()).pending == 2
