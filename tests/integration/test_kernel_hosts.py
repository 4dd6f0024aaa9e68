"""Publisher and consumer go to another host when theirs is gone."""

import asyncio

from yarl import URL

from deploy.local.servers import Servers
from shared.messaging.bus import AmqpBus
from shared.messaging.hosts import connection_class, urls_of
from shared.messaging.subscriber import ConsumingBroker
from tests.integration.kernel_kit import Door, amqp_of, door, until


def both(one: Door, two: Door) -> str:
    """One URL with the hosts of two ways to the broker."""
    place = two.url.rpartition("@")[2].partition("/")[0]
    start, _, path = one.url.rpartition("/")
    return f"{start},{place}/{path}"


async def test_a_publisher_goes_to_the_next_host_and_back(servers: Servers, vhost: str) -> None:
    url = amqp_of(servers, vhost)
    async with door(url) as one, door(url) as two:
        bus = AmqpBus(both(one, two), "desk")
        await bus.connect()
        await one.shut()
        await until(lambda: bus.connected and not one._passing and two._passing)
        await one.open()
        await two.shut()
        await until(lambda: bus.connected and one._passing)
        await bus.close()


async def test_a_consumer_starts_and_goes_on_without_its_first_host(
    servers: Servers, vhost: str
) -> None:
    url = amqp_of(servers, vhost)
    async with door(url) as one, door(url) as two:
        await one.shut()
        broker = ConsumingBroker(both(one, two), "desk")
        await broker.connect()
        await until(lambda: two._passing)
        await one.open()
        await two.shut()
        await until(lambda: one._passing)
        await broker.stop()


async def test_who_gives_up_connecting_leaves_nothing_that_tries_on() -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"amqp://u:p@127.0.0.1:{port}/"
        connection = connection_class(urls_of(url))(URL(url))
        connecting = asyncio.create_task(connection.connect())
        await asked.wait()
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        assert connection.is_closed
