"""Scheduler as it runs: a real RabbitMQ, a real MongoDB, its own HTTP application."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest

from deploy.local.servers import Servers
from services.scheduler.app import build
from services.scheduler.config import Settings
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.contracts import CATALOGUE, Event
from shared.contracts.envelope import new_id
from shared.contracts.scheduler import (
    EventScheduled,
    TicketCalled,
    TicketIssued,
    TicketServed,
    VisitRecorded,
)
from shared.messaging.bus import AmqpBus
from shared.messaging.message import EXCHANGE
from shared.messaging.provision import Management
from shared.messaging.topology import Binding, Queue, Topology, read_subscription, topology
from shared.runtime import utc_now
from shared.runtime.service import Service, run
from shared.sealing.masterkeys import add_key
from shared.testing.messages import message_of
from tests.component.scheduler.floor import booth_body, counted, event_body
from tests.integration.kernel_kit import signals_kept
from tests.unit.scheduler.sample import SETU, SPLIT, closed, published, received, today

SUBSCRIPTIONS = Path(__file__).parents[2] / "services" / "scheduler" / "subscriptions.toml"
LISTENER = "listener.all"
PATIENCE = 60.0
BOOTHS = {
    f"{code.lower()}-{number}": code
    for code, count in SPLIT.items()
    for number in range(1, count // 60 + 2)
}
"""Seventeen booths, more where more people come."""


@dataclass
class Running:
    """Scheduler, whoever sends to it and whoever listens to it."""

    service: Service
    client: httpx.AsyncClient
    bus: AmqpBus
    issuer: Issuer
    heard: list[Event]

    def headers(self, grant: str, key: str | None = None) -> dict[str, str]:
        """The headers of a command by somebody with this grant."""
        token = self.issuer.issue("agus", [Grant.parse(grant)], timedelta(hours=1))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id()}

    async def post(self, path: str, json: Any = None) -> Any:
        """What a command of an operator is answered, sent until it is taken."""
        headers = self.headers("operator:botram:32.16")
        while True:
            answer = await self.client.post(
                f"/api/events/{SETU}/{path}", json=json, headers=headers
            )
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer.raise_for_status().json()

    async def plan(self) -> None:
        """Schedule BOTRAM at Setu, once its programme is known."""
        booths = [booth_body(booth_id, code) for booth_id, code in BOOTHS.items()]
        booths.append(booth_body("puskesmas", "HEALTH_CHECK", ticketed=False))
        path, body = f"/api/events/{SETU}", event_body(booths=booths, on=today().isoformat())
        headers = self.headers("planner:botram:32.16")

        async def planned() -> bool:
            answer = await self.client.put(path, json=body, headers=headers)
            return answer.is_success

        await until(planned)

    async def numbers(self) -> dict[str, dict[str, int]]:
        """The numbers of Setu, by service."""
        headers = self.headers("head:botram:32.16")
        answer = await self.client.get(f"/api/events/{SETU}", headers=headers)
        return {line.pop("service"): line for line in answer.raise_for_status().json()["lines"]}

    async def total(self, what: str) -> int:
        """One of the numbers over all services."""
        return sum(line[what] for line in (await self.numbers()).values())

    async def send(self, mail: Iterable[tuple[Event, str]]) -> None:
        """Publish events as intake would."""
        await asyncio.gather(
            *(self.bus.publish(message_of(event, utc_now(), id_=id_)) for event, id_ in mail)
        )

    def told(self, kind: type[Event]) -> list[Any]:
        """What was heard of a type."""
        return [event for event in self.heard if isinstance(event, kind)]


async def until(there: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await there():  # noqa: ASYNC110 - what is asked is on the other side of a server
            await asyncio.sleep(0.1)


def provision(servers: Servers, vhost: str) -> None:
    """Scheduler's queues, and one that hears all it says."""
    needed = topology(read_subscription(SUBSCRIPTIONS))
    heard = Topology(
        needed.exchanges,
        (*needed.queues, Queue(LISTENER, {"x-queue-type": "quorum"})),
        (*needed.bindings, Binding(EXCHANGE, LISTENER, "#")),
        needed.policies,
    )
    management = Management(servers.management_url, vhost)
    management.apply(heard)
    management.close()


