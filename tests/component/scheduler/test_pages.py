"""The pages of the floor as a browser gets them."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.scheduler.pages import TEXTS
from services.scheduler.pages.booth import REFUSALS, RESULTS
from shared.contracts.scheduler import VisitRecorded
from shared.testing.callers import HOST
from shared.web.texts import Texts
from tests.component.scheduler.floor import KOTA, Floor, booth_body, counted, event_body, floor
from tests.unit.scheduler.sample import SETU

OPERATOR = ("operator", "botram", "32.16")
BOOTH = f"/loket/{SETU}/loket-1"
STAND = f"/loket/{SETU}/puskesmas"


@pytest.fixture
async def at() -> AsyncIterator[Floor]:
    async with floor() as running:
        yield running


async def see(at: Floor, path: str, *grant: str) -> httpx.Response:
    """Open a page in a browser."""
    headers = at.messaging.headers(*(grant or OPERATOR))
    return await at.client.get(path, headers={**headers, "Accept": "text/html"})


async def send(at: Floor, path: str, form: Mapping[str, Any]) -> httpx.Response:
    """Send a form as a browser does."""
    headers = at.messaging.headers(*OPERATOR)
    headers.pop("Idempotency-Key", None)
    return await at.client.post(path, data=dict(form), headers={**headers, "Accept": "text/html"})


def key_of(page: str) -> str:
    """The key in the first form."""
    found = re.search(r'name="kunci" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def tap(at: Floor, path: str = BOOTH, **form: str) -> str:
    """Open the screen, tap a button and follow to the page that is shown then."""
    key = key_of((await see(at, path)).text)
    answer = await send(at, path, {"kunci": key, **form})
    assert answer.status_code == 303, answer.text
    return (await see(at, answer.headers["location"].removeprefix("/scheduler"))).text


async def test_todays_events_with_the_booths_within_the_grants_are_to_choose_from(
    at: Floor,
) -> None:
    page = (await see(at, "/loket")).text
    assert re.findall(r'href="/scheduler/loket/([^"]+)"', page) == [
        f"{SETU}/loket-1",
        f"{SETU}/loket-2",
        f"{SETU}/puskesmas",
    ]
    assert "Sabtu, 11 Maret 2023 pukul 09.00 WIB sampai pukul 11.30 WIB" in page
    assert "Kartu Identitas Anak" in page
    assert "Pemeriksaan kesehatan" in page
    assert KOTA not in page
    own = (await see(at, "/loket", "agency_operator", "botram", "32.16:dinkes")).text
    assert re.findall(r'href="/scheduler/loket/([^"]+)"', own) == [f"{SETU}/puskesmas"]
    other = (await see(at, "/loket", "operator", "botram", "32.16.06")).text
    assert "Tidak ada acara hari ini di wilayah tugas Anda." in other


async def test_on_another_day_the_next_events_are_named_and_lead_nowhere(at: Floor) -> None:
    at.messaging.clock.advance(days=-2)
    page = (await see(at, "/loket")).text
    assert "Tidak ada acara hari ini" in page
    assert "Sabtu, 11 Maret 2023: BOTRAM Setu" in page
    assert f"/loket/{SETU}" not in page


async def test_the_next_is_called_in_one_tap_and_then_served(at: Floor) -> None:
    assert "Belum ada nomor yang dipanggil." in (await see(at, BOOTH)).text
    for case in ("case-1", "case-2"):
        await at.request(case)
    called = await tap(at, aksi="panggil")
    assert "<strong data-angka>A1</strong>" in called
    assert "<span data-layanan>Kartu Identitas Anak</span>" in called
    assert "Sedang dipanggil" in called
    assert "Nomor berikutnya sudah dipanggil." in called
    served = await tap(at, aksi="selesai", layanan="KIA", nomor="1")
    assert "Tercatat: selesai dilayani." in served
    assert "selesai" not in buttons(served)
    assert (await at.lines())["KIA"] == counted(issued=2, called=1, served=1, waiting=1)


async def test_a_double_tap_calls_once_and_a_new_form_calls_the_next(at: Floor) -> None:
    for case in ("case-1", "case-2", "case-3"):
        await at.request(case)
    key = key_of((await see(at, BOOTH)).text)
    twice = [await send(at, BOOTH, {"kunci": key, "aksi": "panggil"}) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [303, 303]
    assert (await at.lines())["KIA"]["called"] == 1
    await tap(at, aksi="panggil")
    assert (await at.lines())["KIA"]["called"] == 2


async def test_nobody_waiting_is_said(at: Floor) -> None:
    assert "Tidak ada yang menunggu di gerai ini." in await tap(at, aksi="panggil")


async def test_who_walked_up_is_counted_one_by_one(at: Floor) -> None:
    for _ in range(2):
        page = await tap(at, STAND, aksi="catat", layanan="HEALTH_CHECK")
    assert "Tercatat: satu orang." in page
    assert '<strong data-orang="HEALTH_CHECK">2</strong>' in page
    assert 'value="panggil"' not in page
    counted = [e for e in at.messaging.published if isinstance(e, VisitRecorded)]
    assert [event.visitors for event in counted] == [1, 1]


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        (STAND, {"aksi": "panggil"}, "Gerai ini tanpa nomor antrean."),
        (BOOTH, {"aksi": "catat", "layanan": "KIA"}, "Gerai ini memakai nomor antrean."),
        (STAND, {"aksi": "catat", "layanan": "KIA"}, "Layanan itu tidak ada di gerai ini."),
        (STAND, {"aksi": "catat"}, "Layanan itu tidak ada di gerai ini."),
        (BOOTH, {"aksi": "selesai", "layanan": "KIA", "nomor": "1"}, "belum dipanggil"),
        (BOOTH, {"aksi": "selesai", "layanan": "KIA", "nomor": "9"}, "Nomor itu tidak ada."),
        (BOOTH, {"aksi": "selesai", "layanan": "KIA", "nomor": "dua"}, "dengan angka"),
        (BOOTH, {"aksi": "selesai", "layanan": "KIA", "nomor": ""}, "dengan angka"),
        (BOOTH, {"aksi": "selesai"}, "dengan angka"),
    ],
)
async def test_what_is_refused_is_said_in_words_on_the_same_page(
    at: Floor, path: str, form: dict[str, str], words: str
) -> None:
    await at.request("case-1")
    answer = await send(at, path, {"kunci": "a-key-of-a-form", **form})
    assert answer.status_code == 409
    assert words in answer.text
    assert "<h1>Gerai" in answer.text


async def test_tickets_of_another_booth_and_served_ones_are_refused_in_words(at: Floor) -> None:
    await at.request("case-1")
    await tap(at, aksi="panggil")
    other = f"/loket/{SETU}/loket-2"
    form = {"aksi": "selesai", "layanan": "KIA", "nomor": "1"}
    assert "dipanggil oleh gerai lain" in (await send(at, other, form)).text
    assert (await send(at, BOOTH, form)).status_code == 303
    assert "sudah tercatat selesai" in (await send(at, BOOTH, form)).text


async def test_a_late_comer_is_served_although_the_next_was_called(at: Floor) -> None:
    for case in ("case-1", "case-2"):
        await at.request(case)
    for _ in range(2):
        await tap(at, aksi="panggil")
    page = await tap(at, aksi="selesai", layanan="KIA", nomor=" 1 ")
    assert "Tercatat: selesai dilayani." in page
    assert (await at.lines())["KIA"]["served"] == 1


async def test_on_another_day_nothing_is_called_and_both_page_and_refusal_say_so(
    at: Floor,
) -> None:
    await at.request("case-1")
    at.messaging.clock.advance(days=1)
    page = await see(at, BOOTH)
    assert "Acara ini bukan hari ini, melainkan Sabtu, 11 Maret 2023." in page.text
    answer = await send(at, BOOTH, {"kunci": key_of(page.text), "aksi": "panggil"})
    assert answer.status_code == 409
    assert "Belum dapat memanggil: acara ini bukan hari ini." in answer.text


async def test_what_changes_is_to_be_had_alone(at: Floor) -> None:
    await at.arrive()
    await at.arrive()
    path = f"/api/events/{SETU}/booths/loket-1/screen"
    before = (await at.get(path)).json()
    assert (before["ticket"], before["today"], before["visits"]) == (None, True, [])
    assert before["lines"] == [
        {"service": "KIA", "letter": "A", "waiting": 2, "served": 0},
        {"service": "KK", "letter": "B", "waiting": 0, "served": 0},
    ]
    await at.call()
    called = (await at.get(path)).json()
    assert called["ticket"]["number"] == 1
    assert called["ticket"]["acts"] == [
        "start", "recall", "hold", "serve", "leave", "no_show", "send", "transfer", "undo",
    ]  # fmt: skip
    left = datetime.fromisoformat(called["ticket"]["undo_until"]) - at.messaging.clock()
    assert left == timedelta(minutes=2)
    at.messaging.clock.advance(minutes=3)
    late = (await at.get(path)).json()["ticket"]
    assert ("undo" in late["acts"], late["undo_until"]) == (False, None)


async def test_a_ticket_that_was_sent_on_is_nothing_to_do_with_here(at: Floor) -> None:
    await at.arrive()
    await at.call()
    await at.act("send", to_booth="loket-2")
    shown = (await at.get(f"/api/events/{SETU}/booths/loket-1/screen")).json()["ticket"]
    assert (shown["acts"], shown["undo_until"]) == ([], None)


async def test_a_stand_without_tickets_has_its_visitors_on_the_screen(at: Floor) -> None:
    await at.visit({"service": "HEALTH_CHECK", "visitors": 3})
    shown = (await at.get(f"/api/events/{SETU}/booths/puskesmas/screen")).json()
    assert (shown["ticket"], shown["lines"]) == (None, [])
    assert shown["visits"] == [{"service": "HEALTH_CHECK", "visitors": 3}]
    assert (await at.get(f"/api/events/{SETU}/booths/loket-9/screen")).status_code == 404


async def test_the_time_left_to_undo_is_shown(at: Floor) -> None:
    await at.arrive()
    await tap(at, aksi="panggil")
    at.messaging.clock.advance(seconds=30)
    assert "masih 90 detik" in (await see(at, BOOTH)).text


async def test_an_unknown_event_or_booth_is_a_page_that_says_so(at: Floor) -> None:
    for path in ("/loket/nowhere/loket-1", f"/loket/{SETU}/nowhere"):
        for answer in (await see(at, path), await send(at, path, {"aksi": "panggil"})):
            assert answer.status_code == 404
            assert "Halaman tidak ditemukan" in answer.text


async def test_what_is_written_into_names_is_shown_and_not_obeyed(at: Floor) -> None:
    bad = '<script>alert("x")</script>'
    booths = [{**booth_body("loket-1", "KIA"), "agency": bad}]
    (await at.put(event_body(name=bad, place=bad, booths=booths))).raise_for_status()
    for path in ("/loket", BOOTH):
        page = (await see(at, path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


async def test_every_address_lies_below_the_prefix_or_at_the_front_door(at: Floor) -> None:
    for path in ("/loket", BOOTH, STAND):
        page = (await see(at, path)).text
        found = set(re.findall(r'(?:href|src|action|data-poll)="([^"]+)"', page)) - {"#isi"}
        assert {one for one in found if not one.startswith("/scheduler/")} == {
            "/",
            "/bantuan",
            "/keluar",
        }
        for style in (one for one in found if one.endswith(".css")):
            assert (await at.client.get(HOST + style)).status_code == 200


def test_there_are_words_for_everything_that_can_be_said() -> None:
    texts = Texts.load(TEXTS)
    for key in (*(f"booth.result.{one}" for one in RESULTS), "booth.wrong.other"):
        assert key in texts
    assert all(f"booth.wrong.{one}" in texts for one in REFUSALS)


def buttons(page: str) -> list[str]:
    """What can be done with the ticket at the counter, as the screen offers it."""
    shown = re.sub(r"<form [^>]*hidden>.*?</form>", "", page, flags=re.DOTALL).partition(
        "<details"
    )[0]
    return re.findall(r'name="aksi" value="([a-z]+)"', shown)


async def test_the_screen_offers_what_can_be_done_and_does_it(at: Floor) -> None:
    await at.arrive()
    called = await tap(at, aksi="panggil")
    assert buttons(called) == [
        "panggil", "selesai", "mulai", "ulang", "tahan", "absen", "pergi", "batal",
    ]  # fmt: skip
    held = await tap(at, aksi="tahan", layanan="KIA", nomor="1")
    assert "Ditahan sementara" in held
    assert buttons(held) == ["panggil", "lanjut", "selesai", "absen", "pergi", "batal"]
    going_on = await tap(at, aksi="lanjut", layanan="KIA", nomor="1")
    assert "Pelayanan dilanjutkan." in going_on
    gone = await tap(at, aksi="pergi", layanan="KIA", nomor="1")
    assert buttons(gone) == ["panggil", "batal"]
    back = await tap(at, aksi="batal", layanan="KIA", nomor="1")
    assert "Yang terakhir sudah dibatalkan." in back
    assert "Sedang dilayani" in back
    at.messaging.clock.advance(seconds=121)
    assert "batal" not in buttons((await see(at, BOOTH)).text)


async def test_who_is_absent_may_queue_again(at: Floor) -> None:
    await at.arrive()
    await tap(at, aksi="panggil")
    absent = await tap(at, aksi="absen", layanan="KIA", nomor="1")
    assert "Tercatat: tidak hadir." in absent
    assert buttons(absent) == ["panggil", "gabung", "batal"]
    await tap(at, aksi="gabung", layanan="KIA", nomor="1")
    assert (await at.lines())["KIA"]["waiting"] == 1


async def test_the_holder_is_sent_to_another_booth_or_gets_a_number_of_another_service(
    at: Floor,
) -> None:
    await at.arrive()
    await at.arrive()
    page = await tap(at, aksi="panggil")
    assert re.findall(r'<option value="([^"]+)">', page)[:2] == ["loket-2", "KK"]
    sent = await tap(at, aksi="kirim", layanan="KIA", nomor="1", tujuan="loket-2")
    assert "Nomor ini dikirim ke gerai lain" in sent
    assert buttons(sent) == ["panggil"]
    assert (await at.call("loket-2")).json()["ticket"]["number"] == 1
    await tap(at, aksi="panggil")
    moved = await tap(at, aksi="pindah", layanan="KIA", nomor="2", tujuan="KK")
    assert "Nomor barunya B1." in moved


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"aksi": "lanjut", "nomor": "1"}, "Itu tidak dapat dilakukan pada keadaan nomor ini."),
        ({"aksi": "gabung", "nomor": "1"}, "Nomor itu masih berlaku"),
        ({"aksi": "batal", "nomor": "2"}, "Tidak ada yang dapat dibatalkan"),
        ({"aksi": "kirim", "nomor": "1", "tujuan": "puskesmas"}, "Layanan itu tidak ada di gerai"),
        ({"aksi": "pindah", "nomor": "1", "tujuan": "IKD"}, "Layanan itu tidak ada di gerai"),
    ],
    ids=lambda one: one["aksi"] if isinstance(one, dict) else "",
)
async def test_what_a_button_cannot_do_is_said_in_words(
    at: Floor, form: dict[str, str], said: str
) -> None:
    for _ in range(2):
        await at.arrive()
    await tap(at, aksi="panggil")
    key = key_of((await see(at, BOOTH)).text)
    refused = await send(at, BOOTH, {"kunci": key, "layanan": "KIA", **form})

    assert refused.status_code == 409
    assert said in refused.text


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("a1", 303, ""),
        (" A1 ", 303, ""),
        ("1", 303, ""),
        ("B1", 409, "Nomor itu tidak ada."),
        ("A0", 409, "dengan angka"),
        ("A-1", 409, "dengan angka"),
    ],
)
async def test_a_number_is_typed_as_it_is_read_and_another_lines_letter_is_no_number_of_this_one(
    at: Floor, typed: str, status: int, said: str
) -> None:
    await at.arrive("KIA", "KK")
    await at.call()
    key = key_of((await see(at, BOOTH)).text)
    form = {"kunci": key, "aksi": "selesai", "layanan": "KIA", "nomor": typed}
    answer = await send(at, BOOTH, form)
    assert answer.status_code == status
    assert said in answer.text


async def test_a_button_that_there_is_not_is_refused(at: Floor) -> None:
    key = key_of((await see(at, BOOTH)).text)
    refused = await send(at, BOOTH, {"kunci": key, "aksi": "hapus", "layanan": "KIA"})

    assert refused.status_code == 422
