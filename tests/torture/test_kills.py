"""Two instances of courier under load, killed at random: nothing is lost, nothing done twice."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import Servers
from tests.size import seeds
from tests.torture.day import day_of
from tests.torture.kit import courier_host, send, stand
from tests.torture.load import add_job, at_work, check_with_work, trickle, work

SEEDS = seeds(11, 2)
JOBS = 12
KILLS = 5


@pytest.fixture(scope="module")
def host(servers: Servers) -> Iterator[str]:
    with courier_host(servers) as (vhost, _):
        yield vhost


async def test_every_message_three_times_and_shuffled(
    servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    day = day_of(30, seed=31, times=3)
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        instances = [one.start(), one.start()]
        await send(raw, day)
        await one.settled(day, raw)
        for instance in instances:
            await instance.stop()
        await one.check(day, raw)


@pytest.mark.parametrize("seed", SEEDS)
async def test_killed_at_random_while_events_come_and_agents_work(
    seed: int, servers: Servers, host: str, mongo_database: str, tmp_path: Path
) -> None:
    print(f"seed {seed}")  # noqa: T201 - what a failure is repeated with
    chance = random.Random(seed)
    day = day_of(40, seed)
    carried = [f"home-{number:02}" for number in range(JOBS)]
    for case in carried:
        add_job(day, case)
    chance.shuffle(day.messages)
    async with stand(servers, host, mongo_database, tmp_path) as (one, raw):
        one.start()
        one.start()
        agents = [asyncio.create_task(work(one, case)) for case in carried]
        killed = asyncio.Event()
        sending = asyncio.create_task(trickle(raw, day, killed))
        for _ in range(KILLS):
            await at_work(one, day)
            await asyncio.sleep(chance.uniform(0.0, 0.2))
            assert one.count("inbox") < len(day.good), "the work was over before the kill"
            chance.choice([each for each in one.instances if each.alive]).kill()
            one.start()
        killed.set()
        await sending
        await asyncio.wait_for(asyncio.gather(*agents), 120)
        await one.settled(day, raw)
        for instance in [each for each in one.instances if each.alive]:
            await instance.stop()
        await check_with_work(one, day, carried, raw)
