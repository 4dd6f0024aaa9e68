"""Gate, screens and one's own place in line as a browser gets them."""

import asyncio
import gc
import json
import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from services.scheduler.domain import TicketState
from services.scheduler.pages import TEXTS, board
from services.scheduler.pages.board import Boards
from services.scheduler.pages.booth import UNKNOWABLE as WITHOUT_UPLINK
from services.scheduler.pages.gate import UNKNOWABLE, WORDS
from services.scheduler.store import COLLECTIONS, SchedulerReader
from services.scheduler.usecases import Called, Reader, called_at
from shared.testing.callers import HOST
from shared.web.texts import Texts
from tests.component.scheduler.floor import KOTA, Floor, event_body, floor
from tests.unit.scheduler.sample import SETU

OPERATOR = ("operator", "botram", "32.16")
PAGE = {"Accept": "text/html"}
BOARD = f"/papan/{SETU}"


@pytest.fixture
async def at() -> AsyncIterator[Floor]:
    async with floor() as running:
        yield running


async def see(at: Floor, path: str, *grant: str) -> httpx.Response:
    """Open a page in the browser of somebody who has signed in."""
    headers = at.messaging.headers(*(grant or OPERATOR))
    return await at.client.get(path, headers={**headers, **PAGE})


async def look(at: Floor, path: str) -> httpx.Response:
    """Open a page in anybody's browser."""
    return await at.client.get(path, headers=PAGE)


async def ask(at: Floor, code: str) -> httpx.Response:
    """Ask for one's own place by a code, as anybody."""
    origin = {"Origin": HOST}
    return await at.client.post("/nomor", data={"kode": code}, headers={**PAGE, **origin})


def shown(page: str) -> list[str]:
    """The numbers that are shown large, each with its booth."""
    rows = re.findall(r"<li><strong>([A-Z]\d+)</strong>.*?Gerai ([a-z0-9-]+)</span></li>", page)
    return [f"{number} {booth}" for number, booth in rows]


async def test_the_gate_offers_every_line_of_the_event_and_nothing_else(at: Floor) -> None:
    page = (await see(at, f"/gerbang/{SETU}")).text
    assert re.findall(r'name="layanan" value="([^"]+)"', page) == ["KK", "KIA"]
    assert "Gerai loket-1, loket-2" in page
    assert "HEALTH_CHECK" not in page
    assert '<nav class="wrap menu"' in page


async def test_the_gate_says_what_it_cannot_know_without_uplink_and_has_its_worker(
    at: Floor,
) -> None:
    page = (await see(at, f"/gerbang/{SETU}")).text
    for name in Texts.load(TEXTS).below(UNKNOWABLE):
        assert Texts.load(TEXTS).as_written(f"{UNKNOWABLE}.{name}") in page
    worker = re.search(r'data-penjaga="/scheduler([^"]+)"', page)
    assert worker
    answer = await look(at, worker[1])
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_booth_with_a_line_has_its_worker_and_says_what_it_cannot_know(at: Floor) -> None:
    page = (await see(at, f"/loket/{SETU}/loket-1")).text
    for name in Texts.load(TEXTS).below(WITHOUT_UPLINK):
        assert Texts.load(TEXTS).as_written(f"{WITHOUT_UPLINK}.{name}") in page
    worker = re.search(r'data-penjaga="/scheduler([^"]+)"', page)
    assert worker
    assert worker[1] == "/loket/penjaga.js"
    answer = await look(at, worker[1])
    assert answer.headers["Content-Type"].startswith("text/javascript")
    shared_by = re.search(r'data-bersama="([^"]+)"', page)
    assert shared_by
    assert set(json.loads(unescape(shared_by[1])).values()) <= {1, 2}


async def test_a_kiosk_has_neither_menu_nor_sign_out(at: Floor) -> None:
    page = (await see(at, f"/gerbang/{SETU}?kios=1")).text
    assert '<nav class="wrap menu"' not in page
    assert "/keluar" not in page
    assert "data-kios" in page


async def test_todays_gates_within_the_grants_are_to_choose_from(at: Floor) -> None:
    page = (await see(at, "/gerbang")).text
    assert f'href="/scheduler/gerbang/{SETU}"' in page
    assert KOTA not in page
    assert (
        "Tidak ada acara hari ini"
        in (await see(at, "/gerbang", "operator", "botram", "32.16.06")).text
    )
    assert (await see(at, "/gerbang/tidak-ada")).status_code == 404


async def test_the_script_of_the_gate_finds_its_words() -> None:
    texts = Texts.load(TEXTS)
    for table in WORDS:
        assert texts.below(table), table


