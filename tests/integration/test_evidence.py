"""Evidence on real servers: looked through by intake's worker, sealed with a service's own key."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.compose.make_secrets import FILE_KEYS
from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from shared.contracts.envelope import new_id
from shared.sealing.masterkeys import load
from tests.component.scheduler.floor import event_body
from tests.integration.intake_kit import until
from tests.shell import tried
from tests.trail import trail_of
from tests.unit.files import samples
from tests.unit.reporting.running import stack_of
from tests.unit.scheduler.sample import SETU

BY: Final = ("--by", "admin-1")
PATH: Final = f"/api/events/{SETU}/evidence"
INTAKES: Final = f"intake{WORKER}"


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("evidence")
    async with stack_of(servers, folder) as running:
        for name in ("intake", INTAKES, "scheduler", "reporting"):
            running.start(name)
        await asyncio.to_thread(running.await_ready)
        await asyncio.to_thread(running.publish_shipped)
        await until(lambda: planned(running))
        yield running


async def planned(stack: Stack) -> bool:
    """Plan the event; False while scheduler does not know its programme."""
    answer = await ask(stack, "PUT", f"/api/events/{SETU}", json=event_body())
    return answer.is_success


async def ask(
    stack: Stack, method: str, path: str, service: str = "scheduler", **how: Any
) -> httpx.Response:
    """Ask as a planner of everything."""
    token = stack.token("rina", "planner:*:*")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
    async with httpx.AsyncClient(timeout=120) as http:
        url = f"{stack.url(service)}{path}"
        return await http.request(method, url, headers=headers, **how)


async def test_a_photo_goes_through_the_worker_and_comes_back_without_its_place(
    stack: Stack,
) -> None:
    sent = await ask(stack, "POST", PATH, content=samples.image())
    assert sent.status_code == 201, sent.text
    file_id = sent.json()["file_id"]
    bound = await ask(stack, "POST", f"{PATH}/{file_id}", json={"kind": "photo"})
    assert bound.status_code == 200, bound.text
    fetched = await ask(stack, "GET", f"{PATH}/{file_id}/content")
    assert fetched.status_code == 200
    assert fetched.content.startswith(b"\xff\xd8")
    assert samples.WHERE.encode() not in fetched.content
    with MongoClient[dict[str, Any]](stack.servers.mongo_url) as client:
        kept = client[stack.database("scheduler")]
        chunks = [one["data"] for one in kept["fs.chunks"].find()]
        assert chunks
        assert not any(b"JFIF" in one for one in chunks)
        looks = trail_of(client, kept.name)
        look = {"deed": "evidence_read", "said": file_id, "actor": "rina"}
        assert looks.count_documents(look) == 1
    removed = await ask(stack, "DELETE", f"{PATH}/{file_id}")
    assert removed.status_code == 204
    assert (await ask(stack, "GET", f"{PATH}/{file_id}/content")).status_code == 404


async def test_each_service_has_master_keys_of_its_own(stack: Stack) -> None:
    secrets = stack.folder / "secrets"
    names = ("sealing_keys", *FILE_KEYS.values())
    assert len({(secrets / name).read_text() for name in names}) == 3


async def test_its_master_key_is_rotated_while_files_come_and_go(stack: Stack) -> None:
    file = stack.folder / "secrets" / FILE_KEYS["scheduler"]
    file.chmod(0o600)
    old = load(file).newest
    ids = [(await ask(stack, "POST", PATH, content=samples.image())).json()["file_id"]]
    stop = asyncio.Event()

    async def work() -> None:
        while not stop.is_set():
            sent = await ask(stack, "POST", PATH, content=samples.image())
            assert sent.status_code == 201, sent.text
            ids.append(sent.json()["file_id"])
            assert stack.ready("scheduler")

    working = asyncio.create_task(work())
    rotated = await asyncio.to_thread(tried, stack, "scheduler", "keys", "rotate", *BY)
    early = await asyncio.to_thread(tried, stack, "scheduler", "keys", "retire", "--key", old, *BY)
    before = len(ids)
    await until(lambda: more_than(ids, before))
    stop.set()
    await working
    os.utime(file, (1, 1))
    retired = await asyncio.to_thread(
        tried, stack, "scheduler", "keys", "retire", "--key", old, *BY
    )
    listed = await asyncio.to_thread(tried, stack, "scheduler", "keys", "list")

    assert (rotated[0], early[0], retired[0]) == (0, 1, 0), (rotated, early, retired)
    assert "within 60 s" in early[1]
    assert load(file).ids != (old,)
    assert listed[1].count("wraps") == 1
    for file_id in (ids[0], ids[-1]):
        (await ask(stack, "POST", f"{PATH}/{file_id}", json={"kind": "photo"})).raise_for_status()
        fetched = await ask(stack, "GET", f"{PATH}/{file_id}/content")
        assert fetched.content.startswith(b"\xff\xd8"), fetched.text


async def more_than(ids: list[str], before: int) -> bool:
    return len(ids) > before


async def test_a_years_evidence_lies_in_reporting_whose_looks_nobody_removes(stack: Stack) -> None:
    path = "/api/programmes/botram/years/2023/evidence"

    async def known() -> bool:
        return (await ask(stack, "GET", path, "reporting")).is_success

    await until(known)
    sent = await ask(stack, "POST", path, "reporting", content=samples.image())
    assert sent.status_code == 201, sent.text
    place = f"{path}/{sent.json()['file_id']}"
    bound = await ask(stack, "POST", place, "reporting", json={"kind": "photo"})
    assert bound.status_code == 200, bound.text
    rotated = await asyncio.to_thread(tried, stack, "reporting", "keys", "rotate", *BY)
    listed = await asyncio.to_thread(tried, stack, "reporting", "keys", "list")
    fetched = await ask(stack, "GET", f"{place}/content", "reporting")

    assert rotated[0] == 0, rotated
    assert [line.split(": ")[1] for line in listed[1].splitlines()] == [
        "wraps 1 keys",
        "wraps 0 keys",
    ]
    assert fetched.content.startswith(b"\xff\xd8"), fetched.text
    with MongoClient[dict[str, Any]](stack._mongo_url("reporting")) as client:
        looks = trail_of(client, stack.database("reporting"))
        look = {"deed": "evidence_read", "about": "botram.2023", "actor": "rina"}
        assert looks.count_documents(look) == 1
        for change in (
            lambda: looks.delete_many({}),
            lambda: looks.update_many({}, {"$set": {"actor": "tono"}}),
        ):
            with pytest.raises(OperationFailure, match="not authorized"):
                change()


async def test_without_the_worker_no_file_is_taken_and_booths_go_on(stack: Stack) -> None:
    await asyncio.to_thread(stack.process(INTAKES).terminate)
    refused = await ask(stack, "POST", PATH, content=samples.image())
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert stack.ready("scheduler")
    assert (await ask(stack, "GET", f"/api/events/{SETU}")).status_code == 200
    stack.start(INTAKES)
    await asyncio.to_thread(stack.await_ready, ["intake"])
    assert (await ask(stack, "POST", PATH, content=samples.image())).status_code == 201
