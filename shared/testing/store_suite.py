# ruff: noqa: S101, D102 - a suite of tests: it asserts, by names and plain numbers
"""What every store of messaging must do; run against the fake and against MongoDB.

A test module derives from these classes and gives a fixture `stores`. Expectations are written
by hand: nothing is computed by what is under test or by its twin.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Protocol

import pytest

from shared.contracts.envelope import Envelope
from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.message import Document, Message, to_document
from shared.messaging.store import (
    Changes,
    DeferredStore,
    OutboxStore,
    Removal,
    Store,
    TimerStore,
    Write,
)

NINE = datetime(2023, 3, 11, 2, 0, 0, 123456, tzinfo=UTC)
NINE_STORED = datetime(2023, 3, 11, 2, 0, 0, 123000, tzinfo=UTC)
LATER = NINE + timedelta(minutes=5)


class Stores(Protocol):
    """One empty database, as its instances see it."""

    def store(self, owner: str = "one") -> Store:
        """Return the store of an instance."""
        ...

    def outbox(self, owner: str = "one") -> OutboxStore:
        """Return the outbox of an instance."""
        ...

    def deferred_store(self, owner: str = "one", queue: str = "desk.events") -> DeferredStore:
        """Return the deferred messages of an instance."""
        ...

    def timers(self, owner: str = "one", queue: str = "desk.events") -> TimerStore:
        """Return the timers of an instance."""
        ...

    def database(self) -> Any:
        """Return what readers query."""
        ...

    async def change(self, collection: str, id_: str, field: str, value: Any) -> None:
        """Set a field of a stored document behind everybody's back; None: take it away."""
        ...

    async def held(self, collection: str) -> list[Document]:
        """Return all documents of a collection, in order of their ids."""
        ...


def message(id_: str, *, recorded_at: datetime = NINE) -> Message:
    """Return a message under this id."""
    envelope = Envelope(
        id=id_,
        type="desk.letter_opened.v1",
        source="desk",
        aggregate_id=f"letter-{id_}",
        version=3,
        correlation_id="case-1",
        causation_id=None,
        occurred_at=NINE,
        recorded_at=recorded_at,
        actor="service:test",
    )
    return Message(envelope, b'{"pages":2}')


def deferred(id_: str, *, waits_for: str, since: datetime = NINE) -> Document:
    """Return a deferred message that waits for a letter."""
    return {
        **to_document(message(id_)),
        "waits_in": "letters",
        "waits_for": waits_for,
        "since": since,
    }


def inbox_id(id_: str) -> Document:
    """Return an inbox record."""
    return {"_id": id_, "at": NINE}


def letter(id_: str, version: int, **more: Any) -> Document:
    """Return a document."""
    return {"_id": id_, "version": version, **more}


async def _both(first: Store, second: Store, changes: Sequence[Changes]) -> list[str]:
    """Commit one change each at the same time and return how it ended, sorted."""
    ends = await asyncio.gather(
        first.commit(changes[0]), second.commit(changes[1]), return_exceptions=True
    )
    return sorted("Conflict" if isinstance(end, Conflict) else repr(end) for end in ends)


