"""Courier killed in every gap of the road: nothing is lost, and nothing is done twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.failpoints import FAILPOINTS
from tests.integration.kernel_kit import Line
from tests.size import seeds
from tests.torture.day import Day, day_of
from tests.torture.kit import QUEUE, Stand, courier_host, send, stand

SEED = 20230311
CASES = 20
IN_THE_STREAM = {
    "consume.received": 31,
    "commit.before": 4,
    "commit.written": 4,
    "commit.after": 4,
    "consume.before_ack": 23,
    "consume.after_ack": 23,
    "publish.before": 13,
    "publish.after": 13,
    "clear.after": 3,
    "dead_letter.published": 2,
}
"""The later passage at which the successor dies of that same gap."""
ELSEWHERE = {
    "deferred.released": "test_a_death_after_a_release",
    "relay.adopted": "test_a_death_over_the_rows_of_the_dead",
    "retry.published": "test_a_death_after_putting_off",
    "timers.taken": "tests/torture/test_timers.py: courier sets no timers",
    "timers.published": "tests/torture/test_timers.py",
    "timers.noted": "tests/torture/test_timers.py",
    "projection.folded": "tests/integration/test_reporting_totals.py: no other service has it",
}


@pytest.fixture(scope="module")
def host(servers: Servers) -> Iterator[str]:
    with courier_host(servers) as (vhost, _):
        yield vhost


async def finished(one: Stand, day: Day, raw: Any) -> None:
    """Let a last instance do what is left, and hold the outcome against the day's."""
    last = one.start()
    await one.settled(day, raw)
    await last.stop()
    await one.check(day, raw)


def test_every_gap_is_tried() -> None:
    assert IN_THE_STREAM.keys() | ELSEWHERE.keys() == set(FAILPOINTS)


@pytest.mark.parametrize("seed", seeds(SEED))
@pytest.mark.parametrize(("gap", "later"), IN_THE_STREAM.items())
async def test_two_deaths_in_a_gap_lose_nothing_and_double_nothing(
    gap: str,
    later: int,
    seed: int,
    servers: Servers,
    host: str,
    mongo_database: str,
    tmp_path: Path,
) -> None:
    day = day_of(CASES, seed)
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        await send(raw, day)
        for passage in (1, later):
            doomed = one.start(f"{gap}:{passage}")
            await one.wait_for(lambda: doomed.died)  # noqa: B023 - awaited at once
        await finished(one, day, raw)


async def test_a_death_after_a_release(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    day = day_of(CASES, SEED, doubled=0)
    first = [m for m in day.messages if m.envelope.type == "intake.request_received.v1"]
    early, third = [m for m in day.messages if m not in first], len(first) // 3
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        await send(raw, Day(early))
        doomed = [one.start("deferred.released:1")]
        await one.wait_for(lambda: one.count("inbox") == len(early))
        await send(raw, Day(first[:third]))
        await one.wait_for(lambda: doomed[0].died)
        doomed.append(one.start("deferred.released:2"))
        deferred = one.count("deferred")
        await send(raw, Day(first[third : 2 * third]))
        await one.wait_for(lambda: one.count("deferred") < deferred)
        await send(raw, Day(first[2 * third :]))
        await one.wait_for(lambda: doomed[1].died)
        await finished(one, day, raw)


async def test_a_death_over_the_rows_of_the_dead(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    day = day_of(CASES, SEED)
    half = len(day.messages) // 2
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        await send(raw, Day(day.messages[:half]))
        leaving = one.start("publish.before:1")
        await one.wait_for(lambda: leaving.died)
        assert one.count("outbox") > 0
        heirs = [one.start("relay.adopted:1")]
        await one.wait_for(lambda: heirs[0].died)
        heirs.append(one.start("relay.adopted:2"))
        await one.wait_for(lambda: one.count("outbox") == 0)
        leaving = one.start("publish.before:2")
        await one.wait_for(lambda: _two_read(raw))
        await send(raw, Day(day.messages[half:]))
        await one.wait_for(lambda: leaving.died)
        await one.wait_for(lambda: heirs[1].died)
        await finished(one, day, raw)


async def _two_read(raw: Line) -> bool:
    return await raw.consumers(QUEUE) == 2


async def test_a_death_after_putting_off(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    day = day_of(CASES, SEED)
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        await send(raw, day)
        for number, passage in enumerate((1, 7)):
            name = f"courier-{mongo_database}-{number}"
            one.mongo_url = f"{servers.mongo_url}{'&' if '?' in servers.mongo_url else '?'}"
            one.mongo_url += f"appName={name}"
            with failing_finds(servers, name, f"{mongo_database}.jobs"):
                doomed = one.start(f"retry.published:{passage}")
                await one.wait_for(lambda: doomed.died)  # noqa: B023 - awaited at once
        one.mongo_url = ""
        await finished(one, day, raw)


@contextmanager
def failing_finds(servers: Servers, app_name: str, namespace: str) -> Iterator[None]:
    """Have every query of one client for one collection fail, as by a fault of the server."""
    data = {
        "failCommands": ["find"],
        "appName": app_name,
        "namespace": namespace,
        "errorCode": 2,
    }
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        client.admin.command(
            {"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": data}
        )
        try:
            yield
        finally:
            client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
