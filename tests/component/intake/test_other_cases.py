"""On the page of a case: what may be the same, and what was recorded in the same visit."""

from services.intake.app import TEXTS
from shared.web.texts import Texts
from tests.component.intake.kit import desk, in_visit
from tests.component.intake.test_account_pages import page
from tests.component.intake.test_desk_pages import PAMOR, listed, officer
from tests.component.intake.test_hints import asked

WORDS = Texts.load(TEXTS)


async def test_what_may_be_the_same_is_offered_to_who_works_on_it_within_his_reach() -> None:
    async with desk() as office:
        far = str((await office.record(asked(region_code="32.75.02.1001")))["case_id"])
        first, second = [
            str((await office.record(asked(channel=channel)))["case_id"])
            for channel in ("agent", "eopen")
        ]
        everywhere = await officer(office, grant=PAMOR)
        near = await officer(office, "tono", "operator:halo_pamor:32.75.01")
        sari = await officer(office, "sari", "supervisor:halo_pamor:32.75")
        pages = [
            (await page(who, "GET", f"/meja/{second}")).text for who in (everywhere, near, sari)
        ]
        (await office.step(first, "cancel")).raise_for_status()
        (await office.step(far, "cancel")).raise_for_status()
        after = (await page(everywhere, "GET", f"/meja/{second}")).text
    assert [set(listed(text)) for text in pages] == [{far, first}, {first}, set()]
    assert WORDS("case.alike") in pages[0]
    assert WORDS("case.alike") not in after


async def test_the_cases_of_one_visit_lead_to_each_other() -> None:
    async with desk() as office:
        visit = (await office.operator("POST", "/visits", json=in_visit())).json()
        first, second = [one["case_id"] for one in visit["requests"]]
        siti = await officer(office)
        text = (await page(siti, "GET", f"/meja/{first}")).text
    assert listed(text) == [second]
    assert WORDS("case.together") in text
    assert WORDS("case.alike") not in text
