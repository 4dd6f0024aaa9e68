"""Officers at once on real servers: two processes of intake, one database, one winner each time."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.servers import Servers
from shared.auth.roles import Grant
from shared.contracts.envelope import new_id
from tests.component.intake.kit import at_home
from tests.integration.intake_kit import Office, Running, free_port, open_office, running

CASES: Final = 12
ROUNDS: Final = 8
KEYS: Final = 50
SUBMISSIONS: Final = 500
OFFICERS: Final = ("siti", "budi", "sari", "agus")
CARD: Final = {"items": [{"requirement_id": "family_card", "fault": "unreadable"}]}


async def ask(
    intake: Running, who: str, path: str, body: Any = None, form: Any = None
) -> httpx.Response:
    """Send a command as one of several officers."""
    grants = [Grant.parse("operator:halo_pamor:32.75")]
    token = intake.office.issuer.issue(who, grants, timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
    return await intake.client.post(path, json=body, data=form, headers=headers)


async def at_once(
    places: Sequence[Running], path: str, body: Any = None, form: Any = None
) -> list[httpx.Response]:
    """Have every officer send the same command at the same moment, half of them to each process."""
    return await asyncio.gather(
        *(
            ask(places[number % len(places)], who, path, body, form)
            for number, who in enumerate(OFFICERS)
        )
    )


def reasons(answers: Sequence[httpx.Response]) -> Counter[Any]:
    """Count what the losers are told; a winner counts as None."""
    return Counter(one.json().get("reason") for one in answers)


async def record(intake: Running) -> str:
    """Record a request under the shipped catalogue."""
    body = at_home(variant="KK_CHANGE")
    return str((await intake.post("/requests", body))["case_id"])


async def claims_are_won_once(places: Sequence[Running]) -> None:
    """One officer has the case, all others are told that another one has."""
    for _ in range(ROUNDS):
        case_id = await record(places[0])
        answers = await at_once(places, f"/api/requests/{case_id}/claim")
        assert reasons(answers) == {None: 1, "claimed": len(OFFICERS) - 1}


async def returns_are_won_once(places: Sequence[Running]) -> None:
    """One officer's words stand, all others are told that the case was returned."""
    for _ in range(ROUNDS):
        case_id = await record(places[0])
        answers = await at_once(places, f"/api/requests/{case_id}/return", CARD)
        assert reasons(answers) == {None: 1, "returned_already": len(OFFICERS) - 1}
        shown = await places[0].get(f"/requests/{case_id}")
        assert shown["returned_at"] is not None


async def everybody_gets_another_one(places: Sequence[Running]) -> None:
    """Whoever asks for the next gets one that nobody else has, while there is any."""
    form = {"program": "halo_pamor", "keadaan": "diterima"}
    free = {await record(places[0]) for _ in range(CASES)}
    taken: list[str] = []
    while len(taken) < CASES:
        answers = await at_once(places, "/meja", form=form)
        assert {one.status_code for one in answers} == {303}
        taken += [one.headers["location"].rpartition("/")[2] for one in answers]
    assert sorted(taken) == sorted(free)
    (late,) = {one.headers["location"] for one in await at_once(places, "/meja", form=form)}
    assert late.endswith("kosong=ya")


async def sent_again_and_again(places: Sequence[Running]) -> None:
    """Of 500 submissions at once with 50 keys there are 50 cases; each key has one answer."""
    keys = [new_id() for _ in range(KEYS)]
    body = at_home(variant="KK_CHANGE")
    before = await cases_of(places[0])

    async def submit(number: int) -> tuple[str, str]:
        at, key = places[number // KEYS % len(places)], keys[number % KEYS]
        headers = at.office.headers("operator:halo_pamor:32.75", key=key)
        answer = await at.client.post("/api/requests", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return key, answer.text

    answers = await asyncio.gather(*(submit(number) for number in range(SUBMISSIONS)))
    assert len(answers) == SUBMISSIONS
    assert {key for key, _ in answers} == set(keys)
    told = set(answers)
    assert len(told) == KEYS
    made = {json.loads(text)["case_id"] for _, text in told}
    assert await cases_of(places[1]) - before == made
    assert len(made) == KEYS


async def cases_of(intake: Running) -> set[str]:
    """Return the cases of the programme."""
    found = await intake.get("/requests?programme_id=halo_pamor&limit=200")
    assert found["next_cursor"] is None
    return {one["case_id"] for one in found["items"]}


async def test_two_officers_at_once_one_wins_and_the_other_is_told(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as office:
        assert (await office.command("publish-shipped"))[0] == 0
        async with (
            running(office, tmp_path / "log-1") as first,
            running(beside(office), tmp_path / "log-2") as second,
        ):
            places = (first, second)
            await claims_are_won_once(places)
            await returns_are_won_once(places)
            await everybody_gets_another_one(places)
            await sent_again_and_again(places)


def beside(office: Office) -> Office:
    """Return the same office with a port of its own, for a second process."""
    port = free_port()
    return replace(
        office, environment={**office.environment, "INTAKE_HTTP_PORT": str(port)}, port=port
    )
