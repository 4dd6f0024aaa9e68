"""A new service that counts something is one folder to the running system, its history included.

The folder is written during the test, into a tree of its own. Topology, rights and history come
from the commands that every office has; nothing of what is here already is touched.
"""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from deploy import provision
from deploy.local import ports
from deploy.local.folder import ROOT
from deploy.local.processes import Process
from deploy.local.servers import Servers
from deploy.local.stack import Stack
from shared.messaging.bus import AmqpBus
from shared.messaging.provision import BrokerUser, Management
from shared.messaging.topology import read_subscriptions, topology
from tests.unit.reporting.histories import Told, programme, received, scheduled, told
from tests.unit.reporting.running import (
    bus,
    publish,
    reporting_command,
    stack_of,
    start,
    until,
)

FOLDER = {
    "__init__.py": '"""Counting: how many requests there are of each service."""\n',
    "subscriptions.toml": """
[queues.events]
binds = ["intake.request_received.v1"]
""",
    "config.py": '''
"""Counting's settings."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime import PathPrefix, ServiceSettings


class Settings(ServiceSettings):
    """Read from `COUNTING_...`."""

    model_config = SettingsConfigDict(env_prefix="COUNTING_")

    mongo_database: str = "counting"
    http_port: int = Field(default=8005, ge=0, le=65535)
    path_prefix: PathPrefix = "/counting"
''',
    "domain.py": '''
"""How many requests there are of a service."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Count:
    """One service's count."""

    id: str
    version: int = 0
    n: int = 0

    def one_more(self) -> "Count":
        """Count one more."""
        return replace(self, version=self.version + 1, n=self.n + 1)
''',
    "store.py": '''
"""What counting keeps."""

from counting.domain import Count
from shared.messaging.collections import Collection, Collections

COLLECTIONS = Collections(Collection("counts", Count))
''',
    "handlers.py": '''
"""Events that counting reads."""

from counting.domain import Count
from shared.contracts.intake import RequestReceived
from shared.messaging.consumer import Consumer
from shared.messaging.unit_of_work import UnitOfWork


async def count(event: RequestReceived, uow: UnitOfWork) -> None:
    """Count one more."""
    known = await uow.get(Count, event.service) or Count(event.service)
    uow.add(known.one_more())


def subscribe(consumer: Consumer) -> None:
    """Register every handler."""
    consumer.on(RequestReceived, key=lambda event: event.service)(count)
''',
    "app.py": '''
"""Where counting is put together."""

from counting import handlers
from counting.config import Settings
from counting.store import COLLECTIONS
from shared.runtime import ServiceDefinition, HttpInterface, Service, assemble


class Refused(Exception):
    """Nothing is ever refused."""


def build(settings: Settings) -> Service:
    """Wire the service."""
    return assemble(DEFINITION, settings)


DEFINITION = ServiceDefinition(
    name="counting",
    version="1",
    refused=Refused,
    subscribe=handlers.subscribe,
    http_interface=lambda _: HttpInterface(rules={}, routers=[]),
    collections=COLLECTIONS,
)
''',
    "__main__.py": '''
"""`python -m counting`"""

from counting.app import build
from counting.config import Settings
from shared.runtime import start

start(build(Settings()))
''',
}
BEFORE = 700
LIVE = 300


@pytest.fixture
async def stack(servers: Servers, tmp_path: Path) -> AsyncIterator[Stack]:
    async with stack_of(servers, tmp_path / "stack") as prepared:
        await start(prepared)
        yield prepared


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The folder of the fifth service, in a tree of its own."""
    folder = tmp_path / "tree" / "counting"
    folder.mkdir(parents=True)
    for name, text in FOLDER.items():
        (folder / name).write_text(text.lstrip("\n"))
    return folder.parent


@pytest.fixture
def database(servers: Servers, stack: Stack) -> Iterator[Database[dict[str, Any]]]:
    """The fifth service's own database."""
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        own = client[stack.database("counting")]
        yield own
        own.command("dropAllUsersFromDatabase")
        client.drop_database(own.name)


