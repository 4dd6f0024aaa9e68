"""Intake as it runs: its own process, a real RabbitMQ, a real MongoDB, programmes by command."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.servers import Servers
from shared.contracts import Event
from shared.contracts.courier import DeliveryConfirmed, DeliveryFailed, DocumentCollected, JobEvent
from shared.contracts.intake import ProgrammePublished, ReceiptConfirmed, RequestClosed
from shared.mongo.client import connect
from tests.component.intake.kit import at_event, at_home
from tests.integration.intake_kit import PROGRAMMES, Office, Running, open_office, running, until
from tests.unit.intake.bus import CARRYING, QUEUEING, job, scheduled, ticket
from tests.unit.intake.sample import home_case

KESRA = "Bagian Kesra Setda Kabupaten Bekasi"
FILES = [str(PROGRAMMES / f"{name}.json") for name in ("botram", "halo_pamor", "dik_jamila")]
BOTRAM = Path(FILES[0])
SATURDAY = datetime(2023, 3, 11, 2, 0, tzinfo=UTC)
OLD = ("operator:*:*", "importer:*:*")
REQUESTS = 20
BY = ("--by", "admin-1")


@pytest.fixture
async def office(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Office]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        yield opened


@pytest.fixture
async def intake(office: Office, tmp_path: Path) -> AsyncIterator[Running]:
    """Intake with its programmes, which were published while it did not run."""
    assert (await office.command("publish", *FILES, *BY))[0] == 0
    async with running(office, tmp_path / "log") as at_work:
        await until(lambda: heard(at_work, ProgrammePublished, 3))
        yield at_work


async def heard(intake: Running, kind: type[Event], count: int) -> bool:
    return len(intake.told(kind)) >= count


async def record(intake: Running, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have requests recorded, one after the other within the opening hours of the event."""
    made = [
        {**body, "occurred_at": (SATURDAY + timedelta(minutes=n)).isoformat()}
        for n, body in enumerate(bodies)
    ]
    return await asyncio.gather(*(intake.post("/requests", body, *OLD) for body in made))


async def step(intake: Running, case_id: str, name: str, at: datetime) -> None:
    body = {"step": name, "occurred_at": at.isoformat()}
    await intake.post(f"/requests/{case_id}/steps", body, *OLD)


def once_each(intake: Running) -> Counter[tuple[str, str, int]]:
    """Count what was told by type, aggregate and version."""
    return Counter(
        (one.event.type, one.event.aggregate_id, one.version) for one in intake.heard.values()
    )


async def overdue(intake: Running) -> set[str]:
    """The cases whose due day has ended and whose document is owed."""
    answer = await intake.client.get(
        "/api/requests",
        params={"programme_id": "botram", "overdue": "true", "limit": 200},
        headers=intake.office.headers(*OLD),
    )
    answer.raise_for_status()
    return {case["case_id"] for case in answer.json()["items"]}


async def test_a_saturday_whatever_the_order_of_its_tickets(intake: Running) -> None:
    await intake.say([(scheduled(), SATURDAY)])

    async def announced() -> bool:
        # Long ago, so only an importer may bring it in.
        body = at_event(occurred_at=SATURDAY.isoformat())
        answer = await intake.client.post(
            "/api/requests", json=body, headers=intake.office.headers(*OLD)
        )
        return answer.status_code == 201

    await until(announced)
    cases = [one["case_id"] for one in await record(intake, [at_event()] * REQUESTS)]
    said: list[tuple[Event, datetime]] = [
        (ticket(kind, home_case(), **about(case_id, number)), SATURDAY + timedelta(hours=n + 1))
        for number, case_id in enumerate(cases, 1)
        for n, kind in enumerate(QUEUEING)
    ]

    await intake.say(said, times=3)

    async def all_served() -> bool:
        found = await intake.cases("botram")
        served = [found[c]["ticket"] and found[c]["ticket"]["served_at"] for c in cases]
        return all(served)

    await until(all_served)

    async def all_overdue() -> bool:
        return await overdue(intake) >= set(cases)

    # Their due day was long ago.
    await until(all_overdue)
    for case_id in cases:
        await step(intake, case_id, "issue", SATURDAY + timedelta(hours=5))
    assert (await overdue(intake)).isdisjoint(cases)
    for case_id in cases:
        await step(intake, case_id, "hand_over", SATURDAY + timedelta(days=4))
    await until(lambda: heard(intake, RequestClosed, REQUESTS))
    closed = {one.event.aggregate_id: one for one in intake.told(RequestClosed)}
    assert set(closed) == set(cases)
    assert all(one.event.within_standard for one in closed.values())  # type: ignore[attr-defined]
    assert set(once_each(intake).values()) == {1}
    told = Counter(one.event.type for one in intake.heard.values())
    assert told["intake.request_verified.v1"] == told["intake.document_issued.v1"] == REQUESTS
    numbers = [(await intake.cases("botram"))[case_id]["ticket"]["number"] for case_id in cases]
    assert numbers == list(range(1, REQUESTS + 1))


