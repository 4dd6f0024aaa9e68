"""Courier as processes that die where they are told to, and a look at what they left."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
from pymongo import MongoClient

from deploy.local import ports
from deploy.local.servers import Servers
from services.courier.app import build
from services.courier.config import Settings
from services.courier.domain import Area
from services.courier.store import COLLECTIONS
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.messaging import failpoints, outbox
from shared.messaging.provision import Management
from shared.messaging.topology import Subscription, read_subscription
from shared.messaging.wire import properties
from shared.mongo.client import connect
from shared.mongo.migrations import migrate
from shared.mongo.users import limit_transactions
from shared.runtime import start, utc_now
from tests.integration.kernel_kit import Line, amqp_of, apply, hurry, line, virtual_host
from tests.torture.day import AREAS, Day, Published, differences

ROOT = Path(__file__).parents[2]
QUEUE = "courier.events"
DEAD_QUEUE = "courier.events.dead"
PROBE_QUEUE = "probe.events"
QUEUES = (QUEUE, DEAD_QUEUE, PROBE_QUEUE)
LEASE = 1.0
WAIT = 60.0

_SPAWN = multiprocessing.get_context("forkserver")
_SPAWN.set_forkserver_preload(["tests.torture.kit"])


def serve(environment: Mapping[str, str], failpoint: str, log: str) -> None:
    """Be `python -m services.courier`, but for the seconds that importing takes."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.environ.update(environment)
    failpoints._ARMED = failpoints._Armed(failpoint)
    # Rows of the dead are taken over after a second instead of ten.
    outbox.LEASE_SECONDS = LEASE
    start(build(Settings()))


@dataclass
class Instance:
    """One process of courier."""

    process: BaseProcess
    port: int
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.is_alive()

    @property
    def died(self) -> bool:
        """Whether it was killed as `kill -9` would."""
        return self.process.exitcode == -signal.SIGKILL

    def kill(self) -> None:
        """Kill it, wherever it is."""
        if self.process.pid is not None and self.alive:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.join(10)

    async def stop(self) -> None:
        """Ask it to end, and see that it ends well."""
        self.process.terminate()
        await asyncio.to_thread(self.process.join, 30)
        assert self.process.exitcode == 0, self.log.read_text()[-4000:]


@dataclass
class Stand:
    """A virtual host and a database, and the instances of courier on them."""

    servers: Servers
    vhost: str
    database: str
    folder: Path
    key: SigningKey
    amqp_url: str = ""
    mongo_url: str = ""
    instances: list[Instance] = field(default_factory=list)

    def start(self, failpoint: str = "", **settings: str) -> Instance:
        """Start an instance, to die at a failpoint if one is named."""
        port = next(ports.free())
        number = len(self.instances)
        environment = {
            "COURIER_AMQP_URL": self.amqp_url or amqp_of(self.servers, self.vhost),
            "COURIER_MONGO_URL": self.mongo_url or self.servers.mongo_url,
            "COURIER_MONGO_DATABASE": self.database,
            "COURIER_HTTP_PORT": str(port),
            "COURIER_TOKEN_KEYS": str(self.folder / "keys.json"),
            "COURIER_INSTANCE": f"courier-{number}",
            # Small, so that a day takes many batches and not one.
            "COURIER_PREFETCH": "10",
            **{f"COURIER_{name.upper()}": value for name, value in settings.items()},
        }
        log = self.folder / f"courier-{number}.log"
        process = _SPAWN.Process(target=serve, args=(environment, failpoint, str(log)), daemon=True)
        process.start()
        instance = Instance(process, port, log)
        self.instances.append(instance)
        return instance

    def kill_all(self) -> None:
        """Kill what still runs."""
        for instance in self.instances:
            instance.kill()

    def token(self, grant: str, subject: str) -> str:
        """A token for the API."""
        issuer = Issuer(self.key, utc_now)
        return issuer.issue(subject, [Grant.parse(grant)], timedelta(hours=1))

    @contextmanager
    def documents(self) -> Iterator[Any]:
        """The database, seen from outside."""
        with MongoClient[dict[str, Any]](self.servers.mongo_url) as client:
            yield client[self.database]

    def count(self, collection: str) -> int:
        """How many documents a collection holds."""
        with self.documents() as database:
            return int(database[collection].count_documents({}))

    async def settled(self, day: Day, raw: Line) -> None:
        """Wait until nothing of the day is on its way any more."""
        with self.documents() as database:

            async def nothing_moves() -> bool:
                return (
                    {
                        inbox_id["_id"].partition(":")[2]
                        for inbox_id in database["inbox"].find({}, {"_id": 1})
                    }
                    >= day.good
                    and database["outbox"].count_documents({}) == 0
                    and database["deferred"].count_documents({}) == 0
                    and await raw.depth(QUEUE) == 0
                    and await raw.depth(DEAD_QUEUE) >= len(day.bad)
                )

            async def calm() -> bool:
                # The looks are not one: what is released between two of them is seen by neither,
                # but its mark is gone and so the second round sees that.
                return await nothing_moves() and await nothing_moves()

            try:
                await self.wait_for(calm)
            except TimeoutError as error:
                raise AssertionError(await self._left(day, raw, database)) from error

    async def _left(self, day: Day, raw: Line, database: Any) -> str:
        """Return what has not come to rest."""
        handled = {one["_id"].partition(":")[2] for one in database["inbox"].find({}, {"_id": 1})}
        deferred = [(one["_id"], one["waits_for"]) for one in database["deferred"].find()]
        depths = [await raw.depth(QUEUE), await raw.depth(DEAD_QUEUE), len(day.bad)]
        missing = sorted(day.good - handled)
        outbox = database["outbox"].count_documents({})
        return f"missing {missing[:9]}, deferred {deferred[:9]}, outbox {outbox}, depths {depths}"

    async def wait_for(self, condition: Any) -> None:
        """Wait until something holds; an instance that ended by an error ends the wait."""
        async with asyncio.timeout(WAIT):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                for instance in self.instances:
                    ended = instance.process.exitcode
                    assert ended in (None, 0, -signal.SIGKILL), instance.log.read_text()[-4000:]
                await asyncio.sleep(0.05)

    async def check(self, day: Day, raw: Line) -> None:
        """Hold what is there against what must have come of the day."""
        with self.documents() as database:
            assert differences(day, list(database["jobs"].find())) == {}
            (programme,) = database["programmes"].find()
            assert (programme["version"], programme["name"]) == (2, "second")
        assert await published(raw) == day.published
        assert {str(letter) for letter in await drain(raw, DEAD_QUEUE)} == day.bad


