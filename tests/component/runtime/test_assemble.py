"""What a service is made of, by what its process is there for."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant, Role
from shared.auth.rules import PUBLIC, Rule
from shared.auth.tokens import Issuer
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.errors import Unavailable
from shared.mongo.revocations import RevocationWatch
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    ServiceSettings,
    assemble,
    utc_now,
)
from tests.component.away import assert_put_off

Build = Callable[..., Service]


KEY = SigningKey.generate()


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

    @router.get("/mine")
    async def mine() -> None: ...

    assert context.messaging.service == "kiosk"
    return HttpInterface(
        rules={"GET /api/things": PUBLIC, "GET /api/mine": Rule({Role.OPERATOR})},
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
async def build(tmp_path: Path) -> AsyncIterator[Build]:
    write_public(tmp_path / "keys.json", {KEY.kid: KEY.public})
    built: list[Service] = []

    def make(role: str, **more: str) -> Service:
        said = {
            "amqp_url": "amqp://127.0.0.1:1/",
            "mongo_url": "mongodb://127.0.0.1:1/",
            "mongo_database": "kiosk",
            "http_port": 0,
            "token_keys": tmp_path / "keys.json",
            "role": role,
            "path_prefix": "/kiosk",
            **more,
        }
        built.append(assemble(DEFINITION, ServiceSettings.model_validate(said)))
        return built[-1]

    yield make
    for service in built:
        await service.messaging.client.close()


def http(service: Service) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.app)
    return httpx.AsyncClient(transport=transport, base_url="http://jemput.test")


@pytest.mark.parametrize("role", ["all", "api", "consumer"])
async def test_every_process_says_how_it_fares(build: Build, role: str) -> None:
    async with http(build(role)) as client:
        assert (await client.get("/healthz")).status_code == 200
        checks = {"mongodb", "rabbitmq", "outbox"}
        believes = set() if role == "consumer" else {"revocations"}
        assert set((await client.get("/readyz")).json()["checks"]) == checks | believes
        assert 'service="kiosk"' in (await client.get("/metrics")).text


async def test_a_consumer_shows_nothing_of_its_own(build: Build) -> None:
    for role, status in (("all", 503), ("api", 503), ("consumer", 404)):
        async with http(build(role)) as client:
            assert (await client.get("/kiosk/api/things")).status_code == status


def test_each_process_does_what_it_is_there_for(build: Build) -> None:
    def jobs(role: str) -> list[str]:
        return [job.__qualname__ for job in build(role).background]

    watched = ["RevocationWatch.run", "AccountLimits.run"]
    assert jobs("all") == [*watched, "show", "count"]
    assert jobs("api") == [*watched, "show"]
    assert jobs("consumer") == ["count"]


async def test_what_cannot_be_read_is_put_off(build: Build) -> None:
    async with http(build("all")) as client:
        assert_put_off(await client.get("/kiosk/api/things"))


def issued(session: str | None) -> str:
    grants = [Grant.parse("operator:*:*")]
    return Issuer(KEY, utc_now).issue("agus", grants, timedelta(minutes=5), session=session)


def watch_of(service: Service) -> RevocationWatch:
    """What looks at the database for what was ended."""
    owners = (getattr(job, "__self__", None) for job in service.background)
    (watch,) = (one for one in owners if isinstance(one, RevocationWatch))
    return watch


def know_the_ended(service: Service) -> None:
    """Have it known that nothing was ended, as the first look at the database does."""
    watch_of(service)._revocations.replace({})


@pytest.mark.parametrize("session", [None, "s-1"])
async def test_no_token_is_believed_before_it_is_known_which_were_ended(
    build: Build, session: str | None
) -> None:
    service = build("all")
    async with http(service) as client:
        headers = {"Authorization": f"Bearer {issued(session)}"}
        early = await client.get("/kiosk/api/mine", headers=headers)
        unready = await watch_of(service).check()
        know_the_ended(service)
        later = await client.get("/kiosk/api/mine", headers=headers)
    assert_put_off(early)
    assert unready == "what was revoked has not been read yet"
    assert (later.status_code, await watch_of(service).check()) == (200, None)


@pytest.mark.parametrize(
    ("setting", "session"), [("requests_per_machine", None), ("requests_per_person", "s-1")]
)
async def test_an_office_says_how_much_one_account_may_ask(
    build: Build, setting: str, session: str | None
) -> None:
    token, service = issued(session), build("all", **{setting: "2/day"})
    know_the_ended(service)
    async with http(service) as client:
        headers = {"Authorization": f"Bearer {token}"}
        answers = [await client.get("/kiosk/api/mine", headers=headers) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[-1].json()["limit"] == "2/day"


def test_a_limit_that_cannot_be_read_stops_the_start(build: Build) -> None:
    with pytest.raises(ValueError, match="persons_per_account"):
        build("all", persons_per_account="often")
