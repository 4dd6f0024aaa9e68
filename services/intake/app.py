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
from shared.messaging.unit_of_work import Clock
from shared.runtime import (
    Commands,
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    open_messaging,
    utc_now,
)
from shared.web.texts import Texts

NAME: Final = "intake"
TEXTS: Final = Path(__file__).with_name("texts.toml")


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition[Work]:
    """Return what is intake's own."""

    def http_interface(context: ServiceContext[Work]) -> HttpInterface:
        parts = _parts(settings, context)
        return HttpInterface(rules=api.RULES, routers=[routes(parts) for routes in api.ROUTERS])

    return ServiceDefinition(
        name=NAME,
        version="0.1.0",
        work=IntakeWork,
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def _parts(settings: Settings, context: ServiceContext[Work]) -> api.Parts:
    regions = KemendagriRegions()
    regions.load()
    return api.Parts(
        commands=context.commands,
        reader=IntakeReader(context.messaging.database),
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
    messaging = open_messaging(NAME, settings, CollectorRegistry(), clock)
    committing: asyncio.Task[None] | None = None
    try:
        await messaging.prepare(COLLECTIONS, INDEXES)
        committing = asyncio.create_task(messaging.commit.run())
        yield Desk(
            messaging.commands(IntakeWork, Refused),
            IntakeReader(messaging.database),
            KemendagriRegions(),
        )
        await messaging.outbox.retire()
    finally:
        if committing is not None:
            committing.cancel()
            await asyncio.gather(committing, return_exceptions=True)
        messaging.client.close()
