"""Requests over HTTP, as they come in."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import digest
from services.intake.store import COLLECTIONS
from shared.contracts.intake import RequestReceived
from shared.testing.callers import NOW
from tests.component.intake.kit import at_event, at_home, desk
from tests.unit.intake.sample import EVENT, NIK


async def test_a_request_is_recorded_with_its_code_and_its_day() -> None:
    async with desk() as office:
        answer = await office.operator("POST", "/requests", json=at_event())

        assert answer.status_code == 201
        recorded = answer.json()
        names = {"case_id", "tracking_code", "receipt_code", "status", "due_on", "data_use"}
        assert set(recorded) == {*names, "told", "warnings", "hints"}
        assert recorded["hints"] == []
        assert recorded["receipt_code"] is None
        assert (recorded["status"], recorded["due_on"]) == ("received", "2023-03-15")
        (received,) = [e for e in office.messaging.published if isinstance(e, RequestReceived)]
        assert received.case_id == recorded["case_id"]
        assert (received.service, received.event_id) == ("KIA", EVENT)


async def test_the_code_of_the_gate_goes_on_as_it_was_meant() -> None:
    async with desk() as office:
        await office.operator("POST", "/requests", json=at_event(arrival_code="k7qw 3ztm"))

        (received,) = [e for e in office.messaging.published if isinstance(e, RequestReceived)]
        assert received.arrival_code == "K7QW3ZTM"


async def test_a_replay_brings_the_same_answer_and_code_and_one_case() -> None:
    async with desk() as office:
        answers = [
            await office.operator("POST", "/requests", json=at_event(), key="the-same-key")
            for _ in range(3)
        ]
        other = await office.operator(
            "POST", "/requests", json=at_event(service="KK"), key="the-same-key"
        )

        assert {answer.text for answer in answers} == {answers[0].text}
        assert len(office.messaging.documents("cases")) == 1
        assert other.status_code == 422
        assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_an_agent_is_not_told_the_code_that_confirms_his_own_delivery() -> None:
    async with desk() as office:
        answers = [
            await office.ask("POST", "/requests", role, json=at_home(), key=f"key-of-{role}")
            for role in ("operator", "operator", "channel", "agent", "agent")
        ]

        told = [answer.json()["receipt_code"] for answer in answers]
        assert told[0] == told[1] is not None
        assert told[2] is not None
        assert told[3:] == [None, None]


async def test_the_code_and_the_person_stand_nowhere_but_where_they_belong() -> None:
    async with desk() as office:
        recorded = await office.record(at_home())
        code = recorded["tracking_code"]

        kept = {
            name: json.dumps(office.messaging.documents(name), default=str)
            for name in ("inbox", "outbox", "actions", *COLLECTIONS.names)
        }
        told = " ".join(message.body.decode() for message in office.messaging.messages)

        receipt = recorded["receipt_code"]
        codes = (code, code.replace("-", ""), receipt, receipt.replace("-", ""))
        secrets = (*codes, "Siti", NIK, "812000", "Gang Contoh")
        places = {name for name, text in kept.items() if any(s in text for s in secrets)}
        assert places == set()
        assert not any(secret in told for secret in secrets)
        assert digest(code) in kept["cases"]


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"colour": "blue"}, 422, "/colour"),
        ({"programme_id": "Botram!"}, 422, "/programme_id"),
        ({"service": 7}, 422, "/service"),
        ({"applicant": {}}, 422, "/applicant/name"),
        ({"applicant": {"name": "x" * 61}}, 422, "/applicant/name"),
        ({"applicant": {"name": "Ani", "nik": "12"}}, 422, "/applicant/nik"),
        ({"applicant": {"name": "Ani", "nik": int(NIK)}}, 422, "/applicant/nik"),
        ({"applicant": {"name": "Ani", "nik": f"99{NIK[2:]}"}}, 422, "/applicant/nik"),
        ({"applicant": {"name": "Ani", "phone": "021-555"}}, 422, "/applicant/phone"),
        ({"applicant": {"name": "Ani", "mother": "Siti"}}, 422, "/applicant/mother"),
        ({"region_code": "32.16"}, 422, "/region_code"),
        ({"region_code": "32.16.99"}, 422, "/region_code"),
        ({"rw": "000"}, 422, "/rw"),
        ({"rw": "1000"}, 422, "/rw"),
        ({"pick_up": "maybe"}, 422, "/pick_up"),
        ({"occurred_at": "2023-03-11T09:15:00"}, 422, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, 422, "/occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, 422, "/occurred_at"),
        ({"arrival_code": "K7QW3ZT"}, 422, "/arrival_code"),
        ({"arrival_code": "KOTA2023"}, 422, "/arrival_code"),
        ({"arrival_code": "K7QW3ZTM", "event_id": None}, 422, "/arrival_code"),
        ({"programme_id": "nothing"}, 409, "programme_unknown"),
        ({"service": "PASSPORT"}, 409, "service_not_offered"),
        ({"service": "IKD"}, 409, "service_not_at_event"),
        ({"channel": "whatsapp"}, 409, "channel_not_offered"),
        ({"event_id": "unheard-of"}, 409, "event_unknown"),
        ({"occurred_at": "2023-03-11T02:16:00Z"}, 409, "in_the_future"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_by_field_and_reason(
    changed: dict[str, Any], status: int, where: str
) -> None:
    async with desk() as office:
        refused = await office.operator("POST", "/requests", json=at_event(**changed))

        assert refused.status_code == status
        said = refused.json()
        found = [e["field"] for e in said["errors"]] if status == 422 else [said["reason"]]
        assert found == [where]
        assert status == 422 or ": " in said["detail"]
        assert NIK not in refused.text
        assert office.messaging.documents("cases") == []


@pytest.mark.parametrize(
    ("changed", "status", "where"),
    [
        ({"rw": None}, 422, "/rw"),
        ({"region_code": "32.75.01"}, 422, "/region_code"),
        ({"applicant": {"name": "Ani"}}, 422, "/applicant/address"),
        ({"region_code": "32.16.18.2001"}, 409, "outside_programme_region"),
        ({"service": "IKD"}, 409, "no_pick_up_and_delivery"),
    ],
)
async def test_the_door_must_be_known(changed: dict[str, Any], status: int, where: str) -> None:
    async with desk() as office:
        refused = await office.operator("POST", "/requests", json=at_home(**changed))

        assert refused.status_code == status
        said = refused.json()
        assert (said["errors"][0]["field"] if status == 422 else said["reason"]) == where


@pytest.mark.parametrize(
    "applicant",
    [
        {"name": "Bayi Contoh"},
        {"name": "Sukarno", "nik": "3216995203850001"},
        {"name": "Ibu Contoh", "phone": "+628120000001", "nik": None},
    ],
)
async def test_neither_a_number_nor_two_names_are_needed(applicant: dict[str, Any]) -> None:
    async with desk() as office:
        assert await office.record(at_event(applicant=applicant))


async def test_a_neighbour_is_served_where_he_comes_to() -> None:
    async with desk() as office:
        body = at_event(region_code="32.75.01.1001")
        at_the_event = ("operator", "botram", "32.16.18")

        recorded = await office.ask("POST", "/requests", *at_the_event, json=body)
        shown = await office.ask("GET", f"/requests/{recorded.json()['case_id']}", *at_the_event)

        assert recorded.status_code == 201
        assert shown.json()["region_code"] == "32.75.01.1001"


async def test_only_an_importer_brings_old_requests() -> None:
    async with desk() as office:
        body = at_event(occurred_at=(NOW - timedelta(hours=1)).isoformat())

        refused = await office.operator("POST", "/requests", json=body)
        recorded = await office.importer("POST", "/requests", json=body)
        now = await office.operator("POST", "/requests", json=at_event(occurred_at=NOW.isoformat()))

        assert (refused.status_code, recorded.status_code, now.status_code) == (403, 201, 201)
        assert "occurred_at" in refused.json()["detail"]
        message = office.messaging.messages[-2]
        assert (message.envelope.occurred_at, message.envelope.recorded_at) == (
            NOW - timedelta(hours=1),
            NOW,
        )
