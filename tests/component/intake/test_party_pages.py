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
    chosen = before.partition('<select id="sebagai"')[2].partition("<option")[2]
    assert chosen.startswith(' value="">')
    assert (first[0], again[0], twice) == (303, 303, 409)
    assert WORDS("case.wrong.party_named") in said
    assert warning not in after
    assert WORDS("case.done.orang") in after
    assert "Siti Contoh" in after
    assert NIK not in after
    (guardian,) = [one for one in shown["parties"] if one["party"] == "guardian"]
    assert (guardian["name"], guardian["basis"]) == ("Siti Contoh", "parent")
    assert not any(said in kept for said in ("Siti Contoh", NIK))


async def test_whom_it_is_for_is_confirmed_by_his_name_and_then_a_guardian_is_asked_for() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        mother = {"name": "Siti Contoh", "nik": NIK, "birth_date": "1980-01-02"}
        case_id = str((await office.record(at_event(applicant=mother)))["case_id"])
        browser = await officer(office)
        path = f"/meja/{case_id}"
        before = (await page(browser, "GET", path)).text
        child = {"sebagai": "subject", "nama": " Bayi Contoh ", "lahir": "2023-01-02"}
        unsure = await name(browser, case_id, **child)
        other = await name(
            browser, case_id, **child | {"nama": "Anak Lain", "yakin": "Bayi Contoh"}
        )
        sure = await name(browser, case_id, **child, yakin="Bayi Contoh")
        after = (await page(browser, "GET", path)).text
        mothers = {"sebagai": "guardian", "nama": "Siti Contoh", "nik": NIK, "dasar": "parent"}
        named = await name(browser, case_id, **mothers)
    asked, warning = WORDS("case.wrong.yakin"), WORDS("case.warning.guardian_missing")
    assert (unsure[0], other[0], sure[0], named[0]) == (409, 409, 303, 303)
    assert (unsure[1].count(asked), other[1].count(asked)) == (2, 2)
    assert WORDS("case.sure_subject", name="Bayi Contoh") in unsure[1]
    assert WORDS("case.sure_subject", name="Anak Lain") in other[1]
    assert WORDS("case.sure_subject", name="Bayi Contoh") not in before
    assert [warning in text for text in (before, after)] == [False, True]


async def test_nobody_becomes_his_own_guardian_or_proxy_afterwards() -> None:
    async with desk() as office:
        (await publish(office)).raise_for_status()
        asks = {"name": "Siti Contoh", "nik": NIK}
        case_id = str((await office.record(at_event(applicant=asks)))["case_id"])
        browser = await officer(office)
        guardian = await name(browser, case_id, **MOTHER)
        proxy = await name(browser, case_id, **MOTHER | {"sebagai": "proxy"})
        parties = {"party": "proxy", "name": "Siti", "nik": NIK, "basis": "power_of_attorney"}
        by_api = await office.operator("POST", f"/requests/{case_id}/parties", json=parties)
        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
    for status, text in (guardian, proxy):
        assert status == 409
        assert text.count(WORDS("case.wrong.own_guardian")) == 2
    assert (by_api.status_code, by_api.json()["reason"]) == (409, "own_guardian")
    assert [one["party"] for one in shown["parties"]] == ["applicant"]


async def test_the_address_of_a_refused_form_leads_to_its_case() -> None:
    async with desk() as office:
        case_id = await child(office)
        answer = await page(await officer(office), "GET", f"/meja/{case_id}/orang")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/intake/meja/{case_id}")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"sebagai": ""}, "sebagai"),
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
