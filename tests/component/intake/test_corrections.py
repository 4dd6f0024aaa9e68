"""Corrections over HTTP: open requests say what is right, and what stood before stays sealed."""

from typing import Any

import pytest

from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.unit.intake.sample import NIK

RIGHT = "3216991203850002"


async def resident_of(office: Desk, body: dict[str, Any]) -> tuple[str, str]:
    case_id = str((await office.record(body))["case_id"])
    return case_id, await office.resident(case_id)


async def shown(office: Desk, case_id: str) -> Any:
    return (await office.operator("GET", f"/requests/{case_id}")).json()["applicant"]


async def warnings(office: Desk, case_id: str) -> Any:
    return (await office.operator("GET", f"/requests/{case_id}")).json()["warnings"]


async def test_open_requests_say_what_is_right_and_closed_ones_what_was_said() -> None:
    async with desk() as office:
        closed, resident = await resident_of(office, at_home())
        (await office.step(closed, "cancel")).raise_for_status()
        open_, _ = await resident_of(office, at_home())
        body = {"name": "Siti Benar", "phone": "0812-0000-0009"}

        answer = await office.person("POST", f"/residents/{resident}/correction", json=body)

        assert (answer.status_code, answer.json()) == (200, {"corrected": [open_]})
        assert (await shown(office, open_))["name"] == "Siti Benar"
        assert (await shown(office, open_))["address"] == "Gang Contoh 1"
        assert (await shown(office, closed))["name"] == "Siti Contoh"
        kept = office.messaging.documents("statements")
        assert {one["_id"] for one in kept} >= {f"{open_}.applicant", f"{open_}.applicant.1"}
        assert "Siti" not in str(kept)


async def test_the_right_nik_leads_to_him_and_the_wrong_one_to_nobody() -> None:
    async with desk() as office:
        _, resident = await resident_of(office, at_home())
        path = f"/residents/{resident}/correction"
        (await office.person("POST", path, json={"nik": RIGHT})).raise_for_status()

        applicant = at_home()["applicant"]
        _, same = await resident_of(office, at_home(applicant={**applicant, "nik": RIGHT}))
        _, other = await resident_of(office, at_home(applicant={**applicant, "nik": NIK}))

        assert same == resident
        assert other != resident


async def test_a_nik_of_another_is_refused_and_nothing_changes() -> None:
    async with desk() as office:
        case_id, resident = await resident_of(office, at_home())
        await office.record(at_home(applicant={**at_home()["applicant"], "nik": RIGHT}))
        path = f"/residents/{resident}/correction"

        refused = await office.person("POST", path, json={"nik": RIGHT, "name": "Lain"})

        assert (refused.status_code, refused.json()["reason"]) == (409, "nik_of_another")
        assert (await shown(office, case_id))["name"] == "Siti Contoh"


async def test_a_second_request_at_the_event_is_found_by_the_right_nik() -> None:
    async with desk() as office:
        first = at_event(applicant={"name": "Sukarno", "nik": NIK})
        right = at_event(applicant={"name": "Sukarno", "nik": RIGHT})
        _, resident = await resident_of(office, first)
        path = f"/residents/{resident}/correction"
        (await office.person("POST", path, json={"nik": RIGHT})).raise_for_status()

        again = await office.operator("POST", "/requests", json=right)
        of_the_wrong = await office.operator("POST", "/requests", json=first)

        assert again.status_code == 409
        assert of_the_wrong.status_code == 201


async def test_twenty_corrections_are_kept_and_no_more() -> None:
    async with desk() as office:
        _, resident = await resident_of(office, at_home())
        path = f"/residents/{resident}/correction"
        for _ in range(20):
            (await office.person("POST", path, json={"name": "Siti"})).raise_for_status()

        refused = await office.person("POST", path, json={"name": "Siti"})

        assert (refused.status_code, refused.json()["reason"]) == (409, "too_many_corrections")


ADULT = {"birth_date": "1991-03-12"}
ONE = {"service": "KIA", "applicant": {"name": "Bayi Contoh", **ADULT}}
BY_ANOTHER = {
    "service": "KIA",
    "applicant": {"name": "Siti Contoh"},
    "parties": [{"party": "subject", "name": "Bayi Contoh", **ADULT}],
}


