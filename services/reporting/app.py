"""Where reporting is put together; the only place that wires, but for its commands."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from services.reporting import api, handlers, pages
from services.reporting.config import Settings
from services.reporting.domain import Refused
from services.reporting.metrics import ProjectionMetrics
from services.reporting.store import COLLECTIONS, INDEXES, Ledger, Reader
from services.reporting.usecases import reports
from services.reporting.usecases.project import Projector
from shared.audit.parts import trail_jobs
from shared.contracts.reporting import AuditHeadPublished
from shared.files.evidence_parts import evidence_parts
from shared.messaging.unit_of_work import Clock
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    open_streams,
    utc_now,
)
from shared.web.live import Streams, Timing
from shared.web.pages import Pages, service_pages

NAME: Final = "reporting"


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings), settings, clock)


def definition(settings: Settings) -> ServiceDefinition:
    """Return what is reporting's own."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        shown = show(context, settings)
        projector = _projector(context, settings)
        return replace(shown, beside_queue=[*shown.beside_queue, projector.run])

    return ServiceDefinition(
        name=NAME,
        version="0.1.0",
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def show(
    context: ServiceContext, settings: Settings, timing: Timing | None = None
) -> HttpInterface:
    """Return what reporting shows and keeps; `timing` is that of its live streams."""
    reader, frame = (
        Reader(context.messaging.database, COLLECTIONS),
        _pages(context.prefix),
    )
    board, evidence = pages.Board(frame, reader), evidence_parts(settings, context, reader)
    streams = open_streams(context, settings, timing)
    return HttpInterface(
        rules={**api.RULES, **pages.RULES},
        routers=[*api.ROUTERS, *pages.ROUTERS],
        provides={
            reports.Reader: reader,
            reports.Clock: context.messaging.clock,
            **evidence.provides,
            Pages: frame,
            pages.Board: board,
            Streams: streams,
        },
        pages=frame,
        beside_http=[board.watched.follow],
        beside_queue=[
            evidence.removal,
            *trail_jobs(context, COLLECTIONS, AuditHeadPublished),
        ],
    )


def _pages(prefix: str) -> Pages:
    return service_pages("Jemput Laporan", Path(__file__).parent, pages.NAVIGATION, prefix)


def _projector(context: ServiceContext, settings: Settings) -> Projector:
    place = (context.messaging.client, settings.mongo_database, settings.instance)
    projector = Projector(
        Ledger(*place, settings.lease_seconds),
        ProjectionMetrics(context.registry),
        context.messaging.clock,
    )
    context.health.add("projector", projector.check, degrades=True)
    return projector
