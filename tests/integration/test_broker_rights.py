"""What one service's credentials can do to the others: nothing, by whatever key or header."""

import re
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from pamqp.commands import Basic
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.messaging.consumer import SUSPECT_AFTER
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import Subscription
from shared.messaging.wire import properties
from tests.integration.kernel_kit import (
    DESK,
    QUEUE,
    Desk,
    Line,
    Look,
    amqp_of,
    apply,
    build_desk,
    hurry,
    line,
    running,
    until,
    virtual_host,
)
from tests.unit.shared.messaging_kit import message

FORGER = f"forger_{secrets.token_hex(4)}"
OWN_KEYS = {
    "jemput.events": f"{FORGER}.thing_done.v1",
    "jemput.addressed": f"{FORGER}.events",
    "jemput.dead": f"{FORGER}.events",
    "jemput.retry.1s": f"{FORGER}.events",
}
"""Every exchange that a service may write to, with a key that it may use."""


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, [*DESK, Subscription(FORGER, "events", ())])
        hurry(management)
        management.grant([BrokerUser(FORGER, "made-up")])
        yield management
        management._send("DELETE", f"users/{FORGER}")
        management.close()


@pytest.fixture
async def raw(servers: Servers, management: Management) -> AsyncIterator[Line]:
    async with line(amqp_of(servers, management._vhost)) as opened:
        for queue in (QUEUE, f"{QUEUE}.dead", f"{FORGER}.events", "jemput.unroutable.dead"):
            await (await opened.channel.get_queue(queue, ensure=False)).purge()
        yield opened


@pytest.fixture
def forger_url(servers: Servers, management: Management) -> str:
    return amqp_of(servers, management._vhost, FORGER, "made-up")


@pytest.fixture
async def forger(forger_url: str) -> AsyncIterator[Line]:
    async with line(forger_url) as opened:
        yield opened


@pytest.fixture
async def desk(
    servers: Servers, management: Management, mongo_database: str
) -> AsyncIterator[Desk]:
    wired = build_desk(servers, amqp_of(servers, management._vhost), mongo_database)
    async with running(wired):
        yield wired


@pytest.fixture
def seen(servers: Servers, mongo_database: str) -> Iterator[Look]:
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        yield Look(client, mongo_database)


def forged(**headers: Any) -> Basic.Properties:
    """A receipt that intake never published, by the one user who is not intake."""
    said = properties(message("forged", "a"))
    said.headers = {**(said.headers or {}), **headers}
    said.user_id = None
    return said


@pytest.fixture
def guarded(servers: Servers) -> bool:
    """Whether the broker holds topic rights to the keys in CC and BCC too: from 4.0.3 on."""
    return tuple(map(int, re.findall(r"\d+", servers.rabbitmq_version)[:3])) >= (4, 0, 3)


@pytest.mark.parametrize("header", ["CC", "BCC"])
@pytest.mark.parametrize("exchange", OWN_KEYS)
async def test_a_key_in_cc_or_bcc_moves_nobody(
    raw: Line,
    forger_url: str,
    desk: Desk,
    seen: Look,
    guarded: bool,  # noqa: FBT001 - a fixture
    exchange: str,
    header: str,
) -> None:
    own_key = OWN_KEYS[exchange]
    taken = []
    for reached in ([QUEUE], ["intake.receipt_confirmed.v1"], [QUEUE, own_key]):
        for user in (None, FORGER):
            said = forged(**{header: reached})
            said.user_id = user
            taken.append(await accepted(forger_url, said, exchange, own_key))
    assert taken == [not guarded] * 6
    if own_key == f"{FORGER}.events" and exchange != "jemput.dead":
        # Its own copies are back, so whatever a retry queue gave to others has been given too.
        await until(lambda: _holds(raw, f"{FORGER}.events", sum(taken)))
    await raw.send(message("honest", "b"))
    await until(lambda: seen.counters().get("b") == 1)
    assert seen.counters() == {"b": 1}
    if not guarded and exchange in REACHES:
        # Another way than the honest one, which may be the quicker.
        await until(lambda: refused(desk) > 0)


@pytest.mark.parametrize("exchange", ["jemput.events", "jemput.addressed"])
async def test_a_made_up_number_of_deliveries_lends_nobody_the_queues_name(
    raw: Line,
    forger_url: str,
    desk: Desk,
    seen: Look,
    guarded: bool,  # noqa: FBT001 - a fixture
    exchange: str,
) -> None:
    """A suspect is sent on by the queue's own service, whom the consumer trusts."""
    for user in (None, FORGER):
        said = forged(BCC=[QUEUE, "intake.receipt_confirmed.v1"], **FORGED_NOTES)
        said.user_id = user
        assert await accepted(forger_url, said, exchange, OWN_KEYS[exchange]) is not guarded
    await raw.send(message("honest", "b"))
    await until(lambda: seen.counters().get("b") == 1)
    if not guarded:
        await until(lambda: refused(desk) == len((None, FORGER)))
    assert seen.counters() == {"b": 1}


FORGED_NOTES = {"x-delivery-count": SUSPECT_AFTER, "x-jemput-sender": "intake"}
"""Headers that a forger sets himself."""

REACHES = {"jemput.events", "jemput.addressed"}
"""Where a second key gets by an older broker."""


async def accepted(url: str, said: Basic.Properties, exchange: str, key: str) -> bool:
    """Whether the broker takes it; a refusal costs the channel, so each try has its own."""
    try:
        async with line(url) as own:
            await own.send_raw(message("forged", "a").body, said, exchange=exchange, key=key)
    except ChannelAccessRefused:
        return False
    return True


def refused(desk: Desk) -> float:
    """How many forged messages the consumer refused."""
    kind = "intake.receipt_confirmed.v1"
    return sum(
        desk.metric("jemput_messages_dead_lettered_total", type=kind, reason=reason)
        for reason in ("sender", "envelope")
    )


async def _holds(raw: Line, queue: str, count: int) -> bool:
    return await raw.depth(queue) == count


async def test_what_a_broker_lets_by_the_consumer_refuses(
    raw: Line, desk: Desk, seen: Look
) -> None:
    """By an administrator's hand, for a broker that guards second keys lets nothing by."""
    said = forged()
    said.user_id = FORGER
    await raw.send_raw(message("forged", "a").body, said, exchange="jemput.events")
    await raw.send(message("honest", "b"))
    await until(lambda: seen.counters().get("b") == 1)
    await until(lambda: refused(desk) == 1)
    assert seen.counters() == {"b": 1}


async def test_a_broker_takes_no_other_name_for_the_login(forger: Line) -> None:
    said = forged()
    said.user_id = "intake"
    with pytest.raises(ChannelPreconditionFailed):
        await forger.send_raw(
            message("forged", "a").body,
            said,
            exchange="jemput.events",
            key=OWN_KEYS["jemput.events"],
        )


async def test_retries_that_no_queue_wants_hold_up_nobody(
    raw: Line, forger: Line, desk: Desk, seen: Look
) -> None:
    """At-least-once dead-lettering holds 32 messages at a time: forty would stop it for good."""
    for number in range(40):
        said = forged()
        said.message_id = f"lost-{number}"
        key = f"{FORGER}.nowhere"
        await forger.send_raw(b"{}", said, exchange="jemput.retry.1s", key=key)
    failures = iter([RuntimeError("once")])
    desk.trouble = lambda case: next(failures, None) if case == "late" else None
    await raw.send(message("m1", "late"))
    await until(lambda: seen.counters().get("late") == 1)
    await until(lambda: _holds(raw, "jemput.unroutable.dead", 40))
