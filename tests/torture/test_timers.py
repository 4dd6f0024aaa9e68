"""Timers whose process is killed in every gap between due and done: each fires once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.timers import TIMERS, new_timer
from shared.messaging.topology import suspects_queue
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.users import limit_transactions
from tests.integration.kernel_kit import (
    DEAD_QUEUE,
    QUEUE,
    Line,
    amqp_of,
    apply,
    hurry,
    line,
    virtual_host,
)
from tests.torture.kit import take_all
from tests.torture.timer_desk import FIRED, POISON, Desk

COUNT = 120
MOST_DEATHS = 90
"""Three times sent, and seven deliveries each until it is a dead letter; some are doubled."""
WAIT = 60.0
GAPS = {
    "timers.taken": (1, 1),
    "timers.published": (1, 40),
    "timers.noted": (1, 1),
    "commit.before": (1, 1),
    "commit.written": (1, 1),
    "commit.after": (1, 1),
    "consume.received": (1, 60),
    "consume.before_ack": (1, 40),
}
"""And the passages at which the first and its successor die."""


@pytest.fixture(scope="module")
def host(servers: Servers) -> Iterator[str]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost)
        hurry(management)
        yield vhost
        management.close()


@asynccontextmanager
async def desk_on(
    servers: Servers, vhost: str, database: str, folder: Path
) -> AsyncIterator[tuple[Desk, Line]]:
    """A desk with timers that are due, and a line to its broker; its processes end with it."""
    url = amqp_of(servers, vhost)
    client = connect(servers.mongo_url)
    if servers.mode != "given":
        await limit_transactions(client, 3)
    await migrate(client[database], [FIRED], [])
    await client[database][TIMERS.name].insert_many(due(COUNT))
    await client.close()
    desk = Desk(url, servers.mongo_url, database, folder)
    async with line(url) as raw:
        for queue in (QUEUE, DEAD_QUEUE, suspects_queue(QUEUE)):
            await (await raw.channel.get_queue(queue, ensure=False)).purge()
        try:
            yield desk, raw
        finally:
            await asyncio.to_thread(desk.kill_all)


def due(count: int) -> list[dict[str, Any]]:
    """Rows that came due over the last minute."""
    now = datetime.now(UTC)
    ages = (timedelta(seconds=60 * number / count) for number in range(count))
    return [
        TIMERS.encode(new_timer("remind", f"k{n}", now - age, {}, above=0, now=now))
        for n, age in enumerate(ages)
    ]


async def until(condition: Any) -> None:
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - what other processes do
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("gap", GAPS)
async def test_two_deaths_in_a_gap_lose_none_and_fire_none_twice(
    gap: str, servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    async with desk_on(servers, host, mongo_database, tmp_path) as (desk, raw):
        later = due(COUNT)
        for row in later:
            row["_id"] = f"{row['_id']}-later"
            row["key"] += "-later"
        with MongoClient[dict[str, Any]](servers.mongo_url) as client:
            database = client[mongo_database]
            for passage, more in zip(GAPS[gap], ([], later), strict=True):
                if more:
                    database[TIMERS.name].insert_many(more)
                doomed = desk.start(f"{gap}:{passage}")
                await until(lambda: desk.died(doomed))  # noqa: B023 - awaited at once
            desk.start()
            await until(lambda: database[TIMERS.name].count_documents({}) == 0)
            counts = {one["_id"]: one["version"] for one in database[FIRED].find()}
        assert len(counts) == 2 * COUNT
        assert set(counts.values()) == {1}
        assert await raw.depth(DEAD_QUEUE) == 0


async def test_two_instances_share_the_work_while_the_one_that_sends_is_killed(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    async with desk_on(servers, host, mongo_database, tmp_path) as (desk, raw):
        with MongoClient[dict[str, Any]](servers.mongo_url) as client:
            database = client[mongo_database]
            pair = [desk.start("timers.published:90"), desk.start("timers.published:90")]
            await until(lambda: any(map(desk.died, pair)))
            desk.start()
            await until(lambda: database[TIMERS.name].count_documents({}) == 0)
            counts = [one["version"] for one in database[FIRED].find()]
        assert counts == [1] * COUNT
        assert await raw.depth(DEAD_QUEUE) == 0


async def test_one_that_ends_each_process_ends_among_the_dead_letters(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    async with desk_on(servers, host, mongo_database, tmp_path) as (desk, raw):
        now = datetime.now(UTC)
        poison = TIMERS.encode(new_timer("remind", POISON, now, {}, above=0, now=now))
        with MongoClient[dict[str, Any]](servers.mongo_url) as client:
            database = client[mongo_database]
            database[TIMERS.name].insert_one(poison)

            def only_it_is_left() -> bool:
                rows = list(database[TIMERS.name].find())
                return [(row["key"], "died_at" in row) for row in rows] == [(POISON, True)]

            async with asyncio.timeout(3 * WAIT):
                for _ in range(MOST_DEATHS):
                    one = desk.start()
                    while not desk.died(one) and not (only_it_is_left() and await _calm(raw)):  # noqa: ASYNC110
                        await asyncio.sleep(0.05)  # what other processes do
                    if not desk.died(one):
                        break
            assert not desk.died(one), "it goes on ending processes"
            counts = [found["version"] for found in database[FIRED].find()]
        assert counts == [1] * COUNT
        dead = [message.message_id for message in await take_all(raw, DEAD_QUEUE)]
        assert set(dead) == {poison["generation"]}


async def _calm(raw: Line) -> bool:
    """Return whether nothing of the queues comes to a process that has lived for a while."""
    for _ in range(20):
        await asyncio.sleep(0.1)
        if await raw.depth(QUEUE) + await raw.depth(suspects_queue(QUEUE)):
            return False
    return True
