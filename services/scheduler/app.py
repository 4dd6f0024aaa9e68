"""Where scheduler is put together; the only place that wires."""

from typing import Final

from services.scheduler import api, handlers, pages
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader
from services.scheduler.usecases import Clock, Holidays, Reader
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    utc_now,
)
from shared.web.pages import Pages
from shared.web.texts import Texts


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(DEFINITION, settings, clock)


def _http_interface(context: ServiceContext) -> HttpInterface:
    frame = Pages(
        service_name="Jemput Loket",
        texts=Texts.load(pages.TEXTS),
        templates=[pages.TEMPLATES],
        static=[pages.STATIC],
        navigation=pages.NAVIGATION,
        prefix=context.prefix,
    )
    return HttpInterface(
        rules={**api.RULES, **pages.RULES},
        routers=[*api.ROUTERS, *pages.ROUTERS],
        provides={
            Reader: SchedulerReader(context.messaging.database, COLLECTIONS),
            Holidays: NationalCalendar(),
            Clock: context.messaging.clock,
            Pages: frame,
        },
        pages=frame,
    )


DEFINITION: Final = ServiceDefinition(
    name="scheduler",
    version="0.1.0",
    refused=Refused,
    subscribe=handlers.subscribe,
    http_interface=_http_interface,
    collections=COLLECTIONS,
    indexes=INDEXES,
)
