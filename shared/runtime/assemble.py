"""One service, made of its own parts and what all have: messaging, health, guard, problems."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry

from shared.auth.keys import load_public
from shared.auth.revocations import Revocations
from shared.auth.rules import RouteRules
from shared.auth.tokens import Verifier
from shared.auth.watched import Watched
from shared.messaging.collections import Collections
from shared.messaging.consumer import Consumer
from shared.messaging.unit_of_work import Clock
from shared.mongo.migrations import Index
from shared.mongo.revocations import RevocationWatch
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics, service_registry
from shared.runtime.certificates import CertificateWatch
from shared.runtime.commands import Commands
from shared.runtime.messaging import Messaging, open_messaging
from shared.runtime.provided import provide
from shared.runtime.server_urls import encrypted_places
from shared.runtime.service import Service
from shared.runtime.settings import ServiceSettings
from shared.runtime.start import utc_now
from shared.web.accounts import AccountLimits, AccountRates
from shared.web.app import OBSERVERS, create_app
from shared.web.pages import Pages
from shared.web.session import SessionCookie

Job = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """What a service's own parts are wired to."""

    messaging: Messaging
    commands: Commands
    health: Health
    registry: CollectorRegistry
    metrics: HttpMetrics
    revocations: Revocations
    accounts: AccountLimits
    prefix: str
    """What the service lies below, for the links of its pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpInterface:
    """What a service answers over HTTP, and what it does without being asked."""

    rules: RouteRules
    routers: Sequence[APIRouter]
    front_rules: RouteRules = field(default_factory=dict)
    front_routers: Sequence[APIRouter] = ()
    """Routes at the root of the origin, such as the sign-in that serves all: one service's."""
    provides: Mapping[type, object] = field(default_factory=dict)
    """What routes ask for with `provided`, besides Commands, Verifier and SessionCookie."""
    pages: Pages | None = None
    beside_http: Sequence[Job] = ()
    """Run by processes that answer HTTP; `ROLE=consumer` does not."""
    beside_queue: Sequence[Job] = ()
    """Run by processes that read the queue; `ROLE=api` does not."""


_NOTHING = HttpInterface(rules={}, routers=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDefinition:
    """What is a service's own: its `app.py` states it, and tests assemble the same in memory."""

    name: str
    version: str
    refused: type[Exception]
    """The domain's own refusal."""
    subscribe: Callable[[Consumer], None]
    http_interface: Callable[[ServiceContext], HttpInterface]
    collections: Collections
    indexes: Sequence[Index] = ()


def assemble(
    definition: ServiceDefinition, settings: ServiceSettings, clock: Clock = utc_now
) -> Service:
    """Wire a service. Nothing is connected before it runs."""
    registry = service_registry(definition.name, definition.version)
    messaging = open_messaging(definition.name, settings, registry, clock, definition.collections)
    context = context_of(
        definition,
        messaging,
        Health(),
        registry,
        settings.path_prefix,
        settings.account_rates,
        Revocations(known=False),
    )
    messaging.watch(context.health)
    http_interface = definition.http_interface(context)
    watch = RevocationWatch(messaging.database, context.revocations, clock)
    if settings.role != "consumer":
        context.health.add("revocations", watch.check)
    places = encrypted_places(settings.amqp_url, settings.mongo_url)
    certificates = CertificateWatch(places, clock, registry)
    certificates.watch(context.health)
    return Service(
        settings=settings,
        app=application(
            definition,
            context,
            _NOTHING if settings.role == "consumer" else http_interface,
            Verifier(Watched(settings.token_keys, load_public), clock, context.revocations),
            secure_cookies=settings.secure_cookies,
            observers=[part.strip() for part in settings.observers.split(",")],
        ),
        messaging=messaging,
        health=context.health,
        collections=definition.collections.names,
        indexes=definition.indexes,
        consumers=[consumer_of(definition, messaging)],
        background=[
            *_background(http_interface, settings, watch.run, context.accounts.run),
            *([certificates.run] if places else []),
        ],
        metrics=context.metrics,
    )


def context_of(
    definition: ServiceDefinition,
    messaging: Messaging,
    health: Health,
    registry: CollectorRegistry,
    prefix: str,
    rates: AccountRates | None = None,
    revocations: Revocations | None = None,
) -> ServiceContext:
    """Return what a service's own parts are wired to, on this messaging."""
    return ServiceContext(
        messaging,
        messaging.commands(definition.refused),
        health,
        registry,
        HttpMetrics(registry),
        revocations or Revocations(),
        AccountLimits(messaging.counts, messaging.clock, rates),
        prefix,
    )


def consumer_of(definition: ServiceDefinition, messaging: Messaging) -> Consumer:
    """Return the consumer of a service's queue with all its handlers."""
    consumer = messaging.consumer(definition.refused)
    definition.subscribe(consumer)
    return consumer


def application(
    definition: ServiceDefinition,
    context: ServiceContext,
    http_interface: HttpInterface,
    verifier: Verifier,
    *,
    secure_cookies: bool = False,
    observers: Collection[str] = OBSERVERS,
) -> FastAPI:
    """Return a service's HTTP application."""
    app = create_app(
        title=f"Jemput {definition.name}",
        version=definition.version,
        rules=http_interface.rules,
        verifier=verifier,
        health=context.health,
        registry=context.registry,
        routers=http_interface.routers,
        prefix=context.prefix,
        front_rules=http_interface.front_rules,
        front_routers=http_interface.front_routers,
        pages=http_interface.pages,
        metrics=context.metrics,
        secure_cookies=secure_cookies,
        observers=observers,
        accounts=context.accounts,
    )
    ours = {
        Commands: context.commands,
        Verifier: verifier,
        SessionCookie: SessionCookie(secure_cookies),
    }
    provide(app, {**ours, **http_interface.provides})
    return app


def _background(
    http_interface: HttpInterface, settings: ServiceSettings, *of_all: Job
) -> Sequence[Job]:
    http = () if settings.role == "consumer" else (*of_all, *http_interface.beside_http)
    queue = () if settings.role == "api" else http_interface.beside_queue
    return [*http, *queue]
