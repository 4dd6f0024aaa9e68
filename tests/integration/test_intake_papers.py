"""Papers on real servers: intake and its worker as processes, GridFS in MongoDB."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from gridfs import GridFSBucket
from pymongo import MongoClient

from deploy.local.servers import Servers
from services.intake.usecases import PAPER
from shared.contracts.envelope import new_id
from tests.component.worker import kit as workers
from tests.integration.intake_kit import PROGRAMMES, Office, Running, open_office, running, until
from tests.memory import forget_peak, held
from tests.unit.files import samples
from tests.unit.files.samples import image, pdf

GROWTH_MIB = 8
"""By how much the process may grow over a file of 20 MiB."""


@dataclass
class Desk:
    """Intake at work, and its database."""

    intake: Running
    database: Any

    async def case(self) -> str:
        """Record a request and return its id."""
        body = {
            "programme_id": "botram",
            "service": "KK",
            "channel": "event",
            "applicant": {"name": "Siti Contoh"},
            "region_code": "32.16.18.2001",
        }
        return str((await self.intake.post("/requests", body))["case_id"])

    async def send(
        self, case_id: str, data: bytes, kind: str = "", key: str | None = None
    ) -> httpx.Response:
        """Send a file."""
        headers = self.intake.office.headers("operator:*:*", key=key)
        if kind:
            headers["Content-Type"] = kind
        path = f"/api/requests/{case_id}/papers"
        return await self.intake.client.post(path, content=data, headers=headers, timeout=120)

    def left(self) -> dict[str, int]:
        """Return how much is stored of files."""
        names = ("files", "fs.files", "fs.chunks")
        return {name: self.database[name].count_documents({}) for name in names}

    async def nothing_left(self) -> bool:
        """Return whether nothing is."""
        return not any(self.left().values())


@asynccontextmanager
async def desk(servers: Servers, amqp_url: str, database: str, folder: Path) -> AsyncIterator[Desk]:
    """Run intake; its worker's socket is `folder / "socket"`."""
    async with open_office(servers, amqp_url, database, folder) as made:
        told = {**made.environment, "INTAKE_WORKER_SOCKET": str(folder / "socket")}
        office = replace(made, environment=told)
        status, said = await office.command(
            "publish", "--by", "admin-1", str(PROGRAMMES / "botram.json")
        )
        assert status == 0, said
        async with running(office, folder / "intake.log") as intake:
            with MongoClient[dict[str, Any]](servers.mongo_url) as client:
                yield Desk(intake, client[database])


@asynccontextmanager
async def a_worker(folder: Path) -> AsyncIterator[workers.Running]:
    """Run intake's worker."""
    told = {"INTAKE_ROLE": "worker", "INTAKE_WORKER_SOCKET": str(folder / "socket")}
    async with workers.running(folder, "-m", "services.intake", environment=told) as worker:
        yield worker


FUZZ: Mapping[str, tuple[Callable[[], bytes], str, str]] = {
    "0 bytes": (lambda: b"", "image/jpeg", "empty"),
    "20 MiB + 1": (lambda: bytes(PAPER.limit + 1), "image/jpeg", "too_large"),
    "bomb": (lambda: samples.bomb(20_000, 20_000), "image/png", "too_many_pixels"),
    # Its gigabyte does not fit the child's memory, and the library says that it cannot read it.
    "PDF bomb": (samples.pdf_bomb, "application/pdf", "does_not_decode"),
    "polyglot": (lambda: image() + samples.archive(), "image/jpeg", "polyglot"),
    "cut in itself": (lambda: image()[:-300], "image/jpeg", "cut_off"),
    "password": (samples.locked, "application/pdf", "password"),
    "script": (lambda: pdf(change=samples.with_hidden_script), "application/pdf", "script"),
    "SVG with script": (lambda: samples.SVG, "image/svg+xml", "svg"),
    "wrong type": (image, "application/pdf", "wrong_type"),
    "HEIC": (lambda: samples.HEIC, "image/heic", "heic"),
}


