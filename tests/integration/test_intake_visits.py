"""Visits on real servers: the largest one in one transaction, and several at the same moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.contracts.intake import RequestReceived
from shared.runtime import utc_now
from tests.component.intake.kit import at_event, at_home, in_visit
from tests.integration.intake_kit import PROGRAMMES, Office, Running, open_office, running, until
from tests.integration.leaks import found_in, kept
from tests.unit.intake.bus import scheduled

BY = ("--by", "admin-1")
CATALOGUES = PROGRAMMES.parent / "catalogues"
PAMOR = "halo_pamor"


@pytest.fixture
async def office(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Office]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        for name in ("botram", PAMOR):
            assert (await opened.command("publish", str(PROGRAMMES / f"{name}.json"), *BY))[0] == 0
        said = await opened.run("catalogues", "publish", str(CATALOGUES / f"{PAMOR}.json"), *BY)
        assert said[0] == 0, said
        yield opened


@pytest.fixture
async def intake(office: Office, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(office, tmp_path / "log") as at_work:
        yield at_work


def nik(number: int) -> str:
    return f"32169912038500{number:02}"


def family() -> dict[str, Any]:
    """A visit as large as it may be: ten people, a birth, a death, and fifteen more requests."""
    people = [{"name": f"Warga Rahasia {n}", "nik": nik(n)} for n in range(1, 9)]
    people += [{"name": "Bayi Rahasia"}, {"name": "Almarhum Rahasia"}]
    born = {"life_event": "birth", "applicant": 0, "parties": [{"party": "subject", "person": 8}]}
    dead = [{"party": "subject", "person": 9}, {"party": "reporter", "person": 1}]
    died = {"life_event": "death", "applicant": 1, "parties": dead}
    more = [{"service": "KTP_EL_PRINT", "applicant": n % 8} for n in range(15)]
    door = {"channel": "agent", "region_code": at_home()["region_code"], "event_id": None}
    return in_visit(programme_id=PAMOR, people=people, requests=[born, died, *more], **door)


async def test_the_largest_visit_is_recorded_whole_and_nothing_of_it_stands_in_plain(
    intake: Running, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    visit = await intake.post("/visits", family())

    codes = [one["service"] for one in visit["requests"]]
    assert codes == ["BIRTH_CERT", "KK", "KIA", "DEATH_CERT", "KK", *["KTP_EL_PRINT"] * 15]
    shown = await intake.get(f"/visits/{visit['visit_id']}")
    assert len(shown["requests"]) == len({one["case_id"] for one in visit["requests"]}) == 20

    async def heard() -> bool:
        return len(intake.told(RequestReceived)) == 20

    await until(heard)
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        stored = client[mongo_database]
        assert stored["residents"].count_documents({}) == 10
        assert stored["visits"].count_documents({}) == 1
    planted = ("Rahasia", *(nik(n) for n in range(1, 9)))
    log = [("log", (tmp_path / "log").read_bytes())]
    assert found_in([*kept(servers.mongo_url, mongo_database), *log], planted) == set()


async def test_of_visits_at_the_same_moment_one_is_recorded_whole_and_no_other_in_part(
    intake: Running, servers: Servers, mongo_database: str
) -> None:
    await announced(intake)
    before = counted(servers, mongo_database)
    wanted = [{"service": name, "applicant": 0} for name in ("KK", "KIA")]
    people = in_visit()["people"][:1]

    async def come(number: int) -> Any:
        # Each asks in another order: none is half way in when another one begins.
        asked = wanted[:: 1 if number % 2 else -1]
        headers = intake.office.headers("operator:*:*")
        body = in_visit(people=people, requests=asked)
        return await intake.client.post("/api/visits", json=body, headers=headers, timeout=60)

    answers = await asyncio.gather(*(come(number) for number in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(one["reason"], one["index"]) for one in refused} == {("already_open", 0)}
    added = {name: many - before[name] for name, many in counted(servers, mongo_database).items()}
    assert added == {"cases": 2, "visits": 1, "residents": 1, "statements": 2, "open_requests": 2}


async def announced(intake: Running) -> None:
    """Have the event in Setu planned for a coming day, and known to intake."""
    opens = utc_now().replace(hour=2) + timedelta(days=30)
    planned = {"on": opens.date(), "opens_at": opens, "closes_at": opens + timedelta(hours=3)}
    await intake.say([(scheduled(**planned), utc_now())])

    async def known() -> bool:
        headers = intake.office.headers("operator:*:*")
        answer = await intake.client.post("/api/requests", json=at_event(), headers=headers)
        return answer.status_code == 201

    await until(known)


def counted(servers: Servers, database: str) -> dict[str, int]:
    """Return how much is stored of what a visit writes."""
    names = ("cases", "visits", "residents", "statements", "open_requests")
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        return {name: client[database][name].count_documents({}) for name in names}


HEADER = "nama;tanggal_lahir;nama_wali;persetujuan"
CLASS = ("--programme", PAMOR, "--channel", "agent", "--region", "32.75.01.1001")
KIA = ("--variant", "KIA_5_TO_17", "--under-five", "KIA_UNDER_5")


async def test_a_class_is_checked_recorded_once_and_takes_slips_home(
    intake: Running, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    office, file, out = intake.office, tmp_path / "kelas.csv", tmp_path / "slip.html"
    young, older = utc_now().year - 3, utc_now().year - 9
    good = [f"Ani <Rahasia>;1 Mei {older};Siti Rahasia;ya", f"Budi Rahasia;1-5-{young};;ya"]
    without = f"Cici Rahasia;02-05-{older};;tidak"
    file.write_text("\n".join((HEADER, *good, "Dodi Rahasia;31-02-2015;;ya", without)), "utf-8")
    status, lines = await office.run("roster", "check", str(file), "--programme", PAMOR)
    assert (status, len(lines)) == (0, 2)
    assert lines[0].startswith("Baris 4, kolom tanggal_lahir: ")
    command = ("roster", "record", str(file), *CLASS, *KIA, *BY)
    status, lines = await office.run(*command)
    assert status != 0
    assert counted(servers, mongo_database)["cases"] == 0

    file.write_text("\n".join((HEADER, *good, without)), "utf-8")
    status, first = await office.run(*command)
    again = await office.run(*command)
    assert (status, again) == (0, (0, first))
    assert "Rahasia" not in "".join(first)
    visit_id = first[0].removeprefix("visit ")
    cases = (await intake.get(f"/visits/{visit_id}"))["requests"]
    assert [one["warnings"] for one in cases] == [[], ["guardian_missing"]]
    lists = [await intake.get(f"/requests/{one['case_id']}/checklist") for one in cases]
    assert [one["entry"] for one in lists] == ["KIA_5_TO_17", "KIA_UNDER_5"]

    printed = ("roster", "slips", "--visit", visit_id, "--out", str(out), *BY)
    assert (await office.run(*printed))[0] == 0
    page = out.read_text("utf-8")
    assert page.count('<article class="slip">') == 2
    assert "Ani &lt;Rahasia&gt;" in page
    assert page.count("Pasfoto berwarna") == 1
    assert out.stat().st_mode & 0o077 == 0
    status, log = await office.run("residents", "access-log", "--case", cases[0]["case_id"])
    assert (status, ["roster slips" in line for line in log]) == (0, [True])
    assert {
        place for place, _ in found_in(kept(servers.mongo_url, mongo_database), ["Rahasia"])
    } == set()
