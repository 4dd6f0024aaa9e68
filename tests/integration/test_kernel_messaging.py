"""A service on real servers: what is handled, retried and dead-lettered."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aio_pika.abc import AbstractIncomingMessage
from pamqp.header import ContentHeader

from deploy.local.servers import Servers
from shared.contracts.intake import RequestVerified
from shared.messaging.consumer import WAITS_FOR_CODE
from shared.messaging.provision import Management
from shared.messaging.topology import topology
from shared.messaging.wire import MAX_BODY, WAITS, properties
from tests.integration.kernel_kit import (
    ARCHIVE,
    ARCHIVE_QUEUE,
    DEAD_QUEUE,
    DESK,
    QUEUE,
    Desk,
    Line,
    Look,
    Refused,
    amqp_of,
    apply,
    build_desk,
    change_policy,
    cut,
    door,
    hurry,
    letters,
    line,
    running,
    until,
    virtual_host,
)
from tests.unit.shared.messaging_kit import message

FRAME_MAX = 131_072


@pytest.fixture(scope="module")
def management(servers: Servers) -> Iterator[Management]:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, [*DESK, *ARCHIVE])
        hurry(management)
        yield management
        management.close()


def notes(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Our own headers of a message, without their prefix."""
    return {
        name.removeprefix("x-jemput-"): value
        for name, value in message.headers.items()
        if name.startswith("x-jemput-")
    }


async def test_events_are_handled_published_and_forgotten(
    desk: Desk, raw: Line, look: Look
) -> None:
    cases = [f"c{number}" for number in range(50)]
    await raw.send(*letters(cases), *letters(cases))
    async with running(desk):
        await until(lambda: look.count("counters") == 50 and look.count("outbox") == 0)
        assert desk.consumer.consuming
    assert look.counters() == dict.fromkeys(cases, 1)
    assert look.count("inbox") == 50
    assert await raw.depth(QUEUE) == 0
    assert await raw.depth(ARCHIVE_QUEUE) == 50


async def test_each_kind_of_bad_message_ends_in_its_place_with_its_reason(
    desk: Desk, raw: Line, look: Look
) -> None:
    good = properties(message("m-bad"))

    def changed(**said: Any) -> Any:
        other = properties(message("m-bad"))
        for name, value in said.items():
            setattr(other, name, value)
        return other

    def waited(type_: str) -> Any:
        """An unknown type that has waited long enough for newer code."""
        headers = {**(good.headers or {}), WAITS: WAITS_FOR_CODE}
        return changed(message_type=type_, headers=headers)

    headless = {name: v for name, v in (good.headers or {}).items() if name != "ce-subject"}
    body = message("m-bad").body
    bad = [
        (b"{not json", good, "payload", "body: json_invalid"),
        (b'{"case_id":"a"}', good, "payload", "programme_id: missing"),
        (body, waited("intake.never_heard_of.v1"), "unknown_type", "published"),
        (body, waited("intake.receipt_confirmed.v2"), "unknown_version", "2"),
        (body, waited(RequestVerified.type), "unhandled_type", QUEUE),
        (b" " * (MAX_BODY + 1), good, "too_large", "262145 bytes, at most 262144"),
        (body, changed(content_type="text/csv"), "content_type", "only application/json"),
        (body, changed(headers=headless), "envelope", "header ce-subject is missing"),
        (body, changed(message_id=None, headers={}), "envelope", "ce-source"),
    ]
    async with running(desk):
        for sent, said, reason, detail in bad:
            await raw.send_raw(sent, said, exchange="jemput.addressed", key=QUEUE)
            await raw.send(*letters([reason], prefix=f"good-{detail}"[:40]))
            dead = await raw.take(DEAD_QUEUE)
            assert (notes(dead)["reason"], notes(dead)["queue"]) == (reason, QUEUE)
            assert detail in notes(dead)["detail"]
            assert dead.body == sent
        await until(lambda: sum(look.counters().values()) == len(bad))
        assert desk.consumer.consuming
    assert await raw.depth(QUEUE) == 0
    assert await raw.depth(DEAD_QUEUE) == 0