async def listen(amqp_url: str, heard: list[Event]) -> None:
    """Note every event of scheduler, each message once."""
    seen: set[str] = set()
    connection = await aio_pika.connect(amqp_url)
    async with connection, connection.channel() as channel:
        queue = await channel.get_queue(LISTENER, ensure=False)
        async with queue.iterator(no_ack=True) as messages:
            async for message in messages:
                if message.message_id and message.message_id not in seen and message.type:
                    seen.add(message.message_id)
                    heard.append(CATALOGUE[message.type].model_validate_json(message.body))


def wire(servers: Servers, amqp_url: str, database: str, keys: Path) -> Service:
    """Scheduler on these servers, on a port of its own."""
    sealing = keys.with_name("sealing_keys")
    if not sealing.exists():
        add_key(sealing)
    settings = Settings(
        amqp_url=amqp_url,
        mongo_url=servers.mongo_url,
        mongo_database=database,
        http_port=0,
        token_keys=keys,
        sealing_keys=sealing,
    )
    return build(settings)


@pytest.fixture
async def running(
    servers: Servers, vhost: str, amqp_url: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Running]:
    provision(servers, vhost)
    key = SigningKey.generate()
    write_public(tmp_path / "keys.json", {key.kid: key.public})
    service = wire(servers, amqp_url, mongo_database, tmp_path / "keys.json")
    bus = AmqpBus(amqp_url, "intake")
    await bus.connect()
    heard: list[Event] = []
    with signals_kept():
        tasks = [asyncio.create_task(run(service)), asyncio.create_task(listen(amqp_url, heard))]
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app), base_url="http://jemput.test/scheduler"
        ) as client:
            at = Running(service, client, bus, Issuer(key, utc_now), heard)
            await until(lambda: ready(at))
            yield at
            await end(service, tasks)
            await bus.close()


async def ready(at: Running) -> bool:
    answer = await at.client.get(at.client.base_url.join("/readyz"))
    return answer.is_success and all(consumer.consuming for consumer in at.service.consumers)


async def end(service: Service, tasks: Sequence[asyncio.Task[None]]) -> None:
    service.stopping.set()
    await tasks[0]
    tasks[1].cancel()
    with suppress(asyncio.CancelledError):
        await tasks[1]


