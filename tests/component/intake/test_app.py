"""Intake as its composition root wires it, with nothing behind it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from services.intake.app import build
from services.intake.config import Settings
from services.intake.usecases import OVERDUE
from shared.auth.keys import SigningKey, write_private, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.messaging.timers import timer_type
from shared.messaging.topology import read_subscription
from shared.runtime import Service, utc_now
from shared.sealing.masterkeys import add_key
from shared.testing.callers import HOST
from tests.component.away import assert_put_off
from tests.component.intake.kit import SECRET

SUBSCRIPTIONS = Path(__file__).parents[3] / "services" / "intake" / "subscriptions.toml"
NOBODY_LISTENS = 1
KEY = SigningKey.generate()
TOKEN = Issuer(KEY, utc_now).issue("agus", [Grant.parse("operator:*:*")], timedelta(hours=1))


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    write_public(tmp_path / "keys.json", {KEY.kid: KEY.public})
    add_key(tmp_path / "sealing")
    write_private(tmp_path / "signing.pem", KEY)
    settings = Settings(
        amqp_url=f"amqp://127.0.0.1:{NOBODY_LISTENS}/",
        mongo_url=f"mongodb://127.0.0.1:{NOBODY_LISTENS}/",
        token_keys=tmp_path / "keys.json",
        tracking_secret=SecretStr(SECRET),
        lookup_secret=SecretStr(SECRET),
        sealing_keys=tmp_path / "sealing",
        signing_key=tmp_path / "signing.pem",
    )
    built = build(settings)
    yield built
    await built.messaging.client.close()


def test_what_is_bound_is_handled(service: Service) -> None:
    [declared], [consumer] = read_subscription(SUBSCRIPTIONS), service.consumers
    assert consumer.queue == declared.queue == "intake.events"
    assert consumer.types == set(declared.binds)
    assert consumer.handles(timer_type("intake", OVERDUE))


async def test_without_its_database_it_says_to_come_back(service: Service) -> None:
    paths = ("/api/programmes", "/api/requests?programme_id=botram", "/api/requests/case-1")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{HOST}/intake") as client:
        asked = [client.get(path, headers=headers) for path in paths]
        tracked = client.post("/api/track", json={"code": "BCDF-GHJK-MNPQ"})
        for answer in await asyncio.gather(*asked, tracked):
            assert_put_off(answer)
        assert (await client.get(f"{HOST}/healthz")).status_code == 200
        assert (await client.get(f"{HOST}/readyz")).status_code == 503
