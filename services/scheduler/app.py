"""Where scheduler is put together; the only place that wires."""

from pathlib import Path
from secrets import token_bytes

from services.scheduler import api, handlers, pages
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.pages.board import Boards
from services.scheduler.pages.place import Lines
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader
from services.scheduler.usecases import Clock, Holidays, Reader
from shared.audit.parts import trail_jobs
from shared.contracts.scheduler import AuditHeadPublished
from shared.files.evidence_parts import evidence_parts
from shared.limits.clients import ClientLimit
from shared.limits.counts import Tries
from shared.limits.rates import Rate
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    open_streams,
    utc_now,
)
from shared.web.live import Streams
from shared.web.pages import Pages, service_pages


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition:
    """Return what is scheduler's own."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        frame = _pages(context.prefix)
        reader = SchedulerReader(context.messaging.database, COLLECTIONS)
        evidence = evidence_parts(settings, context, reader)
        clock = context.messaging.clock
        boards = Boards(reader, clock)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[*api.ROUTERS, *pages.ROUTERS],
            provides={
                Reader: reader,
                Holidays: NationalCalendar(),
                Clock: clock,
                Pages: frame,
                Boards: boards,
                Lines: Lines(reader, clock),
                Streams: open_streams(context, settings),
                ClientLimit: _wrong_codes(settings, context),
                **evidence.provides,
            },
            pages=frame,
            beside_http=[boards.watched.follow],
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


def _wrong_codes(settings: Settings, context: ServiceContext) -> ClientLimit:
    # The key is this process's own, and so each counts apart: an address cannot be found by it.
    tries = Tries(context.messaging.counts, context.messaging.clock, token_bytes())
    return ClientLimit(tries, "place", Rate.parse(settings.place_limit_client))


def _pages(prefix: str) -> Pages:
    return service_pages("Jemput Loket", Path(__file__).parent, pages.NAVIGATION, prefix)
