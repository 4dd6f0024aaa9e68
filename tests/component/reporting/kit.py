"""Reporting on the real kernel with fakes below it; counted by the pure part, in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx

from services.reporting.app import definition, show
from services.reporting.config import Settings
from services.reporting.domain import fold
from services.reporting.pages import Board
from services.reporting.store.archive import fact_of
from services.reporting.store.names import (
    ARCHIVE,
    PROGRAMMES,
    REVISIONS,
    STATE,
    THE_STATE,
    TOTALS,
    documents,
)
from services.reporting.usecases.archive import Work
from shared.contracts.event import Event
from shared.runtime import HttpInterface, ServiceContext
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.web.live import Timing
from tests.unit.reporting.histories import programme, received, scheduled

SETU: Final = "botram-2023-03-11-setu"
BALANGAN: Final = "dik-2023-03-12-paringin"
SETTINGS: Final = Settings(
    amqp_url="amqp://nowhere.invalid/",
    mongo_url="mongodb://nowhere.invalid/",
    token_keys=Path("none.json"),
)
"""Settings of what the fakes stand in for."""


@dataclass(frozen=True)
class Desk:
    """Reporting on fakes."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient
    board: Board

    @property
    def streams(self) -> float:
        """How many streams are open."""
        return self.messaging.registry.get_sample_value("jemput_http_streams_open") or 0.0

    async def tell(self, *events: Event) -> None:
        """Have events come in, and count everything there is."""
        for event in events:
            receipt = await self.messaging.deliver(event)
            assert (receipt.dead, receipt.retry_later) == (None, False)
        self.count()

    def count(self, generation: int = 1) -> None:
        """Do the projector's work in memory: totals, revisions, and what generation it is."""
        held = self.messaging.memory.collections
        zones = {p["_id"]: p["time_zone"] for p in held[PROGRAMMES].values()}
        facts = [fact_of(d) for d in held[ARCHIVE].values() if d["programme_id"] in zones]
        for document in documents(generation, fold(facts, zones)):
            held[TOTALS][document["_id"]] = document
        for fact in facts:
            revised = held[REVISIONS].get(fact.event_id, {"_id": fact.event_id, "revision": 0})
            number = sum(other.event_id == fact.event_id for other in facts)
            held[REVISIONS][fact.event_id] = {
                **revised,
                "revision": number,
                "updated_at": self.messaging.clock(),
            }
        held[STATE][THE_STATE] = {"_id": THE_STATE, "current": generation}

    async def get(
        self, path: str, role: str = "head", *scope: str, **params: Any
    ) -> httpx.Response:
        """Ask as somebody with one grant, of everything unless a scope is given."""
        headers = self.messaging.headers(role, *(scope or ("*", "*")))
        return await self.client.get(path, params=params or None, headers=headers)

    async def streaming(self, path: str, role: str = "head", *scope: str) -> asyncio.Task[Any]:
        """Open a stream; its answer is whole when it ends."""
        asked = asyncio.create_task(self.get(path, role, *scope))
        await until(lambda: self.streams > 0 or asked.done())
        return asked

    async def see(self, path: str, role: str = "head", *scope: str) -> httpx.Response:
        """Open a page in a browser."""
        token = self.messaging.token(role, *(scope or ("*", "*")))
        seen: Mapping[str, str] = {"Accept": "text/html", "Authorization": f"Bearer {token}"}
        return await self.client.get(path, headers=seen)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """Reporting with nothing in it."""
    async with memory_messaging("reporting") as messaging:
        shown: list[HttpInterface] = []

        def http_interface(context: ServiceContext[Work]) -> HttpInterface:
            shown.append(show(context, Timing(pace=0.01)))
            return shown[0]

        async with messaging.client(
            replace(definition(SETTINGS), http_interface=http_interface)
        ) as client:
            (follow,) = shown[0].beside_http
            yield Desk(messaging, client, follow.__self__)  # type: ignore[attr-defined]


async def two_offices(full: Desk) -> None:
    """Two programmes of two governments, an event of each, and requests at both."""
    await full.tell(
        programme(),
        programme("dik_jamila", region="63.11"),
        scheduled(SETU),
        scheduled(BALANGAN, "dik_jamila", region_code="63.11.01", name="Dik Jamila Paringin"),
        *[received(f"c{n}", "KIA") for n in range(3)],
        received("c3", "KK"),
        received("c4", "KK", event_id=None, channel="office"),
        received("c5", "KIA", programme_id="dik_jamila", event_id=BALANGAN),
    )


async def until(holds: Callable[[], bool]) -> None:
    """Let others work until something holds; TimeoutError where it does not in time."""
    async with asyncio.timeout(20):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)
