"""Intake on the real kernel, with fakes below it, and two programmes published."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import argon2
import httpx
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr

from services.intake.app import definition, importing_of
from services.intake.config import Settings
from services.intake.gateways import KemendagriRegions
from services.intake.jobs import JOBS
from services.intake.store import COLLECTIONS, IntakeReader
from services.intake.usecases import SEND_AT_ONCE, Importing, ResidentFiles, Tables
from shared.auth.keys import SigningKey, write_private
from shared.files.upload import Files, Worker
from shared.runtime import HttpInterface, ServiceContext, ServiceDefinition
from shared.sealing.masterkeys import new_line
from shared.testing.files import MemoryFrames, MemoryScanner
from shared.testing.messaging import MemoryMessaging, memory_messaging
from shared.testing.worker import MemoryWorker
from shared.worker.passwords import Verified
from tests.unit.intake.bus import scheduled
from tests.unit.intake.sample import EVENT, NIK

VIRUS: Final = b"a made-up signature of a virus"
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


@contextmanager
def settings(
    secret: str = SECRET, signing: SigningKey | None = None, **more: Any
) -> Iterator[Settings]:
    """Give intake's settings, with nothing to connect to and keys of their own."""
    said = SecretStr(secret)
    with TemporaryDirectory() as folder:
        keys, signing_key = Path(folder) / "keys", Path(folder) / "signing.pem"
        keys.touch(0o600)
        keys.write_text(new_line(), "utf-8")  # add_key would wait for the disk
        write_private(signing_key, signing or SigningKey.generate())
        yield Settings(
            **NOWHERE,
            tracking_secret=said,
            lookup_secret=said,
            sealing_keys=keys,
            signing_key=signing_key,
            erasure_list=Path(folder) / "erasures",
            **{"outside_systems": {"siak": "silent", "eopen": "answers"}, **more},
        )


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


