"""Where scheduler is put together; the only place that wires."""

from functools import cache

from services.scheduler import api, handlers, pages
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader
from services.scheduler.usecases import Clock, Holidays, Reader
from shared.audit.parts import trail_jobs
from shared.contracts.scheduler import AuditHeadPublished
from shared.files.evidence_parts import evidence_parts
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
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition:
    """Return what is scheduler's own."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        frame = _frame(context.prefix)
        reader = SchedulerReader(context.messaging.database, COLLECTIONS)
        evidence = evidence_parts(settings, context, reader)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[*api.ROUTERS, *pages.ROUTERS],
            provides={
                Reader: reader,
                Holidays: NationalCalendar(),
                Clock: context.messaging.clock,
                Pages: frame,
                **evidence.provides,
            },
            pages=frame,
            beside_queue=[
                evidence.removal,
                *trail_jobs(context, COLLECTIONS, AuditHeadPublished),
            ],
        )

    return ServiceDefinition(
        name="scheduler",
        version="0.1.0",
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


@cache
def _frame(prefix: str) -> Pages:
    return Pages(
        service_name="Jemput Loket",
        texts=Texts.load(pages.TEXTS),
        templates=[pages.TEMPLATES],
        static=[pages.STATIC],
        navigation=pages.NAVIGATION,
        prefix=prefix,
    )