def about(case_id: str, number: int) -> dict[str, Any]:
    ticket_id = f"botram-2023-03-11-setu/KIA/{number}"
    return {
        "case_id": case_id,
        "programme_id": "botram",
        "service": "KIA",
        "thread_id": case_id,
        "ticket_id": ticket_id,
        "number": number,
    }


async def test_from_home_to_home_whatever_the_order_of_the_way(intake: Running) -> None:
    recorded = await record(intake, [at_home()] * REQUESTS)
    cases = [one["case_id"] for one in recorded]
    for case_id in cases:
        await step(intake, case_id, "issue", SATURDAY + timedelta(hours=5))
    fetched = [job(DocumentCollected, home_case(), case_id=case_id) for case_id in cases]
    await intake.say([(event, SATURDAY + timedelta(hours=7)) for event in fetched])
    await until(lambda: all_await_receipts(intake, recorded))
    for one in recorded:
        codes = {"code": one["tracking_code"], "receipt_code": one["receipt_code"]}
        await intake.post("/track/receipt", codes)
    way: tuple[type[JobEvent], ...] = (*CARRYING, DeliveryFailed)
    said: list[tuple[Event, datetime]] = [
        (job(kind, home_case(), case_id=case_id), SATURDAY + timedelta(hours=n + 1))
        for case_id in cases
        for n, kind in enumerate(way)
    ]

    await intake.say(said, times=3)

    await until(lambda: heard(intake, RequestClosed, REQUESTS))
    found = await intake.cases("halo_pamor")
    assert {found[case_id]["outcome"] for case_id in cases} == {"delivered"}
    assert len(intake.told(ReceiptConfirmed)) == REQUESTS
    assert set(once_each(intake).values()) == {1}
    assert {found[case_id]["within_standard"] for case_id in cases} == {None}


async def all_await_receipts(intake: Running, recorded: list[dict[str, Any]]) -> bool:
    shown = [await intake.get(f"/requests/{one['case_id']}") for one in recorded]
    return all("document_collected" in one["facts"] for one in shown)


async def test_a_delivery_heard_of_before_the_document_was_issued_is_not_lost(
    intake: Running,
) -> None:
    (recorded,) = await record(intake, [at_home()])
    case_id = recorded["case_id"]
    confirmed = job(DeliveryConfirmed, home_case(), case_id=case_id)
    await intake.say([(confirmed, SATURDAY + timedelta(hours=9))], times=2)

    async def noted() -> bool:
        return bool((await intake.cases("halo_pamor"))[case_id]["version"] > 1)

    await until(noted)
    assert intake.told(RequestClosed) == []
    await step(intake, case_id, "issue", SATURDAY + timedelta(hours=5))

    await until(lambda: heard(intake, RequestClosed, 1))
    (closed,) = intake.told(RequestClosed)
    assert closed.event.outcome == "delivered"  # type: ignore[attr-defined]
    assert closed.occurred_at == SATURDAY + timedelta(hours=9)


async def test_a_code_answers_for_its_request_and_guessing_is_slowed(intake: Running) -> None:
    (recorded,) = await record(intake, [at_home()])

    answer = await intake.client.post("/api/track", json={"code": recorded["tracking_code"]})
    right = [
        (
            await intake.client.post("/api/track", json={"code": recorded["tracking_code"]})
        ).status_code
        for _ in range(25)
    ]
    guesses = [
        (await intake.client.post("/api/track", json={"code": f"guess {n}"})).status_code
        for n in range(25)
    ]

    assert answer.json()["programme"] == "HALO PAMOR"
    assert "Siti" not in answer.text
    assert right == [200] * 25
    assert guesses[0] == 404
    assert guesses[-1] == 429


