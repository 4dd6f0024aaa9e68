"""Complaints on real servers: taken by one of many, listed by last day, counted, and told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.servers import Servers
from shared.contracts.complaints import ComplaintReceived, ComplaintResolved
from tests.component.intake.complaining import ANSWER, complaint
from tests.integration.intake_kit import PROGRAMMES, Office, Running, open_office, running, until

OPERATOR: Final = "operator:botram:32.16"
HEAD: Final = "head:botram:32.16"
TAKERS: Final = 8


@pytest.fixture
async def at_work(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Running]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        published = await opened.command("publish", str(PROGRAMMES / "botram.json"), "--by", "a-1")
        assert published[0] == 0
        async with running(opened, tmp_path / "intake.log") as process:
            yield process


async def read(at: Running, path: str, grant: str = OPERATOR) -> Any:
    """Return what somebody with this grant reads."""
    answer = await at.client.get(f"/api/{path}", headers=at.office.headers(grant))
    return answer.raise_for_status().json()


async def test_of_many_who_take_it_at_once_one_does_and_it_is_counted_once(
    at_work: Running,
) -> None:
    made = [
        (await at_work.post("/complaints", complaint(kind=kind), OPERATOR))["complaint_id"]
        for kind in ("service", "information", "service", "aspiration", "information")
    ]
    first = made[1]
    steps = f"/api/complaints/{first}/steps"
    answers = await asyncio.gather(
        *(
            at_work.client.post(steps, json={"step": "take"}, headers=_new(at_work.office))
            for _ in range(TAKERS)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * (TAKERS - 1)]
    shown: list[str] = []
    cursor = ""
    for _ in range(3):
        page = await read(at_work, f"complaints?programme_id=botram&limit=2{cursor}")
        shown += [one["complaint_id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert (shown[:2], sorted(shown)) == ([made[1], made[4]], sorted(made))

    await at_work.post(f"/complaints/{first}/answer", {"text": ANSWER}, OPERATOR)
    await at_work.post(f"/complaints/{first}/steps", {"step": "close"}, OPERATOR)

    one = await read(at_work, f"complaints/{first}")
    assert (one["state"], one["name"], one["exchanges"][0]["answer"]) == (
        "closed",
        "Siti Contoh",
        ANSWER,
    )
    year = one["received_at"][:4]
    figures = await read(at_work, f"complaint-figures?programme_id=botram&year={year}", HEAD)
    assert (figures["received"], figures["resolved"], figures["ratio"]) == (5, 1, 20.0)
    assert figures["kinds"]["information"]["ratio"] == 50.0
    await until(lambda: _heard(at_work, len(made), 1))


def _new(office: Office) -> dict[str, str]:
    return office.headers(OPERATOR)


async def _heard(at: Running, received: int, resolved: int) -> bool:
    told = len(at.told(ComplaintReceived)), len(at.told(ComplaintResolved))
    return told == (received, resolved)
