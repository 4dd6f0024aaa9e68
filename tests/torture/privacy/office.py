"""The running stack whose places are searched, and ways to have it work."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from pymongo import MongoClient
from pymongo.database import Database

from deploy.local import install
from deploy.local.servers import Say, Servers, provide
from deploy.local.stack import Stack, running
from shared.contracts.envelope import new_id
from tests.shell import shell, tried
from tests.torture.hostile.stage import until

EVENT_PROGRAMME: Final = "botram"
HOME_PROGRAMME: Final = "halo_pamor"
EVENT: Final = "acara-pribadi"
VILLAGE: Final = "32.75.01.1001"


@dataclass(frozen=True)
class Office:
    """A stack behind its one address, its servers, and a look into every database."""

    servers: Servers
    stack: Stack
    folder: Path
    client: MongoClient[dict[str, Any]]

    @property
    def database(self) -> Database[dict[str, Any]]:
        """Intake's database."""
        return self.client[self.stack.database("intake")]

    def data(self, collection: str) -> Any:
        """A collection of intake's database."""
        return self.database[collection]

    def headers(self, subject: str, *grants: str) -> dict[str, str]:
        """Headers of an account with such grants, and a fresh key."""
        token = self.stack.token(subject, *grants)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id()}

    def command(self, words: Sequence[str]) -> str:
        """Run a command of intake at the shell; what it prints. Raises AssertionError."""
        return shell(self.stack, "intake", *words)

    def refused(self, words: Sequence[str]) -> str:
        """Run one that is not carried out; all that it prints. Raises AssertionError."""
        status, said = tried(self.stack, "intake", *words)
        assert status != 0, f"{words[:2]} was carried out"
        return said


@contextmanager
def opened(say: Say) -> Iterator[Office]:
    """Start a fresh stack of servers, services and proxy, gone at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="jemput-privacy-") as place,
        provide(Path(place) / "servers", fresh=True, test_commands=True, say=say) as servers,
        running(servers, Path(place), say=say, proxy=install.nginx(say)) as stack,
        MongoClient[dict[str, Any]](servers.mongo_url) as client,
    ):
        stack.publish_shipped()
        office = Office(servers, stack, Path(place), client)
        asyncio.run(_planned(office))
        yield office


async def _planned(office: Office) -> None:
    """Plan the event that requests are made at, an agent for the homes, and wait for both."""
    programmes = office.client[office.stack.database("scheduler")]["programmes"]
    areas = office.client[office.stack.database("courier")]["programmes"]
    known = {"_id": {"$in": [EVENT_PROGRAMME, HOME_PROGRAMME]}}
    for copies in (programmes, areas):
        await until(lambda: copies.count_documents(known) == 2, "programmes are known")  # noqa: B023
    async with httpx.AsyncClient(timeout=30) as http:
        planner = office.headers("rencana-1", f"planner:{EVENT_PROGRAMME}:*")
        url = f"{office.stack.url('scheduler')}/api/events/{EVENT}"
        (await http.put(url, json=event(), headers=planner)).raise_for_status()
        admin = office.headers("admin-1", f"admin:{HOME_PROGRAMME}:*")
        url = f"{office.stack.url('courier')}/api/areas/{HOME_PROGRAMME}/{VILLAGE}/005"
        (await http.put(url, json={"agent_id": "satgas-5"}, headers=admin)).raise_for_status()
    await until(lambda: office.data("events").find_one({"_id": EVENT}), "the event is known")


def event(**changed: Any) -> dict[str, Any]:
    """An event of tomorrow, as a planner sends it: midnight comes to every run some time."""
    tomorrow = datetime.now(ZoneInfo("Asia/Jakarta")) + timedelta(days=1)
    return {
        "programme_id": EVENT_PROGRAMME,
        "name": "BOTRAM Setu",
        "place": "Lapangan Setu",
        "region_code": "32.16.18",
        "on": f"{tomorrow:%Y-%m-%d}",
        "opens": "00:00",
        "closes": "23:59",
        "booths": [booth()],
        **changed,
    }


def booth(**changed: Any) -> dict[str, Any]:
    """Its one booth."""
    own = {"booth_id": "disdukcapil", "agency": "Disdukcapil", "services": ["KK", "KIA"]}
    return {**own, "ticketed": True, **changed}
