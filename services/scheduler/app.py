"""Where scheduler is put together; the only place that wires."""

from typing import Final

from services.scheduler import api, handlers
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader, SchedulerWork
from services.scheduler.usecases import Work
from shared.messaging.unit_of_work import Clock
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    utc_now,
)


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(DEFINITION, settings, clock)


def _http_interface(context: ServiceContext[Work]) -> HttpInterface:
    reader = SchedulerReader(context.messaging.database)
    return HttpInterface(
        rules=api.RULES, routers=[api.routes(context.commands, reader, NationalCalendar())]
    )


DEFINITION: Final = ServiceDefinition(
    name="scheduler",
    version="0.1.0",
    work=SchedulerWork,
    refused=Refused,
    subscribe=handlers.subscribe,
    http_interface=_http_interface,
    collections=COLLECTIONS,
    indexes=INDEXES,
)
