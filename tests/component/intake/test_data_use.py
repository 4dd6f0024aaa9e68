"""Purpose and legal basis: on the receipt, on the tracking page, and on a page of their own."""

from typing import Any

import pytest

from services.intake.app import TEXTS
from services.intake.cli.programmes import SHIPPED, ProgrammeFile
from services.intake.usecases.known_programmes import FRESH
from shared.web.texts import Texts
from tests.component.intake.kit import BOTRAM, HALO_PAMOR, Desk, at_event, at_home, desk
from tests.component.personal import NUMBERS, assert_refused

HTML = {"Accept": "text/html"}
WORDS = Texts.load(TEXTS)
USE: dict[str, Any] = {
    "purpose": "mencetak Kartu Identitas Anak",
    "basis": "UU 24/2013 dan Pasal 20 UU 27/2022",
    "recipients": ["Dinas Pendidikan Kabupaten Bekasi"],
    "contact": "loket informasi di Setu",
}


async def page(office: Desk, path: str) -> str:
    answer = await office.client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.json")), ids=lambda file: file.stem)
def test_every_programme_that_is_shipped_states_purpose_and_basis(file: Any) -> None:
    shipped = ProgrammeFile.model_validate_json(file.read_bytes())

    assert shipped.data_use.purpose
    assert "27/2022" in (shipped.data_use.basis or "")
    children = {service.code for service in shipped.services if service.child}
    assert children == {"KIA", "BIRTH_CERT"} & {service.code for service in shipped.services}


async def test_a_receipt_says_what_the_data_are_used_for_on_what_basis_and_where_to_read_on() -> (
    None
):
    async with desk() as office:
        (await office.publish("botram", {**BOTRAM, "data_use": USE})).raise_for_status()

        said = (await office.record(at_event()))["data_use"]

        for part in (USE["purpose"], USE["basis"], BOTRAM["owner"], "/intake/data-pribadi/botram"):
            assert part in said
        assert USE["contact"] in await page(office, "/data-pribadi/botram")


async def test_a_replay_says_the_same_and_no_answer_of_a_command_holds_it() -> None:
    async with desk() as office:
        first = await office.record(at_event(), key="the-same-key")
        assert await office.record(at_event(), key="the-same-key") == first
        assert WORDS("data_use.purpose") in first["data_use"]
        assert WORDS("data_use.purpose") not in str(office.messaging.memory.collections["inbox"])


async def test_a_programme_that_states_nothing_says_what_holds_for_all() -> None:
    async with desk() as office:
        said = (await office.record(at_home()))["data_use"]
        shown = await page(office, "/data-pribadi/halo_pamor")

    for key in ("data_use.purpose", "data_use.basis"):
        assert WORDS(key) in said
        assert WORDS(key) in shown


async def test_the_page_says_what_why_how_long_who_and_how_to_ask() -> None:
    async with desk() as office:
        body = {**BOTRAM, "retention_days": 1095, "data_use": USE}
        (await office.publish("botram", body)).raise_for_status()
        botram, pamor = [
            await page(office, f"/data-pribadi/{id_}") for id_ in ("botram", "halo_pamor")
        ]

    assert "1.095 hari" in botram
    assert USE["recipients"][0] in botram
    assert WORDS("data_use.agents") in pamor
    assert WORDS("data_use.agents") not in botram
    assert WORDS("data_use.no_retention") in pamor
    for shown in (botram, pamor):
        assert "3 x 24 jam" in shown
        assert "Komdigi" in shown
        for right in ("access", "correction", "restriction", "erasure", "withdrawal", "objection"):
            assert WORDS(f"data_use.right.{right}") in shown


async def test_a_service_about_children_is_named_as_specific_data() -> None:
    async with desk() as office:
        assert WORDS("data_use.children") not in await page(office, "/data-pribadi/botram")
        services = [{**one, "child": one["code"] == "KIA"} for one in BOTRAM["services"]]
        (await office.publish("botram", {**BOTRAM, "services": services})).raise_for_status()
        office.messaging.clock.advance(seconds=FRESH.total_seconds())
        assert WORDS("data_use.children") in await page(office, "/data-pribadi/botram")


async def test_the_tracking_page_says_it_in_short_and_leads_there() -> None:
    async with desk() as office:
        code = (await office.record(at_event()))["tracking_code"]
        tracked = await office.client.post("/lacak", data={"kode": code}, headers=HTML)
        form = await page(office, "/lacak")
        everywhere = await page(office, "/data-pribadi")

    short = WORDS("data_use.short", owner=BOTRAM["owner"], purpose=WORDS("data_use.purpose"))
    assert short in tracked.text
    assert 'href="/intake/data-pribadi/botram"' in tracked.text
    assert 'href="/intake/data-pribadi"' in form
    assert 'href="/intake/data-pribadi/halo_pamor"' in everywhere


async def test_an_unknown_programme_is_not_found_and_asks_nothing_of_the_database() -> None:
    async with desk() as office:
        await page(office, "/data-pribadi")
        office.messaging.memory.away = True
        try:
            answer = await office.client.get("/data-pribadi/dapur", headers=HTML)
            office.messaging.clock.advance(seconds=FRESH.total_seconds())
            known = await office.client.get("/data-pribadi/botram", headers=HTML)
        finally:
            office.messaging.memory.away = False

    assert (answer.status_code, known.status_code) == (404, 200)


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_word_about_data_holds_a_persons_number(number: str) -> None:
    async with desk() as office:
        for name in ("purpose", "basis", "contact"):
            body = {**HALO_PAMOR, "data_use": {name: number}}
            assert_refused(await office.publish("halo_pamor", body), f"/data_use/{name}", number)


async def test_it_is_kept_with_the_programme_and_with_its_copy_and_stands_in_no_event() -> None:
    async with desk() as office:
        (await office.publish("botram", {**BOTRAM, "data_use": USE})).raise_for_status()
        copy = {"programme_id": "sregep", "name": "SREGEP", "owner": "Bagian Kesra"}
        await office.ask("POST", "/programmes/botram/copies", "admin", json=copy)
        kept = (await office.operator("GET", "/programmes/sregep")).json()

        assert kept["data_use"] == USE
        assert "mencetak" not in str(office.messaging.published)
