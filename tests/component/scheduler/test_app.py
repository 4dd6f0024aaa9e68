"""Scheduler as its composition root wires it, with nothing behind it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from services.scheduler.app import build
from services.scheduler.config import Settings
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.messaging.topology import read_subscription
from shared.runtime import Service, utc_now
from shared.sealing.masterkeys import add_key
from shared.testing.callers import HOST

SUBSCRIPTIONS = Path(__file__).parents[3] / "services" / "scheduler" / "subscriptions.toml"
NOBODY_LISTENS = 1


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.generate()


@pytest.fixture
async def service(key: SigningKey, tmp_path: Path) -> AsyncIterator[Service]:
    write_public(tmp_path / "keys.json", {key.kid: key.public})
    add_key(tmp_path / "sealing")
    settings = Settings(
        amqp_url=f"amqp://127.0.0.1:{NOBODY_LISTENS}/",
        mongo_url=f"mongodb://127.0.0.1:{NOBODY_LISTENS}/",
        token_keys=tmp_path / "keys.json",
        sealing_keys=tmp_path / "sealing",
    )
    built = build(settings)
    yield built
    await built.messaging.client.close()


def test_what_is_bound_is_handled(service: Service) -> None:
    [declared], [consumer] = read_subscription(SUBSCRIPTIONS), service.consumers

    assert consumer.queue == declared.queue == "scheduler.events"
    assert consumer.types == set(declared.binds)


async def test_without_its_database_scheduler_lives_is_unready_and_says_when_to_ask_again(
    service: Service, key: SigningKey
) -> None:
    token = Issuer(key, utc_now).issue("agus", [Grant.parse("head:*:*")], timedelta(hours=1))
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{HOST}/scheduler") as client:
        answer = await client.get(
            "/api/events/some-event", headers={"Authorization": f"Bearer {token}"}
        )

        assert (await client.get(f"{HOST}/healthz")).status_code == 200
        assert (await client.get(f"{HOST}/readyz")).status_code == 503
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_settings_have_a_place_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "SCHEDULER_AMQP_URL": "amqp://127.0.0.1/",
        "SCHEDULER_MONGO_URL": "mongodb://127.0.0.1/",
        "SCHEDULER_TOKEN_KEYS": "keys.json",
        "SCHEDULER_SEALING_KEYS": "sealing",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert (settings.mongo_database, settings.http_port) == ("scheduler", 8002)
    monkeypatch.delenv("SCHEDULER_TOKEN_KEYS")
    with pytest.raises(ValidationError, match="token_keys"):
        Settings()
