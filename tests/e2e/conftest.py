"""The four services on this session's servers, in a virtual host and databases of their own."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, async_playwright
from pymongo import MongoClient

from deploy.local import install
from deploy.local.errors import UnavailableError
from deploy.local.folder import ROOT
from deploy.local.servers import Servers
from deploy.local.stack import Stack, prepared
from shared.contracts.envelope import new_id
from tests.e2e.compose_engine import Stack as Contained
from tests.e2e.compose_engine import engine, project, running

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PROGRAMMES = ROOT / "services" / "intake" / "programmes"


@dataclass(frozen=True)
class Office:
    """A stack, and what somebody at a desk does with it."""

    stack: Stack

    def publish(self, programme: str) -> None:
        """Publish one of the programmes that ship with intake."""
        body = json.loads((PROGRAMMES / f"{programme}.json").read_text("utf-8"))
        path = f"/api/programmes/{body.pop('id')}"
        self.send("PUT", "intake", path, "admin:*:*", body).raise_for_status()

    def ask(self, key: str, rw: str = "005") -> httpx.Response:
        """Record a request that an agent is to fetch and deliver."""
        body = {
            "programme_id": "halo_pamor",
            "service": "KK",
            "channel": "agent",
            "region_code": "32.75.01.1001",
            "rw": rw,
            "pick_up": True,
            "deliver": True,
            "applicant": {"name": "Siti Contoh", "address": "Kampung Contoh RT 001"},
        }
        return self.send("POST", "intake", "/api/requests", "operator:halo_pamor:32.75", body, key)

    def send(
        self,
        method: str,
        service: str,
        path: str,
        grant: str,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Send one request with one grant, and wait as long as a person would."""
        headers = {
            "Authorization": f"Bearer {self.stack.token('tester', grant)}",
            "Idempotency-Key": key or new_id(),
        }
        url = f"{self.stack.url(service)}{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=30)

    def jobs(self) -> list[dict[str, Any]]:
        """Return courier's jobs."""
        answer = self.send("GET", "courier", "/api/jobs?programme_id=halo_pamor", "admin:*:*")
        found: list[dict[str, Any]] = answer.raise_for_status().json()
        return found

    def readiness(self, service: str) -> tuple[int, dict[str, str]]:
        """Return what `/readyz` says: the status and the checks; 0 and none without an answer."""
        try:
            answer = httpx.get(f"{self.stack.direct(service)}/readyz", timeout=10)
        except httpx.TransportError:
            return 0, {}
        checks: dict[str, str] = answer.json()["checks"]
        return answer.status_code, checks


@pytest.fixture
def make_office(
    servers: Servers, vhost: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Office]]:
    """Make a provisioned stack of which nothing runs yet; everything is ended afterwards."""
    made: list[Stack] = []
    prefix = f"e2e_{secrets.token_hex(3)}_"

    def make() -> Office:
        folder: Path = tmp_path_factory.mktemp("stack")
        made.append(prepared(servers, folder, vhost=vhost, prefix=prefix))
        return Office(made[-1])

    yield make
    for stack in made:
        stack.stop()
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


@pytest.fixture(scope="session")
def compose_stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Contained]:
    """The stack of docker-compose.yml, once for all of its tests."""
    if "compose" not in request.config.option.markexpr:
        pytest.skip("a stack in containers takes minutes: make test-compose (pytest -m compose)")
    folder = tmp_path_factory.mktemp("compose")
    try:
        with engine(print) as found, running(project(found, folder)) as up:
            yield up
    except UnavailableError as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all; a test opens a context of its own, which shares nothing."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=await asyncio.to_thread(install.chromium), args=FLAGS
        )
        yield chromium
        await chromium.close()
