"""Where courier is put together; the only place that wires."""

from services.courier import api, handlers
from services.courier.config import Settings
from services.courier.domain import Refused
from services.courier.store import COLLECTIONS, INDEXES, CourierReader, CourierWork
from services.courier.usecases import Work
from shared.auth.keys import load_public
from shared.auth.tokens import Verifier
from shared.messaging.consumer import Consumer
from shared.messaging.unit import Clock
from shared.observability.health import Health
from shared.observability.metrics import service_registry
from shared.runtime import Commands, Service, open_road, utc_now
from shared.web.app import create_app

NAME = "courier"
VERSION = "0.1.0"


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    registry = service_registry(NAME, VERSION)
    health = Health()
    road = open_road(NAME, settings, registry, clock)
    road.watch(health)
    consumer: Consumer[Work] = road.consumer(CourierWork, Refused)
    handlers.subscribe(consumer)
    commands: Commands[Work] = road.commands(CourierWork, Refused)
    router = api.routes(commands, CourierReader(road.database))
    app = create_app(
        title="Jemput courier",
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