async def test_a_screen_shows_the_last_four_calls_the_newest_first(at: Floor) -> None:
    assert "Belum ada nomor yang dipanggil." in (await look(at, BOARD)).text
    for _ in range(5):
        await at.arrive()
    for booth in ("loket-1", "loket-2", "loket-1", "loket-1", "loket-1"):
        at.messaging.clock.advance(seconds=5)
        await at.call(booth)
    assert shown((await look(at, BOARD)).text) == [
        "A5 loket-1",
        "A4 loket-1",
        "A3 loket-1",
        "A2 loket-2",
    ]
    assert shown((await look(at, f"{BOARD}?gerai=loket-2")).text) == ["A2 loket-2"]


async def test_who_is_called_again_stands_first_again_and_what_is_undone_is_gone(
    at: Floor,
) -> None:
    for _ in range(2):
        await at.arrive()
    for act in ("", "", "recall"):
        at.messaging.clock.advance(seconds=5)
        await (at.act(act) if act else at.call())
    assert shown((await look(at, BOARD)).text) == ["A1 loket-1", "A2 loket-1"]
    at.messaging.clock.advance(seconds=5)
    (await at.act("undo", 2)).raise_for_status()
    assert shown((await look(at, BOARD)).text) == ["A1 loket-1"]


async def test_who_was_sent_on_is_shown_where_he_was_called(at: Floor) -> None:
    await at.arrive()
    await at.call()
    at.messaging.clock.advance(seconds=5)
    await at.act("send", to_booth="loket-2")
    assert shown((await look(at, BOARD)).text) == []
    await at.call("loket-2")
    at.messaging.clock.advance(seconds=5)
    assert shown((await look(at, BOARD)).text) == ["A1 loket-2"]


async def test_all_booths_stand_on_the_screen_of_the_event_and_one_on_its_own(at: Floor) -> None:
    await at.arrive("KK")
    await at.call()
    page = (await look(at, BOARD)).text
    named = r'class="gerai-nama"[^>]*><span class="unseen">Gerai </span>([^<]+)<'
    assert re.findall(named, page) == ["loket-1", "loket-2", "puskesmas"]
    assert "Langsung datang" in page
    assert "gerai-nama" not in (await look(at, f"{BOARD}?gerai=loket-1")).text
    part = await look(at, f"{BOARD}/isi")
    assert "<html" not in part.text
    assert shown(part.text) == ["B1 loket-1"]


@pytest.mark.parametrize(
    "path", ["/papan/tidak-ada", f"{BOARD}?gerai=loket-9", "/papan/tidak-ada/arus"]
)
async def test_no_such_screen(at: Floor, path: str) -> None:
    assert (await look(at, path)).status_code == 404


async def test_calls_are_read_once_for_all_who_ask_at_once_and_shown_while_the_database_is_away(
    at: Floor,
) -> None:
    await at.arrive()
    await at.call()
    first = (await look(at, BOARD)).text
    at.messaging.memory.away = True
    assert (await look(at, BOARD)).text == first
    at.messaging.clock.advance(seconds=5)
    assert (await look(at, BOARD)).text == first
    assert (await look(at, f"/papan/{KOTA}")).status_code == 503
    at.messaging.memory.away = False


async def test_the_place_in_line_is_told_without_account_and_name(at: Floor) -> None:
    for _ in range(5):
        await at.arrive()
    code = (await at.arrive("KIA", "KK")).json()["code"]
    page = (await ask(at, f" {code[:4].lower()} {code[4:]} ")).text
    assert "5 nomor lagi" in page
    assert "Berikutnya giliran Anda" in page
    assert "Waktunya belum dapat diperkirakan." in page
    assert "Gerai loket-1, loket-2" in page
    assert code not in page


async def test_priority_and_booked_ones_who_joined_before_stand_before(at: Floor) -> None:
    await at.arrive(priority=True)
    await at.arrive()
    await at.arrive(booked_for="11:00")
    code = (await at.arrive()).json()["code"]
    assert "2 nomor lagi" in (await ask(at, code)).text
    await at.arrive(priority=True)
    at.messaging.clock.advance(seconds=5)
    assert "2 nomor lagi" in (await ask(at, code)).text
    late = (await at.arrive(priority=True)).json()["code"]
    at.messaging.clock.advance(seconds=5)
    assert "4 nomor lagi" in (await ask(at, late)).text


async def test_the_time_follows_from_the_lines_own_pace_and_a_line_that_stands_takes_longer(
    at: Floor,
) -> None:
    codes = [(await at.arrive()).json()["code"] for _ in range(24)]
    assert "belum dapat diperkirakan" in (await ask(at, codes[-1])).text
    for _ in range(18):
        at.messaging.clock.advance(minutes=4)
        await at.call()
    assert "Perkiraan 20 sampai 25 menit lagi" in (await ask(at, codes[-1])).text
    at.messaging.clock.advance(minutes=40)
    assert "Perkiraan 30 sampai 35 menit lagi" in (await ask(at, codes[-1])).text