async def test_the_day_at_setu(running: Running) -> None:
    """938 requests, shuffled and one in twenty twice, some before their event; all are served."""
    mail = [
        (received(new_id(), code), new_id()) for code, count in SPLIT.items() for _ in range(count)
    ]
    mail += random.sample(mail, len(mail) // 20)
    random.shuffle(mail)
    await running.send(mail[:200])
    await running.send([(published(), new_id())])
    await running.plan()
    await running.send(mail[200:])

    served: list[str] = []

    async def work_off(booth_id: str, code: str) -> None:
        while len(served) < 938:
            ticket = (await running.post(f"booths/{booth_id}/calls"))["ticket"]
            if ticket is None:
                await asyncio.sleep(0.1)
                continue
            path = f"services/{code}/tickets/{ticket['number']}/serve"
            await running.post(path, {"booth_id": booth_id})
            served.append(ticket["ticket_id"])

    async with asyncio.timeout(PATIENCE * 2):
        await asyncio.gather(*(work_off(*booth) for booth in BOOTHS.items()))
    visits = await running.post(
        "booths/puskesmas/visits", {"service": "HEALTH_CHECK", "visitors": 12}
    )

    async def all_heard() -> bool:
        return bool(running.told(VisitRecorded)) and len(running.told(TicketServed)) >= 938

    await until(all_heard)
    for kind in (TicketIssued, TicketCalled, TicketServed):
        told = running.told(kind)
        assert len(told) == len({ticket.case_id for ticket in told}) == 938
        for code, count in SPLIT.items():
            numbers = sorted(ticket.number for ticket in told if ticket.service == code)
            assert numbers == list(range(1, count + 1))
    assert Counter(t.service for t in running.told(TicketServed)) == SPLIT
    assert await running.numbers() == {
        code: counted(issued=n, called=n, served=n) for code, n in SPLIT.items()
    }
    assert len(running.told(EventScheduled)) == 1
    assert [visit.visit_id for visit in running.told(VisitRecorded)] == [visits["visit_id"]]


async def test_withdrawn_requests_are_never_called(running: Running) -> None:
    """Every third is cancelled, before or after it came in, whatever the order on the bus."""
    await running.send([(published(), new_id())])
    await running.plan()
    cases = [new_id() for _ in range(60)]
    withdrawn = set(cases[::3])
    mail: list[tuple[Event, str]] = [(received(case), new_id()) for case in cases]
    mail += [(closed(case), new_id()) for case in withdrawn]
    mail *= 2
    random.shuffle(mail)
    await running.send(mail)

    async def settled() -> bool:
        return await running.total("issued") == 60 and await running.total("void") == 20

    await until(settled)
    called = []
    while ticket := (await running.post("booths/kia-1/calls"))["ticket"]:
        called.append(ticket)

    assert {ticket["case_id"] for ticket in called} == set(cases) - withdrawn
    numbers = [ticket["number"] for ticket in called]
    assert numbers == sorted(numbers)
    assert (await running.numbers())["KIA"] == counted(issued=60, called=40, at_booths=40, void=20)


async def test_a_request_of_another_programme_ends_among_the_dead_letters(
    running: Running, amqp_url: str
) -> None:
    """It becomes a dead letter with its reason, and the ones round it are not harmed."""
    await running.send([(published(), new_id())])
    await running.plan()
    wrong = received(new_id(), programme_id="sregep")
    await running.send(
        [(event, new_id()) for event in (received(new_id()), wrong, received(new_id()))]
    )

    connection = await aio_pika.connect(amqp_url)
    async with connection, connection.channel() as channel, asyncio.timeout(PATIENCE):
        dead = await channel.get_queue("scheduler.events.dead", ensure=False)
        while (letter := await dead.get(fail=False)) is None:  # noqa: ASYNC110 - asked of a server
            await asyncio.sleep(0.1)
        await letter.ack()

    assert letter.headers["x-jemput-reason"] == "other_programme"
    assert letter.correlation_id == wrong.case_id

    async def others_issued() -> bool:
        return await running.total("issued") == 2

    await until(others_issued)


async def test_when_one_of_two_instances_stops_the_other_goes_on(
    servers: Servers, amqp_url: str, mongo_database: str, running: Running, tmp_path: Path
) -> None:
    """One reads the queue at a time; what it had not settled comes to the other."""
    await running.send([(published(), new_id())])
    await running.plan()
    other = wire(servers, amqp_url, mongo_database, tmp_path / "keys.json")
    task = asyncio.create_task(run(other))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(other.app), base_url="http://jemput.test/scheduler"
    ) as client:
        second = replace(running, service=other, client=client)
        await until(lambda: ready(second))

        async def begun() -> bool:
            return await second.total("issued") > 0

        async with asyncio.TaskGroup() as tasks:
            mail = [(received(new_id()), new_id()) for _ in range(400)]
            tasks.create_task(running.send(mail))
            await until(begun)
            running.service.stopping.set()

        async def all_issued() -> bool:
            return len(running.told(TicketIssued)) >= 400

        await until(all_issued)
        assert await second.total("issued") == 400
        numbers = sorted(ticket.number for ticket in running.told(TicketIssued))
        assert numbers == list(range(1, 401))
        other.stopping.set()
        await task
