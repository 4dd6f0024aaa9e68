# ruff: noqa: S101, D102, PLR2004 - a suite of tests: it asserts, by names and plain numbers
"""What every outbox and deferred store must do; run against the fake and against MongoDB."""

import asyncio

from shared.contracts.envelope import Envelope
from shared.messaging.message import ADDRESSED, EXCHANGE, Document
from shared.messaging.store import Backlog, Changes, Write
from shared.testing.store_suite import (
    LATER,
    NINE,
    NINE_STORED,
    Stores,
    deferred,
    inbox_id,
    letter,
    message,
)


class OutboxContract:
    """Rows by owner, leases, adoption."""

    async def _commit(self, stores: Stores, owner: str, *ids: str) -> None:
        await stores.store(owner).commit(Changes(messages=[message(id_) for id_ in ids]))

    async def test_a_row_leaves_as_it_was_made(self, stores: Stores) -> None:
        await self._commit(stores, "one", "p1")
        (row,) = await stores.outbox().mine(10)
        assert row.envelope == Envelope(
            id="p1",
            type="desk.letter_opened.v1",
            source="desk",
            aggregate_id="letter-p1",
            version=3,
            correlation_id="case-1",
            causation_id=None,
            occurred_at=NINE,
            recorded_at=NINE,
            actor="service:test",
        )
        assert (row.body, row.exchange, row.key) == (
            b'{"pages":2}',
            EXCHANGE,
            "desk.letter_opened.v1",
        )

    async def test_an_instance_sees_its_own_rows_oldest_first(self, stores: Stores) -> None:
        await self._commit(stores, "one", "p2", "p1")
        await self._commit(stores, "two", "p0")
        await self._commit(stores, "one", "p3")
        assert [row.envelope.id for row in await stores.outbox("one").mine(2)] == ["p1", "p2"]
        assert [row.envelope.id for row in await stores.outbox("one").mine(2, "p2")] == ["p3"]
        assert [row.envelope.id for row in await stores.outbox("two").mine(2)] == ["p0"]

    async def test_cleared_rows_are_gone_whoever_owns_them(self, stores: Stores) -> None:
        await self._commit(stores, "one", "p1", "p2")
        await stores.outbox("two").clear(["p1", "never there"])
        assert [row["_id"] for row in await stores.held("outbox")] == ["p2"]

    async def test_rows_of_a_living_instance_stay_its_own(self, stores: Stores) -> None:
        await stores.outbox("one").renew(60)
        await self._commit(stores, "one", "p1")
        assert await stores.outbox("two").adopt() == 0
        assert await stores.outbox("two").mine(10) == []

    async def test_rows_are_adopted_when_the_lease_has_run_out(self, stores: Stores) -> None:
        await stores.outbox("one").renew(60)
        await stores.outbox("one").renew(-1)
        await self._commit(stores, "one", "p1", "p2")
        assert await stores.outbox("two").adopt() == 2
        assert [row.envelope.id for row in await stores.outbox("two").mine(10)] == ["p1", "p2"]
        assert await stores.outbox("one").mine(10) == []

    async def test_rows_of_an_unknown_instance_are_adopted(self, stores: Stores) -> None:
        await self._commit(stores, "one", "p1")
        assert await stores.outbox("two").adopt() == 1

    async def test_who_retires_gives_its_rows_free_at_once(self, stores: Stores) -> None:
        await stores.outbox("one").renew(60)
        await self._commit(stores, "one", "p1")
        await stores.outbox("one").retire()
        assert await stores.outbox("two").adopt() == 1

    async def test_nobody_adopts_its_own_rows(self, stores: Stores) -> None:
        await self._commit(stores, "one", "p1")
        assert await stores.outbox("one").adopt() == 0

    async def test_a_row_that_cannot_be_read_is_set_aside_and_comes_back_when_it_can(
        self, stores: Stores
    ) -> None:
        await self._commit(stores, "one", "p1", "p2", "p3")
        await stores.change("outbox", "p2", "version", None)
        await stores.change("outbox", "p1", "occurred_at", "some day")
        outbox = stores.outbox("one")
        assert [row.envelope.id for row in await outbox.mine(10)] == ["p3"]
        assert [row["_id"] for row in await stores.held("outbox")] == ["p3"]
        kept = {one["_id"]: one["reason"] for one in await stores.held("unreadable")}
        assert kept == {
            "outbox/p1": "a field cannot be read (ValueError)",
            "outbox/p2": "field version is missing",
        }
        assert await outbox.unreadable() == 2
        assert await outbox.reread() == 0
        await stores.change("unreadable", "outbox/p2", "document.version", 3)
        assert await stores.outbox("two").reread() == 1
        assert [row.envelope.id for row in await stores.outbox("two").mine(10)] == ["p2"]

    async def test_the_backlog_is_of_all_instances(self, stores: Stores) -> None:
        assert await stores.outbox().backlog() == Backlog(0, None)
        await stores.store("one").commit(Changes(messages=[message("p2", recorded_at=LATER)]))
        await stores.store("two").commit(Changes(messages=[message("p1")]))
        assert await stores.outbox().backlog() == Backlog(2, NINE)


