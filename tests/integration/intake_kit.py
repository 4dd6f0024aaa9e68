"""Intake as a process of its own on real servers, and whoever talks to it and listens."""

import asyncio
import os
import random
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aio_pika
import httpx
import pytest
from aio_pika import IncomingMessage
from aio_pika.abc import AbstractIncomingMessage

from deploy.local.servers import Servers
from services.intake.cli import main
from services.intake.config import Settings
from shared.auth.keys import SigningKey, write_private, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.contracts import CATALOGUE, Event
from shared.contracts.envelope import new_id
from shared.messaging.bus import AmqpBus
from shared.messaging.message import EXCHANGE, Message
from shared.messaging.provision import Management
from shared.messaging.topology import Binding, Queue, Topology, read_subscription, topology
from shared.messaging.wire import read
from shared.runtime import utc_now
from shared.sealing.masterkeys import add_key
from shared.testing.messages import message_of

ROOT = Path(__file__).parents[2]
SUBSCRIPTIONS = ROOT / "services" / "intake" / "subscriptions.toml"
PROGRAMMES = ROOT / "services" / "intake" / "programmes"
LISTENER = "listener.all"
PATIENCE = 60.0


@dataclass(frozen=True)
class Heard:
    """A message that intake published."""

    event: Event
    version: int
    occurred_at: datetime


@dataclass
class Office:
    """A folder with intake's secrets, and what its process is started with."""

    environment: Mapping[str, str]
    issuer: Issuer
    port: int

    def settings(self) -> Settings:
        """Return what the process would read from its environment."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            return Settings()

    async def command(self, *arguments: str) -> tuple[int, list[str]]:
        """Run one command about programmes; its exit status and what it said."""
        return await self.run("programmes", *arguments)

    async def run(self, *arguments: str) -> tuple[int, list[str]]:
        """Run one command; its exit status and what it said."""
        return await asyncio.to_thread(main, list(arguments), self.settings)

    async def shell(self, *arguments: str) -> tuple[int, str, str]:
        """Run one command as a process; its exit status and what it wrote, out and error."""
        process = await self.start(*arguments, out=asyncio.subprocess.PIPE)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def start(self, *arguments: str, out: Any) -> asyncio.subprocess.Process:
        """Start `python -m services.intake`."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services.intake",
            *arguments,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=out,
            stderr=out,
        )

    def headers(self, *grants: str, key: str | None = None) -> dict[str, str]:
        """Return the headers of a command by somebody with these grants."""
        token = self.issuer.issue("agus", [Grant.parse(g) for g in grants], timedelta(hours=1))
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id()}


