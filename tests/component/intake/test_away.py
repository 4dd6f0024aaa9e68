"""Intake's reads while MongoDB is away, and a resident's question among them."""

from services.intake.api import RULES
from tests.component.away import assert_put_off, reads
from tests.component.intake.kit import at_home, desk

PATHS = {
    "GET /api/programmes": "/programmes",
    "GET /api/programmes/{programme_id}": "/programmes/botram",
    "GET /api/requests": "/requests?programme_id=botram",
    "GET /api/requests/{case_id}": "/requests/case-1",
    "GET /api/requests/{case_id}/papers": "/requests/case-1/papers",
    "GET /api/requests/{case_id}/papers/{file_id}/content": "/requests/case-1/papers/f-1/content",
}


async def test_every_read_is_put_off() -> None:
    assert set(PATHS) == reads(RULES)
    async with desk() as office:
        office.messaging.memory.away = True
        for path in PATHS.values():
            assert_put_off(await office.operator("GET", path))
        office.messaging.memory.away = False


async def test_a_resident_is_told_to_come_back() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        office.messaging.memory.away = True
        assert_put_off(await office.track(recorded["tracking_code"]))
        assert_put_off(await office.confirm(recorded))
        office.messaging.memory.away = False
        assert (await office.track(recorded["tracking_code"])).status_code == 200