@pytest.mark.parametrize(("asked", "party"), [(ONE, "applicant"), (BY_ANOTHER, "subject")])
async def test_a_right_birth_date_says_whether_it_is_a_childs_request(
    asked: dict[str, Any], party: str
) -> None:
    async with desk() as office:
        case_id = str((await office.record(at_event(**asked)))["case_id"])
        path = f"/residents/{await office.resident(case_id, party)}/correction"

        before = await warnings(office, case_id)
        right = {"birth_date": "2020-03-12"}
        (await office.person("POST", path, json=right)).raise_for_status()
        after = await warnings(office, case_id)
        (await office.person("POST", path, json=ADULT)).raise_for_status()

        assert ("guardian_missing" in before, "guardian_missing" in after) == (False, True)
        assert await warnings(office, case_id) == before
        assert "2020" not in str(office.messaging.documents("statements"))


async def test_the_birth_date_of_who_asks_for_another_says_nothing_of_a_child() -> None:
    async with desk() as office:
        subject = {"party": "subject", "name": "Bapak Contoh", "birth_date": "1950-01-01"}
        case_id = str(
            (await office.record(at_event(**{**BY_ANOTHER, "parties": [subject]})))["case_id"]
        )
        path = f"/residents/{await office.resident(case_id)}/correction"

        for wrong in ("1899-12-31", "2020-02-30", 5):
            answer = await office.person("POST", path, json={"birth_date": wrong})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (
                422,
                "/birth_date",
            )
        (await office.person("POST", path, json={"birth_date": "2015-01-01"})).raise_for_status()

        assert "guardian_missing" not in await warnings(office, case_id)


@pytest.mark.parametrize(("born", "status"), [("2023-03-12", 409), ("2023-03-11", 201)])
async def test_nobody_of_a_request_is_born_after_its_day_by_the_programme_s_clock(
    born: str, status: int
) -> None:
    baby = {"name": "Bayi Contoh", "birth_date": born}
    mother = {"name": "Siti Contoh"}
    async with desk() as office:
        answers = [
            await office.operator("POST", "/requests", json=at_event(service="KIA", **said))
            for said in (
                {"applicant": baby},
                {"applicant": mother, "parties": [{"party": "subject", **baby}]},
            )
        ]
        _, resident = await resident_of(office, at_home())
        correction = {"birth_date": born}
        corrected = await office.person(
            "POST", f"/residents/{resident}/correction", json=correction
        )
    assert [one.status_code for one in answers] == [status] * 2
    if status == 409:
        for one in (*answers, corrected):
            assert one.json()["reason"] == "birth_date_impossible"
            assert one.json()["detail"].startswith("birth_date: ")


async def test_nothing_to_correct_is_said() -> None:
    async with desk() as office:
        case_id, resident = await resident_of(office, at_home())
        path = f"/residents/{resident}/correction"

        empty = await office.person("POST", path, json={})
        (await office.step(case_id, "cancel")).raise_for_status()
        closed = await office.person("POST", path, json={"name": "Siti"})
        machine = await office.ask("POST", path, "operator", json={"name": "Siti"})

        assert (empty.status_code, machine.status_code) == (422, 401)
        assert (closed.status_code, closed.json()["reason"]) == (409, "nothing_open")


async def test_the_trail_names_fields_and_an_erasure_takes_the_history_along() -> None:
    async with desk() as office:
        case_id, resident = await resident_of(office, at_home())
        path = f"/residents/{resident}"
        body = {"name": "Siti Benar", "nik": RIGHT}
        again: dict[str, Any] = {"headers": {"Idempotency-Key": "the-same-key"}, "json": body}
        first = await office.person("POST", f"{path}/correction", **again)
        second = await office.person("POST", f"{path}/correction", **again)
        elsewhere = "supervisor:halo_pamor:32.75.02"
        other = await office.person("POST", f"{path}/correction", elsewhere, **again)
        (await office.step(case_id, "cancel")).raise_for_status()
        (await office.person("POST", f"{path}/erasure", who="sri")).raise_for_status()
        (await office.person("POST", f"{path}/erasure/approval", who="agus")).raise_for_status()

        audit = office.messaging.documents("audit")
        assert (second.json(), other.status_code) == (first.json(), 403)
        assert [one["said"] for one in audit if one["deed"] == "corrected"] == [["name", "nik"]]
        assert RIGHT not in str(audit)
        reads = office.messaging.documents("person_reads")
        assert [(one["case_id"], one["route"]) for one in reads] == [(case_id, "residents correct")]
        assert office.messaging.documents("statements") == []
