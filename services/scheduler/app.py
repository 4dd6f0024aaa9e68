"""Where scheduler is put together; the only place that wires."""

from services.scheduler import api, handlers
from services.scheduler.config import Settings
from services.scheduler.domain import Refused
from services.scheduler.gateways import NationalCalendar
from services.scheduler.store import COLLECTIONS, INDEXES, SchedulerReader, SchedulerWork
from services.scheduler.usecases import Work
from shared.auth.keys import load_public
from shared.auth.tokens import Verifier
from shared.messaging.consumer import Consumer
from shared.messaging.unit import Clock
from shared.observability.health import Health
from shared.observability.metrics import service_registry
from shared.runtime import Commands, Service, open_road, utc_now
from shared.web.app import create_app

NAME = "scheduler"
VERSION = "0.1.0"


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    registry = service_registry(NAME, VERSION)
    health = Health()
    road = open_road(NAME, settings, registry, clock)
    road.watch(health)
    consumer: Consumer[Work] = road.consumer(SchedulerWork, Refused)
    handlers.subscribe(consumer)
    commands: Commands[Work] = road.commands(SchedulerWork, Refused)
    router = api.routes(commands, SchedulerReader(road.database), NationalCalendar())
    app = create_app(
        title="Jemput scheduler",
        version=VERSION,
        rules=api.RULES,
        verifier=Verifier(load_public(settings.token_keys), clock),
        health=health,
        registry=registry,
        routers=[router],
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
    )
