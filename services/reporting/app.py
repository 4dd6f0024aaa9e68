"""Where reporting is put together; the only place that wires, but for its commands."""

from dataclasses import replace
from typing import Final

from services.reporting import api, handlers, pages
from services.reporting.config import Settings
from services.reporting.domain import Refused
from services.reporting.metrics import ProjectionMetrics
from services.reporting.store import COLLECTIONS, INDEXES, Ledger, Reader, ReportingWork
from services.reporting.usecases.archive import Work
from services.reporting.usecases.project import Projector
from shared.messaging.unit import Clock
from shared.runtime import Blueprint, Front, Service, Site, assemble, utc_now
from shared.web.assets import Assets
from shared.web.live import Streams, Timing
from shared.web.pages import Pages
from shared.web.texts import Texts

NAME: Final = "reporting"


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(blueprint(settings), settings, clock)


def blueprint(settings: Settings) -> Blueprint[Work]:
    """Return what is reporting's own."""

    def front(site: Site[Work]) -> Front:
        return replace(show(site), beside_queue=[_projector(site, settings).run])

    return Blueprint(
        name=NAME,
        version="0.1.0",
        work=ReportingWork,
        refused=Refused,
        subscribe=handlers.subscribe,
        front=front,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def show(site: Site[Work], timing: Timing | None = None) -> Front:
    """Return what reporting shows; `timing` is that of its live streams."""
    reader, frame = Reader(site.road.database), _frame()
    board = pages.Board(frame, reader)
    streams = Streams(
        stopping=site.health.stopping,
        clock=site.road.clock,
        gauge=site.metrics.streams,
        timing=timing,
    )
    return Front(
        rules={**api.RULES, **pages.RULES},
        routers=[api.routes(reader), pages.routes(frame, board, reader, streams)],
        pages=frame,
        beside_http=[board.follow],
    )


def _frame() -> Pages:
    return Pages(
        service_name="Jemput Laporan",
        texts=Texts.load(pages.TEXTS),
        templates=[pages.TEMPLATES],
        assets=Assets([pages.STATIC]),
        navigation=pages.NAVIGATION,
    )


def _projector(site: Site[Work], settings: Settings) -> Projector:
    place = (site.road.client, settings.mongo_database, settings.instance)
    projector = Projector(
        Ledger(*place, settings.lease_seconds),
        ProjectionMetrics(site.registry),
        site.road.clock,
    )
    site.health.add("projector", projector.check, degrades=True)
    return projector
