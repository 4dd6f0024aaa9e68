"""Two events of two programmes on the real kernel, with fakes below it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from services.scheduler.app import definition
from services.scheduler.config import Settings
from services.scheduler.domain import Agency, AgencyKind
from services.scheduler.store import COLLECTIONS
from shared.files.jobs import JOBS
from shared.files.upload import Files
from shared.runtime import HttpInterface, ServiceContext, ServiceDefinition
from shared.sealing.masterkeys import new_line
from shared.testing.files import MemoryFrames
from shared.testing.messaging import MemoryMessaging, Receipt, memory_messaging
from shared.testing.worker import MemoryWorker
from tests.unit.files.samples import image
from tests.unit.scheduler.sample import SETU, published, received

KOTA: Final = "halo-pamor-2023-03-11-bekasi-timur"
REGIONS: Final = {"botram": "32.16.18", "halo_pamor": "32.75.01"}
DEVICE: Final = "0190f3c2-7a51-4c3e-9a5e-0d2f4b6a8c10"
"""Of a gate or a booth that leases."""
EVENTS: Final = {"botram": SETU, "halo_pamor": KOTA}


def event_body(programme_id: str = "botram", **changes: Any) -> dict[str, Any]:
    """An event with a booth for KIA and KK and a stand of the health office."""
    return {
        "programme_id": programme_id,
        "name": "BOTRAM Setu",
        "place": "Stadion Mini Desa Cijengkol",
        "region_code": REGIONS.get(programme_id, "32.16.18"),
        "on": "2023-03-11",
        "opens": "09:00",
        "closes": "11:30",
        "booths": [
            booth_body("loket-1", "KIA", "KK"),
            booth_body("loket-2", "KIA"),
            booth_body("puskesmas", "HEALTH_CHECK", ticketed=False),
        ],
        "offers": [offer_body()],
        **changes,
    }


def offer_body(**changes: Any) -> dict[str, Any]:
    """Where whoever was not served can go: the unit of the sub-district."""
    return {
        "kind": "service_point",
        "place": "Kantor Kecamatan Setu",
        "opens": None,
        "closes": None,
        "event_id": None,
        "services": [],
        **changes,
    }


def booth_body(booth_id: str, *services: str, ticketed: bool = True) -> dict[str, Any]:
    """A booth of the civil registry office, without tickets one of the health office."""
    return {
        "booth_id": booth_id,
        "agency": "Disdukcapil Kabupaten Bekasi" if ticketed else "Dinas Kesehatan (Puskesmas)",
        "agency_id": "disdukcapil" if ticketed else "dinkes",
        "services": list(services),
        "ticketed": ticketed,
        "weights": {},
    }


def counted(**numbers: int) -> dict[str, int]:
    """The numbers of a line; those that are not given are 0."""
    names = [
        "issued",
        "called",
        "waiting",
        "at_booths",
        "served",
        "transferred",
        "left",
        "no_show",
        "unserved",
        "void",
    ]
    return {**dict.fromkeys(names, 0), "closed": False, **numbers}


@dataclass(frozen=True)
class Floor:
    """Scheduler on fakes."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient
    frames: MemoryFrames

    async def call(self, booth_id: str = "loket-1", **how: Any) -> httpx.Response:
        """Ask for the next ticket as an operator of BOTRAM."""
        return await self.post(f"/api/events/{SETU}/booths/{booth_id}/calls", **how)

    async def serve(self, number: int, booth_id: str = "loket-1", **how: Any) -> httpx.Response:
        """Report a served ticket of KIA as an operator of BOTRAM."""
        path = f"/api/events/{SETU}/services/KIA/tickets/{number}/serve"
        return await self.post(path, json={"booth_id": booth_id}, **how)

    async def visit(self, json: Any, booth_id: str = "puskesmas", **how: Any) -> httpx.Response:
        """Report who walked up as an operator of BOTRAM."""
        return await self.post(f"/api/events/{SETU}/booths/{booth_id}/visits", json=json, **how)

    async def arrive(self, *services: str, key: str | None = None, **more: Any) -> httpx.Response:
        """Have people come through the gate of BOTRAM."""
        body = {"services": list(services or ("KIA",)), **more}
        return await self.post(f"/api/events/{SETU}/arrivals", json=body, key=key)

    async def lease(
        self, body: Any, device: str = DEVICE, *, subject: str = "agus", **how: Any
    ) -> httpx.Response:
        """Have a device lease as an operator of BOTRAM."""
        headers = self.messaging.headers("operator", "botram", "32.16", subject=subject, **how)
        path = f"/api/events/{SETU}/leases/{device}"
        return await self.client.put(path, json=body, headers=headers)

    async def tell(self, body: Any, device: str = DEVICE, **how: Any) -> httpx.Response:
        """Have a device tell what happened without uplink."""
        return await self.post(f"/api/events/{SETU}/leases/{device}/stories", json=body, **how)

    async def admit(self, event_id: str = SETU) -> str:
        """Have somebody come through a gate; return the code."""
        headers = self.messaging.headers("operator")
        path = f"/api/events/{event_id}/arrivals"
        answer = await self.client.post(path, json={"services": ["KIA"]}, headers=headers)
        return str(answer.raise_for_status().json()["code"])

    async def act(self, act: str, number: int = 1, **body: Any) -> httpx.Response:
        """Do something with a ticket of KIA at the first booth."""
        path = f"/api/events/{SETU}/services/KIA/tickets/{number}/{act}"
        return await self.post(path, json={"booth_id": "loket-1", **body})

    async def post(self, path: str, *, key: str | None = None, json: Any = None) -> httpx.Response:
        """Send a command as an operator of BOTRAM."""
        headers = self.messaging.headers("operator", "botram", "32.16", key=key)
        return await self.client.post(path, json=json, headers=headers)

    async def put(
        self, body: Mapping[str, Any], event_id: str = SETU, *, key: str | None = None
    ) -> httpx.Response:
        """Plan an event as a planner of everything."""
        headers = self.messaging.headers("planner", key=key)
        return await self.client.put(f"/api/events/{event_id}", json=body, headers=headers)

    async def get(self, path: str, *grant: str) -> httpx.Response:
        """Read as an operator of BOTRAM, or with another grant."""
        headers = self.messaging.headers(*(grant or ("operator", "botram", "32.16")))
        return await self.client.get(path, headers=headers)

    async def send(
        self, data: bytes, event_id: str = SETU, *, key: str | None = None, kind: str = ""
    ) -> httpx.Response:
        """Send a file for an event as an operator of BOTRAM."""
        headers = self.messaging.headers("operator", "botram", "32.16", key=key)
        headers |= {"Content-Type": kind} if kind else {}
        return await self.client.post(
            f"/api/events/{event_id}/evidence", content=data, headers=headers
        )

    async def bind(self, file_id: str, kind: str = "photo") -> httpx.Response:
        """Bind a file to the event of BOTRAM."""
        return await self.post(f"/api/events/{SETU}/evidence/{file_id}", json={"kind": kind})

    async def evidence(self, *, bound: bool = True, event_id: str = SETU) -> str:
        """Have a photo sent, and bound; return its id."""
        answer = await self.send(image(), event_id)
        file_id = str(answer.raise_for_status().json()["file_id"])
        if bound:
            (await self.bind(file_id)).raise_for_status()
        return file_id

    async def lines(self) -> dict[str, dict[str, int]]:
        """The numbers of Setu, by service."""
        found = (await self.get(f"/api/events/{SETU}")).json()["lines"]
        return {line.pop("service"): line for line in found}

    async def request(
        self, case_id: str, service: str = "KIA", programme_id: str = "botram", **how: Any
    ) -> Receipt:
        """Have a request come in for the programme's event."""
        code = how.pop("arrival_code", None)
        event = received(case_id, service, event_id=EVENTS[programme_id], programme_id=programme_id)
        event = event.model_copy(update={"arrival_code": code})
        return await self.messaging.deliver(event, **how)


