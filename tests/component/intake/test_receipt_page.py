"""A recipient confirms on the page where he reads how his request stands."""

import re
from typing import Any, Final

import httpx

from services.intake.app import TEXTS
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_home, desk
from tests.component.intake.test_track import brought

WORDS: Final = Texts.load(TEXTS)
HTML: Final = {"Accept": "text/html"}
TOLD: Final = "intake.receipt_confirmed.v1"
FORM: Final = 'action="/intake/lacak/terima"'


async def opened(office: Desk, recorded: dict[str, Any]) -> str:
    """Open the page with the tracking code."""
    form = {"kode": recorded["tracking_code"]}
    return (await office.client.post("/lacak", data=form, headers=HTML)).text


async def confirm(office: Desk, page: str, code: str) -> httpx.Response:
    """Send the form of the page with a receipt code."""
    (shown,) = set(re.findall(r'name="tanda" value="([^"]+)"', page))
    form = {"tanda": shown, "kode_terima": code}
    return await office.client.post("/lacak/terima", data=form, headers=HTML)


def told(office: Desk) -> int:
    return [one.type for one in office.messaging.published].count(TOLD)


async def test_whoever_has_the_receipt_code_confirms_once_however_often_he_sends_it() -> None:
    async with desk() as office:
        recorded = await brought(office)
        page = await opened(office, recorded)
        assert recorded["tracking_code"] not in page
        for _ in range(2):
            answer = await confirm(office, page, recorded["receipt_code"].lower())
            assert answer.status_code == 200
            assert WORDS("track.receipt_noted") in answer.text
            assert FORM not in answer.text
        # The same word by the API is the same command.
        assert (await office.confirm(recorded)).status_code == 200
        assert told(office) == 1
        action = office.messaging.documents("actions")[-1]
        assert (action["actor"], action["action"]) == ("resident", "POST /api/track/receipt")


async def test_a_code_that_is_wrong_or_missing_is_said_beside_its_field_and_changes_nothing() -> (
    None
):
    async with desk() as office:
        page = await opened(office, recorded := await brought(office))
        for code, words in (
            ("0K2M-9QXT", "tracking.receipt_wrong"),
            (recorded["tracking_code"], "tracking.receipt_wrong"),
            (" ", "tracking.receipt_empty"),
        ):
            answer = await confirm(office, page, code)
            assert answer.status_code == 422
            assert WORDS(words) in answer.text
            assert 'href="#kode_terima"' in answer.text
            assert code.strip() == "" or code not in answer.text
        assert told(office) == 0


async def test_wrong_codes_close_a_case_to_guessing_by_page_and_by_api_together() -> None:
    async with desk(per_case="2/hour") as office:
        page = await opened(office, recorded := await brought(office))
        await confirm(office, page, "7K2M-9QXT")
        await office.confirm(recorded, receipt_code="7K2M-9QXT")
        assert (await confirm(office, page, recorded["receipt_code"])).status_code == 429
        assert (await office.confirm(recorded)).status_code == 429
        assert told(office) == 0


async def test_wrong_codes_count_for_who_sends_them() -> None:
    async with desk(per_client="1/hour") as office:
        page = await opened(office, recorded := await brought(office))
        assert (await confirm(office, page, "7K2M-9QXT")).status_code == 422
        assert (await confirm(office, page, recorded["receipt_code"])).status_code == 429


async def test_what_no_agent_has_fetched_is_not_asked_for_and_cannot_be_confirmed() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        page = await opened(office, recorded)
        assert FORM not in page
        form = {"kode": recorded["tracking_code"], "kode_terima": recorded["receipt_code"]}
        answer = await office.client.post("/lacak/terima", data=form, headers=HTML)
        assert answer.status_code == 422
        assert WORDS("receipt.not_issued") in answer.text
        assert FORM not in answer.text, "what was refused would be refused again"
        assert "kode_terima" not in answer.text
        assert told(office) == 0


async def test_the_address_of_a_confirmation_leads_to_the_form() -> None:
    async with desk() as office:
        answer = await office.client.get("/lacak/terima", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/intake/lacak")


async def test_without_a_code_or_with_a_pass_that_is_none_the_code_is_asked_for() -> None:
    async with desk() as office:
        recorded = await brought(office)
        assert "mengirim" not in WORDS("papers.pass"), "he confirms, and sends nothing"
        for form in ({}, {"tanda": "x"}, {"kode": "7K2M-9QXT-04BC-ZV3H"}):
            sent = {**form, "kode_terima": recorded["receipt_code"]}
            answer = await office.client.post("/lacak/terima", data=sent, headers=HTML)
            assert answer.status_code == 422
            assert WORDS("tracking.label") in answer.text
        assert told(office) == 0


async def test_nobody_takes_one_code_for_a_part_of_the_other() -> None:
    async with desk() as office:
        recorded = await brought(office)
        page = await opened(office, recorded)
        assert "bukan bagian dari kode permohonan" in page
        code, receipt = (
            re.findall(r"misalnya ([0-9A-Z-]+)", WORDS(f"tracking.{name}"))
            for name in ("hint", "receipt_hint")
        )
        assert [len(one[0].split("-")) for one in (code, receipt)] == [4, 2]
        assert not set(code[0].split("-")) & set(receipt[0].split("-"))
