"""SOPs, batches and hints on real servers: at the shell, with the server's clock, and in a race."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from deploy.local.servers import Servers
from services.intake.app import Desk, open_desk
from services.intake.cli.sop import FOLDER
from services.intake.domain import LookupKeys, Person, Step
from services.intake.domain.batch import Batch
from services.intake.gateways import KeptCatalogues, NationalCalendar, SealedVault
from services.intake.usecases import record_request, take_step
from services.intake.usecases.batches import Wanted, make_batch, waiting_to_print
from shared.contracts.envelope import new_id
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.runtime import Sent
from shared.sealing.masterkeys import load
from tests.component.intake.kit import at_home
from tests.integration.intake_kit import PROGRAMMES, Office, open_office, running, until
from tests.unit.intake.sample import NIK, everybody
from tests.unit.intake.sample import at_home as new_at_home

BY: Final = ("--by", "admin-1")
PAMOR: Final = FOLDER / "halo_pamor.json"
REQUESTS: Final = 12
LATE: Final = "/api/late-requests?programme_id=halo_pamor"


@pytest.fixture
async def office(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Office]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        assert (await opened.command("publish", str(PROGRAMMES / "halo_pamor.json"), *BY))[0] == 0
        yield opened


def altered(file: Path, **changed: Any) -> Path:
    """Write our SOP of HALO PAMOR with one state said otherwise."""
    said = json.loads(PAMOR.read_bytes())
    said["states"][0] |= changed
    file.write_text(json.dumps(said))
    return file


async def test_an_sop_is_shown_compared_and_published_by_command(
    office: Office, tmp_path: Path
) -> None:
    own = altered(tmp_path / "own.json", time={"after": {"amount": 4, "unit": "clock_hours"},
                                               "tell": "head"})  # fmt: skip
    broken = altered(tmp_path / "broken.json", steps=[])
    foreign = tmp_path / "foreign.json"
    foreign.write_text(PAMOR.read_text().replace("halo_pamor", "nowhere"))

    before = await office.run("sop", "diff", str(PAMOR))
    assert (await office.run("sop", "publish", str(PAMOR), *BY)) == (0, ["halo_pamor: SOP 1"])
    assert (await office.run("sop", "publish", str(PAMOR), *BY)) == (0, ["halo_pamor: SOP 1"])
    same = await office.run("sop", "diff", str(PAMOR))
    other = await office.run("sop", "diff", str(own))
    assert (await office.run("sop", "publish", str(own), *BY)) == (0, ["halo_pamor: SOP 2"])
    first = await office.run("sop", "show", "halo_pamor", "--version", "1")
    refused = [
        await office.run("sop", *command)
        for command in (
            ("publish", str(broken), *BY),
            ("diff", str(broken)),
            ("diff", str(foreign)),
            ("show", "botram"),
        )
    ]

    assert before[0] == 0
    assert before[1][0] == "halo_pamor: no SOP counts, halo_pamor.json would change"
    assert same == (0, ["halo_pamor: SOP 1 counts, halo_pamor.json would change nothing"])
    assert other[1][1:] == [
        "~ states/received/time/after/amount: 2 -> 4",
        "~ states/received/time/after/unit: working_days -> clock_hours",
        "~ states/received/time/tell: supervisor -> head",
    ]
    (tmp_path / "shown.json").write_text("\n".join(first[1]))
    assert (await office.run("sop", "diff", str(tmp_path / "shown.json")))[1][1:] == [
        line.replace("2 -> 4", "4 -> 2")
        .replace("working_days -> clock_hours", "clock_hours -> working_days")
        .replace("supervisor -> head", "head -> supervisor")
        for line in other[1][1:]
    ]
    assert [status for status, _ in refused] == [1] * 4
    reasons = ("states: received: no step leads on", "no_way_out", "nowhere", "botram")
    for (_, lines), reason in zip(refused, reasons, strict=True):
        assert reason in lines[0]


async def test_what_is_brought_in_late_is_late_at_once_by_the_servers_clock(
    office: Office, tmp_path: Path
) -> None:
    assert (await office.run("sop", "publish", str(PAMOR), *BY))[0] == 0
    async with running(office, tmp_path / "log") as intake:
        old = at_home(occurred_at="2023-03-11T02:00:00+00:00")
        case_id = (await intake.post("/requests", old, "importer:*:*"))["case_id"]
        new = (await intake.post("/requests", at_home(service="KIA")))["case_id"]

        async def listed(grant: str) -> list[str]:
            answer = await intake.client.get(LATE, headers=office.headers(grant))
            return [one["case_id"] for one in answer.raise_for_status().json()["items"]]

        async def escalated() -> bool:
            return await listed("head:halo_pamor:32.75") == [case_id]

        await until(escalated)
        assert await listed("supervisor:halo_pamor:32.75.01") == [case_id]
        assert await listed("supervisor:halo_pamor:32.75.02") == []
        shown = await intake.get(f"/requests/{case_id}")
        assert shown["late_in_state_since"] == "2023-03-14T17:00:00Z"
        assert (await intake.get(f"/requests/{new}"))["late_in_state_since"] is None


async def run(at: Desk, use_case: UseCase, key: str) -> Any:
    """Run a command of somebody at work."""
    sent = Sent(new_id(), "test", actor="agus", action="test")
    return (await at.commands.run(use_case, sent=sent, key=key)).answer


async def issue(case_id: str, uow: UnitOfWork) -> None:
    await take_step(case_id, Step.ISSUE, uow, allow=everybody)


async def test_at_once_every_hint_is_seen_once_and_every_case_is_in_one_batch(
    office: Office,
) -> None:
    settings = office.settings()
    keys = load(settings.sealing_keys)
    how: dict[str, Any] = {
        "holidays": NationalCalendar(),
        "lookups": LookupKeys(*settings.lookup_secrets),
        "vault": SealedVault(lambda: keys),
        "allow": everybody,
    }
    async with open_desk(settings) as one, open_desk(settings) as two:
        how["catalogues"] = KeptCatalogues(one.reader)
        desks = (one, two)

        async def ask(number: int) -> list[str]:
            new = new_at_home(
                case_id=f"case-{number:02}",
                tracking=f"{number:064}",
                person=Person("Siti Contoh", NIK, "+628120000001", "Gang Contoh 1"),
            )
            at = desks[number % 2]
            answer = await run(at, lambda uow: record_request(new, uow, **how), new.case_id)
            earlier: list[str] = answer.get("earlier", [])
            return earlier

        seen = await asyncio.gather(*(ask(number) for number in range(REQUESTS)))
        # Of two that come at once one sees the other, whoever that is.
        assert sorted(len(one) for one in seen) == list(range(REQUESTS))

        ids = [f"case-{number:02}" for number in range(REQUESTS)]
        for case_id in ids:
            await run(one, partial(issue, case_id), case_id)

        async def make(number: int) -> list[str]:
            wanted = Wanted(f"batch-{number}", "halo_pamor", "32.75.01", "KK", 4)
            at = desks[number % 2]
            answer = await run(
                at, lambda uow: make_batch(wanted, ids, uow, allow=lambda *_: None), wanted.batch_id
            )
            taken: list[str] = answer["case_ids"]
            return taken

        made = await asyncio.gather(*(make(number) for number in range(3)))
        assert sorted(id_ for batch in made for id_ in batch) == ids
        assert len(await one.reader.find(Batch)) == 3
        rest = Wanted("batch-4", "halo_pamor", "32.75.01", "KK", 4)
        assert await waiting_to_print(rest, one.reader) == []