def know_agencies(messaging: MemoryMessaging, programme_id: str) -> None:
    """Have the agencies of the sample's booths named already."""
    for agency_id, name in (("disdukcapil", "Disdukcapil"), ("dinkes", "Dinas Kesehatan")):
        agency = Agency(programme_id, agency_id, name, AgencyKind.REGIONAL)
        document = COLLECTIONS.of(Agency).encode(agency)
        messaging.memory.collections["agencies"][agency.id] = document


@contextmanager
def settings() -> Iterator[Settings]:
    """Scheduler's settings, with nothing to connect to and a key of its own."""
    with TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        keys.touch(0o600)
        keys.write_text(new_line(), "utf-8")  # add_key would wait for the disk
        yield Settings(
            amqp_url="amqp://nowhere.invalid/",
            mongo_url="mongodb://nowhere.invalid/",
            token_keys=Path("none.json"),
            sealing_keys=keys,
        )


def _with_files(given: Settings, frames: MemoryFrames) -> ServiceDefinition:
    """Scheduler with its files in memory, looked through in this process."""
    made = definition(given)

    def http_interface(context: ServiceContext) -> HttpInterface:
        found = made.http_interface(context)
        files = Files(frames, MemoryWorker(JOBS), context.commands, pause=0)
        return replace(found, provides={**found.provides, Files: files})

    return replace(made, http_interface=http_interface)


@asynccontextmanager
async def floor(*, planned: bool = True) -> AsyncIterator[Floor]:
    """Scheduler that knows two programmes and, if `planned`, an event of each."""
    frames = MemoryFrames()
    with settings() as given:
        async with (
            memory_messaging("scheduler", collections=COLLECTIONS) as messaging,
            messaging.client(_with_files(given, frames)) as client,
        ):
            running = Floor(messaging, client, frames)
            for programme_id in EVENTS:
                know_agencies(messaging, programme_id)
            await messaging.deliver(published())
            await messaging.deliver(published("halo_pamor", "32.75", name="HALO PAMOR"))
            if planned:
                for programme_id, event_id in EVENTS.items():
                    (await running.put(event_body(programme_id), event_id)).raise_for_status()
            yield running
