"""Courier as its composition root wires it, with nothing behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from services.courier.app import build
from services.courier.config import Settings
from services.courier.store import COLLECTIONS, INDEXES
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.runtime import Service, utc_now
from shared.testing.callers import HOST
from tests.component.away import assert_put_off

NOBODY_LISTENS = 1
KEY = SigningKey.generate()
TOKEN = Issuer(KEY, utc_now).issue("agus", [Grant.parse("admin:*:*")], timedelta(hours=1))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    write_public(tmp_path / "keys.json", {KEY.kid: KEY.public})
    settings = Settings(
        amqp_url=f"amqp://127.0.0.1:{NOBODY_LISTENS}/",
        mongo_url=f"mongodb://127.0.0.1:{NOBODY_LISTENS}/",
        token_keys=tmp_path / "keys.json",
    )
    built = build(settings)
    yield built
    await built.messaging.client.close()


async def test_with_nothing_behind_it_it_lives_is_unready_and_says_why(service: Service) -> None:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{HOST}/courier") as client:
        assert (await client.get(f"{HOST}/healthz")).status_code == 200
        ready = await client.get(f"{HOST}/readyz")
    assert ready.status_code == 503
    assert ready.json()["ready"] is False
    checks = ready.json()["checks"]
    assert checks["rabbitmq"].startswith("degraded: not connected")
    assert checks["mongodb"] != "ok"
    assert checks["outbox"] == "ok"


async def test_without_its_database_it_says_to_come_back(service: Service) -> None:
    paths = ("/api/programmes", "/api/jobs?programme_id=halo_pamor", "/api/jobs/case-1")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{HOST}/courier") as client:
        answers = await asyncio.gather(*[client.get(path, headers=headers) for path in paths])
    for answer in answers:
        assert_put_off(answer)


def test_it_reads_one_queue_and_owns_its_collections(service: Service) -> None:
    (consumer,) = service.consumers
    assert consumer.queue == "courier.events"
    assert not consumer.consuming
    assert (service.collections, service.indexes) == (COLLECTIONS.names, INDEXES)
    assert COLLECTIONS.names == (
        "jobs",
        "areas",
        "programmes",
        "audit",
        "audit_blocks",
        "revocations",
    )


def test_its_settings_come_from_its_own_names_and_never_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "url"
    secret.write_text("amqp://courier:made-up@127.0.0.1/\n")
    monkeypatch.setenv("COURIER_AMQP_URL_FILE", str(secret))
    monkeypatch.setenv("COURIER_MONGO_URL", "mongodb://127.0.0.1/")
    monkeypatch.setenv("COURIER_TOKEN_KEYS", "keys.json")
    monkeypatch.setenv("INTAKE_HTTP_PORT", "1")
    settings = Settings()
    assert settings.amqp_url == "amqp://courier:made-up@127.0.0.1/"
    assert (settings.mongo_database, settings.http_port) == ("courier", 8003)
    with pytest.raises(ValidationError):
        settings.http_port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PORT", "65536"), ("PREFETCH", "0"), ("OUTBOX_LIMIT", "0"), ("ROLE", "everything")],
)
def test_a_setting_out_of_its_range_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for given in ("AMQP_URL", "MONGO_URL", "TOKEN_KEYS"):
        monkeypatch.setenv(f"COURIER_{given}", "x")
    monkeypatch.setenv(f"COURIER_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
