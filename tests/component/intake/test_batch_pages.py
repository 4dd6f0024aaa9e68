"""The pages of batches: made, listed with names, printed, handed over and taken back."""

import re
from typing import Any

import httpx
import pytest

from services.intake.app import TEXTS
from services.intake.domain.batch import Collector
from services.intake.pages import batches, handovers
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.component.intake.people import Browser
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_batches import issued
from tests.component.intake.test_desk_pages import PAMOR, officer
from tests.unit.files.samples import image
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)
FORM = {"program": "botram", "wilayah": "32.16.18", "layanan": "KIA"}
DAY = {"aksi": "cetak", "hari": "2099-12-31"}


async def made(browser: Browser, **changed: str) -> str:
    """Make a batch by page, and return the path of its own page."""
    answer = await page(browser, "POST", "/meja/cetak", data={**FORM, **changed})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix("/intake")


async def send(browser: Browser, path: str, action: str, **more: Any) -> httpx.Response:
    """Send one of the forms of a batch's page."""
    return await page(browser, "POST", path, data={"aksi": action, **more})


async def printed(office: Desk, browser: Browser, many: int) -> tuple[list[str], str]:
    """Issue documents, print them, and return their cases and the batch's path."""
    ids = await issued(office, many)
    path = await made(browser)
    assert (await page(browser, "POST", path, data=DAY)).status_code == 303
    return ids, path


def reads(office: Desk) -> list[tuple[str, str]]:
    return [(one["case_id"], one["route"]) for one in office.messaging.documents("person_reads")]


async def test_what_waits_is_counted_and_a_form_sent_twice_makes_one_batch() -> None:
    async with desk() as office:
        ids = await issued(office, 3)
        browser = await officer(office)
        shown = (await page(browser, "GET", "/meja/cetak")).text
        form = dict(hidden(shown)) | FORM | {"banyak": "2"}
        sent = [await page(browser, "POST", "/meja/cetak", data=form) for _ in range(2)]
        (path,) = {one.headers["location"].removeprefix("/intake") for one in sent}
        batch = (await page(browser, "GET", path)).text
        after = (await page(browser, "GET", "/meja/cetak")).text
        desk_links = (await page(browser, "GET", "/meja")).text
    assert "Kartu Identitas Anak (3 menunggu)" in shown
    assert "Identitas Digital" not in shown
    assert '<option value="32.16.18">' in shown
    assert [one in batch for one in ids] == [True, True, False]
    assert "Kartu Identitas Anak (1 menunggu)" in after
    assert f"/intake{path}" in after
    assert WORDS("batch.unprinted") in after
    assert "/intake/meja/cetak?program=botram" in desk_links


async def test_what_cannot_be_made_says_why_and_keeps_what_was_chosen() -> None:
    async with desk() as office:
        browser = await officer(office)
        none = await page(browser, "POST", "/meja/cetak", data=FORM)
        app = await page(browser, "POST", "/meja/cetak", data={**FORM, "layanan": "IKD"})
        many = await page(browser, "POST", "/meja/cetak", data={**FORM, "banyak": "101"})
        shown = (await page(browser, "GET", "/meja/cetak")).text
    assert none.status_code == 409
    assert none.text.count(WORDS("batch.wrong.no_case_to_print")) == 2
    assert '<option value="32.16.18" selected>' in none.text
    assert WORDS("batch.wrong.nothing_to_print") in app.text
    assert many.status_code == 422
    assert WORDS("batch.nothing") in shown
    assert WORDS("batch.none") in shown


async def test_the_list_to_print_by_names_people_and_keeps_each_look() -> None:
    async with desk() as office:
        recorded = await office.record(at_home(pick_up=False, deliver=False, rw=None))
        (await office.step(recorded["case_id"], "issue")).raise_for_status()
        browser = await officer(office, grant=PAMOR)
        path = await made(browser, program="halo_pamor", wilayah="32.75", layanan="KK")
        batch = (await page(browser, "GET", path)).text
        assert reads(office) == []
        named = (await page(browser, "GET", f"{path}/daftar")).text
        looks = reads(office)
    assert "Siti Contoh" not in batch
    assert "Siti Contoh" in named
    assert NIK not in named
    assert f"{NIK[:4]}********{NIK[-4:]}" in named
    assert looks == [(recorded["case_id"], "GET /meja/cetak/{batch_id}/daftar")]


