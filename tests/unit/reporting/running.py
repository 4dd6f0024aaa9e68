"""Reporting as a process on real servers, with rights and topology as in production."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pymongo import MongoClient

from deploy.local.folder import ROOT
from deploy.local.servers import Servers
from deploy.local.stack import Stack, prepared
from shared.audit.kept import ADDED_TO
from shared.messaging.bus import AmqpBus
from shared.messaging.message import Message
from tests.shell import tried


@asynccontextmanager
async def stack_of(
    servers: Servers, folder: Path, proxy: Path | None = None
) -> AsyncIterator[Stack]:
    """Provisioned servers with no service running yet; everything is gone at the end."""
    name = f"test_{secrets.token_hex(6)}"
    prefix, vhost = f"{name}_", f"{name}_vhost"
    user = urlsplit(servers.amqp_url).username
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    async with httpx.AsyncClient(base_url=f"{servers.management_url}/api/", timeout=30) as api:
        (await api.put(f"vhosts/{vhost}")).raise_for_status()
        (await api.put(f"permissions/{vhost}/{user}", json=everything)).raise_for_status()
        async with _provisioned(servers, folder, vhost, prefix, proxy) as stack:
            yield stack
        (await api.delete(f"vhosts/{vhost}")).raise_for_status()


@asynccontextmanager
async def _provisioned(
    servers: Servers, folder: Path, vhost: str, prefix: str, proxy: Path | None
) -> AsyncIterator[Stack]:
    # In a thread of its own: provisioning runs a loop of its own.
    stack = await asyncio.to_thread(
        prepared, servers, folder, vhost=vhost, prefix=prefix, proxy=proxy
    )
    try:
        yield stack
    finally:
        await asyncio.to_thread(stack.stop)
        with MongoClient[dict[str, Any]](servers.mongo_url) as client:
            for service in stack.ports:
                client[prefix + service].command("dropAllUsersFromDatabase")
                for name in (prefix + service, f"{prefix}{service}_{ADDED_TO.part}"):
                    client[name].command("dropAllRolesFromDatabase")
                    client.drop_database(name)


async def start(stack: Stack, environment: dict[str, str] | None = None) -> None:
    """Start reporting and wait until it is ready."""
    stack.start("reporting", environment)
    await asyncio.to_thread(stack.await_ready, ["reporting"])


def amqp_url_of(stack: Stack) -> str:
    """The administrator's way into the stack's virtual host."""
    return urlsplit(stack.servers.amqp_url)._replace(path=f"/{stack.vhost}").geturl()


@asynccontextmanager
async def bus(stack: Stack) -> AsyncIterator[AmqpBus]:
    """A bus that may write anything."""
    async with bus_at(amqp_url_of(stack)) as out:
        yield out


@asynccontextmanager
async def bus_at(amqp_url: str) -> AsyncIterator[AmqpBus]:
    """A bus with these rights."""
    out = AmqpBus(amqp_url, "test")
    await out.connect()
    try:
        yield out
    finally:
        await out.close()


async def publish(out: AmqpBus, messages: Iterable[Message]) -> None:
    """Publish, as the producers would, and wait for the confirms."""
    await asyncio.gather(*[out.publish(message) for message in messages])


def client(stack: Stack, *grants: str) -> httpx.AsyncClient:
    """A client with a token, for the head of everything unless other grants are given."""
    token = stack.token("test", *(grants or ("head:*:*",)))
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(base_url=stack.url("reporting"), headers=headers, timeout=30)


async def until(holds: Callable[[], Awaitable[bool]], within: float = 30.0) -> None:
    """Wait until something holds; TimeoutError where it does not in time."""
    async with asyncio.timeout(within):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)


async def until_counted(http: httpx.AsyncClient, event_id: str, measure: str, wanted: int) -> Any:
    """Wait until an event's figure is what is wanted; return the report."""
    report: dict[str, Any] = {}

    async def counted() -> bool:
        try:
            report.update((await http.get(f"/api/events/{event_id}/report")).json())
        except httpx.HTTPError:
            return False
        return bool(report.get("measures", {}).get(measure) == wanted)

    await until(counted, 60)
    return report


async def command(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path = ROOT
) -> tuple[int, str]:
    """Run a command of ours to its end; its status and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        env={**os.environ, **environment},
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    return process.returncode or 0, said.decode()


async def reporting_command(stack: Stack, *arguments: str) -> tuple[int, str]:
    """Run one of reporting's commands as an operator does, beside the service."""
    operator = {"JEMPUT_OPERATOR_AMQP_URL": stack.operator_amqp_url()}
    return await asyncio.to_thread(tried, stack, "reporting", *arguments, told=operator)
