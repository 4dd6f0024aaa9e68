"""Whom an agent visits: told to who carries now, and to nobody else."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.contracts.courier import DeliveryConfirmed, JobAssigned
from shared.limits.rates import Rate
from shared.web import accounts
from shared.web.accounts import AccountRates
from tests.component.intake.kit import Desk, at_home, desk
from tests.component.intake.test_restriction import REASON
from tests.unit.intake.bus import job
from tests.unit.intake.sample import home_case

VISITED = {"name": "Siti Contoh", "address": "Gang Contoh 1", "phone": "+6281200000001"}


@pytest.fixture
async def office() -> AsyncIterator[Desk]:
    async with desk() as running:
        yield running


async def given_to(office: Desk, agent: str, case_id: str, version: int = 2) -> None:
    """Have courier say who carries."""
    said = job(JobAssigned, home_case(), case_id=case_id, agent_id=agent)
    await office.messaging.deliver(said, version=version)


async def ask(office: Desk, case_id: str, agent: str = "agent-1") -> httpx.Response:
    """Ask as an agent's browser does."""
    headers = office.messaging.headers("agent", "halo_pamor", "32.75", subject=agent)
    return await office.client.get(f"/api/requests/{case_id}/address", headers=headers)


async def carried(office: Desk, **changed: Any) -> str:
    """Record a case that agent-1 carries; return its id."""
    case_id = str((await office.record(at_home(**changed)))["case_id"])
    await given_to(office, "agent-1", case_id)
    return case_id


async def test_who_carries_is_told_the_way_to_the_door_and_no_more(office: Desk) -> None:
    answer = await ask(office, await carried(office))

    assert (answer.status_code, answer.json()) == (200, VISITED)
    assert answer.headers["cache-control"] == "no-store"


async def test_every_look_is_in_the_access_log_before_it(office: Desk) -> None:
    case_id = await carried(office)
    await ask(office, case_id)

    (read,) = office.messaging.documents("person_reads")
    assert (read["subject"], read["case_id"]) == ("agent-1", case_id)
    assert read["route"] == "GET /api/requests/{case_id}/address"
    assert "Siti" not in str(read)


async def test_neither_the_agent_before_nor_any_other_is_told(office: Desk) -> None:
    case_id = await carried(office)
    await given_to(office, "agent-2", case_id, version=3)

    statuses = [(await ask(office, case_id, f"agent-{n}")).status_code for n in (1, 2, 3)]

    assert statuses == [403, 200, 403]
    assert len(office.messaging.documents("person_reads")) == 1


async def test_nobody_is_told_before_somebody_carries(office: Desk) -> None:
    case_id = (await office.record(at_home()))["case_id"]

    assert (await ask(office, case_id)).status_code == 403
    assert (await ask(office, "no-such-case")).status_code == 404


@pytest.mark.parametrize("end", ["cancelled", "delivered"])
async def test_nobody_is_told_when_there_is_nothing_to_carry_any_more(
    office: Desk, end: str
) -> None:
    case_id = await carried(office)
    if end == "cancelled":
        (await office.step(case_id, "cancel")).raise_for_status()
    else:
        said = job(DeliveryConfirmed, home_case(), case_id=case_id)
        await office.messaging.deliver(said, version=9)

    assert (await ask(office, case_id)).status_code == 403


async def test_nobody_is_told_while_the_resident_is_restricted(office: Desk) -> None:
    case_id = await carried(office)
    path = f"/residents/{await office.resident(case_id)}/restriction"
    (await office.person("POST", path, json=REASON)).raise_for_status()

    answer = await ask(office, case_id)

    assert (answer.status_code, answer.json()["reason"]) == (409, "restricted")
    assert office.messaging.documents("person_reads") == []


async def test_looks_count_in_what_an_account_may_look_at_in_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = AccountRates(persons=Rate.parse("2/hour"))
    monkeypatch.setattr(accounts, "AccountRates", lambda: few)
    async with desk() as office:
        ids = [await carried(office, applicant=applicant(n)) for n in range(3)]

        statuses = [(await ask(office, case_id)).status_code for case_id in (*ids[:2], *ids)]

        assert statuses == [200, 200, 200, 200, 429]


def applicant(n: int) -> dict[str, str]:
    """Somebody made up, another for each number."""
    return {"name": "Warga Contoh", "phone": f"0812-0000-01{n:02}", "address": f"Gang Contoh {n}"}
