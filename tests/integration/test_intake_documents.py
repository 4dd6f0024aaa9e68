"""An issued document on real servers: checked by the real worker, nothing of its text is left."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from gridfs import GridFSBucket
from pymongo import MongoClient

from deploy.local.servers import Servers
from tests.component.intake.kit import at_home
from tests.integration.intake_kit import PROGRAMMES, Running, open_office, running
from tests.integration.leaks import found_in, kept
from tests.integration.test_intake_papers import a_worker
from tests.unit.files.letters import card

NIK, KK = "3216995203850044", "3216992607230044"
PERSON = {
    "name": "Wulandari Rahasia",
    "nik": NIK,
    "phone": "0812-7766-5511",
    "address": "Gang Tersembunyi 9",
}
WRONG = card("WULANDARI RAHASIAH", "3216995203850055", "Alamat : Jalan Tertutup 77")
RIGHT = card("WULANDARI RAHASIA", NIK, "Alamat : Jalan Tertutup 77", f"Nomor KK {KK}")
PLANTED = ("Wulandari", "WULANDARI", "Rahasia", "RAHASIA", "Tertutup", NIK, KK, "3216995203850055")


async def send(intake: Running, case_id: str, data: bytes) -> Mapping[str, Any]:
    """Send a document with the family card's number, bind it, and return what is told of it."""
    headers = intake.office.headers("operator:*:*") | {"Family-Card-Number": KK}
    path = f"/requests/{case_id}/document"
    sent = await intake.client.post(f"/api{path}", content=data, headers=headers, timeout=120)
    assert sent.status_code == 201, sent.text
    bound = await intake.post(f"{path}/{sent.json()['file_id']}", None)
    document: Mapping[str, Any] = bound["document"]
    return document


async def issue(intake: Running, case_id: str) -> httpx.Response:
    headers = intake.office.headers("operator:*:*")
    path = f"/api/requests/{case_id}/steps"
    return await intake.client.post(path, json={"step": "issue"}, headers=headers)


def logs_of(folder: Path) -> list[tuple[str, bytes]]:
    """Return what the processes have written."""
    return [(one.name, one.read_bytes()) for one in folder.glob("*.log")]


async def test_the_wrong_one_waits_the_right_one_is_issued_and_no_text_is_kept(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with open_office(servers, amqp_url, mongo_database, tmp_path) as made:
        told = {**made.environment, "INTAKE_WORKER_SOCKET": str(tmp_path / "socket")}
        office = replace(made, environment=told)
        status, said = await office.command(
            "publish", "--by", "admin-1", str(PROGRAMMES / "halo_pamor.json")
        )
        assert status == 0, said
        async with a_worker(tmp_path), running(office, tmp_path / "intake.log") as intake:
            case_id = str((await intake.post("/requests", at_home(applicant=PERSON)))["case_id"])
            wrong = await send(intake, case_id, WRONG)
            blocked = await issue(intake, case_id)
            right = await send(intake, case_id, RIGHT)
            issued = await issue(intake, case_id)

    assert wrong["differs"] == ["name", "nik", "kk_number"]
    assert (blocked.status_code, blocked.json()["reason"]) == (409, "document_mismatch")
    assert (right["comparison"], issued.status_code) == ("match", 200)
    # It would be found where it is, or the search proves nothing.
    assert ("the file", NIK) in found_in([("the file", RIGHT)], PLANTED)
    logs = logs_of(tmp_path)
    assert {name for name, blob in logs if blob} == {"intake.log", "worker.log"}
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        stored = GridFSBucket(client[mongo_database]).open_download_stream(f"{right['file_id']}.0")
        frames = [("GridFS", stored.read())]
    places = [*kept(servers.mongo_url, mongo_database), *logs, *frames]
    assert len(frames[0][1]) > len(RIGHT)
    assert {place for place, _ in places} >= {"/documents", "/fs.chunks", "oplog", "GridFS"}
    assert found_in(places, PLANTED) == set()
