"""One HTTP application: a service's routers behind the guard, with everything all services need."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from shared.auth.rules import RouteRules
from shared.auth.tokens import Verifier
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics
from shared.observability.security import SecurityEvents
from shared.web.accounts import AccountLimits
from shared.web.answers import Answers, Translations
from shared.web.assets import ASSET_RULES
from shared.web.body import BODY_LIMIT
from shared.web.bodylimit import BodyLimit
from shared.web.connections import networks
from shared.web.edge import Edge
from shared.web.guard import Guard
from shared.web.pages import Pages
from shared.web.routes import RouteTable, placed
from shared.web.session import SessionCookie
from shared.web.system import OPENAPI_RULES, SYSTEM_RULES, System, openapi_router, system_router

OBSERVERS: Final = ("127.0.0.0/8", "::1")
"""Who reads `/metrics` and the reasons in `/readyz` by default: this machine."""
_NO_TELEMETRY: Final[Any] = {
    "auto_configure": False,
    "tracing": False,
    "metrics": False,
    "logs": False,
}
"""FastAPI would export addresses and exception messages as soon as the environment asks for it."""
_PLACED: Final[dict[tuple[str, int], APIRouter]] = {}
"""What `_below` has made. Each holds the router of its key, so that no other gets its id."""


def create_app(
    *,
    title: str,
    version: str,
    rules: RouteRules,
    verifier: Verifier,
    health: Health,
    registry: CollectorRegistry,
    routers: Sequence[APIRouter],
    prefix: str = "",
    front_rules: RouteRules | None = None,
    front_routers: Sequence[APIRouter] = (),
    pages: Pages | None = None,
    metrics: HttpMetrics | None = None,
    translations: Translations | None = None,
    secure_cookies: bool = False,
    body_limit: int = BODY_LIMIT,
    observers: Collection[str] = OBSERVERS,
    accounts: AccountLimits,
    timer: Callable[[], float] = perf_counter,
) -> FastAPI:
    """The application, denying by default: RuleMismatch names routes without a rule at start.

    `rules` are those of `routers` alone, and neither knows the `prefix` (`""` or `/intake`) that
    they are placed below here; the pages were made with the same one. `front_routers` lie at the
    root of the origin. `secure_cookies`: TLS is in front, and browsers shall use nothing else.
    `accounts` counts what each account asks. `observers` are the addresses and networks that may
    read `/metrics` and the reasons of `/readyz`. `metrics` is given when live streams share it. The
    table of all routes and rules is found at `app.state.routes`.
    """
    counted = HttpMetrics(registry) if metrics is None else metrics
    answers = Answers(pages, prefix)
    app = FastAPI(
        title=title,
        version=version,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=_watching(health, counted),
        telemetry=_NO_TELEMETRY,
    )
    answers.install(app, translations or {})
    own_rules = {**rules, **OPENAPI_RULES, **(ASSET_RULES if pages else {})}
    for router in (*routers, openapi_router, *([pages.assets.router] if pages else [])):
        app.routes.extend(_below(prefix, router))
    for router in (*front_routers, system_router):
        app.routes.extend(_below("", router))
    all_rules = {**placed(own_rules, prefix), **(front_rules or {}), **SYSTEM_RULES}
    app.state.routes = RouteTable(app, all_rules, prefix)
    app.state.system = System(health, registry, networks(observers))
    app.add_middleware(
        Guard,
        table=app.state.routes,
        verifier=verifier,
        answers=answers,
        cookie=SessionCookie(secure_cookies),
        accounts=accounts,
    )
    app.add_middleware(BodyLimit, answers=answers, limit=body_limit, table=app.state.routes)
    security = SecurityEvents(registry)
    app.add_middleware(
        Edge,
        answers=answers,
        metrics=counted,
        security=security,
        timer=timer,
        tls_only=secure_cookies,
    )
    return app


def _below(prefix: str, router: APIRouter) -> Sequence[BaseRoute]:
    """Return a router's routes below a prefix, made once for all applications that have them.

    To read their signatures is nearly all that an application costs. They hold nothing of one:
    what a route needs it finds at the application of its request.
    """
    key = (prefix, id(router))
    if key not in _PLACED:
        _PLACED[key] = APIRouter()
        _PLACED[key].include_router(router, prefix=prefix)
    return _PLACED[key].routes


def _watching(health: Health, metrics: HttpMetrics) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch = asyncio.create_task(health.watch(metrics.lag))
        try:
            yield
        finally:
            health.drain()
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    return lifespan
