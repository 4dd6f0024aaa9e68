"""The same person asking for the same service elsewhere, and how often he may ask in a day."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.component.intake.kit import HALO_PAMOR, Desk, at_home, desk
from tests.unit.intake.sample import NIK

OTHER: Final = "3216994506900002"
CITY: Final = {"name": "Siti Contoh", "nik": NIK}


def asked(**changed: Any) -> dict[str, Any]:
    """Return a request of the person with NIK, without anybody at the door."""
    return at_home(applicant=CITY, pick_up=False, deliver=False, **changed)


async def hints(office: Desk, case_id: str, *grant: str) -> list[str]:
    path = f"/requests/{case_id}/hints"
    answer = await office.ask("GET", path, *(grant or ("operator",)))
    assert answer.status_code == 200, answer.text
    return [one["case_id"] for one in answer.json()["items"]]


async def test_an_open_request_in_another_channel_is_named_and_nothing_is_merged() -> None:
    async with desk() as office:
        first = await office.record(asked())
        second = await office.record(asked(channel="eopen"))
        other_service = await office.record(asked(service="KIA"))
        other_person = await office.record(asked() | {"applicant": {**CITY, "nik": OTHER}})
        unknown = [await office.record(asked() | {"applicant": {"name": "Siti"}}) for _ in range(2)]

        assert [one["hints"] for one in (first, second)] == [[], [first["case_id"]]]
        assert [one["hints"] for one in (other_service, other_person, *unknown)] == [[]] * 4
        assert await hints(office, first["case_id"]) == [second["case_id"]]
        assert await hints(office, second["case_id"]) == [first["case_id"]]

        await office.step(first["case_id"], "cancel")
        assert await hints(office, second["case_id"]) == []
        third = await office.record(asked(channel="eopen"))
        assert third["hints"] == [second["case_id"]]
        states = [case["state"] for case in office.messaging.documents("cases")]
        assert states.count("received") == 6


async def test_it_is_about_the_subject_whoever_asks() -> None:
    async with desk() as office:
        child = [{"party": "subject", "name": "Bayu", "nik": OTHER}]
        by_mother = await office.record(asked(parties=child))
        for_herself = await office.record(asked())
        by_father = await office.record(
            asked(parties=child) | {"applicant": {"name": "Budi Contoh"}}
        )
        as_guardian = [{"party": "guardian", "name": "Siti", "nik": NIK, "basis": "parent"}]
        beside_him = await office.record(
            asked(parties=as_guardian) | {"applicant": {"name": "Wati Contoh"}}
        )

        assert for_herself["hints"] == beside_him["hints"] == []
        assert by_father["hints"] == [by_mother["case_id"]]


async def test_a_replay_names_them_again_and_nobody_is_told_beyond_his_reach() -> None:
    async with desk() as office:
        village = "32.75.02.1001"
        first = await office.record(asked(region_code=village))
        body = asked()
        here = await office.record(body, key="the-same-key")
        again = await office.record(body, key="the-same-key")
        narrow = await office.ask("POST", "/requests", "operator", "*", "32.75.01", json=body)
        channel = await office.ask("POST", "/requests", "channel", json=asked(channel="eopen"))
        agent = await office.ask(
            "POST", "/requests", "agent", "halo_pamor", "32.75.01.1001", json=body
        )

        assert here["hints"] == again["hints"] == [first["case_id"]]
        assert narrow.json()["hints"] == [here["case_id"]]
        assert channel.json()["hints"] == []
        assert len(agent.json()["hints"]) == 3
        assert first["case_id"] not in agent.json()["hints"]
        near = await hints(office, here["case_id"], "operator", "halo_pamor", "32.75.01")
        assert near == [one.json()["case_id"] for one in (narrow, channel, agent)]


async def limited(office: Desk, limit: int | None) -> None:
    body: Mapping[str, Any] = {**HALO_PAMOR, "requests_per_person_and_day": limit}
    (await office.publish("halo_pamor", body)).raise_for_status()


async def test_one_person_makes_as_many_requests_a_day_as_the_programme_takes() -> None:
    async with desk() as office:
        await limited(office, 2)
        body = asked() | {"channel": "eopen"}
        for _ in range(2):
            await office.record(body)

        refused = await office.operator("POST", "/requests", json=body)
        assert (refused.status_code, refused.json()["reason"]) == (409, "too_many_today")
        assert refused.json()["detail"].startswith("applicant: ")
        assert NIK not in refused.text
        await office.record(body | {"applicant": {"name": "Siti Contoh"}})
        await office.record(body | {"applicant": {**CITY, "nik": OTHER}})
        earlier = body | {"occurred_at": "2023-03-11T02:00:00Z"}
        assert (await office.importer("POST", "/requests", json=earlier)).status_code == 201

        office.messaging.clock.advance(days=1)
        await office.record(body)
        await limited(office, None)
        for _ in range(3):
            await office.record(body)


@pytest.mark.parametrize("limit", [0, 101, "two"])
async def test_a_limit_that_is_none_is_refused_by_field(limit: Any) -> None:
    async with desk() as office:
        body = {**HALO_PAMOR, "requests_per_person_and_day": limit}
        answer = await office.publish("halo_pamor", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "/requests_per_person_and_day"
