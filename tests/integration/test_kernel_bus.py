"""The way out to a real broker, and what of it is refused to whom."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, ChannelInvalidStateError

from deploy.local.servers import Servers
from shared.messaging.bus import AmqpBus
from shared.messaging.errors import NotPublished
from shared.messaging.message import Message
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import Subscription, topology
from shared.messaging.wire import read
from shared.testing.bus_suite import BusContract
from tests.integration.kernel_kit import (
    DESK,
    QUEUE,
    Line,
    amqp_of,
    apply,
    change_policy,
    cut,
    line,
    until,
    virtual_host,
)
from tests.unit.shared.messaging_kit import message

NAME = f"desk_{secrets.token_hex(4)}"
"""Users are the whole broker's, so this one has a name that nobody else takes."""


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, [*DESK, Subscription(NAME, "events", (f"{NAME}.#",))])
        management.grant([BrokerUser(NAME, "made-up")])
        yield management
        management._send("DELETE", f"users/{NAME}")
        management.close()


@pytest.fixture
def url(servers: Servers, management: Management) -> str:
    return amqp_of(servers, management._vhost)


@pytest.fixture
def own_url(servers: Servers, management: Management) -> str:
    """The way in as the service's own user."""
    return amqp_of(servers, management._vhost, NAME, "made-up")


@pytest.fixture
async def bus(url: str) -> AsyncIterator[AmqpBus]:
    bus = AmqpBus(url, f"bus-{secrets.token_hex(4)}")
    await bus.connect()
    yield bus
    await bus.close()


@pytest.fixture
async def raw(url: str) -> AsyncIterator[Line]:
    async with line(url) as opened:
        for queue in (QUEUE, f"{NAME}.events"):
            await (await opened.channel.get_queue(queue, ensure=False)).purge()
        yield opened


class TestBus(BusContract):
    """The real bus passes the suite."""

    @pytest.fixture(autouse=True)
    def _queue(self, raw: Line) -> None:
        self.raw = raw

    def message(self, id_: str) -> Message:
        """A message that the desk's queue takes."""
        return message(id_)

    async def arrived(self, count: int) -> list[str]:
        """The ids of so many messages off the queue."""
        return [str((await self.raw.take(QUEUE)).message_id) for _ in range(count)]


async def test_what_leaves_when_the_connection_is_cut_is_told_for_each(
    bus: AmqpBus, raw: Line, management: Management
) -> None:
    """Nothing counts as published that is not there; publishing goes on by itself."""
    ids = [f"m{number:04}" for number in range(3000)]
    publishing = asyncio.create_task(bus.publish_all([message(id_) for id_ in ids]))
    await cut(management, bus._name)
    confirmed = await publishing
    await until(lambda: _published(bus))
    arrived = {(await raw.take(QUEUE)).message_id for _ in range(await raw.depth(QUEUE))}
    assert confirmed <= arrived <= {*ids, "again"}


async def test_what_cannot_be_encoded_keeps_nobody(bus: AmqpBus, raw: Line) -> None:
    endless = message("m2")
    endless = replace(endless, envelope=replace(endless.envelope, source="x" * 300))
    assert await bus.publish_all([message("m1"), endless, message("m3")]) == {"m1", "m3"}
    assert [(await raw.take(QUEUE)).message_id for _ in range(2)] == ["m1", "m3"]


async def test_one_id_sent_twice_and_wanted_by_nobody_is_published_by_neither(
    bus: AmqpBus,
) -> None:
    stray = replace(message("m1"), routing_key="nobody.wants_it.v1")
    both = await asyncio.gather(bus.publish_all([stray]), bus.publish_all([stray]))
    assert both[1] == set()


async def test_what_is_published_arrives_as_it_was_made(bus: AmqpBus, raw: Line) -> None:
    await bus.publish(message("m1"))
    taken = await raw.take(QUEUE)
    assert read(taken) == message("m1")
    assert taken.delivery_mode is aio_pika.DeliveryMode.PERSISTENT


async def test_what_no_queue_wants_is_not_published(bus: AmqpBus) -> None:
    with pytest.raises(NotPublished):
        await bus.publish(replace(message("m1"), routing_key="nobody.wants_it.v1"))


async def test_what_a_full_queue_refuses_is_not_published(
    bus: AmqpBus, raw: Line, management: Management
) -> None:
    (own,) = [policy for policy in topology(DESK).policies if policy.name == QUEUE]
    full = {**own.definition, "max-length": 1}
    change_policy(management, own.name, own.pattern, full)

    async def refused() -> bool:
        try:
            await bus.publish(message("m"))
        except NotPublished:
            return True
        return False

    await until(refused)
    # A quorum queue takes messages again when it is read down, not when its limit is lifted.
    await (await raw.channel.get_queue(QUEUE, ensure=False)).purge()
    await until(lambda: _published(bus))
    change_policy(management, own.name, own.pattern, own.definition)


async def _published(bus: AmqpBus) -> bool:
    try:
        await bus.publish(message("again"))
    except NotPublished:
        return False
    return True


async def test_a_publish_that_closes_the_channel_does_not_end_the_bus(
    bus: AmqpBus, raw: Line
) -> None:
    with pytest.raises(NotPublished):
        await bus.publish(replace(message("m1"), exchange="never.declared"))
    await until(lambda: _published(bus))
    assert (await raw.take(QUEUE)).message_id == "again"


