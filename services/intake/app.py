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
from shared.messaging.unit import Clock
from shared.runtime import (
    Blueprint,
    Commands,
    Front,
    Service,
    Site,
    assemble,
    open_road,
    utc_now,
)
from shared.web.texts import Texts

NAME: Final = "intake"
TEXTS: Final = Path(__file__).with_name("texts.toml")


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(blueprint(settings), settings, clock)


def blueprint(settings: Settings) -> Blueprint[Work]:
    """Return what is intake's own."""

    def front(site: Site[Work]) -> Front:
        parts = _parts(settings, site)
        return Front(rules=api.RULES, routers=[routes(parts) for routes in api.ROUTERS])

    return Blueprint(
        name=NAME,
        version="0.1.0",
        work=IntakeWork,
        refused=Refused,
        subscribe=handlers.subscribe,
        front=front,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def _parts(settings: Settings, site: Site[Work]) -> api.Parts:
    regions = KemendagriRegions()
    regions.load()
    return api.Parts(
        commands=site.commands,
        reader=IntakeReader(site.road.database),
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
