"""The totals on a real MongoDB: exact under every order, double, death and rival."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.local.processes import Process
from deploy.local.servers import Servers
from services.reporting.domain import By, EventPlan, Fact, Period, Programme, fold
from services.reporting.store.names import (
    ARCHIVE,
    REVISIONS,
    STATE,
    TOTALS,
    UNFOLDED,
    keys,
    keys_between,
)
from services.reporting.usecases.project import PAGE
from shared.messaging.errors import Conflict
from shared.messaging.failpoints import FAILPOINTS
from tests.size import examples
from tests.unit.reporting.histories import (
    EVENTS,
    Told,
    count,
    deliveries,
    histories,
    programme,
    received,
    scheduled,
    told,
)
from tests.unit.reporting.house import House, houses
from tests.unit.reporting.running import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def house(servers: Servers, mongo_database: str) -> AsyncIterator[House]:
    async with houses(servers.mongo_url, mongo_database, "one") as (instance,):
        yield instance


@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_any_order_and_any_doubles_of_a_history_end_in_what_a_hand_counts(
    house: House, data: st.DataObject
) -> None:
    await house.empty()
    history = data.draw(histories())
    arriving = data.draw(deliveries(history))
    while arriving:
        size = data.draw(st.integers(1, len(arriving)), label="how many come at once")
        together, arriving = arriving[:size], arriving[size:]
        await house.tell(together)
        if data.draw(st.booleans(), label="counted in between"):
            await house.projector.round()
    await house.count_all()
    assert await house.totals() == count(history)
    assert await house.rows(ARCHIVE) == len(history)
    assert await house.rows(UNFOLDED) == 0


async def test_the_newest_plan_is_the_copy_in_whatever_order_they_come(house: House) -> None:
    plans = [told(scheduled(place=f"Lapangan {v}"), version=v) for v in (2, 3, 1)]
    names = [told(programme(name=f"BOTRAM {v}"), version=v) for v in (2, 1)]
    await house.tell([*plans, *names])
    plan, copy = (
        await house.reader.get(EventPlan, EVENTS[0]),
        await house.reader.get(Programme, "botram"),
    )
    assert plan is not None
    assert copy is not None
    assert (plan.version, plan.place) == (3, "Lapangan 3")
    assert (copy.version, copy.name) == (2, "BOTRAM 2")
    assert copy.services["KIA"] == "Kartu Identitas Anak"


async def test_what_has_no_programme_yet_waits_and_is_seen_to_wait(house: House) -> None:
    await house.tell([told(received(f"c{n}")) for n in range(3)])
    assert not await house.projector.round()
    assert await house.totals() == {}
    assert house.projector.waiting.unknown == 3
    assert house.projector.waiting.oldest_unknown is not None
    sample = house.registry.get_sample_value
    rows = "jemput_reporting_unfolded_rows"
    assert sample(rows, {"waits_for": "programme"}) == 3
    assert sample(rows, {"waits_for": "projector"}) == 0
    await house.tell([told(programme())])
    await house.count_all()
    assert (await house.totals())["botram", "", "all", "2023-03-11", "-", "requests_received"] == 3


async def test_a_row_is_counted_once_by_two_at_once_even_without_a_lease(
    servers: Servers, mongo_database: str
) -> None:
    async with houses(servers.mongo_url, mongo_database, "one", "two") as (one, two):
        history = [told(programme()), *[told(received(f"c{n}")) for n in range(40)]]
        await one.tell(history)
        facts = await one.ledger.take(["botram"], PAGE)
        # Both believe that they lead.
        assert await one.ledger.lead()
        two.ledger._lease._owner = one.ledger._lease._owner
        two.ledger._lease.epoch = one.ledger._lease.epoch
        won = await asyncio.gather(counts(one, facts), counts(two, facts))
        await one.count_all()
        assert await one.totals() == count(history)
        assert 0 < sum(won) <= len(facts)


async def counts(house: House, facts: Sequence[Fact]) -> int:
    """Count overlapping pages, as far as it is let; how many facts were."""
    won = 0
    for page in (facts[:25], facts[10:], facts[:10], facts[25:]):
        with suppress(Conflict):
            await house.ledger.fold(page, fold(page, {"botram": "Asia/Jakarta"}), [])
            won += len(page)
    return won


async def test_two_projectors_share_the_work_and_one_takes_over(
    servers: Servers, mongo_database: str
) -> None:
    async with houses(servers.mongo_url, mongo_database, "one", "two") as (one, two):
        history = [told(programme()), told(scheduled())]
        await one.tell(history)
        running = [asyncio.create_task(house.projector.run()) for house in (one, two)]
        for n in range(30):
            some = [told(received(f"c{n}-{m}")) for m in range(10)]
            history += some
            await random.choice((one, two)).tell(some)
        await drained(one)
        owner = (await one.database[STATE].find_one({}))["owner"]
        leader = running[("one", "two").index(owner)]
        leader.cancel()
        await asyncio.gather(leader, return_exceptions=True)
        late = [told(received(f"late-{n}")) for n in range(10)]
        await one.tell(late)
        await drained(one)
        assert (await one.database[STATE].find_one({}))["owner"] != owner
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert await one.totals() == count([*history, *late])


async def test_a_stale_leader_counts_nothing(servers: Servers, mongo_database: str) -> None:
    async with houses(servers.mongo_url, mongo_database, "one", "two") as (one, two):
        assert await one.ledger.lead()
        assert not await two.ledger.lead()
        await one.ledger.resign()
        assert await two.ledger.lead()
        one.ledger._lease._renewed = two.ledger._lease._renewed
        await two.tell([told(programme()), told(received("c1"))])
        with pytest.raises(Conflict):
            await one.projector.round()
        assert await one.totals() == {}
        await two.count_all()
        assert sum((await one.totals()).values()) > 0


async def test_a_new_row_wakes_the_projector(house: House) -> None:
    await house.tell([told(programme())])
    await house.count_all()
    async with house.ledger.arrivals() as news:
        waiting = asyncio.ensure_future(news(60))
        await house.tell([told(received("c1"))])
        async with asyncio.timeout(5):
            await waiting


async def test_an_events_revision_rises_with_its_figures_and_with_no_others(house: House) -> None:
    await house.tell([told(programme()), told(scheduled()), told(received("c1"))])
    await house.count_all()
    before = (await house.reader.revisions([EVENTS[0]]))[EVENTS[0]]
    await house.tell([told(received("c2", event_id=None)), told(received("c3", event_id="other"))])
    await house.count_all()
    assert (await house.reader.revisions([EVENTS[0]]))[EVENTS[0]] == before
    await house.tell([told(received("c4"))])
    await house.count_all()
    after = (await house.reader.revisions([EVENTS[0]]))[EVENTS[0]]
    assert after.number == before.number + 1
    assert after.updated_at > before.updated_at
    assert await house.rows(REVISIONS) == 2


async def test_a_report_reads_what_it_shows_and_nothing_else(house: House) -> None:
    start = datetime(2023, 1, 1, 3, tzinfo=UTC)
    history = [told(programme()), told(programme("dik_jamila"))]
    for day in range(60):
        at, event = start + timedelta(days=day), f"event-{day}"
        history += [
            told(received(f"c{day}", service, event_id=event), at=at) for service in ("KIA", "KK")
        ]
        history.append(told(received(f"d{day}", programme_id="dik_jamila"), at=at))
    await house.tell(history)
    await house.count_all()
    period = Period(date(2023, 1, 10), date(2023, 1, 12))
    ranges = {
        "an event": keys(1, "botram", "event-7"),
        "three days": keys_between(period.first, period.last, 1, "botram", "", By.SERVICE),
    }
    for what, range_ in ranges.items():
        plan = await house.database[TOTALS].find({"_id": range_}).explain()
        read = plan["executionStats"]
        assert read["totalDocsExamined"] == read["nReturned"] > 0, what
        assert read["totalKeysExamined"] <= read["nReturned"] + 1, what
    assert len(await house.reader.totals("botram", By.SERVICE, period)) == 3 * 2
    assert {cell.event_id for cell in await house.reader.event_totals("botram", "event-7")} == {
        "event-7"
    }


@pytest.mark.parametrize("killed_at", ["projection.folded:1", "projection.folded:3"])
async def test_a_projector_killed_between_two_pages_has_counted_each_row_once(
    servers: Servers, mongo_database: str, tmp_path: Path, killed_at: str
) -> None:
    assert killed_at.partition(":")[0] in FAILPOINTS
    async with houses(servers.mongo_url, mongo_database, "one") as (house,):
        history: list[Told] = [told(programme()), told(scheduled())]
        history += [told(received(f"c{n}")) for n in range(3 * PAGE)]
        await house.tell(history)
        arguments = [sys.executable, "-m", "tests.unit.reporting.counting", mongo_database]
        environment = {
            **os.environ,
            "MONGO_URL": servers.mongo_url,
            "JEMPUT_FAILPOINT": killed_at,
        }
        doomed = Process("projector", arguments, environment, tmp_path / "log", cwd=ROOT)
        doomed.start()
        await asyncio.to_thread(doomed.wait, 60)
        assert doomed.returncode == -signal.SIGKILL
        left = await house.rows(UNFOLDED)
        assert 0 < left < len(history)
        # The dead one's lease has to run out first.
        await until(house.ledger.lead)
        await house.count_all()
        assert await house.totals() == count(history)


async def drained(house: House) -> None:
    async def empty() -> bool:
        return await house.rows(UNFOLDED) == 0

    await until(empty)
