"""A planned route answers what the framework would answer, to the byte."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from shared.auth.rules import PUBLIC
from shared.web.dispatch import Dispatch
from shared.web.plan import Plan, planned
from shared.web.routes import Found, Route
from shared.web.scopekeys import FOUND

CALLS: list[str] = []


class Body(BaseModel):
    """What a route takes."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=5)]
    others: tuple[int, ...] = ()


class Page(BaseModel):
    """What a route takes of its query."""

    limit: Annotated[int, Field(le=10)] = 3
    after: str = ""


class Answer(BaseModel):
    """What a route returns."""

    name: str
    given: int | None = None


class Refused(Exception):  # noqa: N818
    """What a route refuses."""


async def base(request: Request) -> str:
    CALLS.append("base")
    return request.method


async def keyed(key: Annotated[str | None, Header(alias="X-Key")] = None) -> str:
    if key == "no":
        raise Refused
    return key or "none"


async def upon(
    first: Annotated[str, Depends(base)], number: Annotated[int, Query(ge=2)] = 2
) -> str:
    CALLS.append("upon")
    return f"{first}{number}"


async def opened() -> AsyncIterator[int]:
    yield 1


ROUTER = APIRouter()


@ROUTER.post("/bodies/{case_id}", status_code=201)
async def bodies(
    case_id: str,
    body: Body,
    key: Annotated[str, Depends(keyed)],
    both: Annotated[str, Depends(upon)],
    once: Annotated[str, Depends(base)],
) -> Answer:
    return Answer(name=f"{case_id} {body.name} {key} {both} {once}")


@ROUTER.get("/numbers/{number}")
async def numbers(
    number: int,
    wanted: int,
    truth: bool = False,  # noqa: FBT001, FBT002
    words: Annotated[list[str] | None, Query()] = None,
) -> dict[str, Any]:
    return {"number": number, "wanted": wanted, "truth": truth, "words": words}


@ROUTER.get("/pages")
async def pages(page: Annotated[Page, Query()]) -> dict[str, Any]:
    return page.model_dump()


@ROUTER.put("/nothing", status_code=204)
async def nothing() -> None: ...


@ROUTER.get("/own")
async def own(request: Request) -> Response:
    return Response(f"{request.url.path}?{request.url.query}", 202)


@ROUTER.get("/broken")
async def broken() -> StreamingResponse:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a piece"
        raise Refused

    return StreamingResponse(pieces())


@ROUTER.post("/optional")
async def optional(body: Body | None = None) -> dict[str, bool]:
    return {"there": body is not None}


@ROUTER.post("/twice")
async def twice(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body()) + len(await request.body())}


@ROUTER.post("/form")
async def form(name: Annotated[str, Form()]) -> str:
    return name


@ROUTER.get("/generated")
async def generated(one: Annotated[int, Depends(opened)]) -> int:
    return one


@ROUTER.get("/headed")
async def headed(response: Response) -> int:
    response.headers["X-Own"] = "1"
    return 1


async def refused(_: Request, __: Exception) -> Response:
    return JSONResponse({"refused": True}, 409)


def application() -> FastAPI:
    app = FastAPI(telemetry={"auto_configure": False}, exception_handlers={Refused: refused})
    app.include_router(ROUTER)
    return app


class ByPlan:
    """Does what the guard and its table do."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._dispatch = Dispatch(app, app.exception_handlers)
        self.plans = {
            context.path: (context, planned(context))
            for context in iter_route_contexts(app.routes)
            if hasattr(context.original_route, "dependant")
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the route and call it by its plan."""
        scope["app"] = self._app
        for context, plan in self.plans.values():
            match, more = context.matches(scope)
            if match is Match.FULL:
                assert isinstance(plan, Plan)
                route = Route(
                    scope["method"], "", PUBLIC, None, frozenset(), partial(planned, context)
                )
                scope[FOUND] = Found(route, params=more["path_params"])
                await self._dispatch(scope, receive, send)
                return
        raise AssertionError(scope["path"])


JSON = {"Content-Type": "application/json"}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/bodies/a%20b?number=7", {"json": {"name": "Siti", "others": [1, 2]}}),
    ("POST", "/bodies/a", {"json": {"name": "Siti"}, "headers": {"X-Key": "k"}}),
    ("POST", "/bodies/a", {"json": {"name": "Sitinur", "more": 1}}),
    ("POST", "/bodies/a?number=1", {"json": {"others": ["x"]}}),
    ("POST", "/bodies/a", {"json": {"name": 1}, "headers": {"X-Key": "no"}}),
    ("POST", "/bodies/a", {"content": b"", "headers": JSON}),
    ("POST", "/bodies/a", {"content": b"null", "headers": JSON}),
    ("POST", "/bodies/a", {"content": b"{not json", "headers": JSON}),
    ("POST", "/bodies/a", {"content": b"\xff\xfe\xff", "headers": JSON}),
    ("POST", "/bodies/a", {"content": b"[" * 100_000, "headers": JSON}),
    ("GET", "/numbers/4?wanted=5&truth=yes&words=a&words=b", {}),
    ("GET", "/numbers/4?wanted=5", {}),
    ("GET", "/numbers/four", {}),
    ("GET", "/numbers/4?wanted=", {}),
    ("GET", "/pages?limit=4&after=z", {}),
    ("GET", "/pages?limit=11", {}),
    ("PUT", "/nothing", {}),
    ("GET", "/own?a=b", {}),
    ("POST", "/optional", {"content": b"", "headers": JSON}),
    ("POST", "/optional", {"json": {"name": "Siti"}}),
    ("POST", "/twice", {"content": b"abc"}),
]


@pytest.mark.parametrize(("method", "path", "how"), ASKED)
async def test_a_plan_answers_what_the_framework_answers(
    method: str, path: str, how: dict[str, Any]
) -> None:
    app = application()
    told = []
    for asgi in (app, ByPlan(app)):
        CALLS.clear()
        transport = httpx.ASGITransport(asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.request(method, path, **how)
        told.append((answer.status_code, answer.content, dict(answer.headers), list(CALLS)))
    assert told[0] == told[1]


async def test_an_answer_that_breaks_off_is_not_answered_again() -> None:
    transport = httpx.ASGITransport(ByPlan(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        with pytest.raises(Refused):
            await client.get("/broken")


async def test_a_body_in_pieces_is_one_body() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"name"', b': "Si', b'ti"}'):
            yield piece

    transport = httpx.ASGITransport(ByPlan(application()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post("/bodies/a", content=pieces(), headers=JSON)
    assert answer.json()["name"] == "a Siti none POST2 POST"


def test_what_has_a_form_a_generator_or_a_response_to_fill_has_no_plan() -> None:
    plans = ByPlan(application()).plans
    without = {path for path, (_, plan) in plans.items() if plan is None}
    assert without == {"/form", "/generated", "/headed"}
