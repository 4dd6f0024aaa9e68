import asyncio
import io
import logging
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, WebSocket
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from shared.auth.roles import Role
from shared.auth.rules import PUBLIC, RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.observability.health import Health
from shared.observability.logs import JsonLines
from shared.web import edge
from shared.web.app import create_app
from shared.web.assets import Assets
from shared.web.routes import RuleMismatch
from tests.unit.shared.web_kit import HOST, NIK, RULES, Kit, client

OPERATOR = "operator:botram:32.16"
STYLE = Assets().url("jemput.css")


def build(router: APIRouter, rules: RouteRules) -> FastAPI:
    return create_app(
        title="x",
        version="1",
        rules=rules,
        verifier=Kit().verifier,
        health=Health(),
        registry=CollectorRegistry(),
        routers=[router],
        accounts=Kit().accounts,
    )


def one(method: str = "GET", path: str = "/api/things/{thing_id}") -> APIRouter:
    router = APIRouter()

    @router.api_route(path, methods=[method])
    async def endpoint() -> None: ...

    return router


def test_a_route_without_a_rule_stops_the_start_by_name() -> None:
    with pytest.raises(RuleMismatch, match=r"without a rule: GET /api/things/\{thing_id\}"):
        build(one(), {})


def test_a_rule_for_another_method_is_no_rule() -> None:
    with pytest.raises(RuleMismatch) as refused:
        build(one("POST"), {"GET /api/things/{thing_id}": PUBLIC})
    assert "routes without a rule: POST /api/things/{thing_id}" in str(refused.value)
    assert "rules without a route: GET /api/things/{thing_id}" in str(refused.value)


def test_a_route_declared_twice_stops_the_start() -> None:
    router = one()
    router.include_router(one())
    with pytest.raises(RuleMismatch, match=r"twice: GET /api/things/\{thing_id\}"):
        build(router, {"GET /api/things/{thing_id}": PUBLIC})


def part() -> str:
    return ""


class Part:
    """A class, which the framework calls like a plain function."""


@pytest.mark.parametrize("dependency", [part, Part])
def test_what_would_cost_each_request_a_thread_stops_the_start(dependency: type[Part]) -> None:
    router = APIRouter()

    async def inner(part: Annotated[object, Depends(dependency)]) -> None: ...

    @router.get("/api/things")
    async def things(inner: Annotated[None, Depends(inner)]) -> None: ...

    with pytest.raises(RuleMismatch, match=f"a thread: {dependency.__name__}"):
        build(router, {"GET /api/things": PUBLIC})


def test_an_endpoint_that_would_cost_a_thread_stops_the_start() -> None:
    router = APIRouter()
    router.add_api_route("/api/things", part)
    with pytest.raises(RuleMismatch, match="a thread: part"):
        build(router, {"GET /api/things": PUBLIC})


async def test_routes_are_read_once_and_serve_every_application_that_has_them() -> None:
    router = APIRouter()

    @router.get("/api/name")
    async def name(request: Request) -> str:
        return str(request.app.state.name)

    first, second = (build(router, {"GET /api/name": PUBLIC}) for _ in range(2))
    first.state.name, second.state.name = "first", "second"

    read, again = (next(iter(iter_route_contexts(app.routes))) for app in (first, second))
    assert read.dependant is again.dependant
    for app in (first, second, first):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HOST) as http:
            assert (await http.get("/api/name")).json() == app.state.name


def test_prefixes_of_nested_routers_are_part_of_the_rule() -> None:
    outer = APIRouter(prefix="/api")
    outer.include_router(one(path="/things"), prefix="/v2")
    build(outer, {"GET /api/v2/things": PUBLIC})