async def test_a_message_whose_headers_fill_a_frame_is_laid_aside_too(
    desk: Desk, raw: Line, look: Look
) -> None:
    said = properties(message("m-huge"))
    said.headers = {**(said.headers or {}), "ce-time": "never", "ce-more": ""}
    room = FRAME_MAX - 8 - len(ContentHeader(body_size=2, properties=said).marshal())
    said.headers["ce-more"] = "x" * room
    async with running(desk):
        await raw.send_raw(b"{}", said, exchange="jemput.addressed", key=QUEUE)
        assert notes(await raw.take(DEAD_QUEUE))["reason"] == "envelope"
        await raw.send(*letters(["after"]))
        await until(lambda: look.counters() == {"after": 1})


async def test_a_refusal_is_laid_aside_at_once(desk: Desk, raw: Line, look: Look) -> None:
    refused = Refused("too_late", "the booth is closed")
    desk.trouble = lambda case: refused if case == "late" else None
    await raw.send(*letters(["late", "good"]))
    async with running(desk):
        dead = notes(await raw.take(DEAD_QUEUE))
        await until(lambda: look.counters() == {"good": 1})
    assert (dead["reason"], dead["detail"]) == ("too_late", "the booth is closed")
    assert "attempt" not in dead


async def test_what_fails_is_tried_five_times_and_then_a_dead_letter(
    desk: Desk, raw: Line, look: Look
) -> None:
    tried: list[str] = []

    def trouble(case: str) -> Exception | None:
        tried.append(case)
        return RuntimeError("quotes a payload") if case == "bad" else None

    desk.trouble = trouble
    await raw.send(*letters(["bad", "good"]))
    async with running(desk):
        dead = await raw.take(DEAD_QUEUE)
        await until(lambda: look.counters() == {"good": 1})
    assert tried.count("bad") == 5
    assert notes(dead)["reason"] == "attempts_exhausted"
    assert notes(dead)["detail"] == "RuntimeError"
    assert notes(dead)["attempt"] == 4
    assert (dead.message_id, dead.body) == ("m-bad", message("m-bad", "bad").body)


async def test_what_fails_twice_and_then_succeeds_is_done(
    desk: Desk, raw: Line, look: Look
) -> None:
    left = [RuntimeError("first"), RuntimeError("second")]
    desk.trouble = lambda _: left.pop() if left else None
    await raw.send(*letters(["a"]))
    async with running(desk):
        await until(lambda: look.counters() == {"a": 1})
    assert left == []
    assert await raw.depth(DEAD_QUEUE) == 0


async def test_a_message_that_is_never_settled_is_laid_aside_by_the_broker(
    raw: Line, management: Management
) -> None:
    (own,) = [policy for policy in topology(DESK).policies if policy.name == QUEUE]
    change_policy(management, own.name, own.pattern, {**own.definition, "delivery-limit": 2})
    await raw.send(*letters(["a"]))
    deliveries = 0
    queue = await raw.channel.get_queue(QUEUE, ensure=False)

    async def dead() -> bool:
        nonlocal deliveries
        message = await queue.get(fail=False)
        if message is not None:
            deliveries += 1
            await message.reject(requeue=True)
        return await raw.depth(DEAD_QUEUE) == 1

    await until(dead)
    change_policy(management, own.name, own.pattern, own.definition)
    assert deliveries == 3
    letter = await raw.take(DEAD_QUEUE)
    assert letter.message_id == "m-a"
    deaths: Any = letter.headers["x-death"]
    assert deaths[0]["reason"] == "delivery_limit"
    assert notes(letter) == {}


