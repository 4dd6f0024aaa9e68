"""Reporting's reads while MongoDB is away."""

from services.reporting import api, pages
from tests.component.away import assert_put_off, reads
from tests.component.reporting.kit import EVIDENCE, SETU, desk, two_offices

PATHS = {
    "GET /api/events/{event_id}/report": f"/api/events/{SETU}/report",
    "GET /api/programmes": "/api/programmes",
    "GET /api/programmes/{programme_id}/totals": (
        "/api/programmes/botram/totals?from=2023-03-01&to=2023-03-31&by=day"
    ),
    "GET /api/programmes/{programme_id}/satisfaction": (
        "/api/programmes/botram/satisfaction?from=2023-03-01&to=2023-03-31"
    ),
    "GET /kepuasan": "/kepuasan",
    "GET /api/programmes/{programme_id}/years/{year}/evidence": EVIDENCE,
    "GET /api/programmes/{programme_id}/years/{year}/evidence/{file_id}/content": (
        f"{EVIDENCE}/file-1/content"
    ),
    "GET /acara": "/acara",
    "GET /acara/{event_id}": f"/acara/{SETU}",
    "GET /acara/{event_id}/angka": f"/acara/{SETU}/angka",
    "GET /acara/{event_id}/arus": f"/acara/{SETU}/arus",
}
READS_NOTHING = "GET /"


async def test_every_read_is_put_off() -> None:
    assert {*PATHS, READS_NOTHING} == reads({**api.RULES, **pages.RULES})
    async with desk() as full:
        await two_offices(full)
        full.messaging.memory.away = True
        for path in PATHS.values():
            headers = full.messaging.headers("head")
            assert_put_off(await full.client.get(path, headers=headers))
        full.messaging.memory.away = False


async def test_a_page_says_so_in_words() -> None:
    async with desk() as full:
        full.messaging.memory.away = True
        answer = await full.see("/acara")
        assert answer.status_code == 503
        assert "Layanan sedang tidak tersedia" in answer.text
        full.messaging.memory.away = False
