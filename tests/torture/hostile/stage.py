"""The stack that is attacked, and what the attacks need of it."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from pymongo import MongoClient

from deploy.local import stack as stacks
from deploy.local.folder import ROOT
from deploy.local.processes import Process
from deploy.local.servers import Say, Servers
from deploy.local.stack import Stack
from shared.contracts.envelope import new_id
from shared.contracts.intake import RequestReceived
from shared.messaging.message import Message
from shared.runtime.start import utc_now
from shared.testing.messages import message_of
from tests.integration.kernel_kit import Line

PROGRAMME: Final = "halo_pamor"
WAIT: Final = 40.0
VILLAGE: Final = "32.75.01.1001"


@dataclass(frozen=True)
class Stage:
    """Running services, their servers, and a look into every database."""

    servers: Servers
    stack: Stack
    folder: Path
    client: MongoClient[dict[str, Any]]
    pids: dict[str, int]

    def collection(self, service: str, name: str) -> Any:
        """A collection of a service's database."""
        return self.client[self.stack.database(service)][name]

    def amqp(self, service: str) -> str:
        """The broker's address with a service's own login."""
        return self.stack._amqp_url(service, self.stack.secrets[f"{service}_amqp_password"])

    def admin_amqp(self) -> str:
        """The broker's address for its administrator, who may write in any name."""
        return urlsplit(self.servers.amqp_url)._replace(path="/%2F").geturl()

    def unharmed(self) -> bool:
        """Whether every service is the process that it was at the start."""
        return all(self.stack.process(name).pid == pid for name, pid in self.pids.items())

    def known(self, case_id: str) -> bool:
        """Whether a case that intake published has arrived in courier and in reporting."""
        job = self.collection("courier", "jobs").find_one({"_id": case_id}, {"_id": 1})
        return job is not None and self.archived({"envelope.aggregate_id": case_id})

    def archived(self, query: dict[str, Any]) -> bool:
        """Whether reporting's archive holds such an event."""
        return self.collection("reporting", "archive").find_one(query, {"_id": 1}) is not None

    async def ask(self) -> str:
        """Record an honest request, trying again as an honest sender does; its case id."""
        token, key = self.stack.token("hostile-operator", f"operator:{PROGRAMME}:32.75"), new_id()
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        url = f"{self.stack.url('intake')}/api/requests"
        async with httpx.AsyncClient(timeout=15) as http, asyncio.timeout(WAIT):
            while True:
                answer = await http.post(url, json=request(5), headers=headers)
                if answer.status_code == httpx.codes.CREATED:
                    return str(answer.json()["case_id"])
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
                await asyncio.sleep(0.5)

    async def works(self) -> str:
        """See that a new request passes through intake, courier and reporting; its case id."""
        case_id = await self.ask()
        await until(lambda: self.known(case_id), "a request passes through all services")
        return case_id

    def memory(self, service: str) -> float:
        """Resident memory of a service's process, in MiB."""
        status = Path(f"/proc/{self.pids[service]}/status").read_text("utf-8")
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024


@contextmanager
def started(servers: Servers, folder: Path, say: Say) -> Iterator[Stage]:
    """The four services with their programmes; each names itself to mongod, for `failCommand`."""
    stack = stacks.prepared(servers, folder)
    try:
        say(f"starting {', '.join(stack.processes)}")
        running = {name: _start(stack, name) for name in stack.services}
        for name in set(stack.processes) - set(stack.services):
            stack.start(name)
        stack.await_ready()
        stack.publish_shipped()
        pids = {name: process.pid or 0 for name, process in running.items()}
        with MongoClient[dict[str, Any]](servers.mongo_url) as client:
            stage = Stage(servers, stack, folder, client, pids)
            asyncio.run(_programme_everywhere(stage))
            yield stage
    finally:
        stack.stop()


def _start(stack: Stack, service: str) -> Process:
    url = f"{stack._mongo_url(service)}&appName={service}"
    return stack.start(service, {f"{service.upper()}_MONGO_URL": url})


async def _programme_everywhere(stage: Stage) -> None:
    names = [name for name in stage.stack.services if name != "reporting"]

    def known() -> bool:
        return all(stage.collection(n, "programmes").find_one({"_id": PROGRAMME}) for n in names)

    await until(known, "the programme is known everywhere")


async def until(holds: Any, what: str, within: float = WAIT) -> None:
    """Wait until something holds, a coroutine's answer too. Raises AssertionError."""
    try:
        async with asyncio.timeout(within):
            while True:
                found = holds()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not within {within:.0f} s: {what}") from None


async def depth(raw: Line, queue: str, count: int) -> bool:
    """Whether a queue holds exactly so many messages."""
    return await raw.depth(queue) == count


def request(rw: int) -> dict[str, Any]:
    """A request that an agent is to fetch and deliver, of a made-up resident."""
    return {
        "programme_id": PROGRAMME,
        "service": "KK",
        "channel": "agent",
        "region_code": VILLAGE,
        "rw": f"{rw:03}",
        "pick_up": True,
        "deliver": True,
        "applicant": {"name": "Siti Contoh", "address": "Kampung Contoh RT 001"},
    }


def received(case_id: str, rw: int = 7) -> Message:
    """What intake says of a new request."""
    event = RequestReceived(
        case_id=case_id,
        programme_id=PROGRAMME,
        service="KK",
        channel="agent",
        region_code=VILLAGE,
        rw=f"{rw:03}",
        pick_up=True,
        deliver=True,
    )
    return message_of(event, utc_now())


def shipped(programme: str) -> dict[str, Any]:
    """A programme that comes with intake."""
    file = ROOT / "services" / "intake" / "programmes" / f"{programme}.json"
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for a run, gone at its end."""
    return tempfile.TemporaryDirectory(prefix="jemput-hostile-")
