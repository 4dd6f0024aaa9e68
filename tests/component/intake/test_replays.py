"""A replay under an Idempotency-Key passes the same check as the first sending."""

from datetime import timedelta

import httpx
import pytest

from shared.contracts.courier import DocumentCollected
from shared.testing.callers import NOW
from tests.component.intake.kit import BOTRAM, Desk, at_event, at_home, desk
from tests.unit.intake.bus import job
from tests.unit.intake.sample import home_case

KEY = "the-same-key"
FIRST = "operator:halo_pamor:32.75"


async def record(office: Desk, *grants: str, subject: str = "agus") -> httpx.Response:
    headers = office.messaging.headers_of(*grants, subject=subject, key=KEY)
    return await office.client.post("/api/requests", json=at_home(), headers=headers)


async def test_an_agents_grant_never_sees_a_receipt_code() -> None:
    async with desk() as office:
        first = (await record(office, FIRST)).json()

        agent = await record(office, "agent:halo_pamor:32.75.01.1001")
        both = await record(office, FIRST, "agent:halo_pamor:32.75.01.1001")
        again = await record(office, FIRST)

        assert first["receipt_code"] is not None
        assert (agent.status_code, agent.json()["case_id"]) == (201, first["case_id"])
        assert agent.json()["receipt_code"] is both.json()["receipt_code"] is None
        assert again.json() == first


async def test_who_became_the_carrier_is_not_told_the_code_at_a_replay() -> None:
    async with desk() as office:
        first = (await record(office, FIRST)).json()
        fetched = job(DocumentCollected, home_case(), case_id=first["case_id"], agent_id="agus")
        await office.messaging.deliver(fetched)

        again = (await record(office, FIRST)).json()

        assert first["receipt_code"] is not None
        assert (again["case_id"], again["receipt_code"]) == (first["case_id"], None)


@pytest.mark.parametrize(
    "grant", ["operator:halo_pamor:32.75.02", "operator:halo_pamor:32.16", "agent:halo_pamor:32.16"]
)
async def test_a_grant_of_another_region_gets_no_answer(grant: str) -> None:
    async with desk() as office:
        first = (await record(office, FIRST)).json()

        refused = await record(office, grant)

        assert refused.status_code == 403
        assert first["tracking_code"] not in refused.text


async def test_who_may_not_say_that_it_was_earlier_gets_no_answer_either() -> None:
    async with desk() as office:
        body = at_event(occurred_at=(NOW - timedelta(hours=1)).isoformat())
        importer = await office.ask("POST", "/requests", "importer", key=KEY, json=body)

        operator = await office.ask("POST", "/requests", "operator", key=KEY, json=body)

        assert (importer.status_code, operator.status_code) == (201, 403)


async def test_a_time_of_now_stays_allowed_at_a_later_replay() -> None:
    async with desk() as office:
        body = at_event(occurred_at=NOW.isoformat())
        first = await office.operator("POST", "/requests", json=body, key=KEY)
        office.messaging.clock.advance(minutes=5)

        again = await office.operator("POST", "/requests", json=body, key=KEY)

        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()


async def test_steps_and_programmes_are_checked_again_too() -> None:
    async with desk() as office:
        case_id = (await office.record(at_event()))["case_id"]
        copy = {"programme_id": "sregep", "name": "SREGEP", "owner": "Bagian Kesra"}
        commands = (
            ("POST", f"/requests/{case_id}/steps", "operator", {"step": "verify"}),
            ("PUT", "/programmes/botram", "admin", {**BOTRAM, "name": "Botram"}),
            ("POST", "/programmes/botram/copies", "admin", copy),
        )
        for number, (method, path, role, body) in enumerate(commands):
            key = f"key-number-{number}"
            first = await office.ask(method, path, role, key=key, json=body)
            refused = await office.ask(
                method, path, role, "halo_pamor", "32.75", key=key, json=body
            )

            assert (first.is_success, refused.status_code) == (True, 403), path
