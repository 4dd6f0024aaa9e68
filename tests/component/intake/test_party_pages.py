"""Somebody of a case is named on its page, and its warnings say who is missing."""

import pytest

from services.intake.app import TEXTS
from services.intake.domain import Basis, Party
from shared.web.texts import Texts
from tests.component.intake.catalogues import publish
from tests.component.intake.kit import Desk, at_event, desk
from tests.component.intake.people import Browser
from tests.component.intake.test_account_pages import hidden, page
from tests.component.intake.test_desk_pages import officer
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)
CHILD = {"name": "Bayi Contoh", "birth_date": "2023-01-02"}
MOTHER = {"sebagai": "guardian", "nama": "Siti Contoh", "nik": NIK, "dasar": "parent"}


async def child(office: Desk) -> str:
    """Record a child's request that names no guardian."""
    (await publish(office)).raise_for_status()
    return str((await office.record(at_event(applicant=CHILD)))["case_id"])


async def name(browser: Browser, case_id: str, **form: str) -> tuple[int, str]:
    answer = await page(browser, "POST", f"/meja/{case_id}/orang", data=form)
    return answer.status_code, answer.text


async def test_a_guardian_is_named_on_the_page_once_and_the_warning_goes() -> None:
    async with desk() as office:
        case_id = await child(office)
        browser = await officer(office)
        before = (await page(browser, "GET", f"/meja/{case_id}")).text
        form = dict(hidden(before.partition("/orang")[2])) | MOTHER
        first, again = [await name(browser, case_id, **form) for _ in range(2)]
        twice, said = await name(browser, case_id, **MOTHER)
        after = (await page(browser, "GET", f"/meja/{case_id}?selesai=orang")).text
        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
        kept = str(office.messaging.memory.collections)
    warning = WORDS("case.warning.guardian_missing")
    assert warning in before
    assert (first[0], again[0], twice) == (303, 303, 409)
    assert WORDS("case.wrong.party_named") in said
    assert warning not in after
    assert WORDS("case.done.orang") in after
    assert "Siti Contoh" in after
    assert NIK not in after
    (guardian,) = [one for one in shown["parties"] if one["party"] == "guardian"]
    assert (guardian["name"], guardian["basis"]) == ("Siti Contoh", "parent")
    assert not any(said in kept for said in ("Siti Contoh", NIK))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sebagai": "applicant"}, "sebagai"),
        ({"sebagai": "raja"}, "sebagai"),
        ({"nama": ""}, "nama"),
        ({"nama": "x" * 61}, "nama"),
        ({"nik": "123"}, "nik"),
        ({"nik": "99" + NIK[2:]}, "nik"),
        ({"hp": "12"}, "hp"),
        ({"lahir": "31-02-1990"}, "lahir"),
        ({"lahir": "2999-01-01"}, "lahir"),
        ({"lahir": "1-1-1"}, "lahir"),
        ({"dasar": ""}, "dasar"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    changed: dict[str, str], field: str
) -> None:
    async with desk() as office:
        case_id = await child(office)
        status, text = await name(await officer(office), case_id, **{**MOTHER, **changed})
    assert status == 409
    reason = "party_named" if changed.get("sebagai") == "applicant" else field
    assert text.count(WORDS(f"case.wrong.{reason}")) == 2
    assert f'href="#{field}"' in text
    assert f'aria-describedby="{field}-error"' in text or f" {field}-error" in text
    assert changed.get("nama") == "" or "Siti Contoh" in text or field == "nama"


async def test_a_proxy_speaks_by_his_power_and_is_warned_of_until_it_is_seen() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        applicant = {"name": "Siti Contoh", "nik": NIK, "birth_date": "1980-01-02"}
        recorded = await office.record(at_event(applicant=applicant))
        path, browser = f"/meja/{recorded['case_id']}", await officer(office)
        status, _ = await name(browser, recorded["case_id"], sebagai="proxy", nama="Kuasa Contoh")
        warned = (await page(browser, "GET", path)).text
        seen = {"aksi": "lihat", "syarat": "power_of_attorney"}
        await page(browser, "POST", path, data=seen)
        after = (await page(browser, "GET", path)).text
    warning = WORDS("case.warning.power_of_attorney_missing")
    assert status == 303
    assert warning in warned
    assert warning not in after


async def test_a_supervisor_names_nobody_and_a_closed_case_takes_nobody() -> None:
    async with desk() as office:
        case_id = await child(office)
        sari = await officer(office, "sari", "supervisor:botram:32.16")
        refused, _ = await name(sari, case_id, **MOTHER)
        hers = (await page(sari, "GET", f"/meja/{case_id}")).text
        (await office.step(case_id, "cancel")).raise_for_status()
        closed, text = await name(await officer(office), case_id, **MOTHER)
    assert refused == 403
    assert WORDS("case.name_party") not in hers
    assert closed == 409
    assert WORDS("case.wrong.closed") in text


def test_there_are_words_for_every_basis_and_party() -> None:
    keys = [*(f"counter.bases.{one}" for one in Basis), *(f"copy.party.{one}" for one in Party)]
    assert [key for key in keys if key not in WORDS] == []
