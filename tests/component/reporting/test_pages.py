"""The pages as a browser gets them."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from services.reporting.pages import board as board_module
from services.reporting.store.names import REVISIONS
from shared.contracts.scheduler import EventScheduled, TicketEnded
from shared.contracts.schema import example_of
from shared.messaging.errors import Unavailable
from shared.testing.callers import HOST
from shared.web import watched as watched_module
from shared.web.problems import NotFound
from tests.component.reporting.kit import BALANGAN, SETU, Desk, desk, two_offices, until
from tests.unit.reporting.histories import programme, received, scheduled

PAGE = f"/acara/{SETU}"


@pytest.fixture
async def full() -> AsyncIterator[Desk]:
    async with desk() as empty:
        await two_offices(empty)
        yield empty


async def test_the_list_shows_what_the_grants_cover_newest_first(full: Desk) -> None:
    await full.tell(scheduled("later", name="BOTRAM Nanti", on="2023-06-17"))
    page = (await full.see("/acara", "operator", "botram", "32.16")).text
    assert re.findall(r'href="/reporting/acara/([^"]+)"', page) == ["later", SETU]
    assert "Sabtu, 17 Juni 2023" in page
    everything = (await full.see("/acara")).text
    assert BALANGAN in everything
    other = (await full.see("/acara", "operator", "botram", "32.16.06")).text
    assert "Belum ada acara di wilayah Anda." in other
    assert (await full.see("/")).headers["location"] == "/reporting/acara"


async def test_the_page_holds_the_numbers_without_any_script(full: Desk) -> None:
    answer = await full.see(PAGE)
    page = answer.text
    assert "<h1>BOTRAM Setu</h1>" in page
    assert "Sabtu, 11 Maret 2023 pukul 09.00 WIB sampai pukul 11.30 WIB" in page
    assert "<strong>4</strong> Permohonan" in page
    assert "Angka terakhir berubah Sabtu, 11 Maret 2023 pukul 09.15 WIB." in page
    assert f'data-live="/reporting{PAGE}/arus"' in page
    assert f'data-poll="/reporting{PAGE}/angka"' in page
    assert "style=" not in page
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert "HEALTH_CHECK" not in page


async def test_every_address_on_the_page_lies_below_the_prefix_or_at_the_front_door(
    full: Desk,
) -> None:
    for path in ("/acara", PAGE):
        page = (await full.see(path)).text
        addresses = set(re.findall(r'(?:href|src|action|data-live|data-poll)="([^"]+)"', page))
        addresses -= {"#isi"}
        outside = {one for one in addresses if not one.startswith("/reporting/")}
        assert outside == {"/", "/keluar", "/bantuan"}
        style = next(one for one in addresses if one.endswith(".css"))
        answer = await full.client.get(HOST + style)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_who_has_not_signed_in_is_sent_to_the_front_door_with_the_whole_way(
    full: Desk,
) -> None:
    answer = await full.client.get(f"{PAGE}?x=1", headers={"Accept": "text/html"})
    assert answer.status_code == 303
    sent = httpx.URL(answer.headers["location"])
    assert (sent.path, sent.params["lanjut"]) == ("/masuk", f"/reporting{PAGE}?x=1")
    for path in ("/masuk", "/keluar", "/acara", "/api/programmes", "/reporting/masuk"):
        at_the_root = await full.client.get(HOST + path, headers={"Accept": "text/html"})
        assert at_the_root.status_code == 404, path


async def test_the_zone_is_the_programmes(full: Desk) -> None:
    page = (await full.see(f"/acara/{BALANGAN}")).text
    assert "pukul 10.00 WITA sampai pukul 12.30 WITA" in page


async def test_large_numbers_have_their_separators(full: Desk) -> None:
    await full.tell(*[received(f"more{n}") for n in range(1000)])
    fragment = (await full.get(f"{PAGE}/angka")).text
    assert "<strong>1.004</strong>" in fragment
    assert '<td class="number">99,90</td>' in fragment
    assert "<html" not in fragment


async def test_nothing_asked_yet_is_said(full: Desk) -> None:
    await full.tell(scheduled("later"))
    page = (await full.see("/acara/later")).text
    assert "Belum ada permohonan" in page
    assert "Belum ada yang tercatat." in page
    assert "<svg" not in page


async def test_who_was_not_served_stands_by_service_beside_who_was_offered_another_way(
    full: Desk,
) -> None:
    assert "Belum terlayani" not in (await full.see(PAGE)).text
    example = example_of(TicketEnded)
    said = {**example, "event_id": SETU, "programme_id": "botram", "service": "KIA"}
    ends = [("unserved", ["next_event"], True), ("unserved", ["next_event", "whatsapp"], True)]
    ends += [("unserved", [], True), ("unserved", ["whatsapp"], False), ("left", [], False)]
    await full.tell(
        *(
            TicketEnded.model_validate(
                {**said, "ticket_id": f"{SETU}/KIA/{n}", "end": end, "offers": offers, "told": told}
            )
            for n, (end, offers, told) in enumerate(ends, start=1)
        )
    )
    table = (await full.see(PAGE)).text.partition("Belum terlayani saat antrean ditutup")[2]
    assert re.findall(r'<td class="number">(\d+)</td>', table.partition("</table>")[0]) == [
        "4",
        "2",
    ]


async def test_a_cancelled_event_says_so_on_its_page_and_in_the_list(full: Desk) -> None:
    assert "dibatalkan" not in (await full.see(PAGE)).text.lower()
    await full.messaging.deliver(scheduled(SETU, cancelled=True), version=9)
    assert "Acara ini dibatalkan." in (await full.see(PAGE)).text
    assert "Dibatalkan" in (await full.see("/acara")).text


async def test_what_is_written_into_names_is_shown_and_not_obeyed(full: Desk) -> None:
    bad = '<script>alert("x")</script>'
    services = [{"code": "KIA", "name": bad, "deliverable": "card"}]
    await full.messaging.deliver(programme(services=services), version=2)
    await full.messaging.deliver(scheduled(name=bad, place=bad), version=2)
    page = (await full.see(PAGE)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_an_unknown_event_is_a_page_that_says_so(full: Desk) -> None:
    for path in ("/acara/nowhere", "/acara/nowhere/angka", "/acara/nowhere/arus"):
        answer = await full.see(path)
        assert answer.status_code == 404
        assert "Halaman tidak ditemukan" in answer.text
    # Figures without a plan are not an event: nobody could say who may see them.
    await full.tell(received("stray", event_id="unplanned"))
    assert (await full.see("/acara/unplanned")).status_code == 404


async def test_an_event_of_an_unknown_programme_has_no_zone_and_is_not_shown(full: Desk) -> None:
    await full.tell(scheduled("early", "sregep"))
    assert (await full.see("/acara/early")).status_code == 404
    await full.tell(programme("sregep"))
    assert (await full.see("/acara/early")).status_code == 200


async def test_a_stream_sends_the_figures_and_again_after_each_change(
    full: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_module, "LOOK_SECONDS", 0.01)
    following = asyncio.create_task(full.board.watched.follow())
    asked = await full.streaming(f"{PAGE}/arus")
    await until(lambda: SETU in full.board._made)
    await full.tell(received("c9"))
    await until(lambda: "<strong>5</strong>" in full.board._made[SETU][1])
    # What was made is sent at once; then the process stops.
    await asyncio.sleep(0)
    full.messaging.health.drain()
    answer = await asked
    following.cancel()
    assert answer.headers["content-type"].startswith("text/event-stream")
    shown = re.findall(r"data: .*<strong>(\d+)</strong> Permohonan", answer.text)
    assert shown == ["4", "5"]


async def test_the_fragment_is_made_once_for_all_and_anew_when_something_changed(
    full: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def fragment(template: str, **_: object) -> str:
        made.append(template)
        return str(len(made))

    monkeypatch.setattr(full.board._pages, "fragment", fragment)
    assert [await full.board.fragment(SETU) for _ in range(3)] == ["1", "1", "1"]
    await full.tell(received("c9"))
    assert await full.board.fragment(SETU) == "2"
    moved = scheduled(place="Balai Desa")
    assert isinstance(moved, EventScheduled)
    await full.messaging.deliver(moved, version=2)
    assert await full.board.fragment(SETU) == "3"
    full.count(generation=2)
    assert await full.board.fragment(SETU) == "4"


async def test_while_the_database_is_away_the_last_figures_stay(full: Desk) -> None:
    last = await full.board.fragment(SETU)
    full.messaging.memory.away = True
    assert await full.board.fragment(SETU) == last
    with pytest.raises(Unavailable):
        await full.board.fragment(BALANGAN)
    full.messaging.memory.away = False
    with pytest.raises(NotFound):
        await full.board.fragment("nowhere")


async def test_only_what_somebody_watches_is_looked_at(
    full: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched_module, "LOOK_SECONDS", 0.01)
    following = asyncio.create_task(full.board.watched.follow())
    held = [full.board.watched.changes(event_id) for event_id in (SETU, SETU, BALANGAN)]
    assert held[0] is held[1]
    await until(lambda: [changes.revision for changes in held] == [1, 1, 1])
    full.messaging.memory.away = True
    await asyncio.sleep(0.05)
    full.messaging.memory.away = False
    await until(lambda: [changes.revision for changes in held] == [2, 2, 2])
    full.messaging.memory.collections[REVISIONS][SETU]["revision"] += 1
    await until(lambda: held[0].revision == 3)
    await asyncio.sleep(0.05)
    assert [changes.revision for changes in held] == [3, 3, 2]
    held.clear()
    assert len(full.board.watched._watched) == 0
    following.cancel()


async def test_many_events_do_not_fill_the_memory(
    full: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_module, "_KEPT", 1)
    await full.board.fragment(SETU)
    await full.board.fragment(BALANGAN)
    assert list(full.board._made) == [BALANGAN]
