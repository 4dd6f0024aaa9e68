"""The servers of `deploy.local`, in whatever mode this machine gives them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from deploy.local import engine, install
from deploy.local.processes import await_ready
from deploy.local.servers import Servers
from shared.mongo.users import TRANSACTION_SECONDS

ROOT = Path(__file__).parents[2]
Client = MongoClient[dict[str, Any]]


def test_the_versions_are_those_that_are_supported(servers: Servers) -> None:
    assert tuple(map(int, servers.rabbitmq_version.split(".")[:2])) >= (3, 10)
    assert tuple(map(int, servers.mongodb_version.split(".")[:2])) >= (6, 0)


def test_a_transaction_is_committed_whole_or_not_at_all(
    servers: Servers, mongo_database: str
) -> None:
    with Client(servers.mongo_url) as client, client.start_session() as session:
        rows = client[mongo_database].rows
        with session.start_transaction():
            rows.insert_many([{"_id": 1}, {"_id": 2}], session=session)
        session.start_transaction()
        rows.insert_one({"_id": 3}, session=session)
        session.abort_transaction()
        assert [row["_id"] for row in rows.find()] == [1, 2]


def test_a_stranger_may_do_nothing(servers: Servers) -> None:
    if servers.mode == "given":
        pytest.skip("given servers have their own rules")
    address = servers.mongo_url.rpartition("@")[2].partition("/")[0]
    with (
        Client(f"mongodb://{address}/?directConnection=true") as client,
        pytest.raises(OperationFailure, match="authentication"),
    ):
        client.list_database_names()
    users = httpx.get(f"{servers.management_url}/api/users").json()
    assert "guest" not in [user["name"] for user in users]


def test_nobody_may_inject_faults_and_no_javascript_is_run(
    servers: Servers, mongo_database: str
) -> None:
    if servers.mode == "given":
        pytest.skip("given servers have their own rules")
    address = servers.mongo_url.rpartition("@")[2].partition("/")[0]
    fault = {"configureFailPoint": "failCommand", "mode": "off"}
    for url in (f"mongodb://{address}/?directConnection=true", servers.mongo_url):
        with Client(url) as client, pytest.raises(OperationFailure, match="no such command"):
            client.admin.command(fault)
    with Client(servers.mongo_url) as client:
        rows = client[mongo_database].rows
        rows.insert_one({"_id": 1})
        with pytest.raises(OperationFailure, match=r"ScriptEngine|JavaScript"):
            list(rows.find({"$where": "true"}))


async def test_what_is_published_is_consumed(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("q", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"hello"), "q")
        message = await queue.get(timeout=10)
        await message.ack()
        assert message.body == b"hello"


async def test_what_was_confirmed_survives_the_servers_end(
    servers: Servers, amqp_url: str, mongo_database: str
) -> None:
    if servers.mode == "given":
        pytest.skip("given servers are not ours to stop")
    # In this order: RabbitMQ's own record of a new queue reaches the disk a moment after the
    # declaration is answered, and only a stop in good order waits for it.
    for end in ("stop", "kill"):
        await keep(amqp_url)
        with Client(servers.mongo_url, w="majority") as client:
            client[mongo_database].rows.insert_one({"_id": end})
        for server in (servers.rabbit, servers.mongo):
            getattr(server, end)()
            server.start()
        assert await found(amqp_url) == b"kept"
        assert transaction_seconds(servers) == TRANSACTION_SECONDS
    with Client(servers.mongo_url) as client:
        assert client[mongo_database].rows.count_documents({}) == 2


def transaction_seconds(servers: Servers) -> int:
    """Limit of a server that nobody has told it by command since its start."""
    name = "transactionLifetimeLimitSeconds"
    with Client(servers.mongo_url) as client:
        return int(client.admin.command({"getParameter": 1, name: 1})[name])


async def keep(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True)
        persistent = aio_pika.Message(b"kept", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(persistent, "kept")


async def found(amqp_url: str) -> bytes:
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("kept", durable=True, passive=True)
        message = await queue.get(timeout=10)
        await message.ack()
        return message.body


class Command:
    """`python -m deploy.local servers` as somebody runs it, on this machine's own processes."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.urls: dict[str, str] = {}

    @contextmanager
    def running(self, end: signal.Signals) -> Iterator[None]:
        """Run until the end of the block, then end it by that signal alone."""
        command = [sys.executable, "-m", "deploy.local", "servers", "--data", str(self.data)]
        outside = {"AMQP_URL": "", "MONGO_URL": "", "DOCKER_HOST": f"unix://{self.data}/none"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | outside
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if "_URL=" in line:
                    name, _, value = line.strip().partition("=")
                    self.urls[name] = value
                if "Ctrl-C" in line:
                    break
            yield
            process.send_signal(end)
            process.communicate(timeout=60)

    def processes(self) -> list[str]:
        """Every process that has to do with the data folder: by folder, environment, command."""
        mine = os.fsencode(self.data)
        return [
            entry.name
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and any(mine in trait for trait in traits(entry))
        ]


def traits(process: Path) -> Iterator[bytes]:
    try:
        yield os.fsencode((process / "cwd").readlink())
        yield (process / "environ").read_bytes()
        yield (process / "cmdline").read_bytes()
    except OSError:
        return


async def test_nothing_is_left_behind_and_a_restart_finds_its_data(tmp_path: Path) -> None:
    if not install.RABBITMQ.exists():
        pytest.skip("no rabbitmq-server of its own here")
    command = Command(tmp_path / "data")
    with command.running(end=signal.SIGTERM):
        await keep(command.urls["AMQP_URL"])
        assert len(command.processes()) >= 3
    assert command.processes() == []
    first = dict(command.urls)
    with command.running(end=signal.SIGKILL):
        assert command.urls == first
        assert await found(command.urls["AMQP_URL"]) == b"kept"
    await_ready(lambda: command.processes() == [], what="the end of all", timeout=20)


def test_data_can_be_opened_on_other_ports(tmp_path: Path) -> None:
    if not install.RABBITMQ.exists():
        pytest.skip("no rabbitmq-server of its own here")
    command = Command(tmp_path / "data")
    with command.running(end=signal.SIGKILL), Client(command.urls["MONGO_URL"]) as client:
        client.kept.rows.insert_one({"_id": 1})
    first = command.urls["MONGO_URL"]
    (command.data / "ports.json").unlink()
    with command.running(end=signal.SIGKILL), Client(command.urls["MONGO_URL"]) as client:
        assert command.urls["MONGO_URL"] != first
        assert client.kept.rows.count_documents({}) == 1


def test_an_engine_is_heard_only_where_somebody_listens(tmp_path: Path) -> None:
    address = tmp_path / "engine.sock"
    assert not engine.listens(f"unix://{address}")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(address))
        assert not engine.listens(f"unix://{address}")
        server.listen()
        assert engine.listens(f"unix://{address}")
