"""The jobs that chain and watch a trail: nothing is passed over, nothing ends them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from pymongo.errors import DocumentTooLarge

from services.intake.domain import Deed
from services.intake.store import COLLECTIONS
from shared.audit import patience
from shared.audit.chain import MOST
from shared.audit.chain import Trail as Kept
from shared.audit.metrics import TrailMetrics
from shared.audit.trail import AuditEntry, Block
from shared.audit.verify import WatchTrail, verify
from shared.contracts.envelope import new_id
from shared.messaging.errors import Unavailable
from shared.testing.documents import MemoryCollection
from shared.testing.memory import stored
from tests.component.intake.kit import desk
from tests.component.intake.people import person
from tests.component.intake.test_audit import Told, Trail, chain_of, three_blocks, trail_of
from tests.component.intake.test_sessions import OPERATOR


@pytest.fixture
async def three() -> AsyncIterator[Trail]:
    async with desk() as office:
        yield await three_blocks(trail_of(office))


def put(trail: Trail, at: datetime, about: str = "case-1") -> str:
    """Have an entry lie there that nobody committed just now; its id."""
    entry = AuditEntry(new_id(), at, Deed.READ, "a-1", about)
    trail.entries[entry.id] = stored(COLLECTIONS.of(AuditEntry).encode(entry))
    return entry.id


async def test_an_entry_in_no_block_is_found_though_as_many_are_chained_as_there_are(
    three: Trail,
) -> None:
    del three.entries[min(three.entries)]
    hidden = put(three, three.office.messaging.clock() - timedelta(hours=1))
    found = (await three.verdict()).findings
    assert f"entry {hidden} is in no block" in found
    assert len(found) == 2


async def test_an_entry_whose_date_is_none_is_found_too(three: Trail) -> None:
    hidden = put(three, three.office.messaging.clock())
    three.entries[hidden]["noted"] = None
    assert (await three.verdict()).findings == [f"entry {hidden} is in no block"]


async def test_a_block_that_says_it_holds_what_it_does_not_is_altered(three: Trail) -> None:
    hidden = put(three, three.office.messaging.clock() - timedelta(hours=1))
    three.blocks["000000000002"]["holds"].append(hidden)
    assert any("does not follow" in one for one in (await three.verdict()).findings)


async def test_an_entry_that_is_chained_while_it_is_looked_at_is_no_finding(three: Trail) -> None:
    """A process that was away chains what waited, and verifies, at one moment."""
    clock = three.office.messaging.clock
    put(three, clock() - timedelta(hours=1))

    async def rest() -> None:
        await three.chain.look()

    assert (await verify(three.reader, clock(), {}, rest)).findings == []


async def test_no_query_names_more_entries_than_a_page_has(
    three: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    find = MemoryCollection.find

    def counted(self: MemoryCollection, query: Mapping[str, Any], *more: Any, **words: Any) -> Any:
        lists = [one for wanted in query.values() for one in _lists(wanted)]
        asked.append(max(map(len, lists), default=0))
        return find(self, query, *more, **words)

    clock = three.office.messaging.clock
    for number in range(MOST + 1):
        put(three, clock() + timedelta(milliseconds=number))
    monkeypatch.setattr(MemoryCollection, "find", counted)
    while await three.chain.look():
        pass
    assert (await three.verdict()).findings == []
    assert max(asked) == MOST


def _lists(wanted: Any) -> list[Sequence[Any]]:
    if not isinstance(wanted, Mapping):
        return []
    return [one for one in wanted.values() if isinstance(one, list)]


async def test_a_clock_that_was_ahead_once_keeps_nothing_from_its_block(three: Trail) -> None:
    clock = three.office.messaging.clock
    clock.advance(days=3)
    await person(three.office, "ani", OPERATOR)
    assert await three.chain.look() == 2
    clock.advance(days=-3)
    for name in ("budi", "cici"):
        clock.advance(minutes=20)
        await person(three.office, name, OPERATOR)
        assert await three.chain.look() == 2
    assert await three.chain.look() == 0
    clock.advance(minutes=20)
    assert (await three.verdict()).findings == []


async def test_what_is_loose_gets_its_block_however_old_it_is(three: Trail) -> None:
    clock = three.office.messaging.clock
    clock.advance(days=90)
    put(three, clock() - timedelta(days=80))
    put(three, clock())
    assert await three.chain.look() == 2
    assert await three.chain.look() == 0
    assert (await three.verdict()).findings == []


async def test_a_number_that_is_taken_is_no_full_block(three: Trail) -> None:
    """It would be tried again at once, for ever."""
    spoilt = three.blocks[max(three.blocks)]
    spoilt["holds"] = None
    for number in range(MOST):
        put(three, three.office.messaging.clock(), f"case-{number}")
    assert await three.chain.look() == 0


@asynccontextmanager
async def running(work: Callable[[], Any]) -> AsyncIterator[None]:
    """Have a job run."""
    task = asyncio.create_task(work())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - the fakes set no events
            await asyncio.sleep(0)


@pytest.mark.parametrize("trouble", [DocumentTooLarge("too large"), Unavailable(), KeyError("x")])
async def test_whatever_fails_is_told_and_tried_again(
    three: Trail, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "FIRST", 0.001)
    monkeypatch.setattr("shared.audit.verify.REST", 0)
    memory, told = three.office.messaging.memory, Told()
    await person(three.office, "ani", OPERATOR)
    chain = chain_of(three.office, three.reader, told)
    watch = WatchTrail(three.reader, three.office.messaging.clock, told)
    memory.trouble = trouble
    async with running(chain.run), running(watch.run):
        await until(lambda: told.failures >= 4)
        memory.trouble = None
        await until(lambda: len(three.blocks) == 4)
        await until(lambda: told.findings == [0])


def test_failures_are_counted() -> None:
    registry = CollectorRegistry()
    metrics = TrailMetrics(registry, datetime.now)
    metrics.failed()
    metrics.failed()
    assert registry.get_sample_value("jemput_audit_failed_total") == 2


class Counting:
    """A trail that counts which blocks are asked for, and fails when it is told to."""

    def __init__(self, trail: Kept) -> None:
        self._trail = trail
        self.asked: list[str] = []
        self.away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trail, name)

    async def blocks(self, after: str, limit: int) -> Sequence[Block]:
        """Return blocks behind an id."""
        self.asked.append(after)
        return await self._trail.blocks(after, limit)

    async def ids(self, behind: str, limit: int) -> Sequence[str]:
        """Return ids of entries."""
        if self.away:
            raise Unavailable
        return await self._trail.ids(behind, limit)


async def test_a_look_that_is_cut_off_goes_on_where_it_was(three: Trail) -> None:
    counting, told = Counting(three.reader), Told()
    watch = WatchTrail(counting, three.office.messaging.clock, told)
    counting.away = True
    with pytest.raises(Unavailable):
        await watch.look()
    counting.away = False
    await watch.look()
    assert counting.asked == ["", "000000000003", "000000000003"]
    assert told.findings == [0]


async def test_what_is_new_is_looked_at_alone_and_what_was_found_stays_told(three: Trail) -> None:
    clock, counting, told = three.office.messaging.clock, Counting(three.reader), Told()
    watch = WatchTrail(counting, clock, told)
    assert await watch.look_at_new() is None
    await watch.look()
    counting.asked.clear()
    oldest = min(three.entries)
    clock.advance(hours=1)
    await person(three.office, "ani", OPERATOR)
    await three.chain.look()
    new = max(three.entries)
    three.entries[new]["actor"] = three.entries[oldest]["actor"] = "somebody-else"
    hidden = put(three, clock() - timedelta(minutes=16))

    verdict = await watch.look_at_new()

    assert verdict is not None
    assert set(verdict.findings) == {f"entry {new} is altered", f"entry {hidden} is in no block"}
    assert min(counting.asked) == "000000000002"
    clock.advance(hours=1)
    assert (await watch.look_at_new()).findings == []  # type: ignore[union-attr]
    assert told.findings[-1] == 2
    assert f"entry {oldest} is altered" in (await watch.look()).findings
    assert told.findings[-1] == 3


async def test_an_end_that_is_gone_is_missed_within_the_hour(three: Trail) -> None:
    told = Told()
    watch = WatchTrail(three.reader, three.office.messaging.clock, told)
    await watch.look()
    del three.blocks["000000000003"]
    verdict = await watch.look_at_new()
    assert verdict is not None
    assert "block 3 is not the one that was seen" in verdict.findings
    assert told.findings[-1] > 0


async def test_a_block_that_came_and_went_between_two_looks_at_the_whole_stays_told(
    three: Trail,
) -> None:
    clock, told = three.office.messaging.clock, Told()
    watch = WatchTrail(three.reader, clock, told)
    await watch.look()
    clock.advance(hours=1)
    await person(three.office, "ani", OPERATOR)
    await three.chain.look()
    newest = max(three.blocks)
    await watch.look_at_new()
    assert told.findings[-1] == 0
    del three.blocks[newest]
    await watch.look_at_new()
    assert told.findings[-1] > 0

    verdict = await watch.look()

    assert f"block {int(newest)} was published and is missing" in verdict.findings
    assert told.findings[-1] > 0


async def test_what_is_found_anew_while_the_whole_is_looked_at_stays_told(three: Trail) -> None:
    clock, told = three.office.messaging.clock, Told()
    watch = WatchTrail(three.reader, clock, told)
    await watch.look()
    clock.advance(hours=1)

    rests = 0

    async def meanwhile() -> None:
        nonlocal rests
        rests += 1
        if rests == 2:  # behind the blocks
            await person(three.office, "ani", OPERATOR)
            await three.chain.look()
            three.entries[max(three.entries)]["actor"] = "somebody-else"
            await watch.look_at_new()

    await watch.look(meanwhile)

    assert told.findings[-1] == 1
