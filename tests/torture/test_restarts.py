"""The broker and the database taken away and brought back under load, and absent at the start."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local.servers import Server, Servers, provide
from services.courier.domain import Step
from shared.contracts.envelope import new_id
from shared.mongo.client import connect
from tests.integration.kernel_kit import Line, amqp_of, line
from tests.torture.day import Day, day_of
from tests.torture.kit import DEAD_QUEUE, QUEUE, Instance, Stand, call, courier_host, prepared, send
from tests.unit.courier.sample import AGENT, issued, received

SEED = 77


@pytest.fixture(scope="module")
def own(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Servers that are ours to kill: the session's, unless those were given to us."""
    shared: Servers = request.getfixturevalue("servers")
    if shared.mode != "given":
        yield shared
        return
    with (
        tempfile.TemporaryDirectory(prefix="jemput-torture-") as folder,
        provide(Path(folder), fresh=True, say=print, environment={}) as started,
    ):
        yield started


@pytest.fixture(scope="module")
def host(own: Servers) -> Iterator[str]:
    with courier_host(own) as (vhost, _):
        yield vhost


@pytest.fixture
async def at(own: Servers, host: str, tmp_path: Path) -> AsyncIterator[Stand]:
    client = connect(own.mongo_url)
    async with prepared(own, host, f"torture_{new_id()[-12:]}", tmp_path) as one:
        yield one
    await client.drop_database(one.database)
    await client.close()


@asynccontextmanager
async def away(server: Server, seconds: float) -> AsyncIterator[None]:
    """A server killed as by a power cut, for the block and so many seconds more."""
    await asyncio.to_thread(server.kill)
    try:
        yield
        await asyncio.sleep(seconds)
    finally:
        await asyncio.to_thread(server.start)


async def readiness(instance: Instance) -> tuple[int, dict[str, str]]:
    answer = await call(instance, "GET", "/readyz")
    assert answer is not None
    return answer.status_code, answer.json()["checks"]


async def until_ready(one: Stand, instance: Instance, status: int, **checks: str) -> None:
    """Wait until `/readyz` says so."""

    async def said() -> bool:
        try:
            found, told = await readiness(instance)
        except AssertionError:
            return False
        return found == status and all(told[name].startswith(word) for name, word in checks.items())

    await one.wait_for(said)


async def step(one: Stand, instance: Instance, case: str, name: Step) -> Any:
    token = one.token("agent:halo_pamor:32.75", f"{AGENT}-001")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{case}-{name}"}
    path = f"/courier/api/jobs/{case}/steps"
    return await call(instance, "POST", path, json={"step": name}, headers=headers)


def with_a_job(day: Day) -> Day:
    """The day, and first of all a case of an agent who works meanwhile."""
    day.say("home-1-1", received("home-1", rw="001"), 1)
    day.say("home-1-2", issued("home-1"), 2)
    # Last, his job would be there only when the load is over.
    day.messages[:] = day.messages[-2:] + day.messages[:-2]
    day.expect(
        "home-1",
        *("job_opened", "job_assigned"),
        version=5,
        state="papers_handed_in",
        agent_id=f"{AGENT}-001",
        document_issued=True,
        receipt_confirmed=False,
    )
    day.published |= {("papers_collected", "home-1", 4), ("papers_handed_in", "home-1", 5)}
    return day


async def has_job(one: Stand) -> bool:
    with one.documents() as database:
        job = database["jobs"].find_one({"_id": "home-1"})
    return bool(job and job["version"] == 3)


async def finish(one: Stand, day: Day, raw: Line) -> None:
    await one.settled(day, raw)
    for instance in one.instances:
        await instance.stop()
    await one.check(day, raw)


async def test_the_broker_dies_under_load(own: Servers, host: str, at: Stand) -> None:
    day = with_a_job(day_of(60, SEED))
    url = amqp_of(own, host)
    async with line(url) as raw:
        await send(raw, Day(day.messages))
        instance = at.start()
        await at.wait_for(lambda: has_job(at))
        assert await raw.depth(QUEUE) > 0, "the load was over before the kill"
    async with away(own.rabbit, 2):
        await until_ready(at, instance, 200, rabbitmq="degraded", mongodb="ok")
        # What is asked for meanwhile is done, and told when the broker is back.
        answer = await step(at, instance, "home-1", Step.COLLECT_PAPERS)
        assert answer.json() == {"state": "papers_collected"}
        assert at.count("outbox") > 0
    await until_ready(at, instance, 200, rabbitmq="ok")
    answer = await step(at, instance, "home-1", Step.HAND_IN_PAPERS)
    assert answer.json() == {"state": "papers_handed_in"}
    async with line(url) as raw:
        await finish(at, day, raw)


async def test_the_database_dies_under_load(own: Servers, host: str, at: Stand) -> None:
    day = with_a_job(day_of(60, SEED))
    async with line(amqp_of(own, host)) as raw:
        await send(raw, Day(day.messages))
        instance = at.start()
        await at.wait_for(lambda: has_job(at))
        assert await raw.depth(QUEUE) > 0, "the load was over before the kill"
        async with away(own.mongo, 1):
            await until_ready(at, instance, 503, rabbitmq="ok")
            sent = asyncio.create_task(step(at, instance, "home-1", Step.COLLECT_PAPERS))
        # It was held until the database was back, or refused with when to come again.
        answer = await sent
        assert answer.status_code in (200, 503)
        await until_ready(at, instance, 200, mongodb="ok")
        for name in (Step.COLLECT_PAPERS, Step.HAND_IN_PAPERS):
            answer = await step(at, instance, "home-1", name)
            assert answer.status_code == 200, answer.text
        await finish(at, day, raw)


async def test_nothing_is_there_when_it_starts(own: Servers, host: str, at: Stand) -> None:
    day = day_of(10, SEED)
    url = amqp_of(own, host)
    async with line(url) as raw:
        await send(raw, day)
    async with away(own.rabbit, 0), away(own.mongo, 0):
        instance = at.start()
        await until_ready(at, instance, 503, rabbitmq="degraded")
    async with line(url) as raw:
        await finish(at, day, raw)
        assert (await raw.depth(QUEUE), await raw.depth(DEAD_QUEUE)) == (0, 0)