class StoreContract:
    """Documents, inbox records, outbox rows and deferred messages, in transactions."""

    async def test_nothing_is_known_at_first(self, stores: Stores) -> None:
        assert await stores.store().processed(["a", "b"]) == {}
        assert await stores.store().load("letters", ["a"]) == {}

    async def test_everything_of_one_commit_is_there(self, stores: Stores) -> None:
        await stores.store().commit(
            Changes(
                inbox=[{**inbox_id("m1"), "fingerprint": "f", "answer": {"assigned": 2}}],
                writes=[
                    Write("letters", letter("a", 1, pages=2), None),
                    Write("drawers", letter("d", 4), None),
                ],
                messages=[message("p1")],
                deferred=[deferred("w1", waits_for="z")],
            )
        )
        assert await stores.store().processed(["m1", "m2"]) == {
            "m1": {
                "_id": "m1",
                "at": NINE_STORED,
                "fingerprint": "f",
                "answer": {"assigned": 2},
            }
        }
        assert await stores.store().load("letters", ["a", "b"]) == {
            "a": {"_id": "a", "version": 1, "pages": 2}
        }
        assert await stores.held("drawers") == [{"_id": "d", "version": 4}]
        assert [row["_id"] for row in await stores.held("outbox")] == ["p1"]
        assert [row["owner"] for row in await stores.held("outbox")] == ["one"]
        assert [row["waits_for"] for row in await stores.held("deferred")] == ["z"]

    async def test_documents_of_several_collections_are_loaded_at_once(
        self, stores: Stores
    ) -> None:
        writes: list[Write | Removal] = [
            Write("letters", letter("a", 1), None),
            Write("drawers", letter("a", 4), None),
        ]
        await stores.store().commit(Changes(writes=writes))
        found = await stores.store().load_all({"letters": ["a", "b"], "drawers": ["c", "a"]})
        assert {
            name: {id_: one["version"] for id_, one in each.items()} for name, each in found.items()
        } == {"letters": {"a": 1}, "drawers": {"a": 4}}

    async def test_versions_of_what_exists(self, stores: Stores) -> None:
        store = stores.store()
        await store.commit(Changes(writes=[Write("letters", letter("a", 4), None)]))
        assert await store.versions("letters", ["a", "b"]) == {"a": 4}

    async def test_a_document_is_replaced_whole(self, stores: Stores) -> None:
        store = stores.store()
        await store.commit(Changes(writes=[Write("letters", letter("a", 1, pages=2), None)]))
        await store.commit(Changes(writes=[Write("letters", letter("a", 2, tray=7), 1)]))
        assert await stores.held("letters") == [{"_id": "a", "version": 2, "tray": 7}]

    @pytest.mark.parametrize("base", [None, 1, 3])
    async def test_a_version_that_moved_on_writes_nothing(
        self, stores: Stores, base: int | None
    ) -> None:
        store = stores.store()
        await store.commit(Changes(writes=[Write("letters", letter("a", 2), None)]))
        with pytest.raises(Conflict):
            await store.commit(
                Changes(
                    inbox=[inbox_id("m1")],
                    writes=[
                        Write("drawers", letter("d", 1), None),
                        Write("letters", letter("a", 9), base),
                        Write("letters", letter("b", 1), None),
                    ],
                    messages=[message("p1")],
                    deferred=[deferred("w1", waits_for="z")],
                )
            )
        assert await stores.held("letters") == [{"_id": "a", "version": 2}]
        for collection in ("drawers", "inbox", "outbox", "deferred"):
            assert await stores.held(collection) == []

    async def test_a_document_is_deleted_with_the_rest(self, stores: Stores) -> None:
        store = stores.store()
        held = [Write("letters", letter(id_, 3), None) for id_ in ("a", "b", "c")]
        await store.commit(Changes(writes=[*held]))
        changed = Write("letters", letter("c", 4), 3)
        await store.commit(Changes(writes=[Removal("letters", "a", 3), changed]))
        assert [(one["_id"], one["version"]) for one in await stores.held("letters")] == [
            ("b", 3),
            ("c", 4),
        ]

    @pytest.mark.parametrize("removal", [Removal("letters", "a", 2), Removal("letters", "z", 1)])
    async def test_a_deletion_of_what_has_changed_writes_nothing(
        self, stores: Stores, removal: Removal
    ) -> None:
        store = stores.store()
        await store.commit(Changes(writes=[Write("letters", letter("a", 3), None)]))
        with pytest.raises(Conflict):
            await store.commit(
                Changes(
                    inbox=[inbox_id("m1")],
                    writes=[Write("letters", letter("b", 1), None), removal],
                )
            )
        assert await stores.held("letters") == [{"_id": "a", "version": 3}]
        assert await stores.held("inbox") == []

    async def test_of_one_who_deletes_and_one_who_changes_one_wins(self, stores: Stores) -> None:
        one, two = stores.store("one"), stores.store("two")
        await one.commit(Changes(writes=[Write("letters", letter("a", 1), None)]))
        ends = await _both(
            one,
            two,
            [
                Changes(writes=[Removal("letters", "a", 1)]),
                Changes(writes=[Write("letters", letter("a", 2), 1)]),
            ],
        )
        assert ends == ["Conflict", "None"]

    async def test_a_document_that_is_not_there_conflicts(self, stores: Stores) -> None:
        with pytest.raises(Conflict):
            await stores.store().commit(Changes(writes=[Write("letters", letter("a", 2), 1)]))
        assert await stores.held("letters") == []

    async def test_a_mark_is_made_once(self, stores: Stores) -> None:
        await stores.store().commit(Changes(inbox=[inbox_id("m1")]))
        with pytest.raises(Conflict):
            await stores.store("two").commit(
                Changes(
                    inbox=[inbox_id("m2"), inbox_id("m1")],
                    writes=[Write("letters", letter("a", 1), None)],
                )
            )
        assert [found["_id"] for found in await stores.held("inbox")] == ["m1"]
        assert await stores.held("letters") == []

    async def test_of_two_writers_of_one_document_one_wins(self, stores: Stores) -> None:
        one, two = stores.store("one"), stores.store("two")
        await one.commit(Changes(writes=[Write("letters", letter("a", 1), None)]))
        ends = await _both(
            one,
            two,
            [
                Changes(inbox=[inbox_id(who)], writes=[Write("letters", letter("a", 2, by=who), 1)])
                for who in ("one", "two")
            ],
        )
        assert ends == ["Conflict", "None"]
        (winner,) = await stores.held("letters")
        assert [found["_id"] for found in await stores.held("inbox")] == [winner["by"]]

    async def test_of_two_that_handle_one_message_one_wins(self, stores: Stores) -> None:
        ends = await _both(
            stores.store("one"),
            stores.store("two"),
            [
                Changes(inbox=[inbox_id("m1")], writes=[Write("letters", letter(who, 1), None)])
                for who in ("one", "two")
            ],
        )
        assert ends == ["Conflict", "None"]
        assert len(await stores.held("letters")) == 1

    async def test_writers_of_different_documents_do_not_meet(self, stores: Stores) -> None:
        ends = await _both(
            stores.store("one"),
            stores.store("two"),
            [
                Changes(inbox=[inbox_id(who)], writes=[Write("letters", letter(who, 1), None)])
                for who in ("one", "two")
            ],
        )
        assert ends == ["None", "None"]
        assert [found["_id"] for found in await stores.held("letters")] == ["one", "two"]

    async def test_many_documents_in_one_commit(self, stores: Stores) -> None:
        ids = [f"{number:03}" for number in range(300)]
        await stores.store().commit(
            Changes(writes=[Write("letters", letter(id_, 1), None) for id_ in ids])
        )
        assert sorted(await stores.store().load("letters", ids)) == ids

    async def test_what_was_loaded_is_a_copy(self, stores: Stores) -> None:
        store = stores.store()
        document = letter("a", 1, pages=[1])
        await store.commit(Changes(writes=[Write("letters", document, None)]))
        document["pages"].append(2)
        loaded = await store.load("letters", ["a"])
        loaded["a"]["pages"].append(3)
        assert (await store.load("letters", ["a"]))["a"]["pages"] == [1]

    async def test_values_come_back_as_mongodb_keeps_them(self, stores: Stores) -> None:
        local = NINE.astimezone(timezone(timedelta(hours=7)))
        document = letter(
            "a", 1, at=local, pair=(1, "b"), raw=b"\x00\xff", none=None, inside={"x": [True, 0.5]}
        )
        await stores.store().commit(Changes(writes=[Write("letters", document, None)]))
        assert (await stores.store().load("letters", ["a"]))["a"] == {
            "_id": "a",
            "version": 1,
            "at": NINE_STORED,
            "pair": [1, "b"],
            "raw": b"\x00\xff",
            "none": None,
            "inside": {"x": [True, 0.5]},
        }

    @pytest.mark.parametrize("value", [object(), 1 << 64, {1, 2}, {3: "x"}])
    async def test_what_cannot_be_stored_is_neither_conflict_nor_outage(
        self, stores: Stores, value: object
    ) -> None:
        with pytest.raises(Exception) as failed:  # noqa: PT011 - which one is the driver's matter
            await stores.store().commit(
                Changes(
                    inbox=[inbox_id("m1")],
                    writes=[Write("letters", letter("a", 1, odd=value), None)],
                    messages=[message("p1")],
                )
            )
        assert not isinstance(failed.value, Conflict | Unavailable)
        for collection in ("letters", "inbox", "outbox"):
            assert await stores.held(collection) == []