async def test_what_failed_goes_into_the_next_batch_and_a_day_is_needed() -> None:
    async with desk() as office:
        ids = await issued(office, 3)
        browser = await officer(office)
        path = await made(browser)
        empty = await send(browser, path, "cetak", hari="")
        past = await send(browser, path, "cetak", hari="2023-03-01")
        early = await send(browser, path, "serah", permohonan=ids[0])
        done = await send(browser, path, "cetak", hari="2099-12-31", gagal=[ids[1]])
        twice = await send(browser, path, "cetak", hari="2099-12-31")
        shown = (await page(browser, "GET", path)).text
        following = (await page(browser, "GET", await made(browser))).text
    for answer, word in (
        (empty, "day_missing"),
        (past, "day_over"),
        (early, "not_printed"),
        (twice, "printed_already"),
    ):
        assert answer.status_code == 409
        assert WORDS(f"batch.wrong.{word}") in answer.text
    assert done.status_code == 303
    assert [one in shown for one in ids] == [True, False, True]
    assert "Kamis, 31 Desember 2099" in shown
    assert [one in following for one in ids] == [False, True, False]


async def test_a_document_is_found_by_number_or_code_and_handed_over_once() -> None:
    async with desk() as office:
        recorded = await office.record(at_event())
        case_id = recorded["case_id"]
        (await office.step(case_id, "issue")).raise_for_status()
        browser = await officer(office)
        path = await made(browser)
        await page(browser, "POST", path, data=DAY)
        by_number = await send(browser, path, "cari", kode=f" {case_id[-8:].upper()} ")
        by_code = await send(browser, path, "cari", kode=recorded["tracking_code"].lower())
        unknown = await send(browser, path, "cari", kode="0000-0000")
        chosen = (await page(browser, "GET", f"{path}?pilih={case_id}")).text
        looks = reads(office)
        form = dict(hidden(chosen)) | {"aksi": "serah", "permohonan": case_id}
        done = [await page(browser, "POST", path, data=form) for _ in range(2)]
        again = await send(browser, path, "serah", permohonan=case_id)
        shown = (await page(browser, "GET", path)).text
    wanted = f"/intake{path}?pilih={case_id}"
    assert [one.headers["location"] for one in (by_number, by_code)] == [wanted, wanted]
    assert unknown.status_code == 409
    assert WORDS("batch.wrong.code_unknown") in unknown.text
    assert "Sukarno" in chosen
    assert looks == [(case_id, "GET /meja/cetak/{batch_id}")]
    assert {one.headers["location"] for one in done} == {f"/intake{path}?selesai=serah"}
    assert WORDS("batch.wrong.collected_already") in again.text
    assert WORDS("batch.collected.applicant") in shown
    assert WORDS("batch.finished") in shown
    assert "Sukarno" not in shown


async def test_a_code_of_another_batch_leads_there() -> None:
    async with desk() as office:
        browser = await officer(office)
        _, first = await printed(office, browser, 1)
        recorded = await office.record(at_event(service="KK"))
        (await office.step(recorded["case_id"], "issue")).raise_for_status()
        loose = await send(browser, first, "cari", kode=recorded["tracking_code"])
        second = await made(browser, layanan="KK")
        found = await send(browser, first, "cari", kode=recorded["tracking_code"])
    assert WORDS("batch.wrong.code_unknown") in loose.text
    assert found.headers["location"] == f"/intake{second}?pilih={recorded['case_id']}"