@pytest.mark.parametrize("kind", ["mount", "plain", "websocket"])
def test_routes_that_can_have_no_rule_stop_the_start(kind: str) -> None:
    router = APIRouter()
    if kind == "mount":
        router.routes.append(Mount("/files", app=PlainTextResponse("x")))
    elif kind == "plain":
        router.routes.append(Route("/files", PlainTextResponse("x")))
    else:

        @router.websocket("/files")
        async def files(socket: WebSocket) -> None: ...

    with pytest.raises(RuleMismatch, match="/files"):
        build(router, {})


def test_the_table_of_routes_and_rules_can_be_read() -> None:
    kit = Kit()
    rules = kit.app.state.routes.rules
    assert rules.items() >= RULES.items()
    public = {key for key, rule in rules.items() if rule.public} - set(RULES)
    assert public == {
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /api/openapi.json",
        "GET /static/{digest}/{name}",
    }


def below(prefix: str) -> Kit:
    """The kit's application, below a prefix."""
    return Kit(prefix=prefix)


async def test_below_a_prefix_every_route_lies_there_and_nowhere_else() -> None:
    kit = below("/contoh")
    bearer = kit.bearer(OPERATOR)
    async with kit.client as http:
        for path in ("/api/public", "/open", "/api/openapi.json", STYLE):
            assert (await http.get(f"/contoh{path}", headers=bearer)).status_code == 200, path
            assert (await http.get(path, headers=bearer)).status_code == 404, path
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await http.get(path)).status_code == 200, path
            assert (await http.get(f"/contoh{path}")).status_code == 404, path
        assert (await http.get("/contohapi/public")).status_code == 404


async def test_the_prefix_stands_in_addresses_and_in_nothing_that_is_kept() -> None:
    kit = below("/contoh")
    assert "GET /contoh/api/public" in kit.app.state.routes.rules
    async with kit.client as http:
        await http.get("/contoh/api/public")
        described = (await http.get("/contoh/api/openapi.json")).json()
        counted = (await http.get("/metrics")).text
    assert "/contoh/api/public" in described["paths"]
    assert all(path.startswith("/contoh/") for path in described["paths"])
    assert described["paths"]["/contoh/api/list"]["get"]["x-roles"] == ["operator"]
    assert 'route="/api/public"' in counted
    assert "/contoh" not in counted


async def test_below_a_prefix_machines_get_problems_and_people_get_pages() -> None:
    kit = below("/contoh")
    async with kit.client as http:
        html = {"Accept": "text/html"}
        machine = await http.get("/contoh/api/list", headers=html)
        assert machine.json()["type"] == "/problems/unauthenticated"
        unknown = await http.get("/contoh/api/list?x=1", headers=kit.bearer(OPERATOR))
        assert unknown.json()["errors"] == [{"field": "query/x", "reason": "unknown field"}]
        person = await http.get("/contoh/admin?x=1", headers=html)
        assert person.headers["location"] == "/masuk?lanjut=%2Fcontoh%2Fadmin%3Fx%3D1"
        lost = await http.get("/contoh/nowhere", headers=html)
        assert "Halaman tidak ditemukan" in lost.text


@pytest.mark.parametrize("when", ["on the app", "on a router", "plain", "mounted"])
async def test_a_route_added_later_is_refused(when: str) -> None:
    kit, late = Kit(), APIRouter()
    if when == "on the app":
        kit.app.get("/late")(lambda: "reached")
    elif when == "on a router":
        late.get("/late")(lambda: "reached")
        kit.app.include_router(late)
    elif when == "plain":
        kit.app.add_route("/late", lambda _: PlainTextResponse("reached"))
    else:
        kit.app.mount("/late", PlainTextResponse("reached"))
    path = "/late/x" if when == "mounted" else "/late"
    async with kit.client as http:
        answer = await http.get(path, headers=kit.bearer("admin:*:*"))
    assert answer.status_code == 403
    assert answer.json()["type"] == "/problems/no-rule"


async def test_a_websocket_is_closed() -> None:
    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/api/public", "headers": [], "query_string": b""}
    await Kit().app(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]


