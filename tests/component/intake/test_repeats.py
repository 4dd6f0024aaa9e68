"""The same person asking once more, and what people type."""

import asyncio
import json
from typing import Any

import pytest

from services.intake.store import COLLECTIONS
from tests.component.intake.kit import at_event, at_home, desk
from tests.unit.intake.sample import NIK

SITI = {"name": "Siti Contoh", "nik": NIK}


async def test_a_second_request_names_the_open_one_and_needs_a_reason() -> None:
    async with desk() as office:
        first = await office.record(at_event(applicant=SITI))

        spaced = {**SITI, "nik": "3216 9912 0385 0001"}
        refused = await office.operator("POST", "/requests", json=at_event(applicant=spaced))
        taken = await office.record(at_event(applicant=SITI, reason="Untuk anak kedua"))

        said = refused.json()
        assert (refused.status_code, said["reason"]) == (409, "already_open")
        assert said["case_id"] == first["case_id"]
        assert "Siti" not in refused.text
        assert NIK not in refused.text
        shown = (await office.operator("GET", f"/requests/{taken['case_id']}")).json()
        assert shown["reason"] == "Untuk anak kedua"


async def test_of_many_at_the_same_moment_one_is_recorded() -> None:
    async with desk() as office:
        body = at_event(applicant=SITI)

        answers = await asyncio.gather(
            *(office.operator("POST", "/requests", json=body) for _ in range(12))
        )

        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [201] + [409] * 11
        assert len(office.messaging.documents("cases")) == 1


async def test_neither_number_nor_name_stands_anywhere() -> None:
    async with desk() as office:
        await office.record(at_event(applicant=SITI))

        names = ("inbox", "outbox", "actions", *COLLECTIONS.names)
        kept = {n: json.dumps(office.messaging.documents(n), default=str) for n in names}
        assert {name for name, text in kept.items() if NIK in text or "Siti" in text} == set()


async def test_a_request_at_an_event_that_is_over_is_refused_with_the_reason() -> None:
    async with desk() as office:
        office.messaging.clock.advance(days=700)

        refused = await office.operator("POST", "/requests", json=at_event())
        day = at_event(occurred_at="2023-03-11T16:00:00+07:00")
        imported = await office.importer("POST", "/requests", json=day)

        assert (refused.status_code, refused.json()["reason"]) == (409, "event_over")
        assert imported.status_code == 201


async def test_a_request_before_the_day_is_a_booking() -> None:
    async with desk() as office:
        office.messaging.clock.advance(days=-20)

        assert (await office.operator("POST", "/requests", json=at_event())).status_code == 201


@pytest.mark.parametrize("rw", ["5", "05", "RW 05", "rw005", "005"])
async def test_an_rw_and_a_region_are_understood_as_people_type_them(rw: str) -> None:
    async with desk() as office:
        recorded = await office.record(at_home(rw=rw, region_code="3275011001"))

        shown = (await office.operator("GET", f"/requests/{recorded['case_id']}")).json()
        assert (shown["rw"], shown["region_code"]) == ("005", "32.75.01.1001")


async def test_a_worker_abroad_is_reached_by_a_foreign_number() -> None:
    async with desk() as office:
        applicant = {"name": "Ani", "phone": "+60 12-345 6789"}

        recorded = await office.record(at_event(applicant=applicant))

        shown = (await office.operator("GET", f"/requests/{recorded['case_id']}")).json()
        assert shown["applicant"]["phone"] == "+60******789"


@pytest.mark.parametrize(
    "changed",
    [
        {"rw": "abc"},
        {"region_code": "Setu"},
        {"region_code": "32"},
        {"programme_id": "Botram!"},
        {"service": "kia"},
        {"event_id": "?"},
        {"reason": "\u202e"},
        {"applicant": {"name": "Ani", "nik": "12"}},
        {"applicant": {"name": "Ani", "phone": "12"}},
    ],
)
async def test_no_pattern_is_shown_to_a_person(changed: dict[str, Any]) -> None:
    async with desk() as office:
        refused = await office.operator("POST", "/requests", json=at_event(**changed))

        assert refused.status_code == 422
        assert not any(sign in refused.text for sign in ("^", "[0-9]", "pattern"))
