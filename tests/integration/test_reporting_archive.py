"""The archive on a real MongoDB: kept as it came, counted again, folded anew."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.local.servers import Servers
from services.reporting.domain import By, Cell, Fact, Measure
from services.reporting.store import archive as archive_module
from services.reporting.store import rebuilds as rebuilds_module
from services.reporting.store.archive import message_of
from services.reporting.store.names import ARCHIVE, REFOLDED, STATE, TOTALS, key_of
from services.reporting.usecases.rebuild import Superseded, rebuild
from services.reporting.usecases.recount import Recount, recount
from shared.messaging.errors import Conflict, Missing, Unavailable
from tests.unit.reporting.histories import Told, count, programme, received, scheduled, told
from tests.unit.reporting.house import House, houses

ZONE = "Asia/Jakarta"
DAY = Cell("botram", "", By.ALL, "2023-03-11", "-")


def silent(_: str) -> None:
    """Say nothing."""


def requests(number: int, prefix: str = "c") -> list[Told]:
    return [told(received(f"{prefix}{n}", random.choice(("KIA", "KK")))) for n in range(number)]


@pytest.fixture
async def house(servers: Servers, mongo_database: str) -> AsyncIterator[House]:
    async with houses(servers.mongo_url, mongo_database, "one") as (instance,):
        yield instance


async def counted_again(house: House) -> Recount:
    return await recount(house.archive, "botram", ZONE, silent)


async def test_an_event_is_kept_as_it_came_byte_for_byte(house: House) -> None:
    at = datetime(2023, 3, 11, 2, 15, 0, 123456, tzinfo=UTC)
    came = told(received("c1"), at=at, recorded=at + timedelta(days=2)).message
    newer = came.body.replace(b"{", b'{ "of_a_newer_producer" : [1.50, {"$x.y":null}],', 1)
    message = replace(
        came, body=newer, envelope=replace(came.envelope, causation_id="why", version=7)
    )
    await house.hand_in(message)
    document = await house.database[ARCHIVE].find_one({"_id": came.envelope.id})
    assert message_of(document) == message
    assert document["payload"]["case_id"] == "c1"
    assert "of_a_newer_producer" not in document["payload"]


async def test_a_double_is_kept_once(house: House) -> None:
    once = told(received("c1"))
    outcomes = await house.tell([once, once])
    outcomes += await house.tell([once])
    assert sorted(outcome.duplicate for outcome in outcomes) == [False, True, True]
    assert await house.rows(ARCHIVE) == 1


async def test_what_the_inbox_has_forgotten_is_refused_and_not_counted_again(house: House) -> None:
    history = [told(programme()), told(received("c1"))]
    await house.tell(history)
    await house.count_all()
    await house.database.inbox.delete_many({})
    with pytest.raises(Conflict):
        await house.tell(history[1:])
    await house.count_all()
    assert await house.totals() == count(history)
    assert await house.rows(ARCHIVE) == 2


async def test_a_recount_agrees_and_leaves_out_what_is_not_counted_yet(house: House) -> None:
    await house.tell([told(programme()), told(scheduled()), *requests(5)])
    await house.count_all()
    await house.tell(requests(3, "waiting"))
    found = await counted_again(house)
    assert (found.events, found.differences) == (7, ())
    assert found.counters == await house.rows(TOTALS)


async def test_a_recount_names_every_counter_that_is_wrong(house: House) -> None:
    await house.tell([told(programme()), *requests(5)])
    await house.count_all()
    key, gone = key_of(1, DAY), key_of(1, DAY._replace(by=By.CHANNEL, value="event"))
    made_up = key_of(1, DAY._replace(by=By.SERVICE, value="NEVER"))
    totals = house.database[TOTALS]
    await totals.update_one({"_id": key}, {"$inc": {"n.requests_received": 1}})
    await totals.delete_one({"_id": gone})
    await totals.insert_one({"_id": made_up, "n": {"visits": 2}})
    found = (await counted_again(house)).differences
    assert [(d.cell.by, d.cell.value, d.measure, d.archive, d.totals) for d in found] == [
        (By.ALL, "-", Measure.REQUESTS_RECEIVED, 5, 6),
        (By.CHANNEL, "event", Measure.REQUESTS_RECEIVED, 5, 0),
        (By.SERVICE, "NEVER", Measure.VISITS, 0, 2),
    ]


async def test_a_recount_agrees_while_events_go_on_coming(house: House) -> None:
    await house.tell([told(programme()), told(scheduled())])
    coming = asyncio.create_task(come(house, 40))
    recounts = [await counted_again(house)]
    while not coming.done():
        recounts.append(await counted_again(house))
    await coming
    assert [found.differences for found in recounts] == [()] * len(recounts)
    assert len({found.events for found in recounts}) > 1


async def come(house: House, times: int) -> list[Told]:
    """Let events come, and be counted now and then."""
    history = []
    for n in range(times):
        some = requests(random.randint(1, 6), f"live{n}-")
        history += some
        await house.tell(some)
        if random.random() < 0.7:
            await house.round()
    await house.count_all()
    return history


async def test_a_rebuild_rights_what_was_wrong(house: House) -> None:
    history = [told(programme()), told(scheduled()), *requests(20)]
    await house.tell(history)
    await house.count_all()
    await house.database[TOTALS].delete_many({})
    assert await rebuild(house.archive, house.rebuilds, silent) == 2
    assert await house.totals(2) == count(history)
    assert (await house.database[STATE].find_one({}))["current"] == 2
    assert (await counted_again(house)).differences == ()
    late = requests(4, "late")
    await house.tell(late)
    await house.count_all()
    assert await house.totals(2) == count([*history, *late])
    assert await house.totals(1) == {}


@pytest.mark.parametrize("seed", range(4))
async def test_a_rebuild_misses_and_doubles_nothing_while_events_are_counted(
    house: House, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random.seed(seed)
    monkeypatch.setattr(archive_module, "PAGE", 3)
    monkeypatch.setattr(rebuilds_module, "PAGE", 3)
    history = [told(programme()), told(scheduled()), *requests(40)]
    await house.tell(history)
    await house.projector.round()
    unknown = [told(received(f"later{n}", programme_id="sorong")) for n in range(3)]
    await house.tell([*requests(0), *unknown])
    coming = asyncio.create_task(come(house, 25))
    rebuilding = asyncio.create_task(rebuild(house.archive, house.rebuilds, silent))
    await house.tell([published := told(programme("sorong"))])
    generation = await rebuilding
    history += [*(await coming), *unknown, published]
    await house.count_all()
    assert await house.totals(generation) == count(history)
    assert await house.rows(REFOLDED) == 0


async def test_readers_of_the_generation_before_are_not_cut_off(house: House) -> None:
    history = [told(programme()), *requests(3)]
    await house.tell(history)
    await house.count_all()
    assert await rebuild(house.archive, house.rebuilds, silent) == 2
    assert await house.totals(1) == count(history)
    assert await rebuild(house.archive, house.rebuilds, silent) == 3
    assert await house.totals(1) == {}
    assert await house.totals(2) == await house.totals(3) == count(history)


class Interrupted(Exception):  # noqa: N818
    """What cuts a rebuild off."""


class CutOff:
    """An archive whose reading ends too early."""

    def __init__(self, house: House, end: BaseException) -> None:
        self._house = house
        self._end = end

    async def programmes(self) -> dict[str, str]:
        """Return what there is."""
        return await self._house.archive.programmes()

    async def counted_before(self, *arguments: object) -> AsyncIterator[Sequence[Fact]]:
        """Return the first page, let more come, and break."""
        async for page in self._house.archive.counted_before(*arguments):  # type: ignore[arg-type]
            yield page
            await self._house.tell(requests(2, "meanwhile"))
            await self._house.count_all()
            raise self._end


async def test_a_rebuild_that_fails_leaves_the_totals_and_no_traces(house: House) -> None:
    await house.tell([told(programme()), *requests(3)])
    await house.count_all()
    with pytest.raises(Interrupted):
        await rebuild(CutOff(house, Interrupted()), house.rebuilds, silent)
    state = await house.database[STATE].find_one({})
    assert (state["current"], state["next"]) == (1, None)
    assert await house.rows(REFOLDED) == 0
    assert (await counted_again(house)).differences == ()


async def test_a_rebuild_left_behind_is_given_up_by_the_next(house: House) -> None:
    history = [told(programme()), *requests(3)]
    await house.tell(history)
    await house.count_all()
    left_behind = await house.rebuilds.begin()
    late = requests(2, "late")
    await house.tell(late)
    await house.count_all()
    assert await house.rows(REFOLDED) == 2
    assert await rebuild(house.archive, house.rebuilds, silent) == left_behind + 1
    assert await house.totals(left_behind + 1) == count([*history, *late])
    assert await house.rows(REFOLDED) == 0
    with pytest.raises(Superseded):
        await house.rebuilds.finish(left_behind)


async def test_a_swap_whose_answer_got_lost_is_seen_to_have_happened(house: House) -> None:
    await house.tell([told(programme()), *requests(3)])
    await house.count_all()
    generation = await rebuild(house.archive, house.rebuilds, silent)
    assert await house.rebuilds.finish(generation)
    assert (await counted_again(house)).differences == ()


async def test_what_is_counted_in_the_moment_of_the_swap_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = [told(programme()), *requests(3)]
    await house.tell(history)
    await house.count_all()
    claim, late = house.rebuilds._claim, [requests(2, "late"), requests(2, "later")]

    async def after_another_count(*arguments: Any, **more: Any) -> None:
        if late:
            history.extend(late[-1])
            await house.tell(late.pop())
            await house.count_all()
        await claim(*arguments, **more)

    monkeypatch.setattr(house.rebuilds, "_claim", after_another_count)
    generation = await rebuild(house.archive, house.rebuilds, silent)
    assert late == []
    assert await house.totals(generation) == count(history)
    assert await house.rows(REFOLDED) == 0


async def test_without_any_count_there_is_nothing_to_rebuild(house: House) -> None:
    await house.database[STATE].delete_many({})
    with pytest.raises(Missing):
        await rebuild(house.archive, house.rebuilds, silent)


async def test_a_snapshot_that_is_too_old_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.tell([told(programme()), *requests(3)])
    await house.count_all()
    kept = {"setParameter": 1, "minSnapshotHistoryWindowInSeconds": 1}
    monkeypatch.setattr(archive_module, "PAGE", 1)
    await house.client.admin.command(kept)
    try:
        with pytest.raises(Unavailable, match="snapshot"):
            await dawdle(house)
    finally:
        await house.client.admin.command({**kept, "minSnapshotHistoryWindowInSeconds": 300})


async def dawdle(house: House) -> None:
    """Read one moment for so long that the server forgets it, while more is written."""
    async with house.archive.snapshot() as moment, asyncio.timeout(30):
        await moment.totals("botram")
        while True:
            await house.tell(requests(1, "more"))
            await asyncio.sleep(0.5)
            async for _ in moment.counted("botram"):
                continue