async def test_a_connection_that_is_cut_comes_back(
    bus: AmqpBus, raw: Line, management: Management
) -> None:
    connection = bus._connection
    assert connection is not None
    before = connection.transport
    await cut(management, bus._name)
    await until(lambda: connection.transport is not before and bus.connected)
    await until(lambda: _published(bus))
    assert (await raw.take(QUEUE)).message_id == "again"


async def test_the_bus_waits_for_a_broker_that_is_not_there_yet(url: str) -> None:
    gate = await asyncio.start_server(_hang_up, "127.0.0.1", 0)
    port = gate.sockets[0].getsockname()[1]
    bus = AmqpBus(f"amqp://guest:guest@127.0.0.1:{port}/", "waiting")
    connecting = asyncio.create_task(bus.connect())
    await asyncio.wait({connecting}, timeout=0.5)
    assert not connecting.done()
    bus._urls = (url,)
    await asyncio.wait_for(connecting, 20)
    assert bus.connected
    await bus.close()
    gate.close()


async def test_a_connection_that_is_lost_before_its_channel_is_open_is_no_end(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = aio_pika.RobustConnection.channel
    left = [ConnectionResetError("cut"), ChannelInvalidStateError("closed")]

    def channel(self: aio_pika.RobustConnection, **options: Any) -> Any:
        if left:
            raise left.pop()
        return original(self, **options)

    monkeypatch.setattr(aio_pika.RobustConnection, "channel", channel)
    bus = AmqpBus(url, "unlucky")
    await asyncio.wait_for(bus.connect(), 20)
    assert bus.connected
    assert left == []
    await bus.close()


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_a_queue_is_there_or_not(bus: AmqpBus) -> None:
    assert await bus.queue_exists(QUEUE)
    assert not await bus.queue_exists("desk.never")
    assert bus.connected


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        ("jemput.events", f"{NAME}.thing_done.v1"),
        ("jemput.addressed", f"{NAME}.events"),
        ("jemput.dead", f"{NAME}.events"),
        ("jemput.retry.1s", f"{NAME}.events"),
    ],
)
async def test_a_service_may_write_what_bears_its_name(
    own_url: str, exchange: str, key: str
) -> None:
    bus = AmqpBus(own_url, NAME, user=NAME)
    await bus.connect()
    await bus.publish(replace(message("m"), exchange=exchange, routing_key=key))
    await bus.close()


@pytest.mark.parametrize(
    ("exchange", "key"),
    [
        ("jemput.events", "intake.request_received.v1"),
        ("jemput.events", f"{NAME}"),
        ("jemput.events", f"{NAME}x.thing_done.v1"),
        ("jemput.addressed", "desk.events"),
        ("jemput.dead", "desk.events"),
        ("jemput.retry.1s", "desk.events"),
        ("amq.topic", f"{NAME}.thing_done.v1"),
        ("", f"{NAME}.events"),
        ("", "desk.events"),
    ],
)
async def test_a_service_may_not_write_what_bears_anothers(
    own_url: str, exchange: str, key: str
) -> None:
    async with line(own_url) as own:
        underlay: Any = await own.channel.get_underlay_channel()
        with pytest.raises(ChannelAccessRefused):
            await underlay.basic_publish(b"{}", exchange=exchange, routing_key=key)


async def test_a_service_reads_its_own_queue(own_url: str, raw: Line) -> None:
    await raw.send_raw(b"{}", aio_pika.Message(b"").properties, exchange="", key=f"{NAME}.events")
    async with line(own_url) as own:
        assert (await own.take(f"{NAME}.events")).body == b"{}"


async def _read_another(channel: Any) -> None:
    await channel.basic_get(QUEUE)


async def _consume_another(channel: Any) -> None:
    await channel.basic_consume(QUEUE, lambda _: None)


async def _declare_queue(channel: Any) -> None:
    await channel.queue_declare(f"{NAME}.more", durable=True)


async def _declare_exchange(channel: Any) -> None:
    await channel.exchange_declare(exchange=f"{NAME}.more", exchange_type="topic")


async def _bind(channel: Any) -> None:
    await channel.queue_bind(f"{NAME}.events", "jemput.events", routing_key="intake.#")


async def _delete(channel: Any) -> None:
    await channel.queue_delete(f"{NAME}.events")


@pytest.mark.parametrize(
    "attempt",
    [_read_another, _consume_another, _declare_queue, _declare_exchange, _bind, _delete],
)
async def test_a_service_may_do_nothing_else(own_url: str, attempt: Any) -> None:
    async with line(own_url) as own:
        underlay = await own.channel.get_underlay_channel()
        with pytest.raises(ChannelAccessRefused):
            await attempt(underlay)


async def test_granting_twice_changes_nothing(management: Management) -> None:
    def rights() -> Any:
        kinds = ("permissions", "topic-permissions")
        return [management._send("GET", f"users/{NAME}/{kind}").json() for kind in kinds]

    before = rights()
    management.grant([BrokerUser(NAME, "made-up")])
    assert rights() == before
    assert len(before[1]) == 7
