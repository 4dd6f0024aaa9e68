"""Residents' requests about their data over HTTP: recorded, listed by deadline, answered."""

from datetime import timedelta
from typing import Any

import pytest

from shared.testing.callers import NOW
from tests.component.intake.kit import Desk, at_event, desk
from tests.component.personal import NUMBERS, assert_refused

ANSWER = {"outcome": "granted", "reason": "Salinan diserahkan di loket"}


async def asked(office: Desk, key: str | None = None, **changed: Any) -> dict[str, Any]:
    """Record a request about a case, which must be taken."""
    if "case_id" not in changed and "resident_id" not in changed:
        changed["case_id"] = (await office.record(at_event()))["case_id"]
    body = {"right": "access", **changed}
    answer = await office.operator("POST", "/rights-requests", json=body, key=key)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(office: Desk, more: str = "") -> list[dict[str, Any]]:
    """What a supervisor of the sub-district sees."""
    path = f"/rights-requests?programme_id=botram{more}"
    answer = await office.ask("GET", path, "supervisor", "botram", "32.16.18")
    items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
    return items


async def test_it_waits_until_it_is_answered_with_outcome_and_reason() -> None:
    async with desk() as office:
        made = await asked(office)
        assert made["due_at"] == (
            NOW.replace(microsecond=0) + timedelta(hours=72)
        ).isoformat().replace("+00:00", "Z")
        (waits,) = await listed(office)
        assert (waits["request_id"], waits["right"]) == (made["request_id"], "access")
        assert (waits["recorded_by"], waits["outcome"], waits["missed"]) == ("agus", None, False)
        assert "Sukarno" not in str(waits)

        path = f"/rights-requests/{made['request_id']}/answer"
        answer = await office.ask("POST", path, "supervisor", json=ANSWER)

        assert (answer.status_code, answer.json()) == (200, {"missed": False})
        assert await listed(office) == []
        (done,) = await listed(office, "&answered=true")
        assert {name: done[name] for name in ANSWER} == ANSWER
        assert done["answered_by"] == "agus"
        again = await office.ask("POST", path, "supervisor", json=ANSWER)
        assert (again.status_code, again.json()["reason"]) == (409, "answered_already")


async def test_a_deadline_that_passes_is_noted_by_its_timer() -> None:
    async with desk() as office:
        await asked(office)
        office.messaging.clock.advance(hours=72, seconds=1)
        await office.messaging.settle()

        (waits,) = await listed(office)

        assert waits["missed"] is True
        assert [t for t in office.messaging.documents("timers") if "rights" in t["_id"]] == []


async def test_the_nearest_deadline_comes_first_and_pages_follow_each_other() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        for hours in (1, 30, 2, 20, 3):
            at = (NOW - timedelta(hours=hours)).isoformat()
            await asked(office, case_id=case_id, received_at=at)
        path = "/rights-requests?programme_id=botram&limit=2"
        found: list[str] = []
        cursor = ""
        for _ in range(3):
            page = (await office.ask("GET", f"{path}{cursor}", "supervisor")).json()
            found += [one["due_at"] for one in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"

        assert (len(found), found) == (5, sorted(found))
        assert page["next_cursor"] is None
        gone = await office.ask("GET", f"{path}&cursor=nobody", "supervisor")
        assert gone.status_code == 404


async def test_a_supervisor_elsewhere_sees_nothing_of_it() -> None:
    async with desk() as office:
        await asked(office)
        path = "/rights-requests?programme_id=botram"
        answer = await office.ask("GET", path, "supervisor", "botram", "32.16.06")
        assert answer.json() == {"items": [], "next_cursor": None}


async def test_about_a_resident_it_is_the_whole_programmes() -> None:
    async with desk() as office:
        await office.record(at_event())
        (resident,) = office.messaging.documents("residents")
        made = await asked(office, resident_id=resident["_id"], right="erasure")

        assert await listed(office) == [], "the sub-district does not answer for him"
        path = "/rights-requests?programme_id=botram"
        page = (await office.ask("GET", path, "supervisor", "botram", "32.16")).json()
        assert [one["request_id"] for one in page["items"]] == [made["request_id"]]


async def test_a_replay_is_the_same_request_and_is_held_to_the_same_rights() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        first = await asked(office, key="the-same-key", case_id=case_id)
        assert await asked(office, key="the-same-key", case_id=case_id) == first
        body = {"right": "access", "case_id": case_id}
        where = ("operator", "botram", "32.16.06")
        how: dict[str, Any] = {"key": "the-same-key", "json": body}
        refused = await office.ask("POST", "/rights-requests", *where, **how)
        assert refused.status_code == 403
        path = f"/rights-requests/{first['request_id']}/answer"
        how = {"key": "another-key", "json": ANSWER}
        assert (await office.ask("POST", path, "supervisor", **how)).status_code == 200
        assert (await office.ask("POST", path, "supervisor", **how)).status_code == 200
        where = ("supervisor", "botram", "32.16.06")
        assert (await office.ask("POST", path, *where, **how)).status_code == 403
        assert len(office.messaging.documents("rights_requests")) == 1


@pytest.mark.parametrize("ids", [{}, {"case_id": "case-1", "resident_id": "r-1"}])
async def test_it_is_about_a_case_or_about_a_resident(ids: dict[str, str]) -> None:
    async with desk() as office:
        body = {"right": "access", **ids}
        answer = await office.operator("POST", "/rights-requests", json=body)
        assert answer.status_code == 422
        assert "one of them" in answer.text


@pytest.mark.parametrize("hours", [1, -24 * 31])
async def test_when_it_was_asked_is_refused_by_name(hours: int) -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        at = (NOW + timedelta(hours=hours)).isoformat()
        body = {"right": "access", "case_id": case_id, "received_at": at}
        answer = await office.operator("POST", "/rights-requests", json=body)
        assert (answer.status_code, answer.json()["detail"][:11]) == (409, "received_at")


@pytest.mark.parametrize("number", NUMBERS)
async def test_no_register_holds_a_persons_number(number: str) -> None:
    async with desk() as office:
        for field in ("case_id", "resident_id"):
            body = {"right": "access", field: number}
            answer = await office.operator("POST", "/rights-requests", json=body)
            assert_refused(answer, f"/{field}", number)
        path = "/rights-requests/r-1/answer"
        answer = await office.ask(
            "POST", path, "supervisor", json={"outcome": "refused", "reason": number}
        )
        assert_refused(answer, "/reason", number)


async def test_the_metrics_know_how_many_wait_and_the_nearest_deadline() -> None:
    async with desk() as office:
        value = office.messaging.registry.get_sample_value
        assert value("jemput_intake_rights_requests_waiting") == 0
        assert value("jemput_intake_rights_requests_due_timestamp_seconds") == 0