async def test_readyz_and_healthz_answer_what_health_says() -> None:
    kit = Kit()
    reasons: list[str | None] = [None]

    async def check() -> str | None:
        return reasons[0]

    async def hangs() -> None:
        await asyncio.Event().wait()

    kit.health.add("mongo", check)
    async with kit.client as http:
        answer = await http.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            200,
            {"ready": True, "checks": {"mongo": "ok"}},
        )
        reasons[0] = "no primary"
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "checks": {"mongo": "no primary"}}
        kit.health.add("broker", hangs)
        answer = await http.get("/readyz")
        assert answer.json()["checks"]["broker"] == "no answer within 0.05 s"
        kit.health.drain()
        assert (await http.get("/readyz")).status_code == 503
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"live": True, "lag_seconds": None})


async def test_a_stalled_process_says_so() -> None:
    kit, now = Kit(), [0.0]
    kit.health._timer = lambda: now[0]
    watch = asyncio.create_task(kit.health.watch())
    await asyncio.sleep(0)
    now[0] = 60.0
    async with kit.client as http:
        assert (await http.get("/healthz")).status_code == 503
    watch.cancel()


async def test_the_lifespan_watches_the_loop_and_drains_at_its_end() -> None:
    kit = Kit()
    async with kit.app.router.lifespan_context(kit.app):
        await asyncio.sleep(0)
        assert kit.health.liveness().lag is not None
        assert not kit.health.stopping.is_set()
    assert kit.health.stopping.is_set()


async def test_requests_are_counted_by_template_and_never_by_path() -> None:
    kit = Kit()
    async with kit.client as http:
        for case in ("setu", "near"):
            await http.get(f"/api/cases/{case}", headers=kit.bearer(OPERATOR))
        await http.get("/api/cases/setu")
        await http.get("/nowhere/secret")
        await http.post("/api/cases/setu")
        exposed = (await http.get("/metrics")).text
    assert "secret" not in exposed
    assert "setu" not in exposed
    counted = {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for family in text_string_to_metric_families(exposed)
        for s in family.samples
        if s.name == "jemput_http_requests_total"
    }
    assert counted == {
        ("GET", "/api/cases/{case_id}", "2xx"): 1,
        ("GET", "/api/cases/{case_id}", "4xx"): 2,
        ("GET", "unmatched", "4xx"): 1,
        ("POST", "unmatched", "4xx"): 1,
    }


async def test_every_answer_carries_its_correlation_and_its_headers() -> None:
    kit = Kit()
    async with kit.client as http:
        given = await http.get("/api/public", headers={"X-Correlation-Id": "case-0123"})
        made = await http.get("/nowhere", headers={"X-Correlation-Id": "a b\u0001"})
    assert given.headers["x-correlation-id"] == "case-0123"
    assert UUID(made.headers["x-correlation-id"]).version == 7
    for answer in (given, made):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "strict-transport-security" not in answer.headers


async def test_behind_tls_browsers_are_told_to_use_nothing_else() -> None:
    async with Kit(secure_cookies=True).client as http:
        for path in ("/healthz", "/masuk", "/nowhere", "/api/fail/boom"):
            answer = await http.get(path)
            assert answer.headers["strict-transport-security"] == "max-age=31536000"


digits_of_version_7 = st.from_regex(
    r"[0-9]{8}-[0-9]{4}-7[0-9]{3}-[89][0-9]{3}-[0-9]{12}", fullmatch=True, alphabet="0123456789-"
)


async def correlated_as(said: str) -> str:
    """The id under which a request with this one is answered."""
    async with Kit().client as http:
        answer = await http.get("/api/public", headers={"X-Correlation-Id": said})
    return answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    "said",
    [NIK, f"case-{NIK}", "081200000001", f"{NIK}{NIK}", "123456789", "0" * 8 + "-123456789"],
)
async def test_an_id_that_may_be_somebodys_number_is_replaced(said: str) -> None:
    made = await correlated_as(said)
    assert UUID(made).version == 7
    assert said not in made


