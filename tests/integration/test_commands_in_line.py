"""Commands that wait for a database that is away, on a real socket: a bound, and who hangs up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import APIRouter

from shared.auth.roles import Role
from shared.auth.rules import Rule
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.runtime import CommandsDep, HttpInterface, SentDep, ServiceContext, ServiceDefinition
from shared.runtime.commands import ANSWER_WITHIN
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.web.connections import Limits
from tests.integration.http_kit import WAIT, Served, Stream, served
from tests.unit.shared.messaging_kit import count

MOST = 3
"""Commands that may wait here."""

router = APIRouter(prefix="/api")


@router.post("/counts/{name}")
async def post_count(name: str, commands: CommandsDep, sent: SentDep) -> dict[str, Any]:
    """Count one more."""
    outcome = await commands.run(count(name), sent=sent, key=name)
    return {"count": outcome.answer}


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """Nothing is refused here."""


def http_interface(_: ServiceContext) -> HttpInterface:
    rule = Rule({Role.OPERATOR})
    return HttpInterface(rules={"POST /api/counts/{name}": rule}, routers=[router])


def subscribe(_: Consumer) -> None:
    """Read nothing."""


DEFINITION = ServiceDefinition(
    name="desk",
    version="0.1.0",
    refused=Refused,
    subscribe=subscribe,
    http_interface=http_interface,
    collections=Collections(raw=("counters",)),
)


@asynccontextmanager
async def desk() -> AsyncIterator[tuple[MemoryMessaging, Served]]:
    """The service on a socket, its database away."""
    async with (
        memory_messaging("desk", max_commands=MOST) as messaging,
        served(messaging.app(DEFINITION), Limits()) as at,
    ):
        messaging.memory.away = True
        try:
            yield messaging, at
        finally:
            # What still waits is answered: else a test that fails would not end.
            messaging.memory.away = False


def waiting(messaging: MemoryMessaging) -> float:
    return messaging.registry.get_sample_value("jemput_commands_waiting") or 0.0


async def until(holds: Callable[[], bool], within: float = WAIT) -> None:
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - a gauge tells nobody
            await asyncio.sleep(0.01)


async def send(messaging: MemoryMessaging, at: Served, name: str) -> Stream:
    """Send a command as a client that waits for its answer."""
    reader, writer = await at.open()
    said = {**messaging.headers("operator"), "Host": "x", "Content-Length": "0"}
    head = "".join(f"{header}: {value}\r\n" for header, value in said.items())
    writer.write(f"POST /desk/api/counts/{name} HTTP/1.1\r\n{head}\r\n".encode())
    return reader, writer


async def ask(messaging: MemoryMessaging, at: Served, name: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{at.port}", timeout=WAIT) as client:
        return await client.post(f"/desk/api/counts/{name}", headers=messaging.headers("operator"))


async def test_one_command_too_many_is_told_when_to_come_again() -> None:
    async with desk() as (messaging, at):
        lines = [await send(messaging, at, f"c{number}") for number in range(MOST)]
        await until(lambda: waiting(messaging) == MOST)
        refused = await ask(messaging, at, "late")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["detail"] == "too many commands wait for the database"
        messaging.memory.away = False
        for reader, writer in lines:
            assert await asyncio.wait_for(reader.read(12), WAIT) == b"HTTP/1.1 200"
            writer.close()
        assert (await ask(messaging, at, "late")).json() == {"count": 1}
    assert len(messaging.documents("counters")) == MOST + 1


async def test_who_hangs_up_leaves_the_line_to_others_and_is_not_served() -> None:
    async with desk() as (messaging, at):
        lines = [await send(messaging, at, f"gone{number}") for number in range(MOST)]
        await until(lambda: waiting(messaging) == MOST)
        for _, writer in lines:
            writer.close()
        # Long before they would have been answered that it takes too long.
        await until(lambda: waiting(messaging) == 0, within=ANSWER_WITHIN / 2)
        asking = asyncio.create_task(ask(messaging, at, "stays"))
        await until(lambda: waiting(messaging) == 1)
        messaging.memory.away = False
        answer = await asking
        assert (answer.status_code, answer.json()) == (200, {"count": 1})
    assert [one["_id"] for one in messaging.documents("counters")] == ["stays"]
