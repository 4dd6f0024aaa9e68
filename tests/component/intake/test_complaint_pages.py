"""The pages of complaints: a resident complains and follows it, staff work on what they may see."""

import html
import re
from typing import Any, Final

import httpx
import pytest

from services.intake.app import TEXTS
from shared.web.texts import Texts
from tests.component.intake.complaining import (
    ANSWER,
    STAFF,
    TEXT,
    act,
    answered,
    closed,
    look,
    made,
    opened,
    step,
    typed,
)
from tests.component.intake.kit import Desk, desk

WORDS: Final = Texts.load(TEXTS)
HTML: Final = {"Accept": "text/html"}
CODE: Final = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}")


async def complain(office: Desk, **changed: str) -> httpx.Response:
    """Send the form as a resident."""
    return await office.client.post("/pengaduan", data=typed(**changed), headers=HTML)


async def follow(office: Desk, **form: str) -> httpx.Response:
    """Follow a complaint by its code or pass."""
    return await office.client.post("/pengaduan/lacak", data=form, headers=HTML)


def code_on(page: httpx.Response) -> str:
    """Return the code that a page shows."""
    found = CODE.search(page.text)
    assert found, page.text
    return found[0]


def pass_on(page: httpx.Response) -> str:
    """Return the pass that stands in a page's forms."""
    found = re.search(r'name="tanda" value="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


async def page(
    office: Desk, path: str, role: str = "operator", who: str = "agus", **how: Any
) -> httpx.Response:
    """Open a page of staff, or send its form."""
    grants = [f"{one}:botram:32.16" for one in role.split("+")]
    headers = office.messaging.headers_of(*grants, subject=who) | {"Accept": "*/*"}
    method = "POST" if "data" in how else "GET"
    return await office.client.request(method, path, headers=headers, **how)


async def test_a_resident_complains_and_follows_it_by_its_code() -> None:
    async with desk() as office:
        form = await office.client.get("/pengaduan", headers=HTML)
        assert form.status_code == 200
        assert WORDS("complain.secrecy.anonymous") in form.text

        thanks = await complain(office)
        again = await complain(office)

        assert thanks.status_code == 200
        code = code_on(thanks)
        assert code_on(again) == code
        (kept,) = office.messaging.documents("complaints")
        assert (kept["channel"], kept["recorded_by"]) == ("online", "resident")
        assert "Senin, 3 April 2023" in thanks.text
        standing = await follow(office, kode=code.lower().replace("-", " "))
        assert WORDS("complain.state.received") in standing.text
        for shown in (thanks, standing):
            assert "Siti" not in shown.text
            assert TEXT not in shown.text


async def test_who_stays_anonymous_leaves_nothing_even_if_he_typed_it() -> None:
    async with desk() as office:
        assert (await complain(office, identitas="anonymous")).status_code == 200
        (kept,) = office.messaging.documents("complaints")
        shown = (await look(office, kept["_id"])).json()
        assert (shown["text"], shown["name"], shown["phone"]) == (TEXT, None, None)
        (sealed,) = office.messaging.documents("complaint_texts")
        assert list(sealed["sealed"]) == ["text"]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"program": "nowhere"}, "program", "program"),
        ({"jenis": ""}, "jenis", "jenis"),
        ({"uraian": " "}, "uraian", "uraian"),
        ({"identitas": ""}, "identitas", "identitas"),
        ({"nama": ""}, "nama", "nama"),
        ({"hp": "12"}, "hp", "hp"),
        ({"tentang": "agent"}, "tentang", "tentang_jenis"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_kept(
    changed: dict[str, str], field: str, words: str
) -> None:
    async with desk() as office:
        refused = await complain(office, **changed)
        assert refused.status_code == 422
        assert f'href="#{field}"' in refused.text
        assert html.escape(WORDS(f"complain.wrong.{words}", limit="2.000")) in refused.text
        if field != "uraian":
            assert TEXT in refused.text
        assert office.messaging.documents("complaints") == []


async def test_about_staff_from_the_page_is_for_those_who_may_see_it() -> None:
    async with desk() as office:
        sent = await complain(office, jenis="supervision", tentang="operator")
        assert sent.status_code == 200
        (kept,) = office.messaging.documents("complaints")
        assert (kept["kind"], kept["about"]) == ("supervision", "operator")
        assert (await page(office, f"/pengaduan-masuk/{kept['_id']}")).status_code == 404
        assert (await page(office, f"/pengaduan-masuk/{kept['_id']}", "head")).status_code == 200


async def test_forms_of_one_address_are_limited() -> None:
    async with desk(ask_limit_client="1/hour") as office:
        assert (await complain(office)).status_code == 200
        assert (await complain(office, kunci="kunci-yang-lain")).status_code == 429


async def test_wrong_codes_are_limited_and_a_requests_code_opens_none() -> None:
    async with desk(per_client="2/minute") as office:
        for kode in ("7K2M-9QXT-04BC-ZV3H", "x"):
            unknown = await follow(office, kode=kode)
            assert (unknown.status_code, WORDS("complain.code_wrong.unknown") in unknown.text) == (
                422,
                True,
            )
        assert (await follow(office, kode="x")).status_code == 429
        empty = await office.client.get("/pengaduan/lacak", headers=HTML)
        assert empty.status_code == 200


async def test_a_pass_ends_after_an_hour() -> None:
    async with desk() as office:
        one = await answered(office)
        shown = pass_on(await follow(office, kode=one["code"]))
        assert (await follow(office, tanda=shown)).status_code == 200
        office.messaging.clock.advance(hours=1, seconds=1)
        over = await follow(office, tanda=shown)
        assert (over.status_code, WORDS("complain.code_wrong.pass") in over.text) == (422, True)


async def test_the_answer_is_read_rated_opened_again_accepted_and_forgotten() -> None:
    async with desk() as office:
        one = await answered(office)
        standing = await follow(office, kode=one["code"])
        assert ANSWER in standing.text
        assert "Siti" not in standing.text
        tanda = pass_on(standing)

        rated = await follow(office, tanda=tanda, aksi="nilai", nilai="4")
        twice = await follow(office, tanda=tanda, aksi="nilai", nilai="1")
        none = await follow(office, tanda=tanda, aksi="nilai", nilai="12")
        empty = await follow(office, tanda=tanda, aksi="buka", uraian=" ")
        again = await follow(office, tanda=tanda, aksi="buka", uraian="Belum berubah")

        assert WORDS("complain.noted.nilai") in rated.text
        assert WORDS("complain.refused.rated_already") in twice.text
        assert WORDS("complain.refused.rating_malformed") in none.text
        assert (empty.status_code, WORDS("complain.refused.text_malformed") in empty.text) == (
            422,
            True,
        )
        assert WORDS("complain.state.reopened") in again.text
        assert "Belum berubah" in again.text
        (await step(office, one["complaint_id"], "take")).raise_for_status()
        path = f"/pengaduan-masuk/{one['complaint_id']}"
        await page(office, path, data={"aksi": "jawab", "uraian": "Sudah diperbaiki"})
        done = await follow(office, tanda=tanda, aksi="terima")
        assert WORDS("complain.noted.terima") in done.text
        gone = await follow(office, tanda=tanda, aksi="hapus")
        assert WORDS("complain.noted.hapus") in gone.text
        (decided,) = office.messaging.documents("erasures")
        assert (decided["_id"], decided["asked_by"]) == (one["complaint_id"], "resident")


async def test_a_form_that_is_sent_twice_is_done_once() -> None:
    async with desk() as office:
        one = await closed(office)
        tanda = pass_on(await follow(office, kode=one["code"]))
        form = {
            "tanda": tanda,
            "aksi": "buka",
            "uraian": "Belum berubah",
            "kunci": "kunci-uji-satu",
        }
        for _ in range(2):
            assert (await follow(office, **form)).status_code == 200
        (kept,) = office.messaging.documents("complaints")
        assert kept["reopened"] == 1


async def test_staff_work_on_it_by_page() -> None:
    async with desk() as office:
        id_ = (await made(office))["complaint_id"]
        path = f"/pengaduan-masuk/{id_}"
        found = await page(office, "/pengaduan-masuk?program=botram")
        assert path in found.text
        assert TEXT not in found.text
        shown = await page(office, path)
        assert TEXT in shown.text
        assert "Siti Contoh" in shown.text
        (read,) = office.messaging.documents("person_reads")
        assert (read["case_id"], read["route"]) == (id_, "GET /pengaduan-masuk/{complaint_id}")

        early = await page(office, path, data={"aksi": "jawab", "uraian": ANSWER})
        assert WORDS("complaints.wrong.not_in_work") in early.text
        await page(office, path, data={"aksi": "ambil"})
        empty = await page(office, path, data={"aksi": "jawab", "uraian": " "})
        assert WORDS("complaints.wrong.text_malformed") in empty.text
        said = await page(office, path, data={"aksi": "jawab", "uraian": ANSWER})
        assert said.headers["location"] == f"/intake{path}?selesai=jawab"
        after = await page(office, f"{path}?selesai=jawab")
        assert WORDS("complaints.done.jawab") in after.text
        assert ANSWER in after.text
        await page(office, path, data={"aksi": "selesai"})
        assert (await look(office, id_)).json()["state"] == "closed"
        assert path in (await page(office, "/pengaduan-masuk?keadaan=selesai")).text


async def test_the_flag_stands_above_the_list() -> None:
    async with desk() as office:
        id_ = (await made(office, kind="information"))["complaint_id"]
        before = await page(office, "/pengaduan-masuk", "supervisor")
        office.messaging.clock.advance(days=8)
        await office.messaging.settle()
        after = await page(office, "/pengaduan-masuk", "supervisor")
        flag = WORDS("complaints.flagged", count=1)
        assert (flag in before.text, flag in after.text) == (False, True)
        late = await page(office, "/pengaduan-masuk?lewat=ya", "supervisor")
        assert f"/pengaduan-masuk/{id_}" in late.text


async def test_the_page_of_one_about_staff_waits_for_the_second() -> None:
    async with desk() as office:
        id_ = (await made(office, **STAFF))["complaint_id"]
        path = f"/pengaduan-masuk/{id_}"
        first = await page(office, path, "supervisor", "sri", data={"aksi": "periksa"})
        assert first.status_code == 303
        alone = await page(office, path, "supervisor", "sri")
        assert WORDS("complaints.second_needed") in alone.text
        assert TEXT not in alone.text
        await page(office, path, "auditor", "budi", data={"aksi": "periksa"})
        assert TEXT in (await page(office, path, "supervisor", "sri")).text
        assert TEXT in (await page(office, path, "auditor", "budi")).text
        about_him = await page(office, path, "agent+supervisor", "doni")
        assert about_him.status_code == 404


async def test_whom_it_is_about_is_noted_by_page() -> None:
    async with desk() as office:
        id_ = (await made(office, **STAFF))["complaint_id"]
        await opened(office, id_, "sri", "tuti")
        path = f"/pengaduan-masuk/{id_}"
        refused = await page(
            office, path, "supervisor", "sri", data={"aksi": "sebut", "akun": "sri"}
        )
        assert WORDS("complaints.wrong.own_account") in refused.text
        own = await act(
            office, "POST", f"/complaints/{id_}/accused", "head", json={"account_id": "a-x"}
        )
        assert own.json()["reason"] == "account_unknown"
