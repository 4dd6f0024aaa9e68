"""One small service on the real road, a raw line to its broker, and the broker's own view."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.abc import AbstractChannel as AbstractUnderlayChannel
from fastapi import FastAPI
from pamqp.commands import Basic
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from deploy.local.servers import Servers
from shared.contracts.envelope import new_id
from shared.contracts.intake import DocumentIssued, ReceiptConfirmed, RequestVerified
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.message import Message
from shared.messaging.provision import Management
from shared.messaging.task import Task
from shared.messaging.timers import Timer
from shared.messaging.topology import RETRY_SECONDS, Subscription, retry_exchange, topology
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.messaging.wire import properties
from shared.observability.health import Health
from shared.runtime import Messaging, Service, ServiceSettings, open_messaging, run, utc_now
from tests.unit.shared.messaging_kit import message

QUEUE = "desk.events"
DEAD_QUEUE = "desk.events.dead"
ARCHIVE_QUEUE = "archive.events"
DESK = (Subscription("desk", "events", (ReceiptConfirmed.type, RequestVerified.type)),)
ARCHIVE = (Subscription("archive", "events", (DocumentIssued.type,)),)
WAIT = 20.0


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """The domain's own refusal."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass
class Desk:
    """A service that counts receipts by case and publishes an event for each.

    It fails for those cases it is told to.
    """

    service: Service
    messaging: Messaging
    consumer: Consumer
    registry: CollectorRegistry
    trouble: Callable[[str], Exception | None] = lambda _: None

    async def handle(self, said: ReceiptConfirmed, uow: UnitOfWork) -> None:
        """Count, or fail."""
        trouble = self.trouble(said.case_id)
        if trouble is not None:
            raise trouble
        found = await uow.load("counters", said.case_id)
        version = found["version"] + 1 if found else 1
        uow.put("counters", {"_id": said.case_id, "version": version, "value": version})
        issued = DocumentIssued.model_validate({**said.model_dump(), "deliver": False})
        uow.publish(issued, version=version)

    async def remind(self, timer: Timer, uow: UnitOfWork) -> None:
        """Count a timer that fires and when, or fail."""
        trouble = self.trouble(timer.key)
        if trouble is not None:
            raise trouble
        found = await uow.load("reminders", timer.key)
        version = found["version"] + 1 if found else 1
        said = {"value": version, "late": (uow.now() - timer.due).total_seconds()}
        uow.put("reminders", {"_id": timer.key, "version": version, **said})

    async def do(self, use_case: UseCase) -> None:
        """Run a unit of work by its own rule."""
        await self.messaging.commit.submit(Task(use_case, new_id(), new_id()))

    def metric(self, sample: str, /, **labels: str) -> float:
        """What Prometheus would read; 0 where nothing was counted."""
        return self.registry.get_sample_value(sample, labels) or 0.0


class Look:
    """What a database holds, seen from outside."""

    def __init__(self, client: MongoClient[dict[str, Any]], name: str) -> None:
        self.database = client[name]

    def counters(self) -> dict[str, int]:
        """What was counted, by case."""
        return {found["_id"]: found["value"] for found in self.database["counters"].find()}

    def reminders(self) -> dict[str, int]:
        """How often timers fired, by key."""
        return {found["_id"]: found["value"] for found in self.database["reminders"].find()}

    def count(self, collection: str) -> int:
        """How many documents a collection holds."""
        return self.database[collection].count_documents({})


def build_desk(servers: Servers, amqp_url: str, database: str, **settings: Any) -> Desk:
    """Wire it; nothing is connected yet."""
    said = ServiceSettings(
        path_prefix="/desk",
        amqp_url=amqp_url,
        mongo_url=servers.mongo_url,
        mongo_database=database,
        http_port=0,
        token_keys=Path("not read here"),
        **settings,
    )
    registry = CollectorRegistry()
    messaging = open_messaging("desk", said, registry, utc_now, Collections())
    consumer: Consumer = messaging.consumer(Refused)
    health = Health()
    messaging.watch(health)
    service = Service(said, FastAPI(), messaging, health, ["counters", "reminders"], [], [consumer])
    desk = Desk(service, messaging, consumer, registry)
    consumer.on(ReceiptConfirmed)(desk.handle)
    consumer.on_timer("remind")(desk.remind)
    return desk


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Desk]:
    """Run it as its process would, and stop it as a signal would."""
    with signals_kept():
        task = asyncio.create_task(run(desk.service))
        try:
            yield desk
            desk.service.stopping.set()
            await asyncio.wait_for(task, WAIT)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextmanager
