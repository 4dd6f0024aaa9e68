"""Reporting as `build` wires it, with nothing to connect to."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from deploy.local import ports
from services.reporting.app import build
from services.reporting.config import OperatorSettings, Settings
from services.reporting.usecases.project import Projector
from shared.audit.chain import ChainEntries
from shared.audit.verify import WatchTrail
from shared.auth.keys import SigningKey, write_public
from shared.auth.roles import Grant
from shared.auth.tokens import Issuer
from shared.contracts import CATALOGUE
from shared.files.removal import Removal
from shared.mongo.revocations import RevocationWatch
from shared.runtime import Service, utc_now
from shared.sealing.masterkeys import add_key
from shared.testing.callers import HOST
from shared.web.accounts import AccountLimits
from shared.web.watched import Watched

KEY = SigningKey.generate()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a service whose servers are not there."""
    write_public(tmp_path / "keys.json", {KEY.kid: KEY.public})
    nowhere = next(ports.free())
    add_key(tmp_path / "sealing")
    return Settings(
        sealing_keys=tmp_path / "sealing",
        amqp_url=f"amqp://guest:guest@127.0.0.1:{nowhere}/",
        mongo_url=f"mongodb://127.0.0.1:{nowhere}/?directConnection=true",
        token_keys=tmp_path / "keys.json",
    )


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    built = build(settings)
    yield built
    await built.messaging.client.close()


async def test_every_type_of_the_published_language_is_archived(service: Service) -> None:
    (consumer,) = service.consumers
    assert consumer.queue == "reporting.events"
    assert consumer.types == set(CATALOGUE)


async def test_one_process_counts_and_shows_and_an_api_alone_does_not_count(
    settings: Settings, service: Service
) -> None:
    def jobs(built: Service) -> set[type]:
        return {type(getattr(job, "__self__", None)) for job in built.background}

    beside_queue = {ChainEntries, Projector, Removal, WatchTrail}
    assert jobs(service) == {AccountLimits, RevocationWatch, Watched, *beside_queue}
    alone = build(settings.model_copy(update={"role": "api"}))
    await alone.messaging.client.close()
    assert jobs(alone) == {AccountLimits, RevocationWatch, Watched}


async def test_without_its_database_it_says_to_come_back(service: Service) -> None:
    grant = Grant.parse("head:*:*")
    token = Issuer(KEY, utc_now).issue("test", [grant], timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url=f"{HOST}/reporting") as http:
        answer = await http.get("/api/programmes", headers=headers)
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        page = await http.get("/acara", headers={**headers, "Accept": "text/html"})
        assert (page.status_code, "Layanan sedang tidak tersedia" in page.text) == (503, True)
        ready = await http.get(f"{HOST}/readyz")
        assert (ready.status_code, ready.json()["checks"]["projector"]) == (503, "ok")


def test_an_operators_secret_may_stand_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("amqp://operator@broker/\n")
    monkeypatch.setenv("JEMPUT_OPERATOR_AMQP_URL_FILE", str(tmp_path / "url"))
    assert OperatorSettings().amqp_url == "amqp://operator@broker/"
