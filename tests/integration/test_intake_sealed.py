"""Sealed residents on real servers: nothing to read in the database, rotation, erasure, restore."""

import asyncio
import base64
import io
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from services.intake.app import open_desk
from services.intake.domain import LookupKeys, Person
from services.intake.gateways import KeptCatalogues, NationalCalendar, SealedVault
from services.intake.usecases import record_request
from shared.contracts.envelope import new_id
from shared.runtime import Sent
from shared.sealing.masterkeys import load
from tests.component.intake.kit import at_home
from tests.integration.intake_kit import PROGRAMMES, Office, Running, open_office, running, until
from tests.integration.leaks import found_in, kept
from tests.unit.intake.sample import at_home as new_at_home
from tests.unit.intake.sample import everybody

PAMOR = str(PROGRAMMES / "halo_pamor.json")
BY = ("--by", "admin-1")
NIK = "3216995203850017"
SITI = {
    "name": "Siti Rahasia",
    "nik": NIK,
    "phone": "0812-7766-5544",
    "address": "Gang Tersembunyi 8",
}
PLANTED = ("Siti Rahasia", "Tersembunyi", NIK, "81277665544", "anak ketiga")


@pytest.fixture
async def office(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Office]:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as opened:
        assert (await opened.command("publish", PAMOR, *BY))[0] == 0
        yield opened


