"""Every service's own user on the topology of all: none of them speaks for another.

On this session's broker as part of `make test`, on that of docker-compose.yml by
`make test-compose`: RabbitMQ before 4.0.3 lets keys in CC and BCC by, later ones refuse them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from aio_pika.abc import AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from pamqp.commands import Basic

from deploy.compose.addresses import AMQP_PORT, CA, amqp_url
from deploy.local.servers import Servers
from deploy.provision import service_names
from shared.contracts import CATALOGUE
from shared.messaging.consumer import SUSPECT_AFTER
from shared.messaging.errors import Malformed
from shared.messaging.message import Message
from shared.messaging.topology import dead_queue, retry_exchange
from shared.messaging.wire import properties, read, require_sender, vouched_for
from tests.e2e.compose_engine import Stack as Contained
from tests.integration.kernel_kit import WAIT, amqp_of, line
from tests.unit.reporting.running import stack_of
from tests.unit.shared.messaging_kit import message

SERVICES: Final = service_names()
EXCHANGES: Final = ("jemput.events", "jemput.addressed", "jemput.dead", retry_exchange(1))
FORGED: Final = "forged"


@dataclass(frozen=True)
class Broker:
    """A provisioned broker while no service runs, so that what comes to a queue stays there."""

    url_of: Callable[[str], str]
    """The way in as one service's user."""
    administrator: str


@pytest.fixture
async def broker(servers: Servers, tmp_path: Path) -> AsyncIterator[Broker]:
    async with stack_of(servers, tmp_path) as stack:
        yield Broker(
            lambda name: stack.told(name)[f"{name.upper()}_AMQP_URL"],
            amqp_of(servers, stack.vhost),
        )


@pytest.fixture(scope="module")
def contained(
    compose_stack: Contained, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """The broker of docker-compose.yml, over TLS, with the services stopped."""
    secrets = compose_stack.originals()
    ca = tmp_path_factory.mktemp("broker") / CA
    ca.write_text(secrets[CA])
    place = compose_stack.compose("port", "rabbitmq", str(AMQP_PORT)).strip()

    def url(user: str, password: str) -> str:
        return amqp_url(user, secrets[password], str(ca), place)

    compose_stack.compose("stop", *SERVICES)
    yield Broker(
        lambda name: url(name, f"{name}_amqp_password"), url("admin", "rabbitmq_admin_password")
    )
    compose_stack.up()


@pytest.mark.parametrize("attacker", SERVICES)
async def test_a_services_password_speaks_for_no_other(broker: Broker, attacker: str) -> None:
    await refused_everywhere(broker, attacker)


@pytest.mark.compose
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("attacker", SERVICES)
async def test_a_services_password_speaks_for_no_other_in_containers(
    contained: Broker, attacker: str
) -> None:
    await refused_everywhere(contained, attacker)


async def refused_everywhere(broker: Broker, attacker: str) -> None:
    """Forge by every exchange and header; the broker or whoever reads the message refuses it."""
    taken = await attacked(broker.url_of(attacker), attacker)
    events, dead = [], []
    for victim in SERVICES:
        if victim != attacker:
            events += await refused_as_events(broker, f"{victim}.events")
            dead += await refused_as_dead_letters(broker, f"{victim}.events")
    # Where the broker let the second keys by, they came somewhere: there was something to refuse.
    assert (bool(events), bool(dead)) == (any(taken), any(taken))


async def refused_as_events(broker: Broker, queue: str) -> list[AbstractIncomingMessage]:
    """Take what was forged from a queue; its consumer would refuse all of it."""
    found = await forged_in(broker, queue)
    for one in found:
        with pytest.raises(Malformed, match="sender"):
            require_sender(one, read(one).envelope, queue)
    return found


async def refused_as_dead_letters(broker: Broker, queue: str) -> list[AbstractIncomingMessage]:
    """Take what was forged from a queue's dead letters; the operator's tool sends none back."""
    found = await forged_in(broker, dead_queue(queue))
    for one in found:
        assert not vouched_for(one, str(one.type).partition(".")[0], queue)
    return found


async def attacked(url: str, attacker: str) -> list[bool]:
    """Send other producers' events to everybody by each exchange and header; what was taken."""
    others = [type_ for type_ in CATALOGUE if not type_.startswith(f"{attacker}.")]
    reached = [*others, *(f"{name}.events" for name in SERVICES)]
    taken = []
    for exchange in EXCHANGES:
        own = f"{attacker}.made_up.v1" if exchange == "jemput.events" else f"{attacker}.events"
        for header in ("CC", "BCC"):
            for user in (None, attacker):
                said = forged(others[0], **{header: reached})
                said.user_id = user
                taken.append(await accepted(url, said, exchange, own))
    return taken


def forged(type_: str, **headers: Any) -> Basic.Properties:
    """Return what another producer's event travels under, with headers that claim more."""
    told, source = message(FORGED, "a").envelope, type_.partition(".")[0]
    said = properties(Message(replace(told, type=type_, source=source), b"{}"))
    claimed: dict[str, Any] = {"x-delivery-count": SUSPECT_AFTER, "x-jemput-sender": source}
    said.headers = {**(said.headers or {}), **claimed, **headers}
    return said


async def accepted(url: str, said: Basic.Properties, exchange: str, key: str) -> bool:
    """Whether the broker takes it; a refusal costs the channel, so each try has its own."""
    try:
        async with line(url) as own:
            await own.send_raw(b"{}", said, exchange=exchange, key=key)
    except ChannelAccessRefused:
        return False
    return True


async def forged_in(broker: Broker, name: str) -> list[AbstractIncomingMessage]:
    """Take the forged messages out of a queue; what else lies there goes back with the line."""
    arrived = asyncio.Queue[AbstractIncomingMessage]()
    async with line(broker.administrator) as raw:
        lying = await raw.depth(name)
        queue = await raw.channel.get_queue(name, ensure=False)
        # Consumed: a queue with a single active consumer gives nothing singly.
        await queue.consume(arrived.put)
        found = [await asyncio.wait_for(arrived.get(), WAIT) for _ in range(lying)]
        taken = [one for one in found if one.message_id == FORGED]
        for one in taken:
            await one.ack()
    return taken
