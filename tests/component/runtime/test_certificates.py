"""Clients verify RabbitMQ and MongoDB, and a process tells when their certificates end."""

import asyncio
import gc
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from deploy.compose.certificates import LIFE, Pair, new_authority, new_certificate
from shared.messaging.bus import AmqpBus
from shared.messaging.provision import Management
from shared.messaging.subscriber import ConsumingBroker
from shared.mongo.client import connect
from shared.observability.health import Health
from shared.runtime.certificates import SOON, CertificateWatch, end_of
from shared.runtime.server_urls import Place

NOW = datetime.now(UTC)
Client = Callable[[int, Path], Coroutine[Any, Any, None]]
WITHIN = 20.0


class Server:
    """Speaks TLS with a certificate of its own, and notes what clients say first."""

    def __init__(self, folder: Path, authority: Pair, since: datetime = NOW) -> None:
        folder.mkdir(exist_ok=True)
        self.ca = folder / "ca.pem"
        self.ca.write_text(authority.certificate)
        self.certificate = new_certificate(authority, "broker", since)
        (folder / "tls.pem").write_text(self.certificate.certificate + self.certificate.key)
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "tls.pem")
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.port = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.said.put_nowait(await reader.read(4))
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        """Serve on a port of its own."""
        serving = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        async with serving:
            self.port = serving.sockets[0].getsockname()[1]
            yield self

    def place(self) -> Place:
        """Where it is, as somebody sees it who trusts its authority."""
        return Place("rabbitmq", "127.0.0.1", self.port, str(self.ca))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with Server(tmp_path / "one", new_authority(NOW)).running() as running:
        yield running


@pytest.fixture
def another_ca(tmp_path: Path) -> Path:
    path = tmp_path / "another.pem"
    path.write_text(new_authority(NOW).certificate)
    return path


async def _publishing(port: int, ca: Path) -> None:
    bus = AmqpBus(f"amqps://u:p@127.0.0.1:{port}/?cafile={ca}", "test")
    try:
        await bus.connect()
    finally:
        await bus.close()


async def _consuming(port: int, ca: Path) -> None:
    broker = ConsumingBroker(f"amqps://u:p@127.0.0.1:{port}/?cafile={ca}", "test")
    try:
        await broker.start()
    finally:
        await broker.stop()


async def _asking_mongo(port: int, ca: Path) -> None:
    client = connect(f"mongodb://127.0.0.1:{port}/?directConnection=true&tls=true&tlsCAFile={ca}")
    try:
        await client.admin.command("hello")
    finally:
        await client.close()


async def _provisioning(port: int, ca: Path) -> None:
    management = Management(f"https://u:p@127.0.0.1:{port}/?cafile={ca}")
    await asyncio.to_thread(management.depth, "x.events")


CLIENTS = [_publishing, _consuming, _asking_mongo, _provisioning]


def _collect() -> None:
    """Collect what a client left that was cancelled over its handshake, here and not in some test.

    PyMongo leaves the socket of such a connection to the collector.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


async def _first_word(client: Client, server: Server, ca: Path) -> bytes | None:
    """What a client says once the server is verified; None where it says nothing for 3 s."""
    speaking = asyncio.create_task(client(server.port, ca))
    heard = asyncio.create_task(server.said.get())
    await asyncio.wait({heard}, timeout=WITHIN if ca == server.ca else 3)
    for task in (speaking, heard):
        task.cancel()
    await asyncio.gather(speaking, heard, return_exceptions=True)
    _collect()
    return heard.result() if not heard.cancelled() and heard.done() else None


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_speaks_to_a_server_of_its_own_authority(
    client: Client, server: Server
) -> None:
    assert await _first_word(client, server, server.ca)


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_says_nothing_to_a_server_of_another_authority(
    client: Client, server: Server, another_ca: Path
) -> None:
    assert await _first_word(client, server, another_ca) is None


async def test_management_refuses_with_its_own_error_and_without_the_login(
    server: Server, another_ca: Path
) -> None:
    with pytest.raises(httpx.ConnectError) as refused:
        await _provisioning(server.port, another_ca)
    assert "u:p" not in str(refused.value)


async def test_the_end_of_a_certificate_is_seen(server: Server) -> None:
    assert await end_of(server.place()) == server.certificate.ends


def _watch(
    places: list[Place], after: timedelta
) -> tuple[CertificateWatch, Health, CollectorRegistry]:
    health, registry = Health(), CollectorRegistry()
    watch = CertificateWatch(places, lambda: NOW + after, registry)
    watch.watch(health)
    return watch, health, registry


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (SOON + timedelta(hours=1), "ok"),
        (SOON - timedelta(hours=1), "degraded: that of rabbitmq ends on {}"),
        (timedelta(days=-1), "degraded: that of rabbitmq ended on {}"),
    ],
)
async def test_readyz_says_when_a_certificate_ends_soon(
    server: Server, left: timedelta, told: str
) -> None:
    watch, health, registry = _watch([server.place()], LIFE - left)
    assert await watch.look()
    found = await health.readiness()
    assert found.ready
    end = f"{server.certificate.ends:%Y-%m-%d}"
    assert found.checks == {"certificates": told.format(end)}
    labels = {"server": "rabbitmq"}
    seen = registry.get_sample_value("jemput_server_certificate_ends_timestamp_seconds", labels)
    assert seen == server.certificate.ends.timestamp()


async def test_the_first_of_several_hosts_counts(server: Server, tmp_path: Path) -> None:
    older = Server(tmp_path / "two", new_authority(NOW), NOW - timedelta(days=400))
    async with older.running():
        for places in ([server, older], [older, server]):
            watch, _, registry = _watch([one.place() for one in places], timedelta(0))
            assert await watch.look()
            labels = {"server": "rabbitmq"}
            name = "jemput_server_certificate_ends_timestamp_seconds"
            assert registry.get_sample_value(name, labels) == older.certificate.ends.timestamp()


async def test_a_certificate_that_has_ended_is_refused_and_readyz_says_so(tmp_path: Path) -> None:
    authority = new_authority(NOW - timedelta(days=900))
    ended = Server(tmp_path / "old", authority, NOW - timedelta(days=800))
    async with ended.running():
        watch, health, _ = _watch([ended.place()], timedelta(0))
        assert not await watch.look()
        told = (await health.readiness()).checks["certificates"]
    assert told == "degraded: that of rabbitmq is refused: certificate has expired"


async def test_what_was_seen_stays_while_the_server_is_away(server: Server) -> None:
    with_nobody = Place("rabbitmq", "127.0.0.1", 1, str(server.ca))
    places = [server.place()]
    watch, health, _ = _watch(places, LIFE - SOON / 2)
    assert await watch.look()
    places[0] = with_nobody
    assert not await watch.look()
    assert "ends on" in (await health.readiness()).checks["certificates"]


async def test_where_nothing_is_encrypted_nothing_is_looked_at() -> None:
    watch, health, _ = _watch([], timedelta(0))
    await asyncio.wait_for(watch.run(), WITHIN)
    assert (await health.readiness()).checks == {}
