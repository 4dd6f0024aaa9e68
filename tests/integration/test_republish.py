"""A forged event with a high version is in the copies; the owner's command puts them right."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from deploy.local.stack import Stack
from shared.contracts import Event
from shared.contracts.envelope import new_id
from shared.contracts.intake import ProgrammePublished
from shared.contracts.scheduler import EventScheduled
from shared.messaging.message import Message
from shared.testing.messages import message_of
from tests.component.scheduler.floor import event_body
from tests.shell import tried
from tests.unit.reporting.running import bus, publish, stack_of, until

FORGED = 1_000_000
EVENT = "botram-setu"
BY = ("--by", "admin-1")
SERVICES = ("intake", "scheduler", "courier", "reporting")


@pytest.fixture
async def stack(servers: Servers, tmp_path: Path) -> AsyncIterator[Stack]:
    """All four services, with the shipped programmes and one event."""
    async with stack_of(servers, tmp_path) as running:
        for name in running.processes:
            running.start(name)
        running.await_ready()
        running.publish_shipped()
        yield running


class Copies:
    """What the services keep of a programme and of an event, seen from outside."""

    def __init__(self, stack: Stack, client: MongoClient[dict[str, Any]]) -> None:
        self._stack = stack
        self._client = client

    def of(self, collection: str, id_: str, *services: str) -> set[tuple[str, int]]:
        """Name and version in each of these services; fewer entries where they agree."""
        found = (
            self._client[self._stack.database(service)][collection].find_one({"_id": id_}) or {}
            for service in services
        )
        return {(one.get("name", ""), one.get("version", 0)) for one in found}

    def programme(self) -> set[tuple[str, int]]:
        """The copies of BOTRAM."""
        return self.of("programmes", "botram", "scheduler", "courier", "reporting")

    def event(self) -> set[tuple[str, int]]:
        """The copies of the event."""
        return self.of("events", EVENT, "intake", "reporting")


def forge(event: Event) -> Message:
    """An event under a version that its producer will not reach."""
    return message_of(event, datetime.now(UTC), version=FORGED)


async def holds(found: Callable[[], set[tuple[str, int]]], name: str, version: int) -> None:
    """Wait until every copy has this name and version."""

    async def same() -> bool:
        return found() == {(name, version)}

    await until(same, 60)


async def test_a_copy_that_was_forged_is_put_right_by_its_owner(
    stack: Stack, servers: Servers
) -> None:
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        copies = Copies(stack, client)
        # Published, once more with its catalogue and once more with its SOP.
        await holds(copies.programme, "BOTRAM", 3)
        await _plan(stack)
        planned = event_body()["name"]
        await holds(copies.event, planned, 1)

        async with bus(stack) as out:
            await publish(out, [forge(_of_programme("Palsu")), forge(_of_event("Palsu"))])
        await holds(copies.programme, "Palsu", FORGED)
        await holds(copies.event, "Palsu", FORGED)

        version = ("--version", str(FORGED + 1))
        done = await asyncio.to_thread(
            tried, stack, "intake", "programmes", "republish", "botram", *version, *BY
        )
        assert done == (0, f"botram: version {FORGED + 1}\n")
        done = await asyncio.to_thread(
            tried, stack, "scheduler", "events", "republish", EVENT, *version, *BY
        )
        assert done == (0, f"{EVENT}: version {FORGED + 1}\n")
        await holds(copies.programme, "BOTRAM", FORGED + 1)
        await holds(copies.event, planned, FORGED + 1)

        low = await asyncio.to_thread(
            tried, stack, "intake", "programmes", "republish", "botram", *version, *BY
        )
        assert low == (1, f"refused: version: it is {FORGED + 1} already\n")
        unknown = await asyncio.to_thread(
            tried, stack, "scheduler", "events", "republish", "other", *version, *BY
        )
        assert unknown == (1, "refused: event\n")
        # What is published from now on is newer than the forged one as well.
        await _plan(stack, name="BOTRAM Setu II")
        await holds(copies.event, "BOTRAM Setu II", FORGED + 2)


async def _plan(stack: Stack, **changed: Any) -> None:
    headers = {
        "Authorization": f"Bearer {stack.token('planner-1', 'planner:botram:32.16')}",
        "Idempotency-Key": new_id(),
    }
    async with httpx.AsyncClient(base_url=stack.url("scheduler"), timeout=30) as client:
        answer = await client.put(
            f"/api/events/{EVENT}", json=event_body(**changed), headers=headers
        )
        assert answer.is_success, answer.text


def _of_programme(name: str) -> ProgrammePublished:
    return ProgrammePublished(
        programme_id="botram",
        name=name,
        owner=name,
        region_code="32.16",
        time_zone="Asia/Jakarta",
        languages=("id",),
        channels=("event",),
        services=({"code": "KIA", "name": name, "deliverable": "card"},),  # type: ignore[arg-type]
        standard_working_days=None,
        calendar={},  # type: ignore[arg-type]
    )


def _of_event(name: str) -> EventScheduled:
    return EventScheduled(
        event_id=EVENT,
        programme_id="botram",
        name=name,
        place=name,
        region_code="32.16.18",
        on=datetime(2030, 3, 9, tzinfo=UTC).date(),
        opens_at=datetime(2030, 3, 9, 1, tzinfo=UTC),
        closes_at=datetime(2030, 3, 9, 5, tzinfo=UTC),
        booths=({"booth_id": "b-1", "agency": name, "services": ("KIA",), "ticketed": True},),  # type: ignore[arg-type]
    )