class DeferredContract:
    """Messages that wait for a named predecessor."""

    async def _defer(self, stores: Stores, *documents: Document) -> None:
        inbox = [inbox_id(f"message:{document['_id']}") for document in documents]
        await stores.store().commit(Changes(inbox=inbox, deferred=list(documents)))

    async def _arrives(self, stores: Stores, id_: str) -> None:
        await stores.store().commit(Changes(writes=[Write("letters", letter(id_, 1), None)]))

    async def test_nothing_is_released_before_its_predecessor_came(self, stores: Stores) -> None:
        await self._defer(stores, deferred("w1", waits_for="a"))
        await self._arrives(stores, "b")
        assert await stores.deferred_store().release(10) == []
        assert await stores.deferred_store().backlog() == Backlog(1, NINE_STORED)

    async def test_what_waits_no_longer_goes_the_road_again(self, stores: Stores) -> None:
        await self._defer(stores, deferred("w1", waits_for="a"), deferred("w2", waits_for="b"))
        await self._arrives(stores, "a")
        (released,) = await stores.deferred_store("two").release(10)
        assert (released.envelope.id, released.body) == ("w1", b'{"pages":2}')
        assert (released.exchange, released.key) == (ADDRESSED, "desk.events")
        assert [row["_id"] for row in await stores.held("deferred")] == ["w2"]
        assert [found["_id"] for found in await stores.held("inbox")] == ["message:w2"]
        assert [row.envelope.id for row in await stores.outbox("two").mine(10)] == ["w1"]
        assert [row.key for row in await stores.outbox("two").mine(10)] == ["desk.events"]

    async def test_who_waits_for_ever_holds_up_nobody(self, stores: Stores) -> None:
        await self._defer(
            stores,
            deferred("w1", waits_for="never"),
            deferred("w2", waits_for="never"),
            deferred("w3", waits_for="a"),
        )
        await self._arrives(stores, "a")
        deferred_store = stores.deferred_store()
        rounds = [await deferred_store.release(2) for _ in range(2)]
        assert [one.envelope.id for released in rounds for one in released] == ["w3"]

    async def test_after_the_last_page_comes_the_first(self, stores: Stores) -> None:
        await self._defer(
            stores,
            deferred("w1", waits_for="a"),
            *(deferred(f"w{n}", waits_for="b") for n in (2, 3)),
        )
        deferred_store = stores.deferred_store()
        assert await deferred_store.release(2) == []
        await self._arrives(stores, "a")
        rounds = [await deferred_store.release(2) for _ in range(2)]
        assert [one.envelope.id for released in rounds for one in released] == ["w1"]

    async def test_one_that_cannot_be_read_is_set_aside(self, stores: Stores) -> None:
        await self._defer(stores, deferred("w1", waits_for="a"), deferred("w2", waits_for="a"))
        await stores.change("deferred", "w1", "type", None)
        await self._arrives(stores, "a")
        released = await stores.deferred_store().release(10)
        assert [one.envelope.id for one in released] == ["w2"]
        assert [one["_id"] for one in await stores.held("unreadable")] == ["deferred/w1"]

    async def test_two_instances_release_at_the_same_time(self, stores: Stores) -> None:
        documents = [deferred(f"w{number}", waits_for="a") for number in range(20)]
        await self._defer(stores, *documents)
        await self._arrives(stores, "a")
        one, two = stores.deferred_store("one"), stores.deferred_store("two")
        released: list[str] = []
        for _ in range(20):
            for found in await asyncio.gather(one.release(50), two.release(50)):
                released += [each.envelope.id for each in found]
        assert sorted(released) == sorted(document["_id"] for document in documents)
        assert await stores.held("deferred") == []
        assert len(await stores.held("outbox")) == 20

    async def test_a_message_that_still_waits_in_the_outbox_is_not_released_again(
        self, stores: Stores
    ) -> None:
        await self._defer(stores, deferred("w1", waits_for="a"))
        await self._arrives(stores, "a")
        deferred_store = stores.deferred_store()
        assert len(await deferred_store.release(10)) == 1
        # Meanwhile a second delivery of it came and was deferred, waiting for something else.
        await self._defer(stores, deferred("w1", waits_for="a"))
        assert await deferred_store.release(10) == []
        await stores.outbox().clear(["w1"])
        assert [one.envelope.id for one in await deferred_store.release(10)] == ["w1"]

    async def test_the_backlog_tells_since_when(self, stores: Stores) -> None:
        assert await stores.deferred_store().backlog() == Backlog(0, None)
        await self._defer(
            stores,
            deferred("w1", waits_for="a", since=LATER),
            deferred("w2", waits_for="a", since=NINE),
        )
        assert await stores.deferred_store().backlog() == Backlog(2, NINE_STORED)