async def test_a_fifth_service_is_one_folder_and_counts_everything_once(
    stack: Stack, tree: Path, database: Database[dict[str, Any]]
) -> None:
    before = fingerprint()
    past, live = requests("past", BEFORE), requests("live", LIVE)
    async with bus(stack) as out:
        await publish(out, [told(programme()).message, told(scheduled()).message])
        await publish(out, [each.message for each in past])
        await archived(stack, BEFORE)
        password = await provide(stack, tree)
        async with running(stack, tree, database.name, password) as handled:
            coming = asyncio.create_task(trickle(out, live))
            sent = await history(stack)
            await coming
            # Once more, all of it: nothing is counted twice.
            sent += await history(stack, "--anew")

            async def all_handled() -> bool:
                return await handled() == sent + LIVE

            await until(all_handled, within=60)
    assert BEFORE * 2 <= sent <= (BEFORE + LIVE) * 2
    assert database.inbox.count_documents({}) == BEFORE + LIVE
    assert {row["_id"]: row["n"] for row in database.counts.find()} == {
        "KIA": (BEFORE + LIVE) // 2,
        "KK": (BEFORE + LIVE) // 2,
    }
    assert fingerprint() == before


async def history(stack: Stack, *options: str) -> int:
    """Give the new service its history; how many letters that were."""
    only = ("--types", "intake.request_received.v1")
    status, said = await reporting_command(
        stack, "history", "--by", "a-op", "--to", "counting.events", *only, *options
    )
    assert status == 0, said
    done = re.fullmatch(r"done: (\d+) events sent to counting.events", said.splitlines()[-1])
    assert done, said
    return int(done[1])


def requests(prefix: str, number: int) -> list[Told]:
    return [told(received(f"{prefix}{n}", ("KIA", "KK")[n % 2])) for n in range(number)]


async def archived(stack: Stack, number: int) -> None:
    with MongoClient[dict[str, Any]](stack.servers.mongo_url) as client:
        archive = client[stack.database("reporting")].archive

        async def all_there() -> bool:
            return archive.count_documents({}) == number + 2

        await until(all_there, within=60)


async def provide(stack: Stack, tree: Path) -> str:
    """Apply the topology of both trees and give the new service its users; their password."""
    password = secrets.token_hex(16)
    declared = read_subscriptions(ROOT / "services") + read_subscriptions(tree)
    management = Management(stack.servers.management_url, stack.vhost)
    management.apply(topology(declared))
    management.grant([BrokerUser("counting", password)])
    management.close()
    await provision.mongo(stack.servers.mongo_url, {"counting": password}, stack.prefix)
    return password


@asynccontextmanager
async def running(
    stack: Stack, tree: Path, database: str, password: str
) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Run the fifth service as its folder says, under its own rights; how much it has handled."""
    mongo = urlsplit(stack.servers.mongo_url).netloc.rpartition("@")[2]
    port = next(ports.free())
    environment = {
        **os.environ,
        "PYTHONPATH": f"{tree}:{ROOT}",
        "COUNTING_AMQP_URL": stack._amqp_url("counting", password),
        "COUNTING_MONGO_URL": f"mongodb://counting:{password}@{mongo}/{database}"
        "?directConnection=true",
        "COUNTING_MONGO_DATABASE": database,
        "COUNTING_HTTP_PORT": str(port),
        "COUNTING_TOKEN_KEYS": stack._environment("reporting")["REPORTING_TOKEN_KEYS"],
    }
    log = stack.folder / "log" / "counting.log"
    process = Process("counting", [sys.executable, "-m", "counting"], environment, log, cwd=tree)
    await asyncio.to_thread(process.start)

    async def handled() -> int:
        assert process.alive(), process.last_words()
        async with httpx.AsyncClient() as http:
            try:
                said = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.HTTPError:
                return 0
        found = re.findall(r"^jemput_messages_processed_total{.*} (\d+)", said, re.MULTILINE)
        return sum(map(int, found))

    try:
        yield handled
    finally:
        await asyncio.to_thread(process.terminate)


async def trickle(out: AmqpBus, live: list[Told]) -> None:
    """Let events come one after the other while history is under way."""
    for each in live:
        await out.publish(each.message)


def fingerprint() -> str:
    """What the project's own code is, so that it can be seen to stay what it was."""
    digest = sha256()
    for folder in ("services", "shared", "deploy"):
        for file in sorted((ROOT / folder).rglob("*.*")):
            if file.suffix in {".py", ".toml", ".json"}:
                digest.update(file.read_bytes())
    return digest.hexdigest()