async def test_a_proxy_needs_his_power_of_attorney() -> None:
    async with desk() as office:
        browser = await officer(office)
        (case_id,), path = await printed(office, browser, 1)
        proxy = {"permohonan": case_id, "pengambil": Collector.PROXY.value}
        without = await send(browser, path, "serah", **proxy)
        file_id = (await office.send(case_id, image())).json()["file_id"]
        (await office.bind(case_id, file_id, "power_of_attorney")).raise_for_status()
        chosen = (await page(browser, "GET", f"{path}?pilih={case_id}")).text
        done = await send(browser, path, "serah", **proxy, kuasa=file_id)
        shown = (await page(browser, "GET", path)).text
    assert without.status_code == 409
    assert without.text.count(WORDS("batch.wrong.power_of_attorney_needed")) == 2
    assert WORDS("batch.no_power") in without.text
    assert re.search(r'value="proxy" checked', without.text)
    assert f'<option value="{file_id}">' in chosen
    assert done.status_code == 303
    assert WORDS("batch.collected.proxy") in shown


async def test_a_hand_over_is_taken_back_within_an_hour_and_closes_the_case_then() -> None:
    async with desk() as office:
        browser = await officer(office)
        (case_id,), path = await printed(office, browser, 1)
        await send(browser, path, "serah", permohonan=case_id)
        undo = f'name="permohonan" value="{case_id}"'
        before = (await page(browser, "GET", path)).text
        undone = await send(browser, path, "urung", permohonan=case_id)
        twice = await send(browser, path, "urung", permohonan=case_id)
        await send(browser, path, "serah", permohonan=case_id)
        office.messaging.clock.advance(hours=1, seconds=1)
        await office.messaging.settle()
        (await browser.refresh()).raise_for_status()
        later = (await page(browser, "GET", path)).text
        late = await send(browser, path, "urung", permohonan=case_id)
        state = (await office.operator("GET", f"/requests/{case_id}")).json()["state"]
    assert undo in before
    assert undone.headers["location"] == f"/intake{path}?selesai=urung&pilih={case_id}"
    assert WORDS("batch.wrong.not_collected") in twice.text
    assert undo not in later
    assert late.status_code == 409
    assert state == "closed"


async def test_another_region_sees_no_batch_and_another_site_sends_no_form() -> None:
    async with desk() as office:
        browser = await officer(office)
        (case_id,), path = await printed(office, browser, 1)
        near = await officer(office, "near", "operator:botram:32.16.06")
        assert path not in (await page(near, "GET", "/meja/cetak")).text
        for method, where in (("GET", path), ("GET", f"{path}/daftar"), ("POST", path)):
            answer = await page(near, method, where, data=DAY if method == "POST" else None)
            assert answer.status_code == 403
        assert (await page(near, "POST", "/meja/cetak", data=FORM)).status_code == 403
        assert (await page(browser, "GET", "/meja/cetak/unheard-of")).status_code == 404
        evil = {"Origin": "http://evil.test"}
        for where, data in (("/meja/cetak", FORM), (path, {"aksi": "serah"})):
            answer = await page(browser, "POST", where, data=data, headers=evil)
            assert answer.status_code == 403
        assert case_id in (await page(browser, "GET", path)).text


async def test_the_newest_batches_alone_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SHOWN", 1)
    async with desk() as office:
        browser = await officer(office)
        await issued(office, 2)
        old, new = [await made(browser, banyak="1") for _ in range(2)]
        shown = (await page(browser, "GET", "/meja/cetak")).text
    assert re.findall(r'href="/intake(/meja/cetak/[^"]+)"', shown) == [new]
    assert old != new


def test_there_are_words_for_everything_that_the_pages_show() -> None:
    keys = [
        *(f"batch.wrong.{one}" for one in (*batches.REFUSALS, *handovers.REFUSALS, "other")),
        *(f"batch.done.{one}" for one in handovers.DONE),
        *(f"batch.collector.{one}" for one in Collector),
        *(f"batch.collected.{one}" for one in Collector),
    ]
    assert [key for key in keys if key not in WORDS] == []
