"""An application with every kind of route, tokens for it, and clients that open no socket."""

import asyncio
import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, FastAPI, Form, Query, Request
from pydantic import AwareDatetime, BaseModel, Field, field_validator
from starlette.responses import Response
from starlette.types import ASGIApp, Message

from shared.auth.keys import SigningKey
from shared.auth.roles import Grant, Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.auth.tokens import Issuer, Verifier
from shared.observability.health import Health
from shared.observability.metrics import service_registry
from shared.testing.counts import MemoryCounts
from shared.testing.memory import Memory
from shared.web.accounts import AccountLimits, AccountRates
from shared.web.app import create_app
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep, admit_file, asks_for_person
from shared.web.idempotency import IdempotencyKey
from shared.web.pages import NavItem, Pages
from shared.web.problems import Conflict, NotFound, TooManyRequests, Unavailable
from shared.web.texts import Texts

NOW = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
HOST = "http://jemput.test"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NIK = "3216990101010001"


class Clock:
    """A clock that stands still until told otherwise."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Now."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Let so much time pass."""
        self.now += by


class Person(Body):
    """A request body with a field of every trouble."""

    nik: Annotated[str, Field(pattern=r"^[0-9]{16}$")]
    children: tuple[int, ...] = ()
    born_at: AwareDatetime | None = None
    note: str = ""

    @field_validator("note")
    @classmethod
    def _fit(cls, value: str) -> str:
        if value == "shown":
            raise Unfit("must not say that")
        if value.startswith("secret"):
            raise ValueError(f"{value} is not wanted")
        return value


class Draft(Exception):  # noqa: N818
    """A service's own exception."""


class Filter(BaseModel):
    """Query fields as a model."""

    year: int = 2023


UPLOAD_LIMIT = 1024 * 1024
RULES: RouteRules = {
    "POST /api/people": Rule({Role.OPERATOR, Role.ADMIN}),
    "GET /api/cases/{case_id}": Rule({Role.OPERATOR, Role.HEAD}),
    "GET /api/persons/{person}": Rule({Role.OPERATOR, Role.HEAD}),
    "GET /api/list": Rule({Role.OPERATOR}),
    "POST /api/keyed": Rule({Role.OPERATOR}),
    "POST /api/bare": Rule({Role.OPERATOR}),
    "POST /api/file": Rule({Role.OPERATOR}, upload=UPLOAD_LIMIT),
    "POST /api/public-file": Rule((), public=True, upload=UPLOAD_LIMIT),
    "GET /api/public": PUBLIC,
    "POST /api/public": PUBLIC,
    "GET /api/fail/{how}": PUBLIC,
    "GET /": Rule({Role.OPERATOR}),
    "GET /admin": Rule({Role.ADMIN}),
    "POST /form": Rule({Role.OPERATOR}),
    "GET /open": PUBLIC,
    "POST /ask": PUBLIC,
    "GET /fail/{how}": PUBLIC,
}
CASES = {
    "setu": ("botram", "32.16.18.2001"),
    "kota": ("halo_pamor", "32.75.01.1001"),
    "near": ("botram", "32.17"),
}
FAILURES: Mapping[str, Exception] = {
    "boom": ValueError(f"the driver says {NIK}"),
    "absent": NotFound("no such case"),
    "conflict": Conflict("already closed"),
    "busy": TooManyRequests("ten a minute", retry_after=60),
    "away": Unavailable("the database is away", retry_after=7),
    "draft": Draft(),
}


def routers(pages: Pages | None = None) -> Sequence[APIRouter]:
    return [_api(), _files(), _persons(), *([] if pages is None else [_pages(pages)])]


def _persons() -> APIRouter:
    router = APIRouter(prefix="/api/persons")

    @router.get("/{person}")
    async def shown(person: str, request: Request) -> dict[str, str]:
        asks_for_person(request, person)
        return {"shown": person}

    return router


def _files() -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/public-file")
    async def public_file(request: Request) -> dict[str, int]:
        if request.headers.get("let-in"):
            admit_file(request, UPLOAD_LIMIT)
        return {"bytes": sum([len(piece) async for piece in request.stream()])}

    return router


