"""One bad message, one lost right and one missing queue stop nobody else, on real servers."""

import asyncio
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from deploy.local.servers import Servers
from shared.contracts.intake import ReceiptConfirmed, RequestVerified
from shared.messaging.__main__ import main as operate
from shared.messaging.provision import Management
from shared.messaging.topology import suspects_queue
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.wire import properties
from tests.integration.dying_desk import DIED
from tests.integration.kernel_kit import (
    DEAD_QUEUE,
    QUEUE,
    Desk,
    Line,
    Look,
    amqp_of,
    apply,
    build_desk,
    cut,
    hurry,
    letters,
    running,
    until,
    virtual_host,
)
from tests.unit.shared.messaging_kit import message

SUSPECTS = suspects_queue(QUEUE)
MICROSECONDS = 1_700_000_000_000_000
"""A timestamp that RabbitMQ carries and pamqp cannot decode: seconds are expected."""


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost)
        hurry(management)
        yield management
        management.close()


async def send_poison(raw: Line, exchange: str = "jemput.events", key: str = "") -> bytes:
    """Publish a message whose properties pamqp cannot decode, and return its body."""
    said, body = properties(message("poison")), message("poison").body
    mark = datetime(2023, 1, 2, 3, 4, 5, tzinfo=UTC)
    said.timestamp = mark
    channel: Any = await raw.unconfirmed()
    header = marshal(ContentHeader(body_size=len(body), properties=said), channel.number)
    seconds = int(mark.timestamp()).to_bytes(8, "big")
    assert header.count(seconds) == 1
    header = header.replace(seconds, MICROSECONDS.to_bytes(8, "big"))
    publish = Basic.Publish(exchange=exchange, routing_key=key or ReceiptConfirmed.type)
    frames = (marshal(publish, channel.number), header, marshal(ContentBody(body), channel.number))
    await channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
    await channel.close()
    return body


async def test_what_cannot_be_decoded_is_one_dead_letter_and_harms_nobody(
    desk: Desk, raw: Line, look: Look
) -> None:
    cases = [f"c{number}" for number in range(114)]
    await raw.send(*letters(cases[:57]))
    body = await send_poison(raw)
    await raw.send(*letters(cases[57:]))
    async with running(desk):
        dead = await raw.take(DEAD_QUEUE)
        await until(lambda: len(look.counters()) == len(cases))
    assert look.counters() == dict.fromkeys(cases, 1)
    assert dead.headers["x-jemput-reason"] == "undecodable"
    assert (dead.message_id, dead.body) == ("poison", body)
    assert await raw.depth(DEAD_QUEUE) == 0
    assert await raw.depth(QUEUE) == 0


@pytest.mark.parametrize("action", ["list", "show", "replay", "drop"])
async def test_the_operator_can_work_on_a_queue_that_holds_such_a_message(
    raw: Line, url: str, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The broker itself may send one there, after too many deliveries."""
    await send_poison(raw, "jemput.dead", QUEUE)
    await raw.send_raw(b"{}", properties(message("after")), exchange="jemput.dead", key=QUEUE)
    await until(lambda: _holds(raw, DEAD_QUEUE, 2))
    words = ["dead", action, "--queue", QUEUE]
    words += [] if action == "list" else ["--all"]
    words += ["--reason", "a test", "--by", "budi"] if action in ("replay", "drop") else []
    environment = {"JEMPUT_OPERATOR_AMQP_URL": url}
    assert await asyncio.to_thread(operate, words, environment) == 0
    printed = capsys.readouterr().out
    assert "poison" in printed
    assert "after" in printed
    left = 0 if action in ("replay", "drop") else 2
    await until(lambda: _holds(raw, DEAD_QUEUE, left))
    await until(lambda: _holds(raw, QUEUE, 2 if action == "replay" else 0))


async def _holds(raw: Line, queue: str, count: int) -> bool:
    return await raw.depth(queue) == count


async def test_a_message_that_kills_its_consumer_dies_alone(
    servers: Servers, url: str, raw: Line, mongo_database: str, look: Look
) -> None:
    cases = [f"c{number}" for number in range(150)]
    await raw.send(*letters([*cases[:20], "killer", *cases[20:]]))
    exits: list[int] = []
    restarting = asyncio.create_task(_restarted(exits, url, servers.mongo_url, mongo_database))
    try:
        async with asyncio.timeout(240):
            while not await raw.depth(DEAD_QUEUE):  # noqa: ASYNC110 - the broker tells nobody
                await asyncio.sleep(0.05)
        await until(lambda: len(look.counters()) == len(cases))
        for queue in (QUEUE, SUSPECTS):
            await until(partial(_holds, raw, queue, 0))
    finally:
        restarting.cancel()
        await asyncio.gather(restarting, return_exceptions=True)
    assert look.counters() == dict.fromkeys(cases, 1)
    assert await raw.depth(DEAD_QUEUE) == 1
    assert (await raw.take(DEAD_QUEUE)).message_id == "m-killer"
    assert set(exits) == {DIED}
    assert 6 <= len(exits) <= 9


async def _restarted(exits: list[int], *words: str) -> None:
    """Run the desk's process, and run it again each time it ends, until cancelled."""
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.dying_desk", *words
        )
        try:
            exits.append(await process.wait())
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise


