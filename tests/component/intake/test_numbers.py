"""A case is found at the desk by the number on the receipt of a counter."""

import pytest

from services.intake.app import TEXTS
from services.intake.domain.counter import read_number
from shared.web.texts import Texts
from tests.component.intake.kit import Desk, desk, in_visit
from tests.component.intake.test_account_pages import page
from tests.component.intake.test_counters import claimed
from tests.component.intake.test_desk_pages import PAMOR, listed, officer
from tests.unit.intake.sample import NIK

WORDS = Texts.load(TEXTS)


async def sent(office: Desk, number: str, requests: int) -> list[str]:
    body = in_visit(counter=claimed(number))
    if requests == 1:
        body |= {"people": [{"name": "Tono Contoh"}], "requests": body["requests"][1:]}
    visit = await office.operator("POST", "/visits", json=body)
    return [one["case_id"] for one in visit.raise_for_status().json()["requests"]]


async def test_one_case_is_gone_to_several_are_listed_and_none_is_said() -> None:
    async with desk() as office:
        (alone,), several = [await sent(office, f"7K2M-00{many}", many) for many in (1, 2)]
        siti, other = await officer(office), await officer(office, "tono", PAMOR)
        one = await page(siti, "GET", "/meja/nomor?nomor=7k2m-001")
        two = (await page(siti, "GET", "/meja/nomor?nomor=7K2M002")).text
        none, far = [
            (await page(who, "GET", f"/meja/nomor?nomor=7K2M-00{many}")).text
            for who, many in ((siti, 3), (other, 1))
        ]
        wrong = (await page(siti, "GET", "/meja/nomor?nomor=bukan")).text
    assert one.headers["location"] == f"/intake/meja/{alone}"
    assert listed(two) == several
    assert [listed(text) for text in (none, far, wrong)] == [[], [], []]
    assert [WORDS("number.none") in text for text in (none, far, wrong)] == [True, True, False]
    assert WORDS("number.malformed") in wrong


@pytest.mark.parametrize(
    ("typed", "to"),
    [("7k2m 003", "/intake/meja/nomor?nomor=7K2M-003"), (NIK, None), ("Siti Contoh", None)],
)
async def test_what_is_typed_stands_in_an_address_only_where_it_is_a_number(
    typed: str, to: str | None
) -> None:
    async with desk() as office:
        siti = await officer(office)
        form = (await page(siti, "GET", "/meja")).text.partition('action="/intake/meja/nomor"')
        answer = await page(siti, "POST", "/meja/nomor", data={"nomor": typed})
        empty = (await page(siti, "GET", "/meja/nomor")).text
    assert form[0].endswith('<form method="post" ')
    assert 'maxlength="12"' in form[2].partition("</form>")[0]
    assert answer.headers.get("location") == to
    assert typed not in answer.text
    assert (WORDS("number.malformed") in answer.text) is (to is None)
    assert WORDS("number.malformed") not in empty


async def test_laptops_of_other_programmes_with_the_same_number_hide_nobody() -> None:
    async with desk() as office:
        (case_id,) = await sent(office, "7K2M-001", 1)
        visits = office.messaging.memory.collections["visits"]
        (mine,) = visits.values()
        others = {f"0-{n}": mine | {"_id": f"0-{n}", "programme_id": "pamor"} for n in range(30)}
        office.messaging.memory.collections["visits"] = others | visits
        found = await page(await officer(office), "GET", "/meja/nomor?nomor=7K2M-001")
    assert found.headers["location"] == f"/intake/meja/{case_id}"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("7K2M-003", "7K2M-003"),
        (" 7k2m 003 ", "7K2M-003"),
        ("OIL7-12345", "0117-12345"),
        ("7K2M-03", None),
        ("7K2M-123456", None),
        ("7K2U-003", None),
        ("", None),
        ("7K2M-\u0663\u0663\u0663", None),
    ],
)
def test_a_number_is_read_however_it_is_typed(typed: str, number: str | None) -> None:
    assert read_number(typed) == number