def write_altered(file: Path, changes: dict[str, Any]) -> None:
    shipped = json.loads(BOTRAM.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**shipped, **changes}), encoding="utf-8")


async def test_programmes_by_command(office: Office, tmp_path: Path) -> None:
    files = {"moved": {"time_zone": "Asia/Makassar"}, "broken": {"colour": "blue"}}
    for name, changes in files.items():
        write_altered(tmp_path / f"{name}.json", changes)
    copy = ("copy", *BY, "botram", "sregep", "--name", "SREGEP", "--owner")

    done = [
        await office.command(*command)
        for command in (
            ("publish", str(BOTRAM), *BY),
            ("publish", str(BOTRAM), *BY),
            (*copy, KESRA),
        )
    ]
    again = await office.command(*copy, KESRA)
    refused = [
        await office.command(*command)
        for command in (
            (*copy, "Somebody else"),
            ("copy", *BY, "nothing", "other", "--name", "x", "--owner", "y"),
            *(("publish", str(tmp_path / f"{name}.json"), *BY) for name in (*files, "missing")),
        )
    ]

    copied = (0, ["sregep: version 1, copied from botram"])
    assert done == [(0, ["botram: version 1"]), (0, ["botram: version 1"]), copied]
    assert again == copied
    assert [status for status, _ in refused] == [1] * 5
    reasons = ("taken", "programme nothing", "time_zone", "colour", "No such file")
    for (_, lines), reason in zip(refused, reasons, strict=True):
        assert lines[0].startswith("refused: ")
        assert reason in lines[0]


async def actions(office: Office) -> list[str]:
    """Return what the shell's account has done, in order."""
    client = connect(office.environment["INTAKE_MONGO_URL"])
    try:
        done = client[office.environment["INTAKE_MONGO_DATABASE"]]["actions"].find(
            {"actor": BY[1]}, sort=[("_id", 1)]
        )
        return [one["action"] for one in await done.to_list(None)]
    finally:
        await client.close()


async def test_shipped_programmes_are_published_once(office: Office, tmp_path: Path) -> None:
    write_altered(tmp_path / "own.json", {"name": "BOTRAM kami"})
    await office.command("publish", str(BOTRAM), *BY)
    await office.command("publish", str(tmp_path / "own.json"), *BY)

    done = [await office.command("publish-shipped") for _ in range(2)]

    # Each catalogue and each SOP makes one version more of its programme, once.
    first = ["botram: version 2", "dik_jamila: version 1", "halo_pamor: version 1"]
    again = ["botram: version 4", "dik_jamila: version 3", "halo_pamor: version 3"]
    catalogues = [f"{name}: catalogue 1" for name in ("botram", "dik_jamila", "halo_pamor")]
    sops = [f"{name}: SOP 1" for name in ("botram", "dik_jamila", "halo_pamor")]
    assert done == [(0, [*first, *catalogues, *sops]), (0, [*again, *catalogues, *sops])]
    _, listed = await office.command("list")
    assert listed[0].startswith("botram: BOTRAM kami,")


async def test_what_a_command_published_leaves_as_soon_as_the_service_runs(
    office: Office, tmp_path: Path
) -> None:
    await office.command("publish", str(BOTRAM), *BY)
    await office.command("copy", "botram", "sregep", "--name", "SREGEP", "--owner", KESRA, *BY)

    async with running(office, tmp_path / "log") as intake:
        await until(lambda: heard(intake, ProgrammePublished, 2))
        told = [one.event.aggregate_id for one in intake.told(ProgrammePublished)]
        assert sorted(told) == ["botram", "sregep"]
        assert await actions(office) == ["programmes publish", "programmes copy"]
        listed = await office.shell("programmes", "list")
        refused = await office.shell("programmes", "publish", str(tmp_path / "missing.json"), *BY)
    lines = [
        "botram: BOTRAM, Disdukcapil Kabupaten Bekasi, 32.16, version 1",
        f"sregep: SREGEP, {KESRA}, 32.16, version 1",
    ]
    assert listed == (0, "\n".join((*lines, "")), "")
    assert (refused[0], refused[1]) == (1, "")
    assert refused[2].startswith("refused: ")