def in_visit(**changed: Any) -> dict[str, Any]:
    """Return the body of a visit to the event in Setu: a mother with her newborn."""
    return {
        "programme_id": "botram",
        "channel": "event",
        "event_id": EVENT,
        "region_code": "32.16.18.2001",
        "people": [{"name": "Siti Contoh", "nik": NIK}, {"name": "Bayi Contoh"}],
        "requests": [
            {"service": "KIA", "applicant": 0, "parties": [{"party": "subject", "person": 1}]},
            {"service": "KK", "applicant": 0},
        ],
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
    frames: MemoryFrames
    worker: MemoryWorker
    scanner: MemoryScanner
    importing: list[Importing]
    """What carries imports on; in tests nothing does by itself."""

    async def carried(self) -> None:
        """Have every import that runs come to its end."""
        assert await self.importing[0].look()

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

    async def send(
        self, case_id: str, data: bytes, kind: str = "", key: str | None = None, **how: Any
    ) -> httpx.Response:
        """Send a file for a case as an operator."""
        headers = self.messaging.headers("operator", key=key)
        if kind:
            headers["Content-Type"] = kind
        path = f"/api/requests/{case_id}/papers"
        return await self.client.post(path, content=data, headers=headers, **how)

    async def bring(
        self, data: bytes, kind: str = "", key: str | None = None, programme: str = "botram"
    ) -> httpx.Response:
        """Send a history as an importer."""
        headers = self.messaging.headers("importer", key=key)
        if kind:
            headers["Content-Type"] = kind
        path = f"/api/imports?programme_id={programme}"
        return await self.client.post(path, content=data, headers=headers)

    async def brought(self, data: bytes) -> str:
        """Send a history, which must be taken, and return its import."""
        return str((await self.bring(data)).raise_for_status().json()["import_id"])

    async def bind(self, case_id: str, file_id: str, kind: str = "family_card") -> httpx.Response:
        """Bind a file to a case as an operator."""
        path = f"/requests/{case_id}/papers/{file_id}"
        return await self.operator("POST", path, json={"kind": kind})

    async def send_document(
        self, case_id: str, data: bytes, *, who: str = "agus", key: str | None = None, **more: str
    ) -> httpx.Response:
        """Send a case's document as this operator; `more` are headers."""
        headers = self.messaging.headers("operator", subject=who, key=key) | more
        headers["Content-Type"] = "application/pdf"
        path = f"/api/requests/{case_id}/document"
        return await self.client.post(path, content=data, headers=headers)

    async def document(self, case_id: str, data: bytes, *, who: str = "agus") -> dict[str, Any]:
        """Send a case's document and bind it; return what is told of it."""
        sent = (await self.send_document(case_id, data, who=who)).raise_for_status().json()
        path = f"/api/requests/{case_id}/document/{sent['file_id']}"
        headers = self.messaging.headers("operator", subject=who)
        bound = await self.client.post(path, json={}, headers=headers)
        told: dict[str, Any] = bound.raise_for_status().json()["document"]
        return told

    async def step(self, case_id: str, step: str) -> httpx.Response:
        """Take a step as an operator."""
        return await self.operator("POST", f"/requests/{case_id}/steps", json={"step": step})

    async def resident(self, case_id: str, party: str = "applicant") -> str:
        """Return the resident who is a party of a case."""
        (case,) = [one for one in self.messaging.documents("cases") if one["_id"] == case_id]
        return str(case["parties"][party])

    async def person(
        self, method: str, path: str, grant: str = "supervisor", who: str = "sri", **how: Any
    ) -> httpx.Response:
        """Act as a person who has just signed in."""
        grants = grant if ":" in grant else f"{grant}:*:*"
        headers = self.messaging.session_headers(grants, subject=who, session=f"s-{who}")
        headers |= how.pop("headers", {})
        return await self.client.request(method, f"/api{path}", headers=headers, **how)

    async def track(self, code: Any, path: str = "") -> httpx.Response:
        """Ask as anybody."""
        return await self.client.post(f"/api/track{path}", json={"code": code})

    async def confirm(self, recorded: Mapping[str, Any], **changed: Any) -> httpx.Response:
        """Confirm as the recipient of a recorded request."""
        codes = {"code": recorded["tracking_code"], "receipt_code": recorded["receipt_code"]}
        return await self.client.post("/api/track/receipt", json={**codes, **changed})


def _on_fakes(
    made: ServiceDefinition,
    frames: MemoryFrames,
    worker: Worker,
    scanner: MemoryScanner,
    made_importing: list[Importing],
) -> ServiceDefinition:
    """Return intake with its files in memory."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        found = made.http_interface(context)
        files = Files(frames, worker, context.commands, scanner, pause=0)
        reader = IntakeReader(context.messaging.database, COLLECTIONS)
        regions = KemendagriRegions()
        own = ResidentFiles(
            frames, worker, context.commands, scanner, pause=0, at_once=SEND_AT_ONCE
        )
        parts = {**found.provides, Files: files, Tables: Tables(reader, regions, worker)}
        importing = importing_of(parts, reader, context.commands)
        made_importing[:] = [importing]
        return replace(found, provides={**parts, Importing: importing, ResidentFiles: own})

    return replace(made, http_interface=http_interface)


@asynccontextmanager
async def desk(
    *,
    per_client: str = "1000/minute",
    per_case: str = "1000/minute",
    secret: str = SECRET,
    worker: Worker | None = None,
    **more: Any,
) -> AsyncIterator[Desk]:
    """Intake with two programmes and the event in Setu; `more` are settings.

    `worker` takes the place of the fake one.
    """
    parts = MemoryFrames(), MemoryWorker(JOBS), MemoryScanner(VIRUS), list[Importing]()
    limits = {"track_limit_client": per_client, "receipt_limit_case": per_case, **more}
    async with memory_messaging("intake", collections=COLLECTIONS) as messaging:
        with settings(secret, messaging.signing_key, **limits) as given:
            frames, fake, scanner, importing = parts
            made = definition(given, QuickPasswords())
            made = _on_fakes(made, frames, worker or fake, scanner, importing)
            async with messaging.client(made) as client:
                running = Desk(messaging, client, given.sealing_keys, *parts)
                (await running.publish("botram", BOTRAM)).raise_for_status()
                (await running.publish("halo_pamor", HALO_PAMOR)).raise_for_status()
                await messaging.deliver(scheduled())
                yield running