def _api() -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.post("/people", status_code=201)
    async def people(person: Person) -> dict[str, int]:
        return {"children": len(person.children)}

    @router.get("/cases/{case_id}")
    async def case(case_id: str, caller: CallerDep) -> dict[str, Any]:
        programme, region = CASES[case_id]
        caller.require(programme=programme, region=region)
        return {"subject": caller.subject, "scopes": [str(grant) for grant in caller.scopes]}

    @router.get("/list")
    async def listing(
        part: Annotated[Filter, Query()], limit: Annotated[int, Query(le=100)] = 10
    ) -> dict[str, int]:
        return {"limit": limit, "year": part.year}

    @router.post("/keyed")
    async def keyed(key: IdempotencyKey) -> dict[str, str]:
        return {"key": key}

    @router.post("/file")
    async def file(request: Request) -> dict[str, int]:
        return {"bytes": sum([len(piece) async for piece in request.stream()])}

    @router.post("/bare")
    async def bare(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/public")
    async def public() -> dict[str, bool]:
        return {"open": True}

    @router.post("/public")
    async def public_post(person: Person) -> dict[str, int]:
        return {"children": len(person.children)}

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise FAILURES[how]

    return router


def _pages(pages: Pages) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def home(request: Request) -> Response:
        return pages.render(request, "problem.html", words="problem.s404", incident=None)

    @router.get("/admin")
    async def admin() -> Response:
        return Response("admin")

    @router.post("/form")
    async def form(name: Annotated[str, Form()]) -> Response:
        return Response(f"{len(name)}")

    @router.post("/ask")
    async def ask() -> Response:
        return Response("asked")

    @router.get("/open")
    async def open_page(request: Request) -> Response:
        return pages.render(request, "problem.html", words="problem.s404", incident=None)

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise FAILURES[how]

    return router


def unshared(
    clock: Clock, rates: AccountRates | None = None, memory: Memory | None = None
) -> AccountLimits:
    """The limits of accounts in a process that is alone unless it is given a memory."""
    return AccountLimits(MemoryCounts(memory or Memory()), clock, rates)


class Kit:
    """One application with its keys and clock."""

    def __init__(
        self,
        *,
        with_pages: bool = True,
        secure_cookies: bool = False,
        prefix: str = "",
        rates: AccountRates | None = None,
    ) -> None:
        self.clock = Clock()
        self.accounts = unshared(self.clock, rates)
        self.key = SigningKey.generate()
        self.verifier = Verifier({self.key.kid: self.key.public}, self.clock)
        self.health = Health(timeout=0.05)
        self.registry = service_registry("contoh", "1.2.3")
        self.pages = _frame(prefix) if with_pages else None
        rules = {key: rule for key, rule in RULES.items() if with_pages or "/api/" in key}
        self.app = create_app(
            title="Contoh",
            version="1.2.3",
            rules=rules,
            verifier=self.verifier,
            health=self.health,
            registry=self.registry,
            routers=routers(self.pages),
            pages=self.pages,
            translations={Draft: lambda _: Conflict("still a draft")},
            secure_cookies=secure_cookies,
            prefix=prefix,
            accounts=self.accounts,
        )

    def token(self, *grants: str, hours: float = 1, subject: str = "agus") -> str:
        """A token with these grants."""
        issuer = Issuer(self.key, self.clock)
        return issuer.issue(subject, [Grant.parse(text) for text in grants], timedelta(hours=hours))

    def bearer(self, *grants: str, subject: str = "agus") -> dict[str, str]:
        """The header a machine sends."""
        return {"Authorization": f"Bearer {self.token(*grants, subject=subject)}"}

    def of_session(self, *grants: str, subject: str = "agus") -> dict[str, str]:
        """The header of somebody who has signed in."""
        held = [Grant.parse(text) for text in grants]
        token = Issuer(self.key, self.clock).issue(
            subject, held, timedelta(hours=1), session="s-1", signed_in_at=self.clock()
        )
        return {"Authorization": f"Bearer {token}"}

    def cookie(self, *grants: str) -> dict[str, str]:
        """The header a browser sends."""
        return {"Cookie": f"jemput_token={self.token(*grants)}"}

    @property
    def client(self) -> httpx.AsyncClient:
        """A client of the whole application."""
        return client(self.app)


def _frame(prefix: str) -> Pages:
    return Pages(
        service_name="Jemput Contoh",
        texts=Texts.load(Path(__file__).with_name("web_texts.toml")),
        navigation=[
            NavItem("/", "nav.all"),
            NavItem("/admin", "nav.admin", frozenset({Role.ADMIN})),
        ],
        prefix=prefix,
    )


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST)


def forge(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes = b"") -> str:
    """A token signed with HMAC-SHA256, or with nothing."""

    def part(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    signed = ".".join(part(json.dumps(value).encode()) for value in (header, claims))
    signature = hmac.digest(secret, signed.encode(), "sha256") if secret else b""
    return f"{signed}.{part(signature)}"


class Browser:
    """Holds one streamed answer open: reads it piece by piece, and can go away."""

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        headers: Mapping[str, str],
        spec: str = "2.3",
        client: str = "127.0.0.1",
    ) -> None:
        self.status = 0
        self.reading = asyncio.Event()
        """Cleared, it takes nothing more."""
        self.reading.set()
        self.headers: dict[str, str] = {}
        self._pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": spec},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": (client, 1),
            "server": ("jemput.test", 80),
        }
        self.task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        finally:
            self._pieces.put_nowait(None)

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.reading.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message.get("body"):
            self._pieces.put_nowait(message["body"])

    async def piece(self) -> str | None:
        """The next piece of the body; None at its end."""
        found = await asyncio.wait_for(self._pieces.get(), 5)
        return None if found is None else found.decode()

    async def until(self, text: str) -> str:
        """The first piece from here on that holds the text."""
        while (piece := await self.piece()) is not None:
            if text in piece:
                return piece
        raise AssertionError(f"the stream ended before {text!r}")

    async def leave(self) -> None:
        """Go away and see the answer end."""
        self._gone.set()
        await asyncio.wait_for(self.task, 5)