async def drain(raw: Line, queue: str) -> list[str | None]:
    """The ids of all messages of a queue, which is empty then."""
    return [message.message_id for message in await take_all(raw, queue)]


async def take_all(raw: Line, queue: str) -> list[Any]:
    """All messages of a queue, which is empty then."""
    found = await raw.channel.get_queue(queue, ensure=False)
    messages = []
    while (message := await found.get(no_ack=True, fail=False)) is not None:
        messages.append(message)
    return messages


async def published(raw: Line) -> set[Published]:
    """What courier has published at least once: again perhaps, but never under a second id."""
    ids: dict[Published, set[str | None]] = {}
    for message in await take_all(raw, PROBE_QUEUE):
        subject, sequence = (str(message.headers[f"ce-{name}"]) for name in ("subject", "sequence"))
        told = (str(message.type).split(".")[1], subject, int(sequence))
        ids.setdefault(told, set()).add(message.message_id)
    assert {told: found for told, found in ids.items() if len(found) != 1} == {}
    return set(ids)


async def send(raw: Line, day: Day) -> None:
    """Have the day's messages lie in courier's queue, in their order."""
    for message in day.messages:
        await raw.send_raw(
            message.body, properties(message), exchange="jemput.addressed", key=QUEUE
        )


@contextmanager
def courier_host(servers: Servers) -> Iterator[tuple[str, Management]]:
    """A virtual host with courier's queue and one that takes all that courier publishes."""
    declared = read_subscription(ROOT / "services" / "courier" / "subscriptions.toml")
    probe = Subscription("probe", "events", ("courier.#",))
    with virtual_host(servers) as vhost:
        management = apply(servers, vhost, [*declared, probe])
        hurry(management)
        yield vhost, management
        management.close()


@asynccontextmanager
async def prepared(
    servers: Servers, vhost: str, database: str, folder: Path
) -> AsyncIterator[Stand]:
    """A stand with empty queues and courier's areas in place; its processes end with it."""
    key = SigningKey.generate()
    write_public(folder / "keys.json", {key.kid: key.public})
    one = Stand(servers, vhost, database, folder, key)
    client = connect(servers.mongo_url)
    if servers.mode != "given":
        # What a killed process has left open goes soon; a given server is not ours to set.
        await limit_transactions(client, 3)
    await migrate(client[database], COLLECTIONS.names, [])
    await client[database]["areas"].insert_many(
        [COLLECTIONS.of(Area).encode(area) for area in AREAS]
    )
    await client.close()
    async with line(amqp_of(servers, vhost)) as raw:
        for queue in QUEUES:
            await (await raw.channel.get_queue(queue, ensure=False)).purge()
    try:
        yield one
    finally:
        one.kill_all()


@asynccontextmanager
async def stand(
    servers: Servers, vhost: str, database: str, folder: Path
) -> AsyncIterator[tuple[Stand, Line]]:
    """A prepared stand, and a line to its broker, which therefore has to stay."""
    async with (
        prepared(servers, vhost, database, folder) as one,
        line(amqp_of(servers, vhost)) as raw,
    ):
        yield one, raw


async def call(instance: Instance, method: str, path: str, **request: Any) -> httpx.Response | None:
    """Send a request; None where the instance is not there or dies over it."""
    url = f"http://127.0.0.1:{instance.port}{path}"
    try:
        async with httpx.AsyncClient(timeout=15) as client:
            return await client.request(method, url, **request)
    except httpx.TransportError:
        return None
