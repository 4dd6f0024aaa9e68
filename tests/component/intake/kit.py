"""Intake on the real kernel, with fakes below it, and two programmes published."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import argon2
import httpx
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr

from services.intake.app import definition
from services.intake.config import Settings
from services.intake.store import COLLECTIONS
from shared.auth.keys import write_private
from shared.sealing.masterkeys import add_key
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.worker.passwords import Verified
from tests.unit.intake.bus import scheduled
from tests.unit.intake.sample import EVENT, NIK

SECRET: Final = "a made-up secret of thirty-two by"
NOWHERE: Final[Mapping[str, Any]] = {
    "amqp_url": "amqp://nowhere.invalid/",
    "mongo_url": "mongodb://nowhere.invalid/",
    "token_keys": "none.json",
}
"""Settings of what the fakes stand in for."""

BOTRAM: Final[Mapping[str, Any]] = {
    "name": "BOTRAM",
    "owner": "Disdukcapil Kabupaten Bekasi",
    "region_code": "32.16",
    "time_zone": "Asia/Jakarta",
    "languages": ["id"],
    "channels": ["event"],
    "services": [
        {"code": "KIA", "name": "Kartu Identitas Anak", "deliverable": "card"},
        {"code": "KK", "name": "Kartu Keluarga", "deliverable": "pdf"},
        {"code": "IKD", "name": "Identitas Digital", "deliverable": "app", "home": False},
    ],
    "standard_working_days": 3,
    "pick_up_and_delivery": False,
}
HALO_PAMOR: Final[Mapping[str, Any]] = {
    **BOTRAM,
    "name": "HALO PAMOR",
    "owner": "Disdukcapil Kota Bekasi",
    "region_code": "32.75",
    "channels": ["agent", "eopen"],
    "standard_working_days": None,
    "pick_up_and_delivery": True,
}


def at_event(**changed: Any) -> dict[str, Any]:
    """Return the body of a request made at the event in Setu."""
    return {
        "programme_id": "botram",
        "service": "KIA",
        "channel": "event",
        "applicant": {"name": "Sukarno"},
        "region_code": "32.16.18.2001",
        "event_id": EVENT,
        **changed,
    }


def at_home(**changed: Any) -> dict[str, Any]:
    """Return the body of a request from home to home."""
    applicant = {
        "name": "Siti Contoh",
        "nik": NIK,
        "phone": "0812-0000-0001",
        "address": "Gang Contoh 1",
    }
    return {
        "programme_id": "halo_pamor",
        "service": "KK",
        "channel": "agent",
        "applicant": applicant,
        "region_code": "32.75.01.1001",
        "rw": "005",
        "pick_up": True,
        "deliver": True,
        **changed,
    }


class QuickPasswords:
    """argon2id as the worker does it, but cheap and in this process."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

    async def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return self._hasher.hash(password)

    async def verify(self, stored: str, password: str) -> Verified:
        """Return whether this is the password of that hash."""
        try:
            return Verified(fits=self._hasher.verify(stored, password), anew=False)
        except VerifyMismatchError:
            return Verified(fits=False, anew=False)


@dataclass(frozen=True)
class Desk:
    """Intake on fakes, with those who work at it."""

    messaging: MemoryMessaging
    client: httpx.AsyncClient
    keys: Path
    """The file of master keys."""

    async def operator(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Act as an operator of every programme."""
        return await self.ask(method, path, "operator", **how)

    async def importer(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Act as an importer of every programme."""
        return await self.ask(method, path, "importer", **how)

    async def ask(
        self, method: str, path: str, *grant: str, key: str | None = None, **how: Any
    ) -> httpx.Response:
        """Act with one grant."""
        headers = self.messaging.headers(*grant, key=key)
        return await self.client.request(method, f"/api{path}", headers=headers, **how)

    async def publish(self, programme_id: str, body: Mapping[str, Any]) -> httpx.Response:
        """Publish a programme as an admin of everything."""
        return await self.ask("PUT", f"/programmes/{programme_id}", "admin", json=body)

    async def record(self, body: Mapping[str, Any], **how: Any) -> dict[str, Any]:
        """Record a request, which must be accepted."""
        answer = await self.operator("POST", "/requests", json=body, **how)
        assert answer.status_code == 201, answer.text
        recorded: dict[str, Any] = answer.json()
        return recorded

    async def step(self, case_id: str, step: str) -> httpx.Response:
        """Take a step as an operator."""
        return await self.operator("POST", f"/requests/{case_id}/steps", json={"step": step})

    async def track(self, code: Any, path: str = "") -> httpx.Response:
        """Ask as anybody."""
        return await self.client.post(f"/api/track{path}", json={"code": code})

    async def confirm(self, recorded: Mapping[str, Any], **changed: Any) -> httpx.Response:
        """Confirm as the recipient of a recorded request."""
        codes = {"code": recorded["tracking_code"], "receipt_code": recorded["receipt_code"]}
        return await self.client.post("/api/track/receipt", json={**codes, **changed})


@asynccontextmanager
async def desk(
    *, per_client: str = "1000/minute", per_case: str = "1000/minute", secret: str = SECRET
) -> AsyncIterator[Desk]:
    """Intake with two programmes and the event in Setu."""
    with TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        add_key(keys)
        async with _desk(keys, per_client, per_case, secret) as running:
            yield running


@asynccontextmanager
async def _desk(keys: Path, per_client: str, per_case: str, secret: str) -> AsyncIterator[Desk]:
    async with memory_messaging("intake", collections=COLLECTIONS) as messaging:
        signing = keys.with_name("signing.pem")
        write_private(signing, messaging.signing_key)
        settings = Settings(
            **NOWHERE,
            tracking_secret=SecretStr(secret),
            lookup_secret=SecretStr(secret),
            sealing_keys=keys,
            signing_key=signing,
            track_limit_client=per_client,
            receipt_limit_case=per_case,
        )
        async with messaging.client(definition(settings, QuickPasswords())) as client:
            running = Desk(messaging, client, keys)
            (await running.publish("botram", BOTRAM)).raise_for_status()
            (await running.publish("halo_pamor", HALO_PAMOR)).raise_for_status()
            await messaging.deliver(scheduled())
            yield running
