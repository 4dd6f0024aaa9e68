"""Attacks through the broker: poison, retries that nobody takes, keys in CC and BCC."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from aiormq.exceptions import AMQPError
from pamqp.commands import Basic

from deploy.local.folder import ROOT
from shared.contracts.courier import DeliveryConfirmed
from shared.contracts.envelope import new_id
from shared.contracts.intake import ProgrammePublished
from shared.messaging.__main__ import OPERATOR_URL
from shared.messaging.message import Message
from shared.messaging.topology import dead_queue
from shared.messaging.wire import MAX_VERSION, properties
from shared.runtime import utc_now
from shared.testing.messages import message_of
from tests.integration.kernel_kit import line
from tests.integration.test_kernel_consumer import send_poison
from tests.torture.hostile.stage import (
    PROGRAMME,
    VILLAGE,
    Stage,
    depth,
    received,
    shipped,
    until,
)

QUEUE: Final = "courier.events"
UNROUTABLE: Final = "jemput.unroutable.dead"
GOOD: Final = 114
LOST: Final = 40
INVENTED: Final = 49
LASTING: Final = 3
"""The first so many forgeries: a delivery and two versions of a programme."""
FORGED_NAME: Final = "FORGED"
TOO_HIGH: Final = 2**62

OWN_KEYS: Final = {
    "jemput.events": "scheduler.thing_done.v1",
    "jemput.addressed": "scheduler.events",
    "jemput.dead": "scheduler.events",
    "jemput.retry.1s": "scheduler.events",
}
"""Every exchange that scheduler may write to, with a key that it may use."""


async def poison(stage: Stage) -> str:
    """A1: one message that cannot be decoded among good ones."""
    cases, known = [new_id() for _ in range(GOOD)], await _undecodable(stage)
    async with line(stage.amqp("intake")) as own, line(stage.admin_amqp()) as raw:
        dead = await raw.depth(dead_queue(QUEUE)) + 1
        await own.send(*[received(case_id) for case_id in cases[: GOOD // 2]])
        await send_poison(own)
        await own.send(*[received(case_id) for case_id in cases[GOOD // 2 :]])
        jobs = stage.collection("courier", "jobs")
        found = {"_id": {"$in": cases}}
        await until(lambda: jobs.count_documents(found) == GOOD, "all good ones are handled")
        await until(lambda: depth(raw, dead_queue(QUEUE), dead), "one dead letter more")
    listed = await _undecodable(stage)
    assert listed == known + 1, f"{listed} undecodable ones are listed, {known} before"
    assert stage.unharmed()
    return f"{GOOD} good ones handled, 1 dead letter (undecodable), the operator's list shows it"


async def honest_messages(stage: Stage) -> None:
    """Do what `poison` does but for the harm."""
    await _handled(stage, GOOD)
    await _undecodable(stage)
    await _undecodable(stage)


async def honest_retry(stage: Stage) -> None:
    """Do what `blocked_retries` does but for the harm."""
    await _handled(stage, LOST)


async def honest_keys(stage: Stage) -> None:
    """Do what `forged_keys` does but for the harm."""
    await stage.works()
    await _handled(stage, 2 * len(OWN_KEYS) * 2 * LASTING + 2 * INVENTED)
    await stage.works()


async def _handled(stage: Stage, count: int) -> None:
    """Send so many requests at once and see each become a job."""
    cases = [new_id() for _ in range(count)]
    async with line(stage.amqp("intake")) as own:
        await own.send(*[received(case_id) for case_id in cases])
    jobs = stage.collection("courier", "jobs")
    found = {"_id": {"$in": cases}}
    await until(lambda: jobs.count_documents(found) == count, "all good ones are handled")


async def _undecodable(stage: Stage) -> int:
    """How many such dead letters the operator's list shows."""
    return (await _dead_list(stage, QUEUE)).count("undecodable")


