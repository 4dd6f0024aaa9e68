"""One service out of what is its own and what every service has: road, health, guard, problems."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from shared.auth.keys import load_public
from shared.auth.rules import RouteRules
from shared.auth.tokens import Verifier
from shared.messaging.consumer import Consumer
from shared.messaging.unit import Clock, Unit
from shared.mongo.migrations import Index
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics, service_registry
from shared.runtime.commands import Commands
from shared.runtime.road import Road, open_road
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.runtime.start import utc_now
from shared.web.app import create_app
from shared.web.pages import Pages

W = TypeVar("W")
Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Site(Generic[W]):
    """What a service's own parts are wired to."""

    road: Road
    commands: Commands[W]
    health: Health
    registry: CollectorRegistry
    metrics: HttpMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What a service answers over HTTP, and what it does without being asked."""

    rules: RouteRules
    routers: Sequence[APIRouter]
    pages: Pages | None = None
    beside_http: Sequence[Job] = ()
    """Run by processes that answer HTTP; `ROLE=consumer` does not."""
    beside_queue: Sequence[Job] = ()
    """Run by processes that read the queue; `ROLE=api` does not."""


_NOTHING = Front(rules={}, routers=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint(Generic[W]):
    """What is a service's own: its `app.py` says it, and tests build the same on fakes."""

    name: str
    version: str
    work: Callable[[Unit], W]
    refused: type[Exception]
    """The domain's own refusal."""
    subscribe: Callable[[Consumer[W]], None]
    front: Callable[[Site[W]], Front]
    collections: Sequence[str]
    indexes: Sequence[Index] = ()


def assemble(blueprint: Blueprint[W], settings: ServiceSettings, clock: Clock = utc_now) -> Service:
    """Wire a service. Nothing is connected before it runs."""
    registry = service_registry(blueprint.name, blueprint.version)
    road = open_road(blueprint.name, settings, registry, clock)
    site = site_of(blueprint, road, Health(), registry)
    road.watch(site.health)
    front = blueprint.front(site)
    return Service(
        settings=settings,
        app=application(
            blueprint,
            site,
            _NOTHING if settings.role == "consumer" else front,
            Verifier(load_public(settings.token_keys), clock),
            secure_cookies=settings.secure_cookies,
        ),
        road=road,
        health=site.health,
        collections=blueprint.collections,
        indexes=blueprint.indexes,
        consumers=[consumer_of(blueprint, road)],
        background=_background(front, settings),
    )


def site_of(
    blueprint: Blueprint[W], road: Road, health: Health, registry: CollectorRegistry
) -> Site[W]:
    """Return what a service's own parts are wired to, on this road."""
    commands = road.commands(blueprint.work, blueprint.refused)
    return Site(road, commands, health, registry, HttpMetrics(registry))


def consumer_of(blueprint: Blueprint[W], road: Road) -> Consumer[W]:
    """Return the consumer of a service's queue with all its handlers."""
    consumer = road.consumer(blueprint.work, blueprint.refused)
    blueprint.subscribe(consumer)
    return consumer


def application(
    blueprint: Blueprint[W],
    site: Site[W],
    front: Front,
    verifier: Verifier,
    *,
    secure_cookies: bool = False,
) -> FastAPI:
    """Return a service's HTTP application."""
    return create_app(
        title=f"Jemput {blueprint.name}",
        version=blueprint.version,
        rules=front.rules,
        verifier=verifier,
        health=site.health,
        registry=site.registry,
        routers=front.routers,
        pages=front.pages,
        metrics=site.metrics,
        secure_cookies=secure_cookies,
    )


def _background(front: Front, settings: ServiceSettings) -> Sequence[Job]:
    http = () if settings.role == "consumer" else front.beside_http
    queue = () if settings.role == "api" else front.beside_queue
    return [*http, *queue]
