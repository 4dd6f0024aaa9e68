"""Where reporting is put together; the only place that wires, but for its commands."""

from services.reporting import api, handlers, pages
from services.reporting.config import Settings
from services.reporting.domain import Refused
from services.reporting.metrics import ProjectionMetrics
from services.reporting.store import COLLECTIONS, INDEXES, Ledger, Reader, ReportingWork
from services.reporting.usecases.archive import Work
from services.reporting.usecases.project import Projector
from shared.auth.keys import load_public
from shared.auth.tokens import Verifier
from shared.messaging.consumer import Consumer
from shared.messaging.unit import Clock
from shared.observability.health import Health
from shared.observability.metrics import HttpMetrics, service_registry
from shared.runtime import Service, open_road, utc_now
from shared.web.app import create_app
from shared.web.assets import Assets
from shared.web.live import Streams
from shared.web.pages import Pages
from shared.web.texts import Texts

NAME = "reporting"
VERSION = "0.1.0"


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    registry = service_registry(NAME, VERSION)
    health = Health()
    road = open_road(NAME, settings, registry, clock)
    road.watch(health)
    consumer: Consumer[Work] = road.consumer(ReportingWork, Refused)
    handlers.subscribe(consumer)
    ledger = Ledger(road.client, settings.mongo_database, settings.instance, settings.lease_seconds)
    projector = Projector(ledger, ProjectionMetrics(registry), clock)
    health.add("projector", projector.check, degrades=True)
    reader = Reader(road.database)
    metrics = HttpMetrics(registry)
    frame = page_frame()
    board = pages.Board(frame, reader)
    streams = Streams(stopping=health.stopping, clock=clock, gauge=metrics.streams)
    app = create_app(
        title="Jemput reporting",
        version=VERSION,
        rules={**api.RULES, **pages.RULES},
        verifier=Verifier(load_public(settings.token_keys), clock),
        health=health,
        registry=registry,
        routers=[api.routes(reader), pages.routes(frame, board, reader, streams)],
        pages=frame,
        metrics=metrics,
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
        background=[board.follow] if settings.role == "api" else [board.follow, projector.run],
    )


def page_frame() -> Pages:
    """Return what renders reporting's pages."""
    return Pages(
        service_name="Jemput Laporan",
        texts=Texts.load(pages.TEXTS),
        templates=[pages.TEMPLATES],
        assets=Assets([pages.STATIC]),
        navigation=pages.NAVIGATION,
    )
