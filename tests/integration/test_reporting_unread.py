"""Events that were archived before reporting knew their type are counted by the code that does."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from deploy.local.servers import Servers
from services.reporting.metrics import ProjectionMetrics
from services.reporting.store import unread
from services.reporting.store.names import ARCHIVE, UNFOLDED
from services.reporting.usecases.project import READ_ANEW_SECONDS, Projector
from services.reporting.usecases.rebuild import rebuild
from services.reporting.usecases.recount import recount
from shared.contracts import CATALOGUE
from shared.contracts.intake import RequestReceived
from shared.runtime import utc_now
from tests.unit.reporting.histories import Told, count, programme, received, told
from tests.unit.reporting.house import House, houses

ROWS = "jemput_reporting_unfolded_rows"


@pytest.fixture
async def house(servers: Servers, mongo_database: str) -> AsyncIterator[House]:
    async with houses(servers.mongo_url, mongo_database, "one") as (instance,):
        yield instance


@contextmanager
def older_code(house: House) -> Iterator[None]:
    """Have the instance know every type but requests, as a release before them would."""
    known = house.consumer._routes._events.pop(RequestReceived.type)
    types = sorted(set(CATALOGUE) - {RequestReceived.type})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unread, "types", lambda: types)
        yield
    house.consumer._routes._events[RequestReceived.type] = known


def history() -> list[Told]:
    return [told(programme()), *(told(received(f"c{n}", rw="005")) for n in range(5))]


def start_anew(house: House) -> None:
    """Have the instance count as a process that has just started."""
    house.projector = Projector(house.ledger, ProjectionMetrics(CollectorRegistry()), utc_now)


async def agrees(house: House) -> bool:
    found = await recount(house.archive, "botram", "Asia/Jakarta", lambda _: None)
    return not found.differences


async def test_newer_code_counts_them_at_its_start_and_older_code_leaves_them(house: House) -> None:
    happened = history()
    with older_code(house):
        await house.tell(happened)
        await house.count_all()
        assert await house.totals() == {}
        assert await house.rows(UNFOLDED) == 5
        assert house.projector.waiting.unread == 5
        assert house.registry.get_sample_value(ROWS, {"waits_for": "code"}) == 5
        assert house.registry.get_sample_value(ROWS, {"waits_for": "projector"}) == 0
        assert await rebuild(house.archive, house.rebuilds, lambda _: None) == 2
        assert await agrees(house)
    start_anew(house)
    await house.count_all()
    assert await house.totals(2) == count(happened)
    assert await house.rows(UNFOLDED) == 0
    assert await agrees(house)


async def test_older_code_does_not_count_what_newer_code_beside_it_took_in(house: House) -> None:
    """During a rolling upgrade both read the queue, and the older one may hold the lease."""
    happened = history()
    await house.tell(happened)
    with older_code(house):
        await house.count_all()
        assert await house.rows(UNFOLDED) == 5
    await house.count_all()
    assert await house.totals() == count(happened)


async def test_what_older_code_beside_it_took_in_is_counted_within_a_minute(house: House) -> None:
    happened = history()
    await house.tell(happened[:2])
    await house.count_all()
    with older_code(house):
        await house.tell(happened[2:])
    await house.count_all()
    assert await house.rows(UNFOLDED) == 4
    house.projector._read -= READ_ANEW_SECONDS
    await house.count_all()
    assert await house.totals() == count(happened)


async def test_what_does_not_fit_its_contract_stays_and_hinders_nobody(house: House) -> None:
    good, bad = told(received("good")), told(received("bad")).message
    with older_code(house):
        broken = replace(bad, body=b'{"programme_id":"botram","case_id":["bad"],"event_id":7}')
        await house.tell([told(programme()), good])
        await house.hand_in(broken, replace(told(received("x")).message, body=b'["no object"]'))
    await house.count_all()
    assert await house.totals() == count([good])
    assert await house.rows(UNFOLDED) == 1
    assert await house.rows(ARCHIVE) == 4
