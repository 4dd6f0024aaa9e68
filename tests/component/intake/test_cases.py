"""Cases over HTTP: worked, looked at, listed, and followed by what others say of them."""

from typing import Any

import pytest

from services.intake import api
from shared.contracts.courier import DeliveryConfirmed
from shared.contracts.intake import RequestClosed
from shared.contracts.scheduler import TicketIssued, TicketServed
from tests.component.intake.kit import at_event, at_home, desk
from tests.unit.intake.bus import job, ticket
from tests.unit.intake.sample import EVENT, NIK, home_case


async def test_a_case_is_worked_to_its_end() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]

        states = [
            (await office.step(case_id, step)).json()["state"]
            for step in ("verify", "issue", "hand_over")
        ]
        again = await office.step(case_id, "cancel")

        assert states == ["verified", "issued", "closed"]
        assert (again.status_code, again.json()["reason"]) == (409, "closed")
        closed = office.messaging.published[-1]
        assert isinstance(closed, RequestClosed)
        assert (closed.outcome, closed.within_standard) == ("handed_over", True)


async def test_a_step_is_taken_once_however_often_it_is_sent() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        steps = f"/requests/{case_id}/steps"

        answers = [
            await office.operator("POST", steps, json={"step": "issue"}, key="the-same-key")
            for _ in range(2)
        ]
        other = await office.operator("POST", steps, json={"step": "cancel"}, key="the-same-key")

        assert [answer.json() for answer in answers] == [{"state": "issued"}] * 2
        assert other.status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"step": "dance"}, 422),
        ({"step": "verify", "why": "x"}, 422),
        ({}, 422),
        ({"step": ["verify"]}, 422),
        ({"step": "hand_over"}, 409),
        ({"step": "verify", "occurred_at": "2023-03-11T02:00:00Z"}, 403),
    ],
)
async def test_a_step_that_cannot_be_taken(body: dict[str, Any], status: int) -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]

        refused = await office.operator("POST", f"/requests/{case_id}/steps", json=body)

        assert refused.status_code == status
        assert refused.headers["content-type"] == "application/problem+json"


async def test_what_was_imported_is_worked_at_its_own_time() -> None:
    async with desk() as office:
        body = at_event(occurred_at="2023-03-01T03:00:00Z")
        case_id = (await office.importer("POST", "/requests", json=body)).json()["case_id"]
        steps = f"/requests/{case_id}/steps"

        early = await office.importer(
            "POST", steps, json={"step": "issue", "occurred_at": "2023-02-28T03:00:00Z"}
        )
        for step in ("issue", "hand_over"):
            said = {"step": step, "occurred_at": "2023-03-06T03:00:00Z"}
            (await office.importer("POST", steps, json=said)).raise_for_status()

        assert (early.status_code, early.json()["reason"]) == (409, "before_received")
        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
        assert (shown["due_on"], shown["within_standard"]) == ("2023-03-06", True)


async def test_whoever_works_on_a_case_sees_no_more_of_a_person_than_that_needs() -> None:
    async with desk() as office:
        home = (await office.record(at_home()))["case_id"]
        person = {"name": "Ani", "nik": NIK, "phone": "08120000001", "address": "Gang 1"}
        event = (await office.record(at_event(applicant=person)))["case_id"]

        shown = (await office.operator("GET", f"/requests/{home}")).json()
        counter = (await office.operator("GET", f"/requests/{event}")).json()

        assert shown["applicant"] == {
            "erased": False,
            "name": "Siti Contoh",
            "nik": "3216********0001",
            "phone": "+62********001",
            "address": "Gang Contoh 1",
        }
        assert counter["applicant"]["address"] is None
        assert (await office.operator("GET", "/requests/unheard-of")).status_code == 404


async def test_cases_are_listed_in_pages_by_programme_state_and_event() -> None:
    async with desk() as office:
        ids = [(await office.record(at_event()))["case_id"] for _ in range(5)]
        await office.record(at_home())
        await office.step(ids[1], "verify")

        pages, cursor = [], ""
        while True:
            path = f"/requests?programme_id=botram&event_id={EVENT}&limit=2{cursor}"
            page = (await office.operator("GET", path)).json()
            pages.append([item["case_id"] for item in page["items"]])
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        verified = await office.operator("GET", "/requests?programme_id=botram&state=verified")

        assert pages == [ids[:2], ids[2:4], ids[4:]]
        assert [item["case_id"] for item in verified.json()["items"]] == [ids[1]]
        assert "applicant" not in verified.json()["items"][0]


async def test_a_list_holds_what_the_callers_region_works_on() -> None:
    async with desk() as office:
        in_setu = (await office.record(at_event(region_code="32.75.01.1001")))["case_id"]
        elsewhere = at_event(event_id=None, region_code="32.16.06.2002")
        in_tambun = (await office.record(elsewhere))["case_id"]

        async def seen(region: str) -> list[str]:
            path = "/requests?programme_id=botram"
            answer = await office.ask("GET", path, "operator", "botram", region)
            return [item["case_id"] for item in answer.json()["items"]]

        assert await seen("32.16.18") == [in_setu]
        assert await seen("32.16.06.2002") == [in_tambun]
        assert await seen("32.16") == await seen("*") == [in_setu, in_tambun]
        assert await seen("32.17") == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?programme_id=botram&limit=0",
        "?programme_id=botram&limit=201",
        "?programme_id=botram&state=lost",
        "?programme_id=botram&colour=blue",
        "?programme_id=botram&cursor=%00",
    ],
)
async def test_a_list_that_cannot_be_asked_for(query: str) -> None:
    async with desk() as office:
        assert (await office.operator("GET", f"/requests{query}")).status_code == 422


async def test_tickets_are_followed() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        case = home_case()
        about = {"case_id": case_id, "programme_id": "botram"}

        for event in (TicketServed, TicketIssued, TicketServed):
            receipt = await office.messaging.deliver(ticket(event, case, **about))
            assert receipt.acknowledged

        shown = (await office.operator("GET", f"/requests/{case_id}")).json()
        assert (shown["state"], shown["ticket"]["number"]) == ("verified", 17)
        told = [e.type for e in office.messaging.published]
        assert told.count("intake.request_verified.v1") == 1


async def test_what_comes_before_its_case_waits_for_it() -> None:
    async with desk() as office:
        early = job(DeliveryConfirmed, home_case())

        receipt = await office.messaging.deliver(early)

        assert receipt.acknowledged
        (deferred,) = office.messaging.documents("deferred")
        assert (deferred["waits_in"], deferred["waits_for"]) == ("cases", home_case().id)


async def test_what_another_programme_says_of_a_case_is_a_dead_letter() -> None:
    async with desk() as office:
        case_id = (await office.record(at_home()))["case_id"]
        foreign = job(DeliveryConfirmed, home_case(), case_id=case_id, programme_id="botram")

        receipt = await office.messaging.deliver(foreign)

        assert receipt.dead == "foreign_programme"


async def test_the_api_describes_itself() -> None:
    async with desk() as office:
        document = (await office.client.get("/api/openapi.json")).json()

        assert {path for path in document["paths"] if path.startswith("/intake/api/")} == {
            f"/intake{key.partition(' ')[2]}" for key in api.RULES
        }
        operation = document["paths"]["/intake/api/requests"]["post"]
        assert operation["x-roles"] == ["agent", "channel", "importer", "operator"]
