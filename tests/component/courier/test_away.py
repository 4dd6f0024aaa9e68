"""Courier's reads while MongoDB is away."""

from services.courier.api import RULES
from tests.component.away import assert_put_off, reads
from tests.component.courier.counter import counter

PATHS = {
    "GET /api/jobs": "/api/jobs?programme_id=halo_pamor",
    "GET /api/jobs/{job_id}": "/api/jobs/case-1",
    "GET /api/programmes": "/api/programmes",
}


async def test_every_read_is_put_off() -> None:
    assert set(PATHS) == reads(RULES)
    async with counter() as at:
        at.messaging.memory.away = True
        for path in PATHS.values():
            assert_put_off(await at.client.get(path, headers=at.messaging.headers("admin")))
        at.messaging.memory.away = False