async def test_a_queue_that_was_deleted_shows_and_is_read_again_when_it_is_back(
    desk: Desk, raw: Line, management: Management, look: Look, servers: Servers
) -> None:
    async with running(desk):
        await until(lambda: desk.consumer.consuming)
        await raw.channel.queue_delete(QUEUE)
        await until(lambda: "does not exist" in (desk.consumer.problem or ""))
        await until(lambda: _told(desk, "does not exist"))
        apply(servers, management._vhost).close()
        hurry(management)
        await until(lambda: desk.consumer.consuming)
        assert await raw.consumers(QUEUE) == 1
        await raw.send(*letters(["after"]))
        await until(lambda: look.counters() == {"after": 1})


async def _told(desk: Desk, reason: str) -> bool:
    """What `/readyz` says of the consumer; it looks anew every few moments."""
    return reason in (await desk.service.health.readiness()).checks[QUEUE]


async def test_a_consumer_that_was_refused_once_comes_back(
    servers: Servers, management: Management, raw: Line, mongo_database: str, look: Look
) -> None:
    user = f"refused_{secrets.token_hex(4)}"
    rights = f"permissions/{management._vhost}/{user}"
    everything = {"configure": "^$", "write": ".*", "read": ".*"}
    management._put(f"users/{user}", {"password": "made-up", "tags": ""})
    management._put(rights, everything)
    own_url = amqp_of(servers, management._vhost, user, "made-up")
    desk = build_desk(servers, own_url, mongo_database)
    async with running(desk):
        await until(lambda: desk.consumer.consuming)
        management._put(rights, {**everything, "read": "^$"})
        await cut(management, "desk.consumer")
        await until(lambda: "refused" in (desk.consumer.problem or ""))
        management._put(rights, everything)
        await until(lambda: desk.consumer.consuming)
        await raw.send(*letters(["after"]))
        await until(lambda: look.counters() == {"after": 1})
    management._send("DELETE", f"users/{user}")


async def test_what_comes_before_faststream_says_running_is_handled(
    desk: Desk, raw: Line, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held at that very point for good: FastStream's own `consume` would drop every message."""
    for subscriber in desk.messaging.broker.subscribers:
        monkeypatch.setattr(subscriber, "_post_start", lambda: None)
    await raw.send(*letters([f"c{number}" for number in range(20)]))
    async with running(desk):
        await until(lambda: len(look.counters()) == 20)
        assert not any(each.running for each in desk.messaging.broker.subscribers)


async def test_a_type_of_a_newer_release_waits_for_the_code_that_reads_it(
    desk: Desk, raw: Line, servers: Servers, url: str, mongo_database: str
) -> None:
    said = properties(message("m-newer"))
    said.message_type = RequestVerified.type
    handled = asyncio.Event()

    async def handle(_: RequestVerified, uow: UnitOfWork) -> None:
        assert uow.cause is not None
        assert uow.cause.id == "m-newer"
        handled.set()

    async with running(desk):
        await raw.send_raw(message("m-newer").body, said, exchange="jemput.events")
        labels = {"type": RequestVerified.type, "reason": "unhandled_type"}
        await until(lambda: desk.metric("jemput_messages_failed_total", **labels) > 2)
    newer = build_desk(servers, url, mongo_database)
    newer.consumer.on(RequestVerified)(handle)
    async with running(newer):
        await asyncio.wait_for(handled.wait(), 20)
    assert await raw.depth(DEAD_QUEUE) == 0
