"""Evidence on real servers: looked through by intake's worker, sealed with scheduler's own key."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pymongo import MongoClient

from deploy.compose.make_secrets import SCHEDULER_KEYS
from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from shared.contracts.envelope import new_id
from tests.component.scheduler.floor import event_body
from tests.integration.intake_kit import until
from tests.unit.files import samples
from tests.unit.reporting.running import stack_of
from tests.unit.scheduler.sample import SETU

PATH: Final = f"/api/events/{SETU}/evidence"
INTAKES: Final = f"intake{WORKER}"


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("evidence")
    async with stack_of(servers, folder) as running:
        for name in ("intake", INTAKES, "scheduler"):
            running.start(name)
        await asyncio.to_thread(running.await_ready)
        await asyncio.to_thread(running.publish_shipped)
        await until(lambda: planned(running))
        yield running


async def planned(stack: Stack) -> bool:
    """Plan the event; False while scheduler does not know its programme."""
    answer = await ask(stack, "PUT", f"/api/events/{SETU}", json=event_body())
    return answer.is_success


async def ask(stack: Stack, method: str, path: str, **how: Any) -> httpx.Response:
    """Ask as a planner of everything."""
    token = stack.token("rina", "planner:*:*")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
    async with httpx.AsyncClient(timeout=120) as http:
        url = f"{stack.url('scheduler')}{path}"
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
        assert kept["evidence_looks"].count_documents({"file_id": file_id, "subject": "rina"}) == 1
    removed = await ask(stack, "DELETE", f"{PATH}/{file_id}")
    assert removed.status_code == 204
    assert (await ask(stack, "GET", f"{PATH}/{file_id}/content")).status_code == 404


async def test_each_service_has_master_keys_of_its_own(stack: Stack) -> None:
    secrets = stack.folder / "secrets"
    assert (secrets / SCHEDULER_KEYS).read_text() != (secrets / "sealing_keys").read_text()


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