@pytest.fixture
async def intake(office: Office, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(office, tmp_path / "log") as at_work:
        yield at_work


def nik(number: int) -> str:
    return f"3216991203{number // 9_999:02}{1 + number % 9_999:04}"


async def record(intake: Running, **changed: Any) -> str:
    recorded = await intake.post("/requests", at_home(**changed))
    return str(recorded["case_id"])


async def shown(intake: Running, case_id: str) -> dict[str, Any]:
    applicant: dict[str, Any] = (await intake.get(f"/requests/{case_id}"))["applicant"]
    return applicant


async def resident_of(office: Office, case_id: str) -> str:
    status, lines = await office.run("residents", "find", "--case", case_id)
    assert status == 0, lines
    return lines[0].removeprefix("applicant: ")


async def test_nothing_that_a_person_says_stands_in_the_database(
    intake: Running, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    office = intake.office
    case_id = await record(intake, applicant=SITI)
    await record(intake, applicant=SITI, service="BIRTH_CERT", reason="Untuk anak ketiga")
    wrong = {**at_home(applicant={**SITI, "nik": f"{NIK}9"})}
    headers = office.headers("operator:*:*")
    refused = await intake.client.post("/api/requests", json=wrong, headers=headers)
    assert refused.status_code == 422
    assert (await shown(intake, case_id))["name"] == "Siti Rahasia"
    resident = await resident_of(office, case_id)
    status, said = await office.run("residents", "export", "--resident", resident, *BY)
    assert status == 0
    assert NIK in said[0]

    def everywhere() -> set[tuple[str, str]]:
        log = [("log", (tmp_path / "log").read_bytes())]
        return found_in([*kept(servers.mongo_url, mongo_database), *log], PLANTED)

    assert everywhere() == set()
    # Is the searcher blind? It finds what is planted, however it is written.
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        leak = client[f"{mongo_database}_keys"]["leak"]
        leak.insert_one({"plain": f"rumah {PLANTED[1]} 8"})
        leak.insert_one({"base64": base64.b64encode(f"x{NIK}y".encode()).decode()})
        leak.insert_one({"raw": b"\x00" + PLANTED[0].encode()})
    places = everywhere()
    assert {text for place, text in places if place == "_keys/leak"} == set(PLANTED[:3])
    assert {text for place, text in places if place == "oplog"} == set(PLANTED[:3])


async def test_ciphertext_of_another_resident_does_not_open(
    intake: Running, servers: Servers, mongo_database: str
) -> None:
    one = await record(intake, applicant={**SITI, "nik": nik(1)})
    two = await record(intake, applicant={**SITI, "nik": nik(2), "name": "Ani Rahasia"})
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        statements = client[mongo_database]["statements"]
        other = statements.find_one({"_id": f"{two}.applicant"})
        assert other is not None
        statements.update_one({"_id": f"{one}.applicant"}, {"$set": {"sealed": other["sealed"]}})

    headers = intake.office.headers("operator:*:*")
    answer = await intake.client.get(f"/api/requests/{one}", headers=headers)

    assert answer.status_code == 500
    assert answer.json()["type"].endswith("unsealable")
    assert "Rahasia" not in answer.text


async def test_two_instances_make_one_resident_of_one_nik(
    office: Office, servers: Servers, mongo_database: str
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

        async def ask(number: int) -> None:
            new = new_at_home(
                case_id=f"case-{number}",
                tracking=f"{number:064}",
                person=Person("Siti", NIK, "+6281277665544", "Gang 8"),
            )
            await (one, two)[number % 2].commands.run(
                lambda uow: record_request(new, uow, **how),
                sent=Sent(new_id(), "test", actor="agus", action="test"),
                key=new.case_id,
            )

        await asyncio.gather(*(ask(number) for number in range(24)))
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        (resident,) = client[mongo_database]["residents"].find({})
        assert client[f"{mongo_database}_keys"]["resident_keys"].count_documents({}) == 1
        assert len(resident["said"]) == client[mongo_database]["cases"].count_documents({}) == 24


MANY = 4_000


async def test_the_master_key_is_rotated_under_load_though_the_command_is_killed(
    intake: Running, servers: Servers, mongo_database: str
) -> None:
    office = intake.office
    file = Path(office.environment["INTAKE_SEALING_KEYS"])
    old = load(file)
    first = await record(intake, applicant=SITI)
    vault = SealedVault(lambda: old)
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        keys = client[f"{mongo_database}_keys"]["resident_keys"]
        others = [vault.new_key(f"r-{number}") for number in range(MANY)]
        keys.insert_many(
            [{"_id": k.id, "version": 1, "master": k.master, "sealed": k.sealed} for k in others]
        )
        stop = asyncio.Event()
        working = [asyncio.create_task(load_of(intake, n, stop)) for n in range(4)]

        process = await office.start("keys", "rotate", *BY, out=asyncio.subprocess.DEVNULL)
        others_done = {"master": {"$ne": old.newest}, "_id": {"$gt": "r-"}}

        async def begun() -> bool:
            return keys.count_documents(others_done) > 0

        await until(begun)
        process.kill()
        await process.wait()
        left = keys.count_documents({"master": old.newest})
        new = load(file).newest
        assert left > 0, "killed too late to show anything"
        status, lines = await office.run("keys", "rotate", *BY)
        assert (status, lines[0]) == (0, f"going on under {new}")
        assert keys.count_documents({"master": {"$ne": new}}) == 0
        status, lines = await office.run("keys", "retire", "--key", old.newest, *BY)
        assert status == 1
        assert "within 60 s" in lines[0]
        os.utime(file, (1, 1))
        status, lines = await office.run("keys", "retire", "--key", old.newest, *BY)
        assert status == 0, lines
        assert (await shown(intake, first))["name"] == "Siti Rahasia"
        stop.set()
        cases = [case for made in await asyncio.gather(*working) for case in made]
        assert len(cases) >= 4
        for case_id in cases[-4:]:
            assert (await shown(intake, case_id))["name"] == "Ani Ramai"
        actions = client[mongo_database]["actions"].distinct("action", {"actor": "admin-1"})
        assert {"keys rewrap", f"keys retire {old.newest}"} <= set(actions)
    assert load(file).ids == (new,)


async def load_of(intake: Running, worker: int, stop: asyncio.Event) -> list[str]:
    """Record and read until stopped; every answer must be a success, and readiness true."""
    made: list[str] = []
    while not stop.is_set():
        number = worker * 10_000 + len(made)
        applicant = {**SITI, "nik": nik(number), "name": "Ani Ramai"}
        made.append(await record(intake, applicant=applicant))
        assert (await shown(intake, made[-1]))["name"] == "Ani Ramai"
        ready = await intake.client.get(intake.client.base_url.join("/readyz"))
        assert ready.is_success
    return made


async def test_a_master_key_that_still_wraps_is_not_retired(intake: Running) -> None:
    office = intake.office
    await record(intake, applicant=SITI)
    file = Path(office.environment["INTAKE_SEALING_KEYS"])
    old = load(file).newest
    status, _ = await office.run("keys", "new", "--file", str(file))
    assert status == 0
    os.utime(file, (1, 1))

    status, lines = await office.run("keys", "retire", "--key", old, *BY)

    assert (status, "rewrap first" in lines[0]) == (1, True)
    assert old in load(file).ids
    assert (await office.run("keys", "list"))[1][1] == f"{old}: wraps 1 keys"


async def test_keys_that_do_not_open_are_told_and_hold_up_no_other(
    intake: Running, servers: Servers, mongo_database: str
) -> None:
    office = intake.office
    case_id = await record(intake, applicant=SITI)
    lost = {"_id": "r-0", "version": 1, "master": "0" * 16, "sealed": "x"}
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        client[f"{mongo_database}_keys"]["resident_keys"].insert_one(lost)

    status, lines = await office.run("keys", "rotate", *BY)

    assert status == 1
    assert "1 keys wrapped by" in lines[0]
    assert "1 do not open, the first of them r-0" in lines[0]
    assert (await shown(intake, case_id))["name"] == "Siti Rahasia"


def copied(client: MongoClient[dict[str, Any]], database: str) -> dict[str, list[dict[str, Any]]]:
    place = client[database]
    return {name: list(place[name].find({})) for name in place.list_collection_names()}


def put_back(
    client: MongoClient[dict[str, Any]], database: str, held: dict[str, list[dict[str, Any]]]
) -> None:
    for name, documents in held.items():
        client[database][name].delete_many({})
        if documents:
            client[database][name].insert_many(documents)


async def test_who_was_erased_stays_erased_whatever_is_restored(
    intake: Running, servers: Servers, mongo_database: str
) -> None:
    office = intake.office
    gone = await record(intake, applicant=SITI)
    stays = await record(intake, applicant={**SITI, "nik": nik(1), "name": "Ani Tetap"})
    resident = await resident_of(office, gone)
    who = ("--resident", resident, "--by")
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        their_keys = copied(client, f"{mongo_database}_keys")
        status, lines = await office.run("residents", "erase", *who, "sri-1")
        assert (status, "1 of his requests are open" in lines[0]) == (1, True)
        await intake.post(f"/requests/{gone}/steps", {"step": "cancel"})
        yesterday = copied(client, mongo_database)
        assert (await office.run("residents", "erase", *who, "sri-1"))[0] == 0
        status, lines = await office.run("residents", "approve", *who, "sri-1")
        assert status == 1
        assert lines[0].endswith("who asks for an erasure does not approve it")
        assert (await shown(intake, gone))["name"] == "Siti Rahasia"
        status, lines = await office.run("residents", "approve", *who, "agus-1")
        assert (status, lines) == (0, [f"erased {resident}: 1 cases stay"])
        assert (await shown(intake, gone))["name"] == "dihapus"
        assert {gone, stays} == set(await intake.cases("halo_pamor"))
        (action,) = client[mongo_database]["actions"].find({"actor": "agus-1"})
        assert action["action"] == "residents approve"

        put_back(client, mongo_database, yesterday)
        assert (await shown(intake, gone))["name"] == "dihapus"
        assert await apply(office) == "1 erasures in the list, 1 of them applied now"
        assert await apply(office) == "1 erasures in the list, 0 of them applied now"
        assert client[mongo_database]["statements"].count_documents({}) == 1

        put_back(client, mongo_database, yesterday)
        put_back(client, f"{mongo_database}_keys", their_keys)
        assert (await shown(intake, gone))["name"] == "Siti Rahasia", "data and keys came back"
        assert await apply(office) == "1 erasures in the list, 1 of them applied now"
        assert (await shown(intake, gone))["name"] == "dihapus"
        assert (await shown(intake, stays))["name"] == "Ani Tetap"
    (noted,) = lines_of(office.environment["INTAKE_ERASURE_LIST"])
    one = json.loads(noted)
    assert (one["resident_id"], one["requested_by"]) == (resident, "sri-1")


async def erase(intake: Running, case_id: str) -> None:
    """Close a request and erase its resident, by two."""
    await intake.post(f"/requests/{case_id}/steps", {"step": "cancel"})
    who = ("--resident", await resident_of(intake.office, case_id))
    for command, by in (("erase", "sri-1"), ("approve", "agus-1")):
        status, lines = await intake.office.run("residents", command, *who, "--by", by)
        assert status == 0, lines


def lines_of(file: str) -> list[str]:
    return Path(file).read_text("utf-8").splitlines()


async def test_a_start_erases_again_whom_a_restore_has_brought_back(
    office: Office, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    parts = (mongo_database, f"{mongo_database}_keys")
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        async with running(office, tmp_path / "log") as before:
            case_id = await record(before, applicant=SITI)
            yesterday = [copied(client, part) for part in parts]
            await erase(before, case_id)
        for part, held in zip(parts, yesterday, strict=True):
            put_back(client, part, held)
        async with running(office, tmp_path / "log") as after:

            async def erased() -> bool:
                return bool((await shown(after, case_id))["name"] == "dihapus")

            await until(erased)


async def apply(office: Office) -> str:
    status, lines = await office.run("residents", "apply-erasures", *BY)
    assert status == 0, lines
    return lines[0]


async def test_what_is_held_about_somebody_is_exported_with_its_trail(
    intake: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = intake.office
    case_id = await record(intake, applicant=SITI)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NIK}\n"))
    status, lines = await office.run("residents", "find", "--programme", "halo_pamor")
    assert status == 0, lines
    assert lines == [await resident_of(office, case_id)]
    await shown(intake, case_id)

    why = ("--reason", "Permintaan warga")
    status, said = await office.run("residents", "export", "--resident", lines[0], *BY, *why)

    assert status == 0, said
    held = json.loads(said[0])
    (case,) = held["cases"]
    assert case["said"] == {**SITI, "phone": "+6281277665544"}
    assert (case["is"], case["state"], case["case"]["service"]) == (["applicant"], "received", "KK")
    looks = [(look["subject"], look["reason"]) for look in case["looked_at"]]
    assert looks == [("agus", None), ("admin-1", "Permintaan warga")]
    status, log = await office.run("residents", "access-log", "--case", case_id)
    last = json.loads(log[-1])
    assert (last["who"], last["what"], last["why"]) == (
        "admin-1",
        "residents export",
        "Permintaan warga",
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("12\n"))
    status, lines = await office.run("residents", "find", "--programme", "halo_pamor")
    assert (status, "16 digits" in lines[0]) == (1, True)


async def test_retention_erases_whose_cases_are_long_closed(
    intake: Running, servers: Servers, mongo_database: str, tmp_path: Path
) -> None:
    office = intake.office
    programme = json.loads("".join(lines_of(PAMOR)))
    run = ("residents", "retention", "--programme", "halo_pamor", *BY)
    assert (await office.run(*run))[0] == 1, "no programme that is shipped states one"
    changed = tmp_path / "programme.json"
    changed.write_text(json.dumps({**programme, "retention_days": 30}), "utf-8")
    assert (await office.command("publish", str(changed), *BY))[0] == 0
    closed = await record(intake, applicant=SITI)
    await intake.post(f"/requests/{closed}/steps", {"step": "cancel"})
    open_ = await record(intake, applicant={**SITI, "nik": nik(1), "name": "Ani Terbuka"})
    fresh = await record(intake, applicant={**SITI, "nik": nik(2), "name": "Adi Baru"})
    await intake.post(f"/requests/{fresh}/steps", {"step": "cancel"})
    ago = "2020-01-01T00:00:00Z"
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        place = client[mongo_database]
        for case_id in (closed, open_):
            case = place["cases"].find_one({"_id": case_id})
            assert case is not None
            facts = dict.fromkeys(case["facts"], ago)
            place["cases"].update_one({"_id": case_id}, {"$set": {"facts": facts}})
            resident = case["parties"]["applicant"]
            place["residents"].update_one({"_id": resident}, {"$set": {"last_case_at": ago}})

    status, lines = await office.run(*run, "--dry-run")
    assert (status, lines[-1].partition(":")[0]) == (0, "1 would be erased")
    assert (await shown(intake, closed))["name"] == "Siti Rahasia"
    status, lines = await office.run(*run)
    assert (status, lines[-1].partition(":")[0]) == (0, "1 erased")

    names = [(await shown(intake, one))["name"] for one in (closed, open_, fresh)]
    assert names == ["dihapus", "Ani Terbuka", "Adi Baru"]
    assert (await office.run(*run))[1][-1].partition(":")[0] == "0 erased"
