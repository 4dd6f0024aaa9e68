"""Courier on the real kernel, with fakes below it, and one programme published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from services.courier.app import DEFINITION
from shared.testing.messaging import MemoryMessaging, memory_messaging
from tests.unit.courier.sample import AGENT, VILLAGE, issued, programme, received

AREA = f"/api/areas/halo_pamor/{VILLAGE}/005"
STEPS = "/api/jobs/case-1/steps"


@dataclass(frozen=True)
class Counter:
    """Courier's API and its queue."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient

    async def serve(self, agent_id: str = AGENT) -> None:
        """Put an agent in charge of the sample's RW."""
        answer = await self.client.put(
            AREA, json={"agent_id": agent_id}, headers=self.messaging.headers("admin")
        )
        assert answer.status_code == 200, answer.text

    async def assigned_job(self, received_at: datetime | None = None) -> None:
        """Have the sample's case as a job of the sample's agent, its document issued."""
        await self.serve()
        await self.messaging.deliver(received(), occurred_at=received_at)
        await self.messaging.deliver(issued())

    def agent(self, subject: str = AGENT, **headers: Any) -> dict[str, str]:
        """The headers of an agent of the programme."""
        return self.messaging.headers("agent", "halo_pamor", "32.75", subject=subject, **headers)

    async def step(self, step: str, subject: str = AGENT, **body: Any) -> httpx.Response:
        """Report a step of the sample's job."""
        said = {"step": step, **body}
        return await self.client.post(STEPS, json=said, headers=self.agent(subject))


@asynccontextmanager
async def counter() -> AsyncIterator[Counter]:
    """Run courier on fakes until the end of the block."""
    async with memory_messaging("courier") as messaging:
        client = messaging.client(DEFINITION)
        await messaging.deliver(programme())
        yield Counter(messaging, client)
        await client.aclose()
