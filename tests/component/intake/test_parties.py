"""Guardians and other people of a request over HTTP."""

from typing import Any

import pytest

from tests.component.intake.kit import BOTRAM, Desk, at_event, desk
from tests.unit.intake.sample import NIK

MOTHER: dict[str, Any] = {
    "party": "guardian",
    "basis": "parent",
    "name": "Siti Contoh",
    "nik": NIK,
    "phone": "0812-0000-0001",
}
CHILDREN = {
    **BOTRAM,
    "services": [{**one, "child": one["code"] == "KIA"} for one in BOTRAM["services"]],
}


async def ask(office: Desk, **changed: Any) -> Any:
    (await office.publish("botram", CHILDREN)).raise_for_status()
    return await office.operator("POST", "/requests", json=at_event(**changed))


async def shown(office: Desk, case_id: str) -> Any:
    return (await office.operator("GET", f"/requests/{case_id}")).json()


async def test_a_child_s_request_without_a_guardian_is_taken_with_a_warning() -> None:
    async with desk() as office:
        recorded = await ask(office)
        case_id = recorded.json()["case_id"]
        listed = (await office.operator("GET", "/requests?programme_id=botram")).json()

        assert (recorded.status_code, recorded.json()["warnings"]) == (201, ["guardian_missing"])
        assert (await shown(office, case_id))["warnings"] == ["guardian_missing"]
        assert [one["warnings"] for one in listed["items"]] == [["guardian_missing"]]


async def test_a_guardian_is_named_later_and_shown_masked() -> None:
    async with desk() as office:
        case_id = (await ask(office)).json()["case_id"]

        named = await office.operator("POST", f"/requests/{case_id}/parties", json=MOTHER)

        assert (named.status_code, named.json()) == (200, {"warnings": []})
        applicant, mother = (await shown(office, case_id))["parties"]
        assert applicant["party"] == "applicant"
        assert mother == {
            "party": "guardian",
            "resident_id": await office.resident(case_id, "guardian"),
            "erased": False,
            "name": "Siti Contoh",
            "nik": "3216********0001",
            "phone": "+62********001",
            "basis": "parent",
        }


async def test_a_birth_date_says_whether_it_is_a_child_s() -> None:
    async with desk() as office:
        grown = {"name": "Sukarno", "birth_date": "1985-03-12"}
        adult = await ask(office, applicant=grown)
        child = {"name": "Ani", "birth_date": "2020-03-12"}
        young = await ask(office, applicant=child, service="KK")

        assert adult.json()["warnings"] == []
        assert young.json()["warnings"] == ["guardian_missing"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"basis": None}, "/parties/0/basis"),
        ({"basis": "neighbour"}, "/parties/0/basis"),
        ({"party": "applicant"}, "/parties/0/party"),
        ({"name": ""}, "/parties/0/name"),
        ({"nik": "9916991203850001"}, "/parties/0/nik"),
        ({"birth_date": "1899-12-31"}, "/parties/0/birth_date"),
    ],
)
async def test_what_is_wrong_with_a_party_is_named(changed: dict[str, Any], field: str) -> None:
    async with desk() as office:
        refused = await ask(office, parties=[{**MOTHER, **changed}])

        assert refused.status_code == 422
        assert [one["field"] for one in refused.json()["errors"]] == [field]
        assert NIK not in refused.text


async def test_the_same_party_twice_and_a_sixth_are_refused() -> None:
    async with desk() as office:
        twice = await ask(office, parties=[MOTHER, MOTHER])
        many = await ask(office, parties=[MOTHER] * 6)
        case_id = (await ask(office, parties=[MOTHER])).json()["case_id"]
        again = await office.operator("POST", f"/requests/{case_id}/parties", json=MOTHER)
        nobody = {**MOTHER, "basis": None}
        lacking = await office.operator("POST", f"/requests/{case_id}/parties", json=nobody)

        assert (twice.status_code, many.status_code, lacking.status_code) == (422, 422, 422)
        assert [one["field"] for one in lacking.json()["errors"]] == ["/basis"]
        assert (again.status_code, again.json()["reason"]) == (409, "party_named")


async def test_nothing_of_a_guardian_is_published_or_kept_in_plain() -> None:
    async with desk() as office:
        recorded = await ask(office, parties=[MOTHER])
        assert recorded.status_code == 201

        kept = str(office.messaging.memory.collections)
        for text in ("Siti Contoh", NIK, "81200000001", "parent"):
            assert text not in kept
