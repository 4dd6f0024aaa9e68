"""Ke mana saya bisa pergi: events, service points and ways in from home, as a browser gets them."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.app import TEXTS
from shared.testing.callers import NOW
from shared.web.texts import Texts
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import BOTRAM, Desk, desk
from tests.component.intake.test_ask import by_page
from tests.unit.intake.bus import scheduled

WORDS = Texts.load(TEXTS)
HOURS = [{"weekday": 1, "opens": "08:00", "closes": "15:30"}]
POINTS: list[dict[str, Any]] = [
    {"name": "Unit Setu", "region_code": "32.16.18", "place": "Kantor Kecamatan", "hours": HOURS},
    {"name": "Unit Babelan", "region_code": "32.16.02", "services": ["KK"]},
    {"name": "Gerai Pusat", "region_code": "32.16", "source": "Proposal 2023"},
    {"name": "SITUS", "region_code": "32.16", "place": "www.contoh.go.id", "online": True},
]


async def page(office: Desk, query: str = "", status: int = 200) -> str:
    answer = await office.client.get(f"/ke-mana{query}", headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text
    return str(answer.text)


async def with_points(office: Desk, *points: dict[str, Any]) -> None:
    body = {**BOTRAM, "service_points": list(points or POINTS)}
    (await office.publish("botram", body)).raise_for_status()


async def test_a_coming_event_is_shown_with_place_day_hours_and_services() -> None:
    async with desk() as office:
        shown = await page(office)
    assert "BOTRAM Setu" in shown
    assert "Sabtu, 11 Maret 2023" in shown
    assert "pukul 09.15 WIB sampai pukul 11.45 WIB" in shown
    assert "Kartu Identitas Anak, Kartu Keluarga" in shown


async def test_an_event_is_gone_once_it_has_closed() -> None:
    async with desk() as office:
        await office.messaging.deliver(
            scheduled(event_id="botram-over", name="BOTRAM Lewat", closes_at=NOW),
        )
        shown = await page(office)
    assert "BOTRAM Lewat" not in shown
    assert "BOTRAM Setu" in shown


async def test_events_of_the_own_subdistrict_come_first_and_neighbours_are_invited() -> None:
    async with desk() as office:
        later = {"on": "2023-03-18", "opens_at": NOW + timedelta(days=7)}
        closes = NOW + timedelta(days=7, hours=2)
        await office.messaging.deliver(
            scheduled(
                event_id="botram-babelan",
                name="BOTRAM Babelan",
                region_code="32.16.02",
                closes_at=closes,
                **later,
            )
        )
        shown = await page(office, "?kecamatan=32.16.02")
        assert "Acara di Kecamatan Babelan" in shown
        assert shown.index("BOTRAM Babelan") < shown.index(WORDS("places.events_elsewhere"))
        assert shown.index("BOTRAM Setu") > shown.index(WORDS("places.events_elsewhere"))
        empty = await page(office, "?kecamatan=32.16.03")
        assert WORDS("places.no_event_here") in empty
        assert "BOTRAM Setu" in empty
        other = await page(office, "?kecamatan=32.75.01")
        assert "BOTRAM Setu" not in other
        assert WORDS("places.no_event") in other


async def test_only_events_with_a_booth_for_the_service_are_shown() -> None:
    async with desk() as office:
        assert "BOTRAM Setu" in await page(office, "?layanan=KK")
        assert "BOTRAM Setu" not in await page(office, "?layanan=IKD")


async def test_points_are_shown_as_stated_and_nothing_is_made_up() -> None:
    async with desk() as office:
        assert WORDS("places.no_point") in await page(office, "?kecamatan=32.16.18")
        await with_points(office)
    async with desk() as office:
        await with_points(office)
        shown = await page(office, "?kecamatan=32.16.18&layanan=KIA")
    assert "Unit Setu" in shown
    assert "Senin 08.00\u201315.30" in shown
    assert "Unit Babelan" not in shown
    assert "Menurut: Proposal 2023" in shown
    assert shown.count(WORDS("places.no_hours")) == 1
    assert shown.index("www.contoh.go.id") > shown.index(WORDS("places.from_home"))


async def test_ways_from_home_say_what_the_channel_may_promise() -> None:
    async with desk() as office:
        shown = await page(office)
        assert "HALO PAMOR: Lewat e-OPen" in shown
        assert "Disdukcapil Kota Bekasi" in shown
        assert WORDS("places.how.agent") in shown
        assert "#halo_pamor" not in shown, "it has no catalogue yet"
        (await publish(office)).raise_for_status()
        without = await page(office, "?kecamatan=32.16.18")
    assert WORDS("places.no_way") in without


async def test_a_way_from_home_leads_to_its_programmes_services() -> None:
    async with by_page() as office:
        assert 'href="/intake/layanan#daring"' in await page(office)
        answer = await office.client.get("/layanan", headers={"Accept": "text/html"})
        assert 'id="daring"' in answer.text


async def test_what_is_in_no_list_is_named_beside_its_field_and_never_repeated() -> None:
    bad = "%3Cscript%3Ealert(1)%3C/script%3E"
    async with desk() as office:
        shown = await page(office, f"?kecamatan={bad}&layanan={bad}", 422)
    assert "<script>alert" not in shown
    assert "alert(1)" not in shown
    assert '<a href="#kecamatan">' in shown
    assert '<a href="#layanan">' in shown
    assert shown.count(WORDS("places.no_subdistrict")) == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"region_code": "32.16.88"}, "region_code"),
        ({"services": ["PASSPORT"]}, "services"),
        ({"hours": [{"weekday": 8, "opens": "08:00", "closes": "09:00"}]}, "weekday"),
        ({"hours": [{"weekday": 1, "opens": "8 pagi", "closes": "09:00"}]}, "opens"),
        ({"hours": [{"weekday": 1, "opens": "09:00", "closes": "08:00"}]}, "hours"),
    ],
)
async def test_a_point_states_a_known_region_hours_in_order_and_offered_services(
    changed: dict[str, Any], field: str
) -> None:
    point = {"name": "A", "region_code": "32.16", **changed}
    async with desk() as office:
        answer = await office.publish("botram", {**BOTRAM, "service_points": [point]})
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"].startswith("/service_points/0/")
        assert field in error["field"]


async def test_points_are_kept_as_they_were_published() -> None:
    async with desk() as office:
        await with_points(office)
        kept = (await office.operator("GET", "/programmes/botram")).json()
    assert [one["name"] for one in kept["service_points"]] == [one["name"] for one in POINTS]
