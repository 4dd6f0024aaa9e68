"""A resident asks by page: one thing a page, checked, sent once, and limited by address."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from services.intake.app import TEXTS
from shared.web.texts import Texts
from tests.component.intake.catalogues import FAMILY_CARD, entry
from tests.component.intake.kit import BOTRAM, Desk, desk
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)
HTML = {"Accept": "text/html"}
KEY = "kunci-buatan-uji"
ALONE: Final = "Tidak lewat halaman ini."
FILLED: Final = {
    "kunci": KEY,
    "layanan": "daring/KK",
    "untuk": "saya",
    "nama": "Siti Contoh",
    "nik": NIK,
    "lahir": "31-12-1990",
    "kecamatan": "32.16.18",
    "hp": "0812-0000-0001",
}


def offered(**changed: Any) -> dict[str, Any]:
    """Return a catalogue whose KK and KIA may be asked for by page."""
    by_page = [{"channel": "online", "promise": "whole"}]
    part = [{"channel": "online", "promise": "part", "text": "Kartu diambil sendiri."}]
    none = [{"channel": "online", "promise": "none", "text": ALONE}]
    return {
        "entries": [
            entry("KK", "KK", FAMILY_CARD, channels=by_page),
            entry("KIA", "KIA", FAMILY_CARD, channels=part),
            entry("IKD", "IKD", channels=none),
        ],
        "bringing": [{"channel": "online", "text": "Foto dokumen asli."}],
        "waiver_reasons": [{"code": "seen_in_siak", "text": "Data cocok di SIAK"}],
        "cost": "Gratis.",
        "complaints": "Lewat lapor.go.id.",
        **changed,
    }


@asynccontextmanager
async def by_page(**changed: Any) -> AsyncIterator[Desk]:
    """Intake with a programme that residents may ask of by page."""
    catalogue = changed.pop("catalogue", offered())
    async with desk(**changed) as office:
        made = await office.publish("daring", {**BOTRAM, "name": "Daring", "channels": ["online"]})
        made.raise_for_status()
        path = "/programmes/daring/catalogue"
        (await office.ask("PUT", path, "admin", json=catalogue)).raise_for_status()
        yield office


async def post(office: Desk, step: str, action: str = "lanjut", **form: str) -> httpx.Response:
    data = {"langkah": step, "aksi": action, **form}
    return await office.client.post("/ajukan", data=data, headers=HTML)


async def sent(office: Desk, **changed: str) -> httpx.Response:
    return await post(office, "periksa", "kirim", **{**FILLED, **changed})


def hidden(page: str) -> dict[str, str]:
    """Return what goes on with the form."""
    return dict(re.findall(r'type="hidden" name="([a-z_]+)" value="([^"]*)"', page))


def code_of(page: str) -> str:
    (code,) = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", page.split("<form", maxsplit=1)[0])
    return str(code)


async def test_where_nobody_takes_requests_by_page_it_says_what_there_is_instead() -> None:
    async with desk() as office:
        page = (await office.client.get("/ajukan", headers=HTML)).text
    assert WORDS("ask.nobody") in page
    assert 'href="/intake/ke-mana"' in page or 'href="/ke-mana"' in page
    assert "<form" not in page.split("<main")[1]


async def test_only_what_the_channel_promises_can_be_chosen() -> None:
    async with by_page() as office:
        page = (await office.client.get("/ajukan", headers=HTML)).text
        assert "daring/KK" in page
        assert "Kartu diambil sendiri." in page
        assert "daring/IKD" not in page
        refused = await post(office, "layanan", layanan="daring/IKD")
        assert refused.status_code == 422
        assert (await sent(office, layanan="daring/IKD")).status_code == 422
        assert office.messaging.documents("cases") == []


async def test_the_page_of_a_service_leads_to_the_form_where_it_may_be_asked_for() -> None:
    async with by_page() as office:
        for entry_code, leads in (("KK", True), ("KIA", True), ("IKD", False)):
            page = (await office.client.get(f"/layanan/daring/{entry_code}", headers=HTML)).text
            assert ('href="/intake/ajukan"' in page) == leads, entry_code


async def test_the_way_from_page_to_page_asks_one_thing_at_a_time_and_keeps_the_rest() -> None:
    async with by_page() as office:
        page = (await office.client.get("/ajukan", headers=HTML)).text
        kept = hidden(page)
        walked = []
        for fields in (
            {"layanan": "daring/KIA"},
            {"untuk": "anak"},
            {"nama": "Anak Contoh", "nik": "", "lahir": "1-2-2020"},
            {"nama_wali": "Siti Contoh", "nik_wali": NIK, "dasar": "parent"},
            {"kecamatan": "32.16.18"},
            {"hp": ""},
        ):
            step = kept.pop("langkah")
            walked.append(step)
            answer = await post(office, step, **{**kept, **fields})
            assert answer.status_code == 200, answer.text
            kept = hidden(answer.text)
        assert walked == ["layanan", "untuk", "orang", "wali", "tempat", "hp"]
        assert "Anak Contoh" in answer.text
        assert "Sabtu, 1 Februari 2020" in answer.text
        assert NIK not in re.sub(r"<input[^>]*>", "", answer.text)
        back = await post(office, kept.pop("langkah"), "orang", **kept)
        assert 'value="Anak Contoh"' in back.text
        kept = hidden(back.text)
        kept.pop("langkah")
        again = {"nama": "Anak Contoh Dua", "nik": "", "lahir": "1-2-2020"}
        checked = await post(office, "orang", **{**kept, **again})
        assert WORDS("ask.send") in checked.text
        assert "Anak Contoh Dua" in checked.text
        assert office.messaging.documents("cases") == []


async def test_what_is_sent_is_a_case_with_code_day_and_papers_and_shows_nobody() -> None:
    async with by_page() as office:
        answer = await sent(office)
        assert answer.status_code == 200, answer.text
        code = code_of(answer.text)
        assert "Rabu, 15 Maret 2023" in answer.text
        assert "Bawa Kartu Keluarga." in answer.text
        assert "Foto dokumen asli." in answer.text
        assert WORDS("ask.free") in answer.text
        assert not any(one in answer.text for one in ("Siti", NIK, "0812"))
        tracked = (await office.track(code)).json()
        assert tracked["state"] == "received"
        (case,) = office.messaging.documents("cases")
        assert (case["channel"], case["entry"]) == ("online", "KK")
        last = office.messaging.documents("actions")[-1]
        assert (last["actor"], last["action"]) == ("resident", "POST /ajukan")
        shown = (await office.operator("GET", f"/requests/{case['_id']}")).json()
        assert shown["applicant"]["name"] == "Siti Contoh"


async def test_a_child_is_asked_for_by_a_guardian_and_another_by_a_proxy() -> None:
    child = {"untuk": "anak", "nik": "", "lahir": "2020-02-01", "dasar": "parent"}
    speaker = {"nama_wali": "Ibu Contoh", "nik_wali": ""}
    async with by_page() as office:
        assert (await sent(office, **child, **speaker)).status_code == 200
        other = {"untuk": "orang_lain", **speaker, "kunci": "kunci-yang-lain"}
        assert (await sent(office, **other)).status_code == 200
        first, second = office.messaging.documents("cases")
        assert {"applicant", "guardian"} == set(first["parties"])
        assert first["child"]
        assert {"applicant", "proxy"} == set(second["parties"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"nama": " "}, "nama"),
        ({"nama": "x" * 61}, "nama"),
        ({"nama": "a\nb"}, "nama"),
        ({"nik": "123"}, "nik"),
        ({"nik": "0016990101900001"}, "nik"),
        ({"nik": "9916990101900001"}, "nik"),
        ({"lahir": "32-01-2000"}, "lahir"),
        ({"lahir": "12-03-2023"}, "lahir"),
        ({"lahir": "1-1-1899"}, "lahir"),
        ({"kecamatan": "32.75.01"}, "kecamatan"),
        ({"kecamatan": ""}, "kecamatan"),
        ({"hp": "021-555"}, "hp"),
        ({"untuk": "kucing"}, "untuk"),
        ({"layanan": "botram/KK"}, "layanan"),
        ({"untuk": "anak", "lahir": "", "nama_wali": "A", "dasar": "parent"}, "lahir"),
        ({"untuk": "anak", "nama_wali": "A", "dasar": "power_of_attorney"}, "dasar"),
        ({"untuk": "anak", "nama_wali": "A", "dasar": "parent", "nik_wali": NIK}, "nik_wali"),
        ({"untuk": "orang_lain", "nama_wali": ""}, "nama_wali"),
    ],
)
async def test_what_is_wrong_is_named_beside_its_field_and_nothing_is_kept(
    changed: dict[str, str], field: str
) -> None:
    async with by_page() as office:
        answer = await sent(office, **changed)
        assert answer.status_code == 422
        assert f'<a href="#{field}">' in answer.text
        assert f'id="{field}"' in answer.text
        assert office.messaging.documents("cases") == []


async def test_a_form_that_is_sent_twice_is_done_once_and_shows_the_same_code() -> None:
    async with by_page() as office:
        first, second = await sent(office), await sent(office)
        assert code_of(first.text) == code_of(second.text)
        assert len(office.messaging.documents("cases")) == 1
        other = await sent(office, nama="Orang Lain")
        assert code_of(other.text) != code_of(first.text)


async def test_scripts_in_fields_are_words() -> None:
    bad = '"><script>alert(1)</script>'
    async with by_page() as office:
        for step in ("layanan", "untuk", "orang", "wali", "tempat", "hp", "periksa"):
            form = dict.fromkeys(FILLED, bad) | {"untuk": "anak", "nama_wali": bad, "sudah": bad}
            answer = await post(office, step, "kembali", **form)
            assert "<script>alert" not in answer.text
        shown = await post(office, "hp", **{**FILLED, "nama": "<script>alert(1)</script>"})
        assert "&lt;script&gt;alert(1)" in shown.text
        assert "<script>alert" not in shown.text


async def test_whoever_leaps_ahead_is_led_to_what_is_missing() -> None:
    async with by_page() as office:
        for action in ("lanjut", "periksa", "kirim", "kembali"):
            answer = await post(office, "periksa", action)
            assert answer.status_code in (200, 422), answer.text
            assert 'value="kirim"' not in answer.text
        assert office.messaging.documents("cases") == []


async def test_a_field_without_end_and_another_site_are_refused() -> None:
    async with by_page() as office:
        assert (await sent(office, nama="x" * 301)).status_code == 422
        evil = {**HTML, "Origin": "http://evil.test"}
        data = {**FILLED, "langkah": "periksa", "aksi": "kirim"}
        answer = await office.client.post("/ajukan", data=data, headers=evil)
        assert answer.status_code == 403
        assert office.messaging.documents("cases") == []


async def test_one_address_asks_so_often_and_no_more() -> None:
    async with by_page(ask_limit_client="2/hour") as office:
        codes = [(await sent(office, kunci=f"kunci-nomor-{one}")).status_code for one in "abc"]
        assert codes == [200, 200, 429]
        assert len(office.messaging.documents("cases")) == 2


async def test_a_stranger_is_not_told_that_somebody_is_restricted() -> None:
    async with by_page() as office:
        await sent(office)
        (case,) = office.messaging.documents("cases")
        resident = await office.resident(case["_id"])
        path = f"/residents/{resident}/restriction"
        stopped = await office.person("POST", path, json={"reason": "Permintaan warga"})
        stopped.raise_for_status()
        answer = await sent(office, kunci="kunci-yang-lain")
        assert answer.status_code == 422
        assert WORDS("ask.refused.other") in answer.text
        assert "batas" not in answer.text.split("<main")[1].lower()


async def test_a_day_without_room_carries_over_and_the_page_says_so() -> None:
    full = offered(daily_caps=[{"service": "KK", "requests": 1}])
    async with by_page(catalogue=full) as office:
        await sent(office)
        answer = await sent(office, kunci="kunci-yang-lain", nik="", nama="Orang Lain")
        assert WORDS("tracking.carried_over") in answer.text
        assert "Senin, 13 Maret 2023" in answer.text
