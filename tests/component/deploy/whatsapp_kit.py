"""A sandbox of WhatsApp in this process, and an office that takes its webhooks."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.local.whatsapp.app import sandbox_app
from deploy.local.whatsapp.control import ROOT
from deploy.local.whatsapp.sandbox import Keys, Sandbox
from deploy.local.whatsapp.world import Number
from shared.testing.callers import StandingClock

KEYS = Keys(
    access_token="token-of-the-office",
    app_secret="secret-of-the-app",
    verify_token="token-of-the-handshake",
    control_key="key-of-the-tests",
)
FIRST, SECOND = "110000000000001", "110000000000002"
NUMBERS = (Number(FIRST, "+62 526 200 0001"), Number(SECOND, "+62 526 200 0002"))
ACCOUNT = "320000000000001"
VERSION = "v25.0"
WARGA = "siti"
PHONE = "6281234500001"
HOOK = "http://office.test/webhook"


@dataclass
class Office:
    """Takes webhooks as a service does: signature first, over the bytes that came."""

    answers: list[int] = field(default_factory=list)
    """Statuses of the next posts; then 200."""
    seconds: float = 0
    bodies: list[bytes] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    at_work: int = 0
    most_at_work: int = 0

    @property
    def app(self) -> Starlette:
        """Return its application."""
        return Starlette(
            routes=[
                Route("/webhook", self.verify, methods=["GET"]),
                Route("/webhook", self.take, methods=["POST"]),
            ]
        )

    async def verify(self, request: Request) -> Response:
        """Echo the challenge to whoever has the token."""
        if request.query_params["hub.verify_token"] != KEYS.verify_token:
            return PlainTextResponse("no", 403)
        assert request.query_params["hub.mode"] == "subscribe"
        return PlainTextResponse(request.query_params["hub.challenge"])

    async def take(self, request: Request) -> Response:
        """Keep a body that is signed."""
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        raw = await request.body()
        await asyncio.sleep(self.seconds)
        self.at_work -= 1
        digest = hmac.digest(KEYS.app_secret.encode(), raw, hashlib.sha256).hex()
        if request.headers.get("x-hub-signature-256") != f"sha256={digest}":
            self.refused.append(raw)
            return PlainTextResponse("forged", 401)
        if self.answers and (status := self.answers.pop(0)) != 200:
            return PlainTextResponse("not now", status)
        self.bodies.append(raw)
        return PlainTextResponse("ok")

    @property
    def values(self) -> list[dict[str, Any]]:
        """Return every value of every change that came."""
        return [
            change["value"]
            for raw in self.bodies
            for entry in json.loads(raw)["entry"]
            for change in entry["changes"]
        ]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Return every message that came."""
        return [message for value in self.values for message in value.get("messages", [])]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        """Return every status that came."""
        return [status for value in self.values for status in value.get("statuses", [])]


@dataclass
class Stand:
    """The sandbox, its two sides, and the office."""

    box: Sandbox
    clock: StandingClock
    meta: httpx.AsyncClient
    tests: httpx.AsyncClient
    office: Office
    pauses: list[float]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask the tests' side, which must not refuse, and return what it says."""
        answer = await self.tests.request(method, f"{ROOT}{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def behave(self, on: str, **what: object) -> None:
        """Set what the next calls meet."""
        await self.control("POST", "/behaviours", {"on": on, **what})

    async def write(self, body: str = "Selamat pagi", to: str = FIRST, **more: object) -> str:
        """Let Siti write free text, and return the message's id."""
        return await self.say({"type": "text", "body": body, "to": to, **more})

    async def say(self, said: dict[str, object], who: str = WARGA) -> str:
        """Let somebody write, and return the message's id."""
        told = await self.control("POST", f"/residents/{who}/messages", {"to": FIRST, **said})
        return str(told["id"])

    async def photo(self, content: bytes, **more: object) -> str:
        """Let Siti send a photo."""
        file = {"content": b64encode(content).decode(), "mime_type": "image/jpeg"}
        return await self.say({"type": "image", **file, **more})

    async def flush(self) -> Any:
        """Have all webhooks posted and taken."""
        return await self.control("POST", "/flush")

    async def send(self, message: Mapping[str, object], number: str = FIRST) -> httpx.Response:
        """Send a message to Siti."""
        body = {"messaging_product": "whatsapp", "to": PHONE, **message}
        return await self.meta.post(f"/{VERSION}/{number}/messages", json=body)

    async def text(self, body: str = "Baik, Bu", number: str = FIRST) -> httpx.Response:
        """Send free text to Siti."""
        return await self.send({"type": "text", "text": {"body": body}}, number)

    async def upload(self, content: bytes, mime_type: str = "application/pdf") -> httpx.Response:
        """Upload a file."""
        return await self.meta.post(
            f"/{VERSION}/{FIRST}/media",
            data={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": ("berkas", content, mime_type)},
        )

    async def asked(self, media_id: str) -> httpx.Response:
        """Ask where a file can be fetched."""
        return await self.meta.get(f"/{VERSION}/{media_id}")


def error_of(answer: httpx.Response) -> tuple[int, int]:
    """Return status and code of a refusal in Meta's words."""
    error = answer.json()["error"]
    assert error["message"].startswith(f"(#{error['code']})")
    assert error["error_data"]["messaging_product"] == "whatsapp"
    return answer.status_code, error["code"]


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@asynccontextmanager
async def stand(per_second: int = 80) -> AsyncIterator[Stand]:
    """A sandbox whose webhooks have an address, and Siti, who has not written yet."""
    office, clock, pauses = Office(), StandingClock(), list[float]()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(office.app)) as http:
        box = Sandbox(
            KEYS, NUMBERS, ACCOUNT, per_second=per_second, clock=clock, http=http, pause=pause
        )
        transport = httpx.ASGITransport(sandbox_app(box))
        origin = "http://meta.test"
        async with (
            httpx.AsyncClient(
                transport=transport, base_url=origin, headers=_bearer(KEYS.access_token)
            ) as meta,
            httpx.AsyncClient(
                transport=transport, base_url=origin, headers=_bearer(KEYS.control_key)
            ) as tests,
        ):
            made = Stand(box, clock, meta, tests, office, pauses)
            await made.control("PUT", "/webhook", {"url": HOOK})
            await made.control("PUT", f"/residents/{WARGA}", {"name": "Siti", "wa_id": PHONE})
            yield made
            await box.postman.close()
