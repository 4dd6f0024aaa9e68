"""Timers on real servers: by the server's clock, through every outage, each once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.dead_letters import facts, open_dead_letters
from shared.messaging.operator_acts import Act
from shared.messaging.provision import Management
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from tests.integration.kernel_kit import (
    DEAD_QUEUE,
    QUEUE,
    Desk,
    Line,
    Look,
    amqp_of,
    apply,
    build_desk,
    door,
    hurry,
    line,
    running,
    until,
    virtual_host,
)

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost)
        hurry(management)
        yield management
        management.close()


@pytest.fixture
def url(servers: Servers, management: Management) -> str:
    return amqp_of(servers, management._vhost)


@pytest.fixture
async def raw(url: str) -> AsyncIterator[Line]:
    async with line(url) as opened:
        for queue in (QUEUE, DEAD_QUEUE):
            await (await opened.channel.get_queue(queue, ensure=False)).purge()
        yield opened


@pytest.fixture
def desk(servers: Servers, url: str, mongo_database: str, raw: Line) -> Desk:
    del raw
    return build_desk(servers, url, mongo_database)


@pytest.fixture
def look(servers: Servers, mongo_database: str) -> Iterator[Look]:
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        yield Look(client, mongo_database)


def set_(*keys: str, after: timedelta = -SECOND) -> UseCase:
    """A unit that sets timers."""

    async def work(uow: UnitOfWork) -> None:
        for key in keys:
            await uow.set_timer("remind", key, uow.now() + after, {"letter_id": key})

    return work


def clear(key: str) -> UseCase:
    """A unit that clears a timer."""

    async def work(uow: UnitOfWork) -> None:
        await uow.clear_timer("remind", key)

    return work


async def fired(look: Look, *keys: str) -> None:
    """Wait until timers have fired and nothing of them is left, and hold that each did once."""
    await until(lambda: look.count("timers") == 0 and look.reminders().keys() >= set(keys))
    assert look.reminders() == dict.fromkeys(keys, 1)


async def test_it_fires_when_it_is_due_and_not_before(desk: Desk, look: Look) -> None:
    async with running(desk):
        await desk.do(set_("a", after=SECOND))
        assert look.count("timers") == 1
        await fired(look, "a")
        found = look.database["reminders"].find_one({})
        assert found is not None
        # The server's clock and ours are one machine's; MongoDB cuts to milliseconds.
        assert -0.002 < found["late"] < 5
        await until(lambda: desk.metric("jemput_timers_fired_total", name="remind") == 1)


async def test_cleared_it_does_not_fire_and_moved_it_fires_later(desk: Desk, look: Look) -> None:
    async with running(desk):
        await desk.do(set_("a", "b", "c", after=SECOND))
        await desk.do(clear("a"))
        await desk.do(set_("b", after=timedelta(hours=1)))
        await until(lambda: look.reminders() == {"c": 1})
        assert [row["_id"] for row in look.database["timers"].find()] == ["remind/b"]
        await desk.do(set_("b"))
        await fired(look, "b", "c")


async def test_a_transaction_that_fails_leaves_none(desk: Desk, look: Look) -> None:
    async def cannot_be_stored(uow: UnitOfWork) -> None:
        await set_("a")(uow)
        uow.put("counters", {"_id": "a", "version": 1, "value": object()})

    async with running(desk):
        with pytest.raises(Exception, match="cannot encode object"):
            await desk.do(cannot_be_stored)
        await desk.do(set_("b"))
        await fired(look, "b")


async def test_due_while_rabbitmq_is_away_it_fires_once_later(
    servers: Servers, url: str, mongo_database: str, look: Look, raw: Line
) -> None:
    keys = [f"k{number}" for number in range(300)]
    async with door(url) as way:
        desk = build_desk(servers, way.url, mongo_database)
        async with running(desk):
            await until(lambda: desk.messaging.bus.connected and desk.consumer.consuming)
            await way.shut()
            await until(lambda: not desk.messaging.bus.connected)
            await desk.do(set_(*keys))
            await desk.messaging.sweeper.measure()
            assert desk.metric("jemput_timers_pending") == 300
            assert desk.metric("jemput_timers_oldest_overdue_seconds") > 0.9
            assert look.reminders() == {}
            await way.open()
            await fired(look, *keys)
    assert await raw.depth(DEAD_QUEUE) == 0


async def test_an_hour_late_it_fires_once(desk: Desk, look: Look) -> None:
    async with running(desk):
        await desk.do(set_("a", after=-timedelta(hours=1)))
        await fired(look, "a")
        await until(lambda: desk.metric("jemput_timers_late_seconds_sum") >= 3600)


async def test_of_two_instances_one_sends_and_the_other_takes_over(
    servers: Servers, url: str, mongo_database: str, look: Look, raw: Line
) -> None:
    del raw
    one = build_desk(servers, url, mongo_database, instance="one")
    two = build_desk(servers, url, mongo_database, instance="two")
    keys = [f"k{number}" for number in range(400)]
    async with running(two):
        async with running(one):
            await until(lambda: bool(one.messaging.sweeper._term or two.messaging.sweeper._term))
            await asyncio.gather(
                *[one.do(set_(key)) for key in keys[:100]],
                *[two.do(set_(key)) for key in keys[100:200]],
            )
            await fired(look, *keys[:200])
            assert None in {one.messaging.sweeper._term, two.messaging.sweeper._term}
        await asyncio.gather(*[two.do(set_(key)) for key in keys[200:]])
        await fired(look, *keys)
        assert two.messaging.sweeper._term is not None
    sent = [desk.metric("jemput_timers_fired_total", name="remind") for desk in (one, two)]
    assert sum(sent) == 400


async def test_a_handler_that_fails_ends_in_a_dead_letter_and_a_replay_fires_once(
    servers: Servers, url: str, mongo_database: str, look: Look, raw: Line
) -> None:
    def failing(key: str) -> Exception | None:
        return RuntimeError(key) if key == "bad" else None

    desk = build_desk(servers, url, mongo_database, instance="one")
    desk.trouble = failing
    async with running(desk):
        await desk.do(set_("bad", "good"))
        await until(lambda: _one_lies(raw))
        assert look.reminders() == {"good": 1}
        await desk.messaging.sweeper.measure()
        assert desk.metric("jemput_timers_oldest_overdue_seconds") == 0
    (row,) = look.database["timers"].find()
    assert row["_id"] == "remind/bad"
    assert "died_at" in row
    mended = build_desk(servers, url, mongo_database, instance="two")
    async with running(mended):
        # Another leads now; it fires what comes later, and the dead one not by itself.
        await mended.do(set_("later"))
        await until(lambda: look.reminders() == {"good": 1, "later": 1})
        assert await raw.depth(QUEUE) == 0
        async with open_dead_letters(url, QUEUE) as letters:
            async for held in letters.each():
                act = Act(datetime.now(UTC), "budi", "replay", "mended", QUEUE, facts(held.letter))
                await letters.replay(held, act)
        await fired(look, "good", "later", "bad")
    assert await raw.depth(DEAD_QUEUE) == 0


async def _one_lies(raw: Line) -> bool:
    return await raw.depth(DEAD_QUEUE) == 1
