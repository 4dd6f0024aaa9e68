"""The routes that every service has for whoever looks after it, and its own description."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from shared.auth.rules import PUBLIC, RouteRules
from shared.observability.health import Health
from shared.web.connections import Network, within
from shared.web.openapi import describe
from shared.web.problems import Denied

SYSTEM_RULES: Final[RouteRules] = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": PUBLIC,
}
"""For whoever looks after the process, at its own port: they lie below no prefix."""
OPENAPI_RULES: Final[RouteRules] = {"GET /api/openapi.json": PUBLIC}

system_router = APIRouter(include_in_schema=False)
openapi_router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class System:
    """What these routes tell of one application: it has this as `app.state.system`."""

    health: Health
    registry: CollectorRegistry
    observers: Collection[Network]

    def shows(self, request: Request) -> bool:
        """Return whether the caller may read figures and reasons."""
        return request.client is not None and within(request.client.host, self.observers)


def _system(request: Request) -> System:
    return cast("System", request.app.state.system)


@system_router.get("/healthz")
async def _healthz(request: Request) -> Response:
    found = _system(request).health.liveness()
    return JSONResponse({"live": found.live, "lag_seconds": found.lag}, 200 if found.live else 503)


@system_router.get("/readyz")
async def _readyz(request: Request) -> Response:
    system = _system(request)
    found = await system.health.readiness()
    answer: dict[str, Any] = {"ready": found.ready}
    if system.shows(request):
        answer["checks"] = found.checks
    return JSONResponse(answer, 200 if found.ready else 503)


@system_router.get("/metrics")
async def _metrics(request: Request, accept: Annotated[str, Header()] = "") -> Response:
    system = _system(request)
    if not system.shows(request):
        raise Denied("metrics are for the addresses that the service names as observers")
    encode, media_type = choose_encoder(accept)
    return Response(encode(system.registry), headers={"Content-Type": media_type})


@openapi_router.get("/api/openapi.json")
async def _openapi(request: Request) -> Response:
    return JSONResponse(describe(request.app.openapi(), request.app.state.routes.rules))
