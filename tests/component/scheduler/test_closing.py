"""The end of a line and of an event over HTTP and on its page, and what is refused then."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.scheduler.domain import Line, Stretch
from services.scheduler.domain.lane import Lane
from services.scheduler.store import COLLECTIONS, SchedulerReader
from shared.contracts.scheduler import TicketEnded
from tests.component.scheduler.floor import (
    Floor,
    booth_body,
    counted,
    event_body,
    floor,
    offer_body,
)
from tests.component.scheduler.test_pages import key_of, see, send
from tests.unit.scheduler.sample import SETU

EVENT = f"/api/events/{SETU}"
PAGE = f"/loket/{SETU}/loket-1/tutup"
NEXT = "botram-2023-03-18-tambun"


@pytest.fixture
async def at() -> AsyncIterator[Floor]:
    async with floor() as running:
        yield running


def later(at: Floor) -> None:
    """After the closing, 11.30."""
    at.messaging.clock.advance(hours=2, minutes=15)


async def cancel(at: Floor) -> Any:
    headers = at.messaging.headers("planner", "botram", "32.16")
    return await at.client.post(f"{EVENT}/cancellation", headers=headers)


async def test_who_is_left_ends_with_an_offer_that_his_code_shows(at: Floor) -> None:
    offers = [
        offer_body(),
        offer_body(kind="next_event", place=None, event_id=NEXT),
        offer_body(kind="afternoon_booth", place="Gerai 3", opens="13:00", closes="15:00"),
    ]
    (await at.put(event_body(on="2023-03-18", name="BOTRAM Tambun"), NEXT)).raise_for_status()
    (await at.put(event_body(offers=offers))).raise_for_status()
    code = (await at.arrive("KIA", "KK")).json()["code"]
    later(at)
    answer = await at.post(f"{EVENT}/services/KIA/closing")
    await at.messaging.settle()

    assert answer.json()["waiting"] == 1
    assert [(one["kind"], one["on"], one["opens"]) for one in answer.json()["offers"]] == [
        ("service_point", None, None),
        ("next_event", "2023-03-18", "09:00"),
        ("afternoon_booth", "2023-03-11", "13:00"),
    ]
    first, second = (await at.get(f"{EVENT}/arrivals/{code}")).json()["tickets"]
    assert first["state"] == "unserved"
    assert first["offers"] == ["service_point", "next_event", "afternoon_booth"]
    assert (second["state"], second["offers"]) == ("waiting", [])
    assert await at.lines() == {
        "KIA": counted(issued=1, unserved=1, closed=True),
        "KK": counted(issued=1, waiting=1),
    }
    [told] = [one for one in at.messaging.published if isinstance(one, TicketEnded)]
    assert (told.end, told.offers) == ("unserved", tuple(first["offers"]))
    assert at.messaging.messages[-1].envelope.actor == "service:scheduler"
    read = (await at.get(EVENT)).json()
    assert read["offers"] == offers


async def test_who_comes_after_closing_or_to_a_cancelled_event_is_told_and_nothing_is_kept(
    at: Floor,
) -> None:
    assert (await at.post(f"{EVENT}/services/KIA/closing")).json()["reason"] == "not_closing_yet"
    assert (await at.post(f"{EVENT}/services/PASSPORT/closing")).status_code == 404
    await at.arrive()
    assert (await cancel(at)).json() == {"event_id": SETU, "version": 2}
    await at.messaging.settle()
    assert (await cancel(at)).json()["version"] == 2
    before = at.messaging.documents("tickets")
    for answer in (
        await at.arrive(),
        await at.arrive(booked_for="10:00"),
        await at.call(),
        await at.visit({"service": "HEALTH_CHECK", "visitors": 1}),
        await at.put(event_body(name="anew")),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (409, "cancelled")
    assert at.messaging.documents("tickets") == before
    assert (await at.get(EVENT)).json()["cancelled"] is True
    listed = await at.get("/api/events?programme_id=botram")
    assert [one["cancelled"] for one in listed.json()] == [True]


@pytest.mark.parametrize(
    ("offer", "where"),
    [
        (offer_body(place=None), "place"),
        (offer_body(kind="afternoon_booth"), "opens, closes"),
        (offer_body(opens="13:00"), "opens, closes"),
        (offer_body(opens="15:00", closes="13:00"), "later than opens"),
        (offer_body(kind="next_event", place=None), "event_id"),
        (offer_body(kind="next_event", event_id=NEXT), "place"),
        (offer_body(event_id=NEXT), "event_id"),
        (offer_body(kind="whatsapp"), "kind"),
    ],
    ids=str,
)
async def test_an_offer_that_is_not_whole_is_refused_by_name(
    at: Floor, offer: dict[str, Any], where: str
) -> None:
    answer = await at.put(event_body(offers=[offer]))
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"].startswith("/offers/0")
    assert where in error["field"] + error["reason"]
    many = await at.put(event_body(offers=[offer_body()] * 11))
    assert many.json()["errors"][0]["field"] == "/offers"


async def test_without_a_closing_hour_an_event_closes_at_twelve(at: Floor) -> None:
    body = event_body()
    del body["closes"]
    (await at.put(body)).raise_for_status()
    assert (await at.get(EVENT)).json()["closes"] == "12:00"
    late = await at.put({**body, "opens": "13:00"})
    assert late.json()["errors"][0]["field"] == "/closes"


async def test_a_line_without_an_offer_is_a_warning(at: Floor) -> None:
    answer = await at.put(event_body(offers=[offer_body(services=["KK"])]))
    assert answer.json()["warnings"] == [
        {"reason": "no_offer", "detail": "nothing to offer who is not served: KIA"}
    ]


async def test_the_page_shows_who_is_left_and_closes_a_line(at: Floor) -> None:
    for _ in range(3):
        await at.arrive()
    await at.call()
    early = (await see(at, PAGE)).text
    assert "Acara baru tutup pukul 11.30 WIB." in early
    assert 'name="layanan"' not in early
    assert "/tutup" not in (await see(at, f"/loket/{SETU}/loket-1")).text
    later(at)
    assert "Lihat siapa yang masih menunggu" in (await see(at, f"/loket/{SETU}/loket-1")).text
    page = (await see(at, PAGE)).text
    assert "Masih menunggu: 2 orang." in page
    assert re.search(r"Nomor\s+A2, A3\b", page)
    assert "Kantor Kecamatan Setu" in page
    form = {"kunci": key_of(page), "layanan": "KIA"}
    answer = await send(at, PAGE, form)
    assert answer.status_code == 303
    await at.messaging.settle()
    done = (await see(at, answer.headers["location"].removeprefix("/scheduler"))).text
    assert "Antrean Kartu Identitas Anak ditutup." in done
    assert re.search(r"Belum terlayani saat ditutup: 2 orang.<br>\s+Nomor\s+A2, A3<", done)
    assert "Tutup antrean Kartu Identitas Anak" not in done
    assert "Tutup antrean KK" in done


async def test_what_the_page_cannot_close_is_said_on_it(at: Floor) -> None:
    early = await send(at, PAGE, {"kunci": "a-key-of-a-form", "layanan": "KIA"})
    assert early.status_code == 409
    assert "Antrean baru dapat ditutup setelah jam tutup acara." in early.text
    other = await send(at, PAGE, {"kunci": "a-key-of-another", "layanan": "IKD"})
    assert "Layanan itu tidak ada di gerai ini." in other.text
    assert (await see(at, f"/loket/{SETU}/puskesmas/tutup")).status_code == 404


async def test_a_line_of_several_agencies_is_not_closed_by_one_of_them(at: Floor) -> None:
    other = {**booth_body("loket-2", "KIA"), "agency_id": "dinkes"}
    (
        await at.put(event_body(booths=[booth_body("loket-1", "KIA", "KK"), other]))
    ).raise_for_status()
    later(at)
    grant = ("agency_operator", "botram", "32.16:disdukcapil")
    page = (await see(at, PAGE, *grant)).text
    assert "Mintalah petugas acara menutupnya." in page
    assert re.findall(r'name="layanan" value="([A-Z]+)"', page) == ["KK"]
    headers = at.messaging.headers(*grant)
    refused = await at.client.post(f"{EVENT}/services/KIA/closing", headers=headers)
    assert refused.status_code == 403


async def test_a_cancelled_event_says_so_at_its_booths(at: Floor) -> None:
    await cancel(at)
    at.messaging.clock.advance(days=-1)
    for path in ("/loket", f"/loket/{SETU}/loket-1", f"/loket/{SETU}/puskesmas", PAGE):
        shown = (await see(at, path)).text
        assert "dibatalkan" in shown
        assert "dapat dipanggil pada hari itu" not in shown
    assert "/tutup" not in (await see(at, f"/loket/{SETU}/puskesmas")).text


async def test_the_numbers_of_a_cancelled_event_stay_on_the_page(at: Floor) -> None:
    for _ in range(2):
        await at.arrive()
    await cancel(at)
    await at.messaging.settle()
    shown = (await see(at, PAGE)).text
    words = r"Belum terlayani karena acara dibatalkan: 2 orang.<br>\s+Nomor\s+A1, A2<"
    assert re.search(words, shown)
    assert "sebelum orang pulang" not in shown.partition("<section")[0]


async def test_where_nothing_can_be_offered_any_more_nobody_is_asked_for_it(at: Floor) -> None:
    (await at.put(event_body(offers=[]))).raise_for_status()
    assert "Mintalah perencana acara" in (await see(at, PAGE)).text
    await cancel(at)
    shown = (await see(at, PAGE)).text
    assert "Mintalah perencana acara" not in shown
    assert "Tidak ada tawaran untuk layanan ini." in shown


async def test_a_hundred_numbers_are_shown_and_no_more_is_read_for_them(
    at: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = Lane(joined=938, waiting=938)
    line = Line(SETU, "KIA", has_booth=True, lanes={"walk_in": lane})
    stretches = at.messaging.memory.collections["stretches"]
    for index in range(10):
        numbers = tuple((n, n + 1) for n in range(index * 100, min(index * 100 + 100, 938)))
        one = Stretch(SETU, "KIA", "walk_in", index, waiting=numbers)
        stretches[one.id] = COLLECTIONS.of(Stretch).encode(one)
    reader = SchedulerReader(at.messaging.database, COLLECTIONS)
    read: list[str] = []
    get = reader.get

    async def counted_get(kept: type[Any], id_: str) -> Any:
        read.append(id_)
        return await get(kept, id_)

    monkeypatch.setattr(reader, "get", counted_get)
    assert await reader.waiting(line, 100) == list(range(1, 101))
    assert len(read) == 1
    assert await reader.waiting(line, 150) == list(range(1, 151))
    assert len(read) == 3