async def test_bad_files_are_refused_by_name_and_leave_nothing_good_ones_little_memory(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with (
        a_worker(tmp_path),
        desk(servers, amqp_url, mongo_database, tmp_path) as office,
    ):
        case_id = await office.case()
        found = {}
        for name, (make, kind, _) in FUZZ.items():
            answer = await office.send(case_id, make(), kind)
            found[name] = answer.json().get("reason", answer.text)
            assert await office.nothing_left(), name
        assert found == {name: reason for name, (_, _, reason) in FUZZ.items()}
        await _cut_off_at_99_percent(office, case_id)
        await until(office.nothing_left)
        await _twenty_mebibytes_in_and_out(office, case_id)
        await _stored_as_gridfs_and_noise(office, case_id)
        await _kept_once_under_one_key(office, case_id)


async def _cut_off_at_99_percent(office: Desk, case_id: str) -> None:
    """Send most of a file, and hang up when it has begun to be stored."""
    data = pdf(change=samples.of_size(2_000_000))
    headers = office.intake.office.headers("operator:*:*")
    head = [f"POST /intake/api/requests/{case_id}/papers HTTP/1.1", "Host: x"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    head += [f"Content-Length: {len(data)}", "", ""]
    _, writer = await asyncio.open_connection("127.0.0.1", office.intake.office.port)
    writer.write("\r\n".join(head).encode() + data[: len(data) * 99 // 100])
    await writer.drain()

    async def stored() -> bool:
        return office.left()["fs.chunks"] > 0

    await until(stored)
    writer.close()


async def _twenty_mebibytes_in_and_out(office: Desk, case_id: str) -> None:
    # Code and connections that the first file brings in are not the file's.
    (await office.send(case_id, pdf(change=samples.of_size(600_000)))).raise_for_status()
    data = pdf(change=samples.of_size(PAPER.limit - 20_000))
    assert 0 <= PAPER.limit - len(data) < 20_000
    before = forget_peak(office.intake.pid)
    sent = await office.send(case_id, data, "application/pdf")
    grown_in = held(office.intake.pid, "VmHWM") - before
    assert sent.status_code == 201, sent.text
    file_id = sent.json()["file_id"]
    await office.intake.post(f"/requests/{case_id}/papers/{file_id}", {"kind": "other"})
    path = f"/api/requests/{case_id}/papers/{file_id}/content"
    headers = office.intake.office.headers("operator:*:*")
    before = forget_peak(office.intake.pid)
    fetched = await office.intake.client.get(path, headers=headers, timeout=120)
    grown_out = held(office.intake.pid, "VmHWM") - before
    assert fetched.content == data
    print(f"grown by {grown_in:.1f} MiB in, {grown_out:.1f} MiB out")  # noqa: T201
    assert max(grown_in, grown_out) < GROWTH_MIB


async def _stored_as_gridfs_and_noise(office: Desk, case_id: str) -> None:
    data = pdf(change=samples.of_size(600_000))
    file_id = (await office.send(case_id, data)).json()["file_id"]
    bucket = GridFSBucket(office.database)
    stored = bucket.open_download_stream(f"{file_id}.0").read()
    assert len(stored) == len(data) + 3 * 29
    assert b"%PDF" not in stored
    indexes = office.database["fs.chunks"].index_information().values()
    assert any(one["key"] == [("files_id", 1), ("n", 1)] and one.get("unique") for one in indexes)


async def _kept_once_under_one_key(office: Desk, case_id: str) -> None:
    key, before = new_id(), office.left()
    answers = [await office.send(case_id, image(), key=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert office.left() == {name: many + 1 for name, many in before.items()}


async def test_a_worker_that_dies_over_a_file_is_asked_again_when_it_is_back(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with desk(servers, amqp_url, mongo_database, tmp_path) as office:
        case_id = await office.case()
        put_off = await office.send(case_id, image())
        assert (put_off.status_code, "retry-after" in put_off.headers) == (503, True)
        assert await office.nothing_left()
        client = office.intake.client
        checks = (await client.get(client.base_url.join("/readyz"))).json()["checks"]
        assert checks["worker"].startswith("degraded")
        async with a_worker(tmp_path) as worker:
            worker.process.send_signal(signal.SIGSTOP)
            sending = asyncio.create_task(office.send(case_id, image()))

            async def stored() -> bool:
                return office.left()["fs.files"] == 1

            await until(stored)
            worker.process.send_signal(signal.SIGKILL)
            await worker.process.wait()
        async with a_worker(tmp_path):
            sent = await sending
            assert sent.status_code == 201, sent.text
            assert office.left() == {"files": 1, "fs.files": 1, "fs.chunks": 1}


async def test_an_erased_resident_s_frames_go_and_go_again_after_a_restore(
    servers: Servers, amqp_url: str, mongo_database: str, tmp_path: Path
) -> None:
    async with (
        desk(servers, amqp_url, mongo_database, tmp_path) as office,
        a_worker(tmp_path),
    ):
        case_id, at = await office.case(), office.intake.office
        file_id = (await office.send(case_id, image())).json()["file_id"]
        await office.intake.post(f"/requests/{case_id}/papers/{file_id}", {"kind": "photo"})
        stays = await office.case()
        kept = (await office.send(stays, image())).json()["file_id"]
        await office.intake.post(f"/requests/{stays}/papers/{kept}", {"kind": "photo"})
        await office.intake.post(f"/requests/{case_id}/steps", {"step": "cancel"})
        who = (await at.run("residents", "find", "--case", case_id))[1][0].split()[1]
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        data = client[mongo_database]
        office = replace(office, database=data)
        names = data.list_collection_names()
        yesterday = {name: list(data[name].find({})) for name in names}
        for command, by in (("erase", "sri-1"), ("approve", "agus-1")):
            status, said = await at.run("residents", command, "--resident", who, "--by", by)
            assert status == 0, said
        await _swept(office, at, tmp_path, kept)

        for name, held in yesterday.items():
            data[name].delete_many({})
            if held:
                data[name].insert_many(held)
        assert office.left() == {"files": 2, "fs.files": 2, "fs.chunks": 2}
        status, said = await at.run("residents", "apply-erasures", "--by", "admin-1")
        assert (status, said) == (0, ["1 erasures in the list, 1 of them applied now"])
        await _swept(office, at, tmp_path, kept)


async def _swept(office: Desk, at: Office, folder: Path, kept: str) -> None:
    """Start intake: its sweeper takes the frames that go, and no others."""
    async with running(at, folder / "intake.log"):

        async def one_is_left() -> bool:
            return office.left() == {"files": 1, "fs.files": 1, "fs.chunks": 1}

        await until(one_is_left)
        assert [one["_id"] for one in office.database["files"].find({})] == [kept]