async def test_what_no_queue_wants_stays_in_the_outbox_until_one_does(
    servers: Servers, mongo_database: str, look: Look
) -> None:
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, DESK)
        url = amqp_of(servers, vhost)
        async with line(url) as raw, running(build_desk(servers, url, mongo_database)) as desk:
            await raw.send(*letters(["a", "b"]))
            await until(lambda: look.count("counters") == 2)
            unconfirmed = "jemput_outbox_unconfirmed_total"
            await until(lambda: desk.metric(unconfirmed) >= 4)
            assert look.count("outbox") == 2
            assert (await desk.service.health.readiness()).ready
            management.apply(topology([*DESK, *ARCHIVE]))
            await until(lambda: look.count("outbox") == 0)
            assert await raw.depth(ARCHIVE_QUEUE) == 2
        management.close()


async def test_work_goes_on_after_every_connection_was_cut(
    desk: Desk, raw: Line, look: Look, management: Management
) -> None:
    async with running(desk):
        await raw.send(*letters([f"a{number}" for number in range(20)]))
        await until(lambda: look.count("counters") == 20)
        await cut(management, "desk.")
        await raw.send(*letters([f"b{number}" for number in range(20)]))
        await until(lambda: look.count("counters") == 40 and look.count("outbox") == 0)
        assert desk.consumer.consuming
    assert set(look.counters().values()) == {1}
    assert await raw.depth(ARCHIVE_QUEUE) >= 40


async def test_a_service_waits_for_its_queue(
    servers: Servers, mongo_database: str, look: Look
) -> None:
    with virtual_host(servers) as vhost:
        url = amqp_of(servers, vhost)
        async with running(build_desk(servers, url, mongo_database)) as desk:
            await until(lambda: desk.messaging.bus.connected)
            assert not desk.consumer.consuming
            told = await desk.service.health.readiness()
            assert told.ready
            assert "no messages come in" in told.checks[QUEUE]
            management = apply(servers, vhost, [*DESK, *ARCHIVE])
            async with line(url) as raw:
                await raw.send(*letters(["a"]))
                await until(lambda: look.counters() == {"a": 1})
            # FastStream starts the queues in no order: the suspects' may come last.
            await until(lambda: desk.consumer.consuming)
            told = await desk.service.health.readiness()
            assert told.checks[QUEUE] == "ok"
            management.close()


async def test_a_stop_leaves_nothing_half_done_and_gives_back_nothing_that_was_done(
    servers: Servers, url: str, raw: Line, mongo_database: str, look: Look
) -> None:
    cases = [f"c{number}" for number in range(600)]
    await raw.send(*letters(cases))
    desk = build_desk(servers, url, mongo_database, prefetch=40)
    async with running(desk):
        await until(lambda: look.count("counters") >= 60)
    done = look.count("counters")
    assert 60 <= done < 600, "the stop came too late to show anything"
    assert look.count("inbox") == done
    assert look.count("outbox") == 0
    assert await raw.depth(ARCHIVE_QUEUE) == done
    left = {(await raw.take(QUEUE)).message_id: None for _ in range(600 - done)}
    assert await raw.depth(QUEUE) == 0
    # A quorum queue may deliver a prefetch more after it has confirmed the cancellation; that
    # comes again, unhandled. What was handled does not.
    handled = {
        str(inbox_id["_id"]).removeprefix("message:")
        for inbox_id in look.database["inbox"].find({}, {"_id": 1})
    }
    assert handled.isdisjoint(left)
    assert len(handled | left.keys()) == 600


async def test_a_stop_does_not_wait_for_a_broker_that_is_away(
    servers: Servers, url: str, raw: Line, mongo_database: str, look: Look
) -> None:
    async with door(url) as way, running(build_desk(servers, way.url, mongo_database)) as desk:
        await raw.send(*letters(["a"]))
        await until(lambda: look.count("counters") == 1 and look.count("outbox") == 0)
        await way.shut()
        await until(lambda: not desk.messaging.bus.connected)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5
    assert look.count("instances") == 0
