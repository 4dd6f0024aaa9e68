"""The breach query on a real database: many looks, by index, and no file is written over."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from services.intake.domain import Deed, Party, PersonRead, Resident, Statement
from services.intake.store import COLLECTIONS
from shared.audit.trail import AuditEntry
from shared.contracts.envelope import new_id
from tests.integration.intake_kit import PROGRAMMES, Office, open_office
from tests.size import examples
from tests.unit.intake.sample import event_case

READS = examples(10_000)
"""The long run has 100,000."""
CASES = READS // 20
BEGIN = datetime(2023, 3, 11, 3, 0, tzinfo=UTC)
BY = ("--by", "admin-1")
LOOK = "GET /api/requests/{case_id}"
SECONDS = 60.0
"""What the command may take: it was 11 s for 100,000 looks on two cores that others used too."""


@pytest.fixture
async def office(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Office]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        botram = str(PROGRAMMES / "botram.json")
        assert (await opened.command("publish", botram, "--by", "admin-1"))[0] == 0
        yield opened


def made_up() -> Iterator[object]:
    """Cases with their residents, and looks at them: half by each of two accounts."""
    case = event_case()
    for number in range(CASES):
        id_, resident = f"c-{number}x", f"r-{number}x"
        fields: dict[str, Any] = {
            "parties": {Party.APPLICANT: resident},
            "tracking": f"{number:064}",
        }
        yield replace(case, id=id_, service=("KIA", "KK")[number % 2], **fields)
        yield Resident(resident, "botram", BEGIN, said=(f"{id_}.applicant",))
        yield Statement(f"{id_}.applicant", resident, {"name": "sealed", "nik": "sealed"})
    for number in range(READS):
        account, at = f"a-{number % 2}", BEGIN + timedelta(milliseconds=number * 250)
        id_ = f"c-{number % CASES}x"
        yield PersonRead(new_id(), account, id_, at, LOOK)
        yield AuditEntry(new_id(), at, Deed.READ, account, id_, (LOOK,))
    for account in ("a-0", "a-1"):
        said = ("operator:botram:32.16",)
        yield AuditEntry(new_id(), BEGIN, Deed.INVITED, "a-root", account, said)


def fill(servers: Servers, database: str) -> None:
    documents: dict[str, list[Any]] = {}
    for one in made_up():
        collection = COLLECTIONS.of(type(one))
        documents.setdefault(collection.name, []).append(collection.encode(one))
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        for name, some in documents.items():
            apart = COLLECTIONS.apart.get(name)
            place = client[f"{database}_{apart}" if apart else database]
            place[name].insert_many(some, ordered=False)


async def test_what_many_looks_saw_is_told_in_time_and_by_index(
    office: Office, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    fill(servers, mongo_database)
    end = BEGIN + timedelta(milliseconds=READS * 250)
    half = BEGIN + (end - BEGIN) / 2
    out = tmp_path / "breach"
    span = ("--from", BEGIN.isoformat(), "--to", end.isoformat())

    begun = time.monotonic()
    status, lines = await office.run("breach", *span, "--out", str(out))
    took = time.monotonic() - begun

    assert status == 0, lines
    print(f"{READS} looks at {CASES} cases: {took:.1f} s")  # noqa: T201 - measured
    assert took < SECONDS
    told = f"{CASES} residents in {CASES} cases, {CASES // 2} of them with specific data (children)"
    assert lines[:2] == [f"read botram: {told}", f"within reach botram: {told}"]
    found = json.loads((out / "ringkasan.json").read_text("utf-8"))
    assert {look["account"]: look["times"] for look in found["looks"]} == {
        "a-0": READS // 2,
        "a-1": READS // 2,
    }
    assert found["read"]["botram"]["kinds"] == {"name": CASES, "nik": CASES}
    assert len((out / "kasus-dibaca.txt").read_text("utf-8").split()) == CASES
    assert (out.stat().st_mode & 0o777) == 0o700

    narrow = ("--from", BEGIN.isoformat(), "--to", half.isoformat(), "--account", "a-1")
    status, lines = await office.run("breach", *narrow, "--out", str(tmp_path / "narrow"))
    assert status == 0, lines
    found = json.loads((tmp_path / "narrow" / "ringkasan.json").read_text("utf-8"))
    assert [look["times"] for look in found["looks"]] == [READS // 4]
    status, lines = await office.run("breach", *span, "--out", str(out))
    assert (status, "File exists" in lines[0]) == (1, True)

    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        log = client[mongo_database]["person_reads"]
        times = {"$gte": "2023-03-11T03:00:00", "$lt": "2023-03-11T03:00:10"}
        for query in ({"at": times}, {"at": times, "subject": "a-1"}):
            plan = log.find(query).sort("at", 1).explain()["executionStats"]
            assert plan["totalDocsExamined"] == plan["nReturned"] > 0, query
        carried = {"carriers": {"$in": ["a-0"]}, "carrier": {"$gt": ""}, "_id": {"$gt": ""}}
        plan = client[mongo_database]["cases"].find(carried).sort("_id", 1).explain()
        assert plan["executionStats"]["totalDocsExamined"] == 0


async def test_what_a_machine_could_have_read_is_within_reach(
    office: Office, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    fill(servers, mongo_database)
    made = ("machines", "token", "--name", "impor-1", "--purpose", "Impor riwayat", "--days", "2")
    grant = ("--grant", "operator:botram:32.16")
    now = datetime.now(UTC)
    token = await office.run(*made, *grant, "--by", "admin-1")
    listed = await office.run("machines", "list")
    powerful = await office.run(*made, "--grant", "operator:botram:*", "--days", "367", *BY)
    out = tmp_path / "out"
    times = ("--from", now.isoformat(), "--to", (now + timedelta(days=1)).isoformat())
    status, lines = await office.run("breach", *times, "--account", "impor-1", "--out", str(out))

    assert token[0] == 0
    claims = jwt.decode(token[1][0], options={"verify_signature": False})
    assert listed[1][0].startswith("impor-1: operator:botram:32.16 until ")
    assert listed[1][0].endswith(f"; Impor riwayat; token {claims['jti']}")
    assert claims["sub"] == "impor-1"
    assert (powerful[0], "366 days" in powerful[1][0]) == (1, True)
    assert (status, len(lines)) == (0, 5), lines
    assert lines[3].startswith("ask also: python -m services.courier audit acts --from 2")
    assert lines[3].endswith(" --account impor-1")
    assert lines[0].startswith(f"within reach botram: {CASES} residents")
    rights = json.loads((out / "ringkasan.json").read_text("utf-8"))["rights"]
    assert [(one["account"], one["grant"]) for one in rights] == [("impor-1", grant[1])]


async def test_what_cannot_be_asked_is_refused_with_a_sentence(
    office: Office, tmp_path: Path
) -> None:
    times = ("--from", "2023-03-11T10:00:00+07:00", "--to", "2023-03-11T09:00:00+07:00")
    status, lines = await office.run("breach", *times, "--out", str(tmp_path / "out"))
    assert (status, lines) == (1, ["refused: --from lies before --to"])
    times = (*times[:3], "2023-03-11T11:00:00+07:00")
    out = ("--out", str(tmp_path / "out"))
    status, lines = await office.run("breach", *times, *out, "--programme", "dapur")
    assert (status, lines) == (1, ["refused: no such programme"])
    status, lines = await office.run("breach", *times, *out)
    assert (status, lines[0]) == (0, "nobody read anything, and nobody could have")
