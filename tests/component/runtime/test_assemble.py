"""What a service is made of, by what its process is there for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from shared.auth.keys import SigningKey, write_public
from shared.auth.rules import PUBLIC
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.errors import Unavailable
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    ServiceSettings,
    assemble,
)
from tests.component.away import assert_put_off

Build = Callable[[str], Service]


class Refused(Exception):  # noqa: N818
    """Nothing is refused here."""


async def show() -> None:
    """Keep what is shown current."""


async def count() -> None:
    """Work on what came in."""


def http_interface(context: ServiceContext) -> HttpInterface:
    router = APIRouter(prefix="/api")

    @router.get("/things")
    async def things() -> None:
        raise Unavailable("no primary")

    assert context.messaging.service == "kiosk"
    return HttpInterface(
        rules={"GET /api/things": PUBLIC},
        routers=[router],
        beside_http=[show],
        beside_queue=[count],
    )


def subscribe(consumer: Consumer) -> None:
    assert consumer.queue == "kiosk.events"


DEFINITION = ServiceDefinition(
    name="kiosk",
    version="7",
    refused=Refused,
    subscribe=subscribe,
    http_interface=http_interface,
    collections=Collections(raw=("things",)),
)


@pytest.fixture
def build(tmp_path: Path) -> Iterator[Build]:
    key = SigningKey.generate()
    write_public(tmp_path / "keys.json", {key.kid: key.public})
    built: list[Service] = []

    def make(role: str) -> Service:
        said = {
            "amqp_url": "amqp://127.0.0.1:1/",
            "mongo_url": "mongodb://127.0.0.1:1/",
            "mongo_database": "kiosk",
            "http_port": 0,
            "token_keys": tmp_path / "keys.json",
            "role": role,
            "path_prefix": "/kiosk",
        }
        built.append(assemble(DEFINITION, ServiceSettings.model_validate(said)))
        return built[-1]

    yield make
    for service in built:
        service.messaging.client.close()


def http(service: Service) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.app)
    return httpx.AsyncClient(transport=transport, base_url="http://jemput.test")


@pytest.mark.parametrize("role", ["all", "api", "consumer"])
async def test_every_process_says_how_it_fares(build: Build, role: str) -> None:
    async with http(build(role)) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert set((await client.get("/readyz")).json()["checks"]) == {
            "mongodb",
            "rabbitmq",
            "outbox",
        }
        assert 'service="kiosk"' in (await client.get("/metrics")).text


async def test_a_consumer_shows_nothing_of_its_own(build: Build) -> None:
    for role, status in (("all", 503), ("api", 503), ("consumer", 404)):
        async with http(build(role)) as client:
            assert (await client.get("/kiosk/api/things")).status_code == status


def test_each_process_does_what_it_is_there_for(build: Build) -> None:
    def jobs(role: str) -> list[str]:
        return [job.__qualname__ for job in build(role).background]

    assert jobs("all") == ["RevocationWatch.run", "show", "count"]
    assert jobs("api") == ["RevocationWatch.run", "show"]
    assert jobs("consumer") == ["count"]


async def test_what_cannot_be_read_is_put_off(build: Build) -> None:
    async with http(build("all")) as client:
        assert_put_off(await client.get("/kiosk/api/things"))
