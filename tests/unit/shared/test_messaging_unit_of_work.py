"""What a use case reads and writes through."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.messaging.collections import Collection, Collections
from shared.messaging.errors import PredecessorMissing, Rejected, Unavailable, refusals
from shared.messaging.failpoints import FAILPOINTS, _Armed, failpoint
from shared.messaging.store import Changes, Write
from shared.messaging.unit_of_work import BatchSession, UnitOfWork
from shared.testing.memory import Memory, MemoryStore
from tests.unit.shared.messaging_kit import NOW, event, message


@dataclass(frozen=True)
class Letter:
    """A document with nothing but its version."""

    id: str
    version: int


LETTERS = Collections(Collection("letters", Letter))


async def stocked() -> MemoryStore:
    store = MemoryStore(Memory())
    await store.commit(Changes(writes=[Write("letters", {"_id": "a", "version": 3}, None)]))
    return store


def unit_on(session: BatchSession) -> UnitOfWork:
    return UnitOfWork(
        session, source="desk", clock=lambda: NOW, actor="agus", cause=message("cause").envelope
    )


async def test_a_unit_reads_its_own_writes() -> None:
    uow = unit_on(BatchSession(await stocked()))
    assert await uow.load("letters", "a") == {"_id": "a", "version": 3}
    uow.put("letters", {"_id": "a", "version": 5, "pages": 1})
    assert await uow.load("letters", "a") == {"_id": "a", "version": 5, "pages": 1}
    assert await uow.load("letters", "b") is None


@pytest.mark.parametrize("version", [2, 3])
async def test_a_version_must_rise(version: int) -> None:
    uow = unit_on(BatchSession(await stocked()))
    await uow.load("letters", "a")
    with pytest.raises(ValueError, match="letters: version does not go up"):
        uow.put("letters", {"_id": "a", "version": version})


async def test_a_new_document_begins_above_nothing() -> None:
    uow = unit_on(BatchSession(await stocked()))
    with pytest.raises(ValueError, match="version does not go up"):
        uow.put("letters", {"_id": "new", "version": 0})


async def test_an_event_gets_its_envelope() -> None:
    uow = unit_on(BatchSession(await stocked()))
    local = datetime(2023, 3, 11, 8, 0, tzinfo=timezone(timedelta(hours=7)))
    uow.publish(event("case-1"), version=4, occurred_at=local)
    uow.publish(event("case-1"), version=5)
    first, second = (one.envelope for one in uow.messages)
    assert (first.type, first.source) == ("intake.receipt_confirmed.v1", "desk")
    assert (first.aggregate_id, first.version) == ("case-1", 4)
    assert (first.correlation_id, first.causation_id) == ("case-1", "cause")
    assert first.occurred_at == datetime(2023, 3, 11, 1, 0, tzinfo=UTC)
    assert first.occurred_at.tzinfo is UTC
    assert (first.recorded_at, second.occurred_at) == (NOW, NOW)
    assert first.id < second.id
    assert uow.now() == NOW


async def test_a_unit_that_read_what_changed_is_not_entered() -> None:
    session = BatchSession(await stocked())
    first, second = unit_on(session), unit_on(session)
    for uow in (first, second):
        await uow.load("letters", "a")
        uow.put("letters", {"_id": "a", "version": 4})
    assert session.enter(first)
    assert not session.enter(second)
    assert [(write.document["version"], write.base) for write in session.writes()] == [(4, 3)]


async def test_a_document_written_unread_is_taken_for_new() -> None:
    session = BatchSession(await stocked())
    uow = unit_on(session)
    uow.put("letters", {"_id": "b", "version": 1})
    assert session.enter(uow)
    assert [write.base for write in session.writes()] == [None]


async def test_a_query_that_fails_is_told_to_all_who_asked() -> None:
    store = await stocked()
    session = BatchSession(store)
    store._memory.away = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await session.read("letters", "a")


def test_a_refusal_of_the_domain_becomes_ours() -> None:
    class Refused(Exception):  # noqa: N818
        reason = "too_late"
        detail = "the booth is closed"

    with pytest.raises(Rejected) as failed, refusals(Refused):
        raise Refused
    assert (failed.value.reason, failed.value.detail) == ("too_late", "the booth is closed")
    with pytest.raises(KeyError), refusals(Refused):
        raise KeyError("else")


def test_who_waits_says_for_what() -> None:
    missing = PredecessorMissing("jobs", "case-1")
    assert (missing.collection, missing.id) == ("jobs", "case-1")


def test_a_gap_without_name_cannot_be_armed() -> None:
    with pytest.raises(ValueError, match=r"no failpoint: commit\.never"):
        _Armed("commit.never:2")
    assert _Armed("").name == ""
    assert [_Armed(name).left for name in FAILPOINTS] == [1] * len(FAILPOINTS)
    assert _Armed("commit.after:3").left == 3


async def test_an_unarmed_gap_is_passed() -> None:
    for name in FAILPOINTS:
        await failpoint(name)


async def test_what_is_removed_is_gone_for_the_unit_and_for_those_behind_it() -> None:
    store = await stocked()
    session = BatchSession(store, LETTERS)
    first, second = unit_on(session), unit_on(session)

    assert await first.remove(Letter, "a") == Letter("a", 3)
    assert await first.get(Letter, "a") is None
    assert session.enter(first)

    assert await second.get(Letter, "a") is None
    assert await second.remove(Letter, "a") is None
    assert session.writes() == [Write("letters", {"_id": "a"}, 3, gone=True)]


async def test_what_was_made_and_removed_in_one_batch_is_never_written() -> None:
    session = BatchSession(await stocked(), LETTERS)
    first, second = unit_on(session), unit_on(session)
    first.add(Letter("b", 1))
    assert session.enter(first)
    assert await second.remove(Letter, "b") == Letter("b", 1)
    assert session.enter(second)
    assert session.writes() == []


async def test_a_unit_that_read_what_was_removed_is_decided_again() -> None:
    session = BatchSession(await stocked(), LETTERS)
    first, second = unit_on(session), unit_on(session)
    await second.get(Letter, "a")
    await first.remove(Letter, "a")
    assert session.enter(first)
    assert not session.enter(second)


async def test_what_was_removed_may_come_back() -> None:
    store = await stocked()
    session = BatchSession(store, LETTERS)
    first, second = unit_on(session), unit_on(session)
    await first.remove(Letter, "a")
    assert session.enter(first)
    assert await second.get(Letter, "a") is None
    second.add(Letter("a", 1))
    assert session.enter(second)
    await store.commit(Changes(writes=session.writes()))
    assert await store.load("letters", ["a"]) == {"a": {"_id": "a", "version": 1}}
