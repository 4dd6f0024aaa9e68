"""One account reads 1,000 persons: a real Prometheus fires the shipped alert."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from deploy.local.servers import Servers
from deploy.local.stack import WORKER, Stack
from shared.contracts.envelope import new_id
from shared.observability.security import MASS_READ
from tests.benchmarks.load import bodies
from tests.integration.prometheus_kit import prometheus
from tests.unit.reporting.running import stack_of, until

PEOPLE: Final = 1_000
AT_ONCE: Final = 32
RAISED: Final = "5000/hour"
OPERATOR: Final = "operator:botram:32.16"
SCRAPED: Final = 'count_over_time(up{job="intake"}[1h])'
COUNTED: Final = 'sum(jemput_security_events_total{event="mass_read"})'


@pytest.fixture(scope="module")
async def stack(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path_factory.mktemp("reads")) as one:
        one.start(f"intake{WORKER}")
        # As shipped the account would be shown 300 of them; the others count for the alert too.
        one.start("intake", {"INTAKE_PERSONS_PER_ACCOUNT": RAISED})
        await asyncio.to_thread(one.await_ready, ["intake"])
        await asyncio.to_thread(one.publish_shipped)
        yield one


@pytest.fixture(scope="module")
async def cases(stack: Stack) -> Sequence[str]:
    """The ids of 1,000 made-up persons' cases."""
    made = [
        {name: value for name, value in body.items() if name != "event_id"}
        for body in bodies("none", 0, PEOPLE)
    ]
    answers = await each(stack, "reads-desk", [("POST", "/api/requests", body) for body in made])
    assert {one.status_code for one in answers} == {201}
    return [one.json()["case_id"] for one in answers]


async def each(
    stack: Stack, subject: str, asked: Sequence[tuple[str, str, Any]]
) -> list[httpx.Response]:
    """Send requests of one account, some at once; return the answers in order."""
    waiting, token = asyncio.Semaphore(AT_ONCE), stack.token(subject, OPERATOR)
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=stack.url("intake"), timeout=30, limits=limits) as http:

        async def send(method: str, path: str, body: Any) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}
            async with waiting:
                return await http.request(method, path, json=body, headers=headers)

        return await asyncio.gather(*(send(*one) for one in asked))


async def read(stack: Stack, cases: Sequence[str]) -> Counter[int]:
    """Have the account read persons; how often it was answered what."""
    asked = [("GET", f"/api/requests/{case}", None) for case in cases]
    return Counter(answer.status_code for answer in await each(stack, "reader", asked))


async def test_one_account_reads_a_thousand_persons_and_the_alert_fires(
    stack: Stack, cases: Sequence[str], tmp_path: Path
) -> None:
    with prometheus(tmp_path / "prometheus", {"intake": stack.ports["intake"]}) as watcher:
        few = await read(stack, cases[:MASS_READ])
        scraped = await watcher.value(SCRAPED)

        async def looked_twice() -> bool:
            return await watcher.value(SCRAPED) >= scraped + 2

        await until(looked_twice)
        assert await watcher.firing("MassReads") == []

        rest = await read(stack, cases[MASS_READ:])

        async def fires() -> bool:
            return bool(await watcher.firing("MassReads"))

        await until(fires, within=20)
        (labels,) = await watcher.firing("MassReads")
        counted = await watcher.value(COUNTED)
    assert few + rest == {200: PEOPLE}
    assert (labels["job"], labels["severity"]) == ("intake", "critical")
    assert counted == 1
