"""Scheduler's reads while MongoDB is away."""

from services.scheduler.api import RULES
from tests.component.away import assert_put_off, reads
from tests.component.scheduler.floor import floor
from tests.unit.scheduler.sample import SETU

PATHS = {
    "GET /api/events": "/api/events?programme_id=botram",
    "GET /api/events/{event_id}": f"/api/events/{SETU}",
    "GET /api/events/{event_id}/booths/{booth_id}/current": (
        f"/api/events/{SETU}/booths/loket-1/current"
    ),
    "GET /api/events/{event_id}/booths/{booth_id}/screen": (
        f"/api/events/{SETU}/booths/loket-1/screen"
    ),
    "GET /api/events/{event_id}/arrivals/{code}": f"/api/events/{SETU}/arrivals/K7QW3ZTM",
    "GET /api/events/{event_id}/leases": f"/api/events/{SETU}/leases",
    "GET /api/events/{event_id}/conflicts": f"/api/events/{SETU}/conflicts",
    "GET /api/events/{event_id}/evidence": f"/api/events/{SETU}/evidence",
    "GET /api/events/{event_id}/evidence/{file_id}/content": (
        f"/api/events/{SETU}/evidence/file-1/content"
    ),
    "GET /api/programmes/{programme_id}/agencies": "/api/programmes/botram/agencies",
    "GET /api/programmes": "/api/programmes",
}


async def test_every_read_is_put_off() -> None:
    assert set(PATHS) == reads(RULES)
    async with floor() as at:
        at.messaging.memory.away = True
        for path in PATHS.values():
            role = "operator" if path.endswith("/screen") else "supervisor"
            assert_put_off(await at.get(path, role, "botram", "32.16"))
        at.messaging.memory.away = False