def signals_kept() -> Iterator[None]:
    """Take from the loop the signals that a service took, and give them to whom they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            asyncio.get_running_loop().remove_signal_handler(number)
            # The loop leaves the default behind, by which SIGTERM would end the whole test run.
            signal.signal(number, handler)


@contextmanager
def virtual_host(servers: Servers) -> Iterator[str]:
    """A virtual host of the administrator's, for a whole module of tests."""
    name = f"test-{secrets.token_hex(6)}"
    user = urlsplit(servers.amqp_url).username
    with httpx.Client(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        api.put(f"vhosts/{name}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"permissions/{name}/{user}", json=everything).raise_for_status()
        yield name
        api.delete(f"vhosts/{name}").raise_for_status()


def amqp_of(servers: Servers, vhost: str, user: str = "", password: str = "") -> str:
    """The way into a virtual host, as the administrator or as somebody else."""
    url = urlsplit(servers.amqp_url)._replace(path=f"/{vhost}")
    if user:
        place = f"{url.hostname}:{url.port}"
        url = url._replace(netloc=f"{user}:{quote(password)}@{place}")
    return url.geturl()


def apply(servers: Servers, vhost: str, subscriptions: Sequence[Subscription] = DESK) -> Management:
    """Bring a virtual host to the topology."""
    management = Management(servers.management_url, vhost)
    management.apply(topology(subscriptions))
    return management


def hurry(management: Management, milliseconds: int = 50) -> None:
    """Shorten every wait between attempts: what may change is a policy."""
    for policy in topology(DESK).policies:
        if policy.name in map(retry_exchange, RETRY_SECONDS):
            definition = {**policy.definition, "message-ttl": milliseconds}
            change_policy(management, policy.name, policy.pattern, definition)


def change_policy(
    management: Management, name: str, pattern: str, definition: Mapping[str, Any]
) -> None:
    """Set a policy as an operator would."""
    body = {"pattern": pattern, "definition": definition, "priority": 0, "apply-to": "queues"}
    management._put(f"policies/{management._vhost}/{name}", body)


class Line:
    """A raw line to the broker, as an administrator."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.channel = channel

    async def send(self, *messages: Message, exchange: str = "jemput.events") -> None:
        """Publish messages as a producer does."""
        for one in messages:
            await self.send_raw(one.body, properties(one), exchange=exchange)

    async def send_raw(
        self, body: bytes, said: Basic.Properties, *, exchange: str, key: str | None = None
    ) -> None:
        """Publish anything."""
        channel: Any = await self.channel.get_underlay_channel()
        await channel.basic_publish(
            body, exchange=exchange, routing_key=key or said.message_type or "", properties=said
        )

    async def unconfirmed(self) -> AbstractUnderlayChannel:
        """Open a channel beside, on which frames of one's own making leave no trace in aiormq."""
        own: Any = await self.channel.get_underlay_channel()
        channel: AbstractUnderlayChannel = await own.connection.channel(publisher_confirms=False)
        return channel

    async def take(self, queue: str) -> AbstractIncomingMessage:
        """Take one message, waiting for it."""
        found = await self.channel.get_queue(queue, ensure=False)
        async with asyncio.timeout(WAIT):
            while True:
                message = await found.get(no_ack=True, fail=False)
                if message is not None:
                    return message
                await asyncio.sleep(0.05)

    async def consumers(self, queue: str) -> int:
        """How many instances read a queue."""
        found = await self.channel.declare_queue(queue, passive=True)
        return found.declaration_result.consumer_count or 0

    async def depth(self, queue: str) -> int:
        """How many messages wait in a queue."""
        found = await self.channel.declare_queue(queue, passive=True)
        return found.declaration_result.message_count or 0


@asynccontextmanager
async def line(amqp_url: str) -> AsyncIterator[Line]:
    """Open a line until the end of the block."""
    async with await aio_pika.connect(amqp_url) as connection:
        yield Line(await connection.channel(on_return_raises=True))


class Door:
    """A way to a server that can be shut and opened again."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._passing: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The address of this door, with the credentials of what lies behind."""
        credentials, _, _ = self._target.netloc.rpartition("@")
        place = f"{credentials}@" if credentials else ""
        return self._target._replace(netloc=f"{place}127.0.0.1:{self._port}").geturl()

    async def open(self) -> None:
        """Let connections through, always on the same port."""
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Cut those that pass and let nobody through."""
        if self._server is not None:
            self._server.close()
        for writer in self._passing:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._passing |= {writer, beyond[1]}
        with suppress(OSError):
            await asyncio.gather(_copy(reader, beyond[1]), _copy(beyond[0], writer))
        self._passing -= {writer, beyond[1]}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def door(url: str) -> AsyncIterator[Door]:
    """A door that is open at first."""
    opened = Door(url)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.shut()


async def cut(management: Management, name: str) -> None:
    """Close the broker's end of connections; the broker lists a new one after some seconds."""
    found: list[str] = []

    def listed() -> bool:
        said = management._send("GET", f"vhosts/{management._vhost}/connections").json()
        names = {c["name"]: c.get("client_properties", {}).get("connection_name", "") for c in said}
        found[:] = [connection for connection, own in names.items() if own.startswith(name)]
        return bool(found)

    await until(listed)
    for connection in found:
        management._send("DELETE", f"connections/{quote(connection, safe='')}")


def letters(cases: Sequence[str], prefix: str = "m") -> list[Message]:
    """One receipt a case."""
    return [message(f"{prefix}-{case}", case) for case in cases]


async def until(condition: Callable[[], Any]) -> None:
    """Wait until something holds, a coroutine's answer too."""
    async with asyncio.timeout(WAIT):
        while True:
            found = condition()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
