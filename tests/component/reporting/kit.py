"""Reporting on the real kernel with fakes below it; counted by the pure part, in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import httpx

from services.reporting.app import definition, show
from services.reporting.config import Settings
from services.reporting.domain import fold
from services.reporting.pages import Board
from services.reporting.store import COLLECTIONS
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
from shared.contracts.event import Event
from shared.files.jobs import JOBS
from shared.files.upload import Files
from shared.runtime import HttpInterface, ServiceContext
from shared.sealing.masterkeys import add_key
from shared.testing.files import MemoryFrames
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.testing.worker import MemoryWorker
from shared.web.live import Timing
from tests.unit.files.samples import image
from tests.unit.reporting.histories import programme, received, scheduled

SETU: Final = "botram-2023-03-11-setu"
BALANGAN: Final = "dik-2023-03-12-paringin"
EVIDENCE: Final = "/api/programmes/botram/years/2023/evidence"


@dataclass(frozen=True)
class Desk:
    """Reporting on fakes."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient
    board: Board
    frames: MemoryFrames

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

    async def send(
        self, data: bytes, path: str = EVIDENCE, *, key: str | None = None
    ) -> httpx.Response:
        """Send a file as a planner of BOTRAM."""
        headers = self.messaging.headers("planner", "botram", "32.16", key=key)
        return await self.client.post(path, content=data, headers=headers)

    async def bind(self, file_id: str, kind: str = "decree", **how: Any) -> httpx.Response:
        """Bind a file to the year as a planner of BOTRAM."""
        headers = self.messaging.headers("planner", "botram", "32.16", **how)
        return await self.client.post(f"{EVIDENCE}/{file_id}", json={"kind": kind}, headers=headers)

    async def evidence(self, *, bound: bool = True) -> str:
        """Have a photo sent, and bound; return its id."""
        file_id = str((await self.send(image())).raise_for_status().json()["file_id"])
        if bound:
            (await self.bind(file_id)).raise_for_status()
        return file_id

    async def see(self, path: str, role: str = "head", *scope: str) -> httpx.Response:
        """Open a page in a browser."""
        token = self.messaging.token(role, *(scope or ("*", "*")))
        seen: Mapping[str, str] = {"Accept": "text/html", "Authorization": f"Bearer {token}"}
        return await self.client.get(path, headers=seen)


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    """Reporting with nothing in it."""
    frames = MemoryFrames()
    async with memory_messaging("reporting", collections=COLLECTIONS) as messaging:
        shown: list[HttpInterface] = []

        def http_interface(context: ServiceContext) -> HttpInterface:
            with settings() as given:
                found = show(context, given, Timing(pace=0.01))
            files = Files(frames, MemoryWorker(JOBS), context.commands, pause=0)
            shown.append(replace(found, provides={**found.provides, Files: files}))
            return shown[0]

        with settings() as given:
            own = replace(definition(given), http_interface=http_interface)
        async with messaging.client(own) as client:
            board = cast("Board", shown[0].provides[Board])
            yield Desk(messaging, client, board, frames)


@contextmanager
def settings() -> Iterator[Settings]:
    """Reporting's settings, with nothing to connect to and a key of its own."""
    with TemporaryDirectory() as folder:
        add_key(Path(folder) / "keys")
        yield Settings(
            amqp_url="amqp://nowhere.invalid/",
            mongo_url="mongodb://nowhere.invalid/",
            token_keys=Path("none.json"),
            sealing_keys=Path(folder) / "keys",
        )


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