async def test_another_line_of_the_same_booths_says_nothing_of_this_one(at: Floor) -> None:
    for _ in range(20):
        await at.arrive()
    for _ in range(18):
        at.messaging.clock.advance(minutes=4)
        await at.call("loket-2")
    other = (await at.arrive("KK")).json()["code"]
    assert "belum dapat diperkirakan" in (await ask(at, other)).text


async def test_a_code_of_an_event_of_before_says_that_it_is_over(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    at.messaging.clock.advance(days=1)
    page = (await ask(at, code)).text
    assert "Acara ini sudah lewat, yaitu Sabtu, 11 Maret 2023." in page
    assert "pada hari itu" not in page


async def test_who_is_called_is_told_where_and_who_is_served_that_it_is_over(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    await at.call("loket-2")
    page = (await ask(at, code)).text
    assert "Anda dipanggil sekarang" in page
    assert "Gerai loket-2" in page
    await at.serve(1, "loket-2")
    at.messaging.clock.advance(seconds=5)
    assert "Selesai dilayani" in (await ask(at, code)).text


async def test_every_state_has_words_for_the_resident_and_for_the_gate() -> None:
    texts = Texts.load(TEXTS)
    for state in TicketState:
        assert f"booth.state.{state}" in texts
        assert f"place.state.{state}" in texts or state is TicketState.WAITING


async def test_wrong_codes_are_refused_counted_and_then_put_off(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    assert (await ask(at, "")).status_code == 422
    for _ in range(20):
        wrong = await ask(at, "K7QW3ZTM")
        assert wrong.status_code == 422
        assert "tidak dikenal" in wrong.text
    refused = await ask(at, code)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    at.messaging.clock.advance(minutes=3)
    assert (await ask(at, code)).status_code == 200


async def test_right_codes_are_never_put_off(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    assert {(await ask(at, code)).status_code for _ in range(30)} == {200}


async def test_whom_the_line_did_not_reach_is_told_what_else_there_is(at: Floor) -> None:
    offer = {"kind": "service_point", "place": "UPTD Setu"}
    (await at.put(event_body(offers=[offer]))).raise_for_status()
    code = (await at.arrive()).json()["code"]
    at.messaging.clock.advance(hours=3)
    (await at.post(f"/api/events/{SETU}/services/KIA/closing")).raise_for_status()
    await at.messaging.settle()
    page = (await ask(at, code)).text
    assert "Antrean ditutup sebelum nomor Anda dipanggil" in page
    assert "UPTD Setu" in page


async def test_a_cancelled_event_says_so_at_the_gate_and_to_who_waits(at: Floor) -> None:
    code = (await at.arrive()).json()["code"]
    headers = at.messaging.headers("planner", "botram", "32.16")
    path = f"/api/events/{SETU}/cancellation"
    (await at.client.post(path, headers=headers)).raise_for_status()
    assert "data-batal" in (await see(at, f"/gerbang/{SETU}")).text
    assert "Acara ini dibatalkan." in (await ask(at, code)).text


async def test_many_who_ask_at_once_are_answered_by_one_reading(
    at: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[str]()

    async def counted(event_id: str, reader: Reader) -> Called | None:
        asked.append(event_id)
        return await called_at(event_id, reader)

    monkeypatch.setattr(board, "called_at", counted)
    await asyncio.gather(*[look(at, BOARD) for _ in range(20)])
    assert asked == [SETU]


async def test_an_event_that_nobody_looks_at_any_more_is_not_watched(at: Floor) -> None:
    boards = Boards(SchedulerReader(at.messaging.database, COLLECTIONS), at.messaging.clock)
    held = boards.watched.changes(SETU)
    await boards.of(SETU)
    assert set(await boards.watched.look({})) == {SETU}
    del held
    gc.collect()
    assert await boards.watched.look({}) == {}


async def test_a_screen_knows_when_its_newest_call_was(at: Floor) -> None:
    await at.arrive()
    await at.arrive()
    times = []
    for booth_id in ("loket-1", "loket-2"):
        at.messaging.clock.advance(minutes=1)
        await at.call(booth_id)
        times.append(str(int(at.messaging.clock().timestamp() * 1000)))
        assert f'data-saat="{times[-1]}"' in (await look(at, BOARD)).text
    undo = f"/api/events/{SETU}/services/KIA/tickets/2/undo"
    await at.post(undo, json={"booth_id": "loket-2"})
    at.messaging.clock.advance(seconds=2)
    assert f'data-saat="{times[0]}"' in (await look(at, BOARD)).text


async def test_a_call_reaches_a_screen_that_is_watched(at: Floor) -> None:
    boards = Boards(SchedulerReader(at.messaging.database, COLLECTIONS), at.messaging.clock)
    held = boards.watched.changes(SETU)
    seen = await boards.watched.look({})
    assert (await boards.of(SETU)).calls == ()
    await at.arrive()
    await at.call()
    assert (await boards.of(SETU)).calls == ()
    await boards.watched.look(seen)
    assert held.revision == 2
    assert [call.label for call in (await boards.of(SETU)).calls] == ["A1"]