@dataclass
class Running:
    """Intake at work."""

    office: Office
    client: httpx.AsyncClient
    bus: AmqpBus
    pid: int
    heard: dict[str, Heard] = field(default_factory=dict)

    async def post(self, path: str, body: Any, *grants: str) -> dict[str, Any]:
        """Send a command, which must be taken."""
        headers = self.office.headers(*(grants or ("operator:*:*",)))
        answer = await self.client.post(f"/api{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        taken: dict[str, Any] = answer.json()
        return taken

    async def get(self, path: str) -> dict[str, Any]:
        """Return what an operator reads."""
        headers = self.office.headers("operator:*:*")
        answer = await self.client.get(f"/api{path}", headers=headers)
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    async def cases(self, programme_id: str) -> dict[str, dict[str, Any]]:
        """Return every case of a programme, page by page, by id."""
        found: dict[str, dict[str, Any]] = {}
        cursor = ""
        while True:
            path = f"/api/requests?programme_id={programme_id}&limit=50{cursor}"
            answer = await self.client.get(path, headers=self.office.headers("operator:*:*"))
            page = answer.raise_for_status().json()
            found |= {item["case_id"]: item for item in page["items"]}
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def say(self, events: Iterable[tuple[Event, datetime]], *, times: int = 1) -> None:
        """Publish events as other services would, shuffled, each so many times."""
        messages = [_message(event, at) for event, at in events] * times
        random.shuffle(messages)
        await asyncio.gather(*(self.bus.publish(message) for message in messages))

    def told(self, kind: type[Event]) -> list[Heard]:
        """Return what was heard of a type, each message once."""
        return [one for one in self.heard.values() if isinstance(one.event, kind)]


@asynccontextmanager
async def open_office(
    servers: Servers, amqp_url: str, database: str, folder: Path
) -> AsyncIterator[Office]:
    """Bring the broker to intake's topology and lay its secrets ready."""
    key = SigningKey.generate()
    write_public(folder / "keys.json", {key.kid: key.public})
    write_private(folder / "signing.pem", key)
    add_key(folder / "sealing")
    (folder / "secret").write_text("a made-up secret of the integration tests\n")
    _provision(servers, amqp_url.rpartition("/")[2])
    port = free_port()
    environment = {
        # One token stands for everybody at work here.
        "INTAKE_PERSONS_PER_ACCOUNT": "100000/hour",
        "INTAKE_AMQP_URL": amqp_url,
        "INTAKE_MONGO_URL": servers.mongo_url,
        "INTAKE_MONGO_DATABASE": database,
        "INTAKE_HTTP_PORT": str(port),
        "INTAKE_TOKEN_KEYS": str(folder / "keys.json"),
        "INTAKE_TRACKING_SECRET_FILE": str(folder / "secret"),
        "INTAKE_LOOKUP_SECRET_FILE": str(folder / "secret"),
        "INTAKE_SEALING_KEYS": str(folder / "sealing"),
        "INTAKE_SIGNING_KEY": str(folder / "signing.pem"),
        "INTAKE_ERASURE_LIST": str(folder / "erasures"),
    }
    yield Office(environment, Issuer(key, utc_now), port)


@asynccontextmanager
async def running(office: Office, log: Path) -> AsyncIterator[Running]:
    """Run the process until the end of the block; it must stop in good order."""
    with log.open("wb") as out:
        process = await office.start(out=out)
    bus = AmqpBus(office.environment["INTAKE_AMQP_URL"], "somebody")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{office.port}/intake") as client:
            await until(lambda: _ready(client))
            await bus.connect()
            at_work = Running(office, client, bus, process.pid)
            listening = asyncio.create_task(_listen(office, at_work.heard))
            yield at_work
            await _ended(listening)
        process.terminate()
        assert await process.wait() == 0, f"see {log}"
    finally:
        await bus.close()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(there: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await there():  # noqa: ASYNC110 - what is asked is on the other side of a server
            await asyncio.sleep(0.1)


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        answer = await client.get(client.base_url.join("/readyz"))
    except httpx.TransportError:
        return False
    return answer.is_success and answer.json()["checks"]["rabbitmq"] == "ok"


async def _listen(office: Office, heard: dict[str, Heard]) -> None:
    connection = await aio_pika.connect(office.environment["INTAKE_AMQP_URL"])
    async with connection, connection.channel() as channel:
        queue = await channel.get_queue(LISTENER, ensure=False)
        async with queue.iterator(no_ack=True) as messages:
            async for delivered in messages:
                _note(delivered, heard)


def _note(delivered: AbstractIncomingMessage, heard: dict[str, Heard]) -> None:
    message = read(cast("IncomingMessage", delivered))
    event = CATALOGUE[message.envelope.type].model_validate_json(message.body)
    heard[message.envelope.id] = Heard(
        event, message.envelope.version, message.envelope.occurred_at
    )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _message(event: Event, at: datetime) -> Message:
    return message_of(event, at, recorded_at=utc_now())


def _provision(servers: Servers, vhost: str) -> None:
    needed = topology(read_subscription(SUBSCRIPTIONS))
    everything = Topology(
        needed.exchanges,
        (*needed.queues, Queue(LISTENER, {"x-queue-type": "quorum"})),
        (*needed.bindings, Binding(EXCHANGE, LISTENER, "intake.#")),
        needed.policies,
    )
    management = Management(servers.management_url, vhost)
    management.apply(everything)
    management.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
