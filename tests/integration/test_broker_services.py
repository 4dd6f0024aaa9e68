"""The four services' own users on their own topology: none of them speaks for another."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from aio_pika.abc import AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused
from pamqp.commands import Basic

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from deploy.provision import service_names
from shared.contracts import CATALOGUE
from shared.messaging.errors import Malformed
from shared.messaging.message import Message
from shared.messaging.topology import retry_exchange
from shared.messaging.wire import properties, read, require_sender
from tests.integration.kernel_kit import WAIT, Line, amqp_of, line
from tests.unit.reporting.running import stack_of
from tests.unit.shared.messaging_kit import message

SERVICES: Final = service_names()
EXCHANGES: Final = ("jemput.events", "jemput.addressed", "jemput.dead", retry_exchange(1))


@pytest.fixture
async def stack(servers: Servers, tmp_path: Path) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path) as prepared:
        yield prepared


@pytest.mark.parametrize("attacker", SERVICES)
async def test_a_services_password_speaks_for_no_other(
    servers: Servers, stack: Stack, attacker: str
) -> None:
    taken = await attacked(stack, attacker)
    async with line(amqp_of(servers, stack.vhost)) as raw:
        victims = {name: await delivered(raw, name) for name in SERVICES if name != attacker}
    for service, found in victims.items():
        for one in found:
            with pytest.raises(Malformed, match="sender"):
                require_sender(one, read(one).envelope, f"{service}.events")
    # Where the broker let the second keys by, they came somewhere: there was something to refuse.
    assert any(victims.values()) == any(taken)


async def attacked(stack: Stack, attacker: str) -> list[bool]:
    """Send other producers' events to everybody by each exchange and header; what was taken."""
    others = [type_ for type_ in CATALOGUE if not type_.startswith(f"{attacker}.")]
    reached = [*others, *(f"{name}.events" for name in SERVICES)]
    url = stack._environment(attacker)[f"{attacker.upper()}_AMQP_URL"]
    taken = []
    for exchange in EXCHANGES:
        own = f"{attacker}.made_up.v1" if exchange == "jemput.events" else f"{attacker}.events"
        for header in ("CC", "BCC"):
            for user in (None, attacker):
                said = forged(others[0])
                headers: dict[str, Any] = {**(said.headers or {}), header: reached}
                said.headers = headers
                said.user_id = user
                taken.append(await accepted(url, said, exchange, own))
    return taken


def forged(type_: str) -> Basic.Properties:
    """Return what another producer's event travels under."""
    told = message("forged", "a").envelope
    return properties(Message(replace(told, type=type_, source=type_.partition(".")[0]), b"{}"))


async def accepted(url: str, said: Basic.Properties, exchange: str, key: str) -> bool:
    """Whether the broker takes it; a refusal costs the channel, so each try has its own."""
    try:
        async with line(url) as own:
            await own.send_raw(b"{}", said, exchange=exchange, key=key)
    except ChannelAccessRefused:
        return False
    return True


async def delivered(raw: Line, service: str) -> list[AbstractIncomingMessage]:
    """Return what lies in a service's queue, and take it from there."""
    name, found = f"{service}.events", asyncio.Queue[AbstractIncomingMessage]()
    lying = await raw.depth(name)
    queue = await raw.channel.get_queue(name, ensure=False)
    # Consumed: a queue with a single active consumer gives nothing singly.
    await queue.consume(found.put, no_ack=True)
    return [await asyncio.wait_for(found.get(), WAIT) for _ in range(lying)]