@pytest.mark.parametrize(
    "said",
    [
        "case-0123",
        "12345678",
        "01890000-0000-7000-8000-000000000000",
        "12345678-1234-4123-8123-123456789012",
        "018F3A5C-7B2D-7E4F-9A1B-2C3D4E5F6A7B",
    ],
)
async def test_an_id_of_the_sender_is_kept(said: str) -> None:
    assert await correlated_as(said) == said


@given(st.one_of(st.uuids(version=4).map(str), st.builds(new_id), digits_of_version_7))
def test_no_uuid_is_ever_replaced(own: str) -> None:
    headers = [(b"x-correlation-id", own.encode())]
    assert edge._correlation({"type": "http", "headers": headers}) == own


async def test_the_correlation_id_reaches_the_logs() -> None:
    kit, stream = Kit(), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("contoh", "a1"))
    logging.getLogger("shared.web").addHandler(handler)
    async with kit.client as http:
        await http.get("/api/fail/boom", headers={"X-Correlation-Id": "case-0123"})
    logging.getLogger("shared.web").removeHandler(handler)
    assert '"correlation_id": "case-0123"' in stream.getvalue()
    assert NIK not in stream.getvalue()


async def test_the_openapi_document_tells_of_problems_tokens_and_roles() -> None:
    kit = Kit()
    async with kit.client as http:
        document = (await http.get("/api/openapi.json")).json()
    assert document["info"] == {"title": "Contoh", "version": "1.2.3"}
    people = document["paths"]["/api/people"]["post"]
    assert people["x-roles"] == ["admin", "operator"]
    assert people["security"] == [{"token": []}]
    assert set(people["responses"]) == {"201", "503", "default"}
    assert people["responses"]["503"]["headers"]["Retry-After"]["required"]
    assert "application/problem+json" in people["responses"]["default"]["content"]
    assert "security" not in document["paths"]["/api/public"]["get"]
    assert "Problem" in document["components"]["schemas"]
    assert "HTTPValidationError" not in str(document)
    assert "/healthz" not in document["paths"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/api/openapi.json/"])
async def test_no_documentation_page_that_needs_a_foreign_host(path: str) -> None:
    async with Kit().client as http:
        assert (await http.get(path)).status_code == 404


async def test_a_service_without_pages_has_no_sign_in() -> None:
    kit = Kit(with_pages=False)
    async with client(kit.app) as http:
        assert (await http.get("/masuk")).status_code == 404
        answer = await http.get("/api/cases/setu", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_service_cannot_rule_or_replace_a_system_route() -> None:
    rules = {"GET /api/things/{thing_id}": PUBLIC, "GET /readyz": Rule({Role.ADMIN})}
    router = one()
    app = create_app(
        title="x", version="1", rules=rules, verifier=Kit().verifier, health=Health(),
        registry=CollectorRegistry(), routers=[router], accounts=Kit().accounts,
    )  # fmt: skip
    assert app.state.routes.rules["GET /readyz"] == PUBLIC
    with pytest.raises(RuleMismatch, match="twice: GET /readyz"):
        build(one(path="/readyz"), {})


async def test_metrics_and_the_reasons_of_readyz_are_not_for_strangers() -> None:
    kit = Kit()

    async def fails() -> str | None:
        return "no primary at mongo-1"

    kit.health.add("mongodb", fails)
    stranger = httpx.ASGITransport(kit.app, client=("203.0.113.5", 4711))
    async with httpx.AsyncClient(transport=stranger, base_url=HOST) as http:
        assert (await http.get("/metrics")).status_code == 403
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
    async with kit.client as http:
        assert (await http.get("/metrics")).status_code == 200
        assert (await http.get("/readyz")).json()["checks"] == {"mongodb": "no primary at mongo-1"}
