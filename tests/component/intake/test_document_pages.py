"""The issued document on the page of its case: what was found of it, and a second person's word."""

import re
from typing import Any

import httpx
import pytest

from services.intake.app import TEXTS
from services.intake.domain import Compared, Comparison, Signature, WhyRight
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, at_home, desk
from tests.component.intake.people import Browser
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_desk_pages import PAMOR, act, officer
from tests.unit.files.letters import card, scanned
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)
WHY = {"sebab": "spelled_otherwise", "penjelasan": "Sesuai register"}
SEND = 'data-upload="/intake/api/requests/'


async def fetched(office: Desk, **changed: Any) -> str:
    """Record a request whose document is a PDF and fetched; return its id."""
    body = at_home(pick_up=False, deliver=False, rw=None, **changed)
    return str((await office.record(body))["case_id"])


async def shown(browser: Browser, case_id: str) -> str:
    return (await page(browser, "GET", f"/meja/{case_id}")).text


async def confirm(browser: Browser, case_id: str, text: str, **changed: str) -> httpx.Response:
    """Send the second person's form as the page has it."""
    form = dict(hidden(text.partition(f"/meja/{case_id}/dokumen")[2])) | WHY | changed
    return await page(browser, "POST", f"/meja/{case_id}/dokumen", data=form)


async def test_a_document_can_be_sent_before_issue_where_the_service_ends_in_a_pdf() -> None:
    async with desk() as office:
        case_id = await fetched(office)
        browser = await officer(office, grant=PAMOR)
        supervisor = await officer(office, "sari", "supervisor:halo_pamor:32.75")
        before = await shown(browser, case_id)
        hers = await shown(supervisor, case_id)
        card_id = await fetched(office, service="KIA")
        no_pdf = await shown(browser, card_id)
        (await office.step(case_id, "issue")).raise_for_status()
        after = await shown(browser, case_id)
    address = f'{SEND}{case_id}/document"'
    assert [address in one for one in (before, hers, after)] == [True, False, False]
    assert f'{SEND}{card_id}/document"' not in no_pdf
    assert WORDS("document.none") in before


async def test_the_right_one_is_said_to_match_and_whether_it_is_signed() -> None:
    async with desk() as office:
        case_id = await fetched(office)
        await office.document(case_id, card("SITI CONTOH", NIK))
        browser = await officer(office, grant=PAMOR)
        text = await shown(browser, case_id)
        done = await act(browser, case_id, "langkah", langkah="issue")
    assert WORDS("document.comparison.match") in text
    assert WORDS("document.signature.unsigned") in text
    assert WORDS("document.differs") not in text
    assert WORDS("document.confirm") not in text
    assert done.status_code == 303


async def test_the_wrong_one_blocks_names_fields_and_waits_for_another() -> None:
    async with desk() as office:
        case_id = await fetched(office)
        browser = await officer(office, grant=PAMOR)
        await office.document(case_id, card("SITI CONTAH", NIK))
        text = await shown(browser, case_id)
        refused = await act(browser, case_id, "langkah", langkah="issue")
        done = await confirm(browser, case_id, text)
        after = await shown(browser, case_id)
        issued = await act(browser, case_id, "langkah", langkah="issue")
    assert WORDS("document.comparison.mismatch") in text
    assert (
        re.findall(r"<li>([^<]+)</li>", text.partition(WORDS("document.differs"))[2])[0] == "nama"
    )
    assert "CONTAH" not in text
    assert refused.status_code == 409
    assert WORDS("case.wrong.document_mismatch") in refused.text
    assert done.headers["location"] == f"/intake/meja/{case_id}?selesai=pastikan"
    assert WORDS("document.reason.spelled_otherwise") in after
    assert WHY["penjelasan"] in after
    assert WORDS("document.confirm_do") not in after
    assert issued.status_code == 303
    assert office.messaging.documents("documents")[0]["issued"] is True


async def test_who_sent_it_is_told_that_another_has_to_look() -> None:
    async with desk() as office:
        case_id = await fetched(office)
        browser = await officer(office, grant=PAMOR)
        path = f"/requests/{case_id}/document"
        sent = await browser.ask(
            "POST", path, content=scanned(), headers={"Content-Type": "application/pdf"}
        )
        file_id = sent.raise_for_status().json()["file_id"]
        (await browser.ask("POST", f"{path}/{file_id}", json={})).raise_for_status()
        text = await shown(browser, case_id)
        own = await page(
            browser, "POST", f"/meja/{case_id}/dokumen", data={"berkas": file_id, **WHY}
        )
        supervisor = await officer(office, "sari", "supervisor:halo_pamor:32.75")
        hers = await shown(supervisor, case_id)
    assert WORDS("document.comparison.unreadable") in text
    assert WORDS("document.waits_for_another") in text
    assert WORDS("document.confirm_do") not in text
    assert own.status_code == 409
    assert WORDS("case.wrong.own_document") in own.text
    assert WORDS("document.confirm_do") in hers


@pytest.mark.parametrize("said", ["", "x" * 201, f"NIK {NIK}"])
async def test_an_explanation_is_needed_that_names_no_number(said: str) -> None:
    async with desk() as office:
        case_id = await fetched(office)
        await office.document(case_id, card("TONO CONTOH", NIK))
        browser = await officer(office, grant=PAMOR)
        answer = await confirm(browser, case_id, await shown(browser, case_id), penjelasan=said)
        document = office.messaging.documents("documents")[0]["document"]
    assert answer.status_code == 409
    assert answer.text.count(WORDS("case.wrong.explanation_malformed")) == 2
    assert document["confirmation"] is None


async def test_the_word_needs_a_fresh_sign_in_and_goes_on_after_it() -> None:
    async with desk() as office:
        case_id = await fetched(office)
        await office.document(case_id, card("TONO CONTOH", NIK))
        browser = await officer(office, grant=PAMOR)
        office.messaging.clock.advance(minutes=9)
        (await browser.refresh()).raise_for_status()
        office.messaging.clock.advance(minutes=2)
        asking = await confirm(browser, case_id, await shown(browser, case_id))
        carried = dict(hidden(asking.text)) | {"bukti_sandi": "kebun teh di Puncak 7"}
        done = await page(browser, "POST", f"/meja/{case_id}/dokumen", data=carried)
    assert WORDS("proof.doing.pastikan") in asking.text
    assert done.status_code == 303


def test_there_are_words_for_everything_that_is_found() -> None:
    keys = [
        *(f"document.result.{one}" for one in Comparison),
        *(f"document.comparison.{one}" for one in Comparison),
        *(f"document.signature.{one}" for one in Signature),
        *(f"document.field.{one}" for one in Compared),
        *(f"document.reason.{one}" for one in WhyRight),
    ]
    assert [key for key in keys if key not in WORDS] == []
