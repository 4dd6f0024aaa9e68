"""A person over HTTP: opened to be shown, erased, moved, or without the key."""

import json
from typing import Any

import pytest

from services.intake.usecases import erase_resident
from shared.messaging.task import fingerprint_of
from shared.sealing.masterkeys import add_key
from shared.web.problems import Problem
from tests.component.intake.kit import Desk, at_event, at_home, desk
from tests.unit.intake.sample import NIK

SITI = {"name": "Siti Contoh", "nik": NIK}
ANI = {"name": "Ani Contoh", "nik": "3216991203850002"}


async def look(office: Desk, case_id: str, **headers: str) -> Any:
    said = {**office.messaging.headers("operator"), **headers}
    return await office.client.get(f"/api/requests/{case_id}", headers=said)


async def erase(office: Desk, case_id: str) -> None:
    (case,) = [one for one in office.messaging.documents("cases") if one["_id"] == case_id]
    commands = office.messaging.commands(Problem)
    resident_id = case["parties"]["applicant"]
    await commands.run_own(lambda uow: erase_resident(resident_id, uow), key=resident_id)


async def test_an_erased_resident_s_case_stays_and_says_dihapus() -> None:
    async with desk() as office:
        kept = (await office.record(at_home()))["case_id"]
        await erase(office, kept)

        shown = (await look(office, kept)).json()
        listed = await office.operator("GET", "/requests?programme_id=halo_pamor")

        nothing = {"nik": None, "phone": None, "address": None}
        assert shown["applicant"] == {"erased": True, "name": "dihapus", **nothing}
        assert shown["state"] == "received"
        assert [one["case_id"] for one in listed.json()["items"]] == [kept]
        assert (await office.step(kept, "issue")).status_code == 200


async def test_an_erased_person_may_ask_again_without_a_reason() -> None:
    async with desk() as office:
        first = (await office.record(at_event(applicant=SITI)))["case_id"]
        await erase(office, first)

        again = (await office.record(at_event(applicant=SITI)))["case_id"]

        assert (await look(office, again)).json()["applicant"]["name"] == "Siti Contoh"
        assert (await look(office, first)).json()["applicant"]["name"] == "dihapus"


async def test_why_somebody_looks_is_kept_with_the_look() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]

        shown = await look(office, case_id, **{"Access-Reason": "Warga menelepon"})

        assert shown.status_code == 200
        (read,) = office.messaging.documents("person_reads")
        assert read["reason"] == "Warga menelepon"


@pytest.mark.parametrize("reason", [NIK, "telepon 0812-0000-0001", "", "x" * 201])
async def test_a_reason_with_a_personal_number_is_refused_by_name(reason: str) -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]

        refused = await look(office, case_id, **{"Access-Reason": reason})

        assert refused.status_code == 422
        assert "Access-Reason" in refused.text
        assert reason not in refused.text or not reason
        assert office.messaging.documents("person_reads") == []


async def test_what_was_moved_from_another_resident_does_not_open() -> None:
    async with desk() as office:
        siti = (await office.record(at_event(applicant=SITI)))["case_id"]
        ani = (await office.record(at_event(applicant=ANI)))["case_id"]
        held = office.messaging.memory.collections["statements"]
        mine, other = held[f"{siti}.applicant"], held[f"{ani}.applicant"]
        mine["sealed"], other["sealed"] = other["sealed"], mine["sealed"]

        shown = await look(office, siti)

        assert (shown.status_code, shown.json()["type"].rpartition("/")[2]) == (500, "unsealable")
        assert "Ani" not in shown.text


async def test_without_its_master_key_a_person_is_asked_for_later() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event(applicant=SITI)))["case_id"]
        office.keys.unlink()
        add_key(office.keys)

        shown = await look(office, case_id)
        second = at_event(applicant=SITI, service="KK")
        recorded = await office.operator("POST", "/requests", json=second)

        for answer in (shown, recorded):
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
        assert (await office.operator("POST", "/requests", json=at_event())).status_code == 201


async def test_without_the_resident_s_key_a_person_is_asked_for_later() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event(applicant=SITI)))["case_id"]
        office.messaging.memory.collections["resident_keys"].clear()

        assert (await look(office, case_id)).status_code == 503
        # The keys are older than the data: who asks now is not turned away.
        second = at_event(applicant=SITI, service="KK")
        assert (await office.operator("POST", "/requests", json=second)).status_code == 201


async def test_a_new_master_key_is_used_at_once_and_the_old_one_still_opens() -> None:
    async with desk() as office:
        before = (await office.record(at_event(applicant=SITI)))["case_id"]
        added = add_key(office.keys)

        after = (await office.record(at_event(applicant=ANI)))["case_id"]

        masters = [one["master"] for one in office.messaging.documents("resident_keys")]
        assert masters.count(added) == 1
        for case_id, name in ((before, "Siti Contoh"), (after, "Ani Contoh")):
            assert (await look(office, case_id)).json()["applicant"]["name"] == name


async def test_what_is_kept_of_a_command_cannot_be_guessed_from_nor_leads_to_a_person() -> None:
    async with desk() as office:
        body = json.dumps(at_event(applicant=SITI)).encode()
        said = {**office.messaging.headers("operator"), "Idempotency-Key": "guessable-1"}
        said["Content-Type"] = "application/json"
        answer = await office.client.post("/api/requests", content=body, headers=said)
        assert answer.status_code == 201

        kept = [
            one["fingerprint"] for one in office.messaging.documents("inbox") if "answer" in one
        ]
        guess = fingerprint_of("guessable-1", "POST", "/api/requests", body.decode())
        assert guess not in kept
        (lookup,) = office.messaging.documents("lookups")
        (asked,) = office.messaging.documents("open_requests")
        actions = json.dumps(office.messaging.documents("actions"), default=str)
        assert lookup["_id"] not in actions
        assert asked["_id"] not in actions
        assert f"cases/{answer.json()['case_id']}" in actions


async def test_a_repeat_under_its_key_is_answered_as_before() -> None:
    async with desk() as office:
        said = office.messaging.headers("operator")
        answers = [
            await office.client.post("/api/requests", json=at_event(applicant=SITI), headers=said)
            for _ in range(2)
        ]
        assert [one.status_code for one in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        changed = at_event(applicant=ANI)
        other = await office.client.post("/api/requests", json=changed, headers=said)
        assert other.status_code == 422
