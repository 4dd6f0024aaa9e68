"""Three RabbitMQ nodes: leaders are spread, and a lost node does not stop a service."""

from collections.abc import Iterator
from pathlib import Path

import aio_pika
import pytest

from deploy.local import install, ports, rabbit
from deploy.local.rabbit import Node, RabbitMQ
from shared.messaging.bus import AmqpBus
from shared.messaging.provision import Management
from shared.messaging.subscriber import ConsumingBroker
from shared.messaging.topology import Subscription, topology
from tests.integration.kernel_kit import DESK, QUEUE, until
from tests.unit.shared.messaging_kit import message

NAMES = ("one", "two", "three")
PASSWORD = "made-up"
SERVICES = (*DESK, *(Subscription(name, "events", ()) for name in ("aa", "bb", "cc")))


def _node(folder: Path, name: str, shared_epmd: int, free: Iterator[int]) -> Node:
    own = {what: next(free) for what in rabbit.PORTS} | {"epmd": shared_epmd}
    logs = folder / f"{name}-log"
    logs.mkdir()
    program = install.rabbitmq(print)
    return Node(program, folder / name, logs, own, PASSWORD, "made-up", name, NAMES)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[RabbitMQ]]:
    """Three nodes that found one another."""
    free = ports.free()
    epmd = next(free)
    first = RabbitMQ(_node(tmp_path, NAMES[0], epmd, free))
    rest = [first.joined(_node(tmp_path, name, epmd, free)) for name in NAMES[1:]]
    nodes = [first, *rest]
    try:
        for node in nodes:
            node.start()
        yield nodes
    finally:
        for node in reversed(nodes):
            node.kill()


async def test_leaders_are_spread_and_a_lost_node_is_left(cluster: list[RabbitMQ]) -> None:
    management = Management(rabbit.management_url(cluster[1].node.ports, PASSWORD))
    management.apply(topology(SERVICES))

    def leaders() -> set[str]:
        queues = management._send("GET", "queues").json()
        assert all(len(queue.get("members", NAMES)) == len(NAMES) for queue in queues)
        return {queue.get("leader", "") for queue in queues}

    await until(lambda: leaders() == {f"{name}@localhost" for name in NAMES})
    places = ",".join(f"127.0.0.1:{node.node.ports['amqp']}" for node in cluster)
    url = f"amqp://{rabbit.USER}:{PASSWORD}@{places}/"
    bus, consuming = AmqpBus(url, "desk", user=rabbit.USER), ConsumingBroker(url, "desk")
    connection = await consuming.connect()
    await bus.connect()
    cluster[0].kill_server()
    await until(lambda: bus.connected and _port(bus) != cluster[0].node.ports["amqp"])

    async def published() -> bool:
        return bool(await bus.publish_all([message("m")]))

    await until(published)
    await until(connection.connected.is_set)
    channel = await connection.channel()
    queue = await channel.get_queue(QUEUE, ensure=False)
    found: list[aio_pika.abc.AbstractIncomingMessage] = []

    async def taken() -> bool:
        one = await queue.get(no_ack=True, fail=False)
        found.extend([one] if one else [])
        return bool(found)

    await until(taken)
    assert found[0].message_id == "m"
    await bus.close()
    await consuming.stop()
    management.close()


def _port(bus: AmqpBus) -> int | None:
    return bus._connection.url.port if bus._connection is not None else None  # type: ignore[attr-defined]
