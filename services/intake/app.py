"""Where intake is put together; the only place that wires."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from services.intake import api, handlers
from services.intake.config import Settings
from services.intake.domain import Refused, TrackingCodes
from services.intake.gateways import KemendagriRegions, NationalCalendar, TryLimits
from services.intake.store import COLLECTIONS, INDEXES, IntakeReader, IntakeWork
from services.intake.usecases import Reader, Regions, Work
from shared.auth.keys import load_public
from shared.auth.tokens import Verifier
from shared.messaging.consumer import Consumer
from shared.messaging.unit import Clock
from shared.observability.health import Health
from shared.observability.metrics import service_registry
from shared.runtime import Commands, Road, Service, open_road, utc_now
from shared.web.app import create_app
from shared.web.texts import Texts

NAME: Final = "intake"
VERSION: Final = "0.1.0"
TEXTS: Final = Path(__file__).with_name("texts.toml")


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    registry = service_registry(NAME, VERSION)
    health = Health()
    road = open_road(NAME, settings, registry, clock)
    road.watch(health)
    consumer: Consumer[Work] = road.consumer(IntakeWork, Refused)
    handlers.subscribe(consumer)
    parts = _parts(settings, road)
    app = create_app(
        title="Jemput intake",
        version=VERSION,
        rules=api.RULES,
        verifier=Verifier(load_public(settings.token_keys), clock),
        health=health,
        registry=registry,
        routers=[routes(parts) for routes in api.ROUTERS],
        secure_cookies=settings.secure_cookies,
    )
    return Service(
        settings=settings,
        app=app,
        road=road,
        health=health,
        collections=COLLECTIONS,
        indexes=INDEXES,
        consumers=[consumer],
    )


def _parts(settings: Settings, road: Road) -> api.Parts:
    regions = KemendagriRegions()
    regions.load()
    return api.Parts(
        commands=road.commands(IntakeWork, Refused),
        reader=IntakeReader(road.database),
        holidays=NationalCalendar(),
        regions=regions,
        codes=TrackingCodes(settings.tracking_secret.get_secret_value().encode()),
        limiter=TryLimits(settings.track_limit_client),
        texts=Texts.load(TEXTS),
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command at the shell works with."""

    commands: Commands[Work]
    reader: Reader
    regions: Regions


@asynccontextmanager
async def open_desk(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Desk]:
    """Give a command its way to the database. Raises Unavailable.

    It publishes nothing itself: its outbox rows are taken over by the service, which runs or will.
    """
    road = open_road(NAME, settings, CollectorRegistry(), clock)
    committing: asyncio.Task[None] | None = None
    try:
        await road.prepare(COLLECTIONS, INDEXES)
        committing = asyncio.create_task(road.commit.run())
        yield Desk(
            road.commands(IntakeWork, Refused), IntakeReader(road.database), KemendagriRegions()
        )
        await road.outbox.retire()
    finally:
        if committing is not None:
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
        road.client.close()
