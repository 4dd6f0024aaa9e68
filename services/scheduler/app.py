"""Where scheduler is put together; the only place that wires."""

from typing import Final

from services.scheduler import api, handlers
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader, SchedulerWork
from services.scheduler.usecases import Work
from shared.messaging.unit import Clock
from shared.runtime import Blueprint, Front, Service, Site, assemble, utc_now


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(BLUEPRINT, settings, clock)


def _front(site: Site[Work]) -> Front:
    reader = SchedulerReader(site.road.database)
    return Front(rules=api.RULES, routers=[api.routes(site.commands, reader, NationalCalendar())])


BLUEPRINT: Final = Blueprint(
    name="scheduler",
    version="0.1.0",
    work=SchedulerWork,
    refused=Refused,
    subscribe=handlers.subscribe,
    front=_front,
    collections=COLLECTIONS,
    indexes=INDEXES,
)