async def _dead_list(stage: Stage, queue: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "shared.messaging",
            "dead",
            "list",
            "--limit",
            "100000",
            "--queue",
            queue,
        ),
        cwd=ROOT,
        env={OPERATOR_URL: stage.stack.operator_amqp_url()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def blocked_retries(stage: Stage) -> str:
    """A2: forty messages in a retry queue that no queue takes, by courier's own user."""
    async with line(stage.amqp("courier")) as own, line(stage.admin_amqp()) as raw:
        unroutable = await raw.depth(UNROUTABLE) + LOST
        for number in range(LOST):
            said = Basic.Properties(message_id=f"lost-{number}", delivery_mode=2)
            key = "courier.nowhere"
            await own.send_raw(b"{}", said, exchange="jemput.retry.1s", key=key)
        one = received(new_id())
        async with line(stage.amqp("reporting")) as other:
            said = properties(one)
            # A retry is published by the service that reads the queue.
            said.user_id = "reporting"
            await other.send_raw(one.body, said, exchange="jemput.retry.1s", key="reporting.events")
        await until(lambda: stage.archived({"_id": one.envelope.id}), "reporting's retry returns")
        await until(lambda: depth(raw, UNROUTABLE, unroutable), f"{LOST} more in {UNROUTABLE}")
    assert stage.unharmed()
    return f"reporting's retry returned; {LOST} unroutable messages lie in {UNROUTABLE}"


async def forged_keys(stage: Stage) -> str:
    """A3: events of others with scheduler's password, reached by CC and BCC."""
    victim = await stage.works()
    before = _facts(stage, victim)
    forgeries = list(_forgeries(victim))
    ways = [(exchange, header) for exchange in OWN_KEYS for header in ("CC", "BCC")]
    sent = refused = 0
    for number, (exchange, header) in enumerate(ways):
        # Every way for what does lasting harm; each invented request goes one way.
        some = forgeries[:LASTING] + forgeries[LASTING + number :: len(ways)]
        done = await _forge(stage, exchange, header, some)
        sent, refused = sent + done, refused + len(some) * 2 - done
    await _quiet(stage)
    await stage.works()
    after = _facts(stage, victim)
    changed = [name for name, fact in after.items() if fact != before[name]]
    assert not changed, f"a forged message changed {changed}: {after} was {before}"
    ids = [message.envelope.aggregate_id for message in forgeries[LASTING:]]
    assert stage.collection("courier", "jobs").count_documents({"_id": {"$in": ids}}) == 0
    assert not stage.archived({"envelope.aggregate_id": {"$in": ids}})
    assert not stage.archived({"_id": {"$in": [one.envelope.id for one in forgeries]}})
    assert stage.unharmed()
    return f"{sent} forged messages had no effect, {refused} more the broker refused"


def _forgeries(victim: str) -> Iterator[Message]:
    """A delivery nobody made, a programme renamed for good, requests nobody recorded."""
    confirmed = DeliveryConfirmed(
        case_id=victim,
        job_id=victim,
        programme_id=PROGRAMME,
        service="KK",
        channel="agent",
        region_code=VILLAGE,
        rw="005",
        agent_id="agent-forged",
    )
    yield message_of(confirmed, utc_now(), version=9)
    programme = shipped(PROGRAMME)
    programme |= {"programme_id": programme.pop("id"), "name": FORGED_NAME}
    renamed = ProgrammePublished.model_validate(programme)
    for version in (TOO_HIGH, MAX_VERSION):
        yield message_of(renamed, utc_now(), version=version)
    for _ in range(INVENTED):
        yield received(new_id())


async def _forge(stage: Stage, exchange: str, header: str, forgeries: list[Message]) -> int:
    """Send each once without a user and once with the true one; how many the broker took."""
    taken, users = 0, (None, "scheduler")
    left = [(one, user) for one in forgeries for user in users]
    while left:
        # A broker that checks CC and BCC closes the channel over each.
        with suppress(AMQPError):
            async with line(stage.amqp("scheduler")) as own:
                while left:
                    one, user = left.pop()
                    said, key = _with_key(one, header, user), OWN_KEYS[exchange]
                    await own.send_raw(one.body, said, exchange=exchange, key=key)
                    taken += 1
    return taken


def _with_key(message: Message, header: str, user: str | None) -> Basic.Properties:
    reached: Any = [message.envelope.type, "courier.events", "intake.events", "reporting.events"]
    said = properties(message)
    own: dict[str, Any] = dict(said.headers or {})
    said.headers = {**own, header: reached}
    said.user_id = user
    return said


def _facts(stage: Stage, victim: str) -> dict[str, Any]:
    """What a forged message could have changed, but for what honest work changes.

    Scheduler is left out: it may write to its own queue, and trusts itself.
    """
    case = stage.collection("intake", "cases").find_one({"_id": victim})
    job = stage.collection("courier", "jobs").find_one({"_id": victim})
    services = ("intake", "courier", "reporting")
    known = [stage.collection(name, "programmes").find_one({"_id": PROGRAMME}) for name in services]
    return {"case": case, "job": job, **dict(zip(services, known, strict=True))}


async def _quiet(stage: Stage) -> None:
    """Wait until retry queues and queues have given out what was sent."""
    async with line(stage.admin_amqp()) as raw:
        for queue in ("jemput.retry.1s", *(f"{name}.events" for name in stage.stack.services)):
            await until(lambda queue=queue: depth(raw, queue, 0), f"{queue} is empty")
