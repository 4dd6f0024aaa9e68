"""Where courier is put together; the only place that wires."""

from typing import Final

from services.courier import api, handlers
from services.courier.config import Settings
from services.courier.domain import Refused
from services.courier.store import COLLECTIONS, INDEXES, CourierReader, CourierWork
from services.courier.usecases import Work
from shared.messaging.unit import Clock
from shared.runtime import Blueprint, Front, Service, Site, assemble, utc_now


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(BLUEPRINT, settings, clock)


def _front(site: Site[Work]) -> Front:
    router = api.routes(site.commands, CourierReader(site.road.database))
    return Front(rules=api.RULES, routers=[router])


BLUEPRINT: Final = Blueprint(
    name="courier",
    version="0.1.0",
    work=CourierWork,
    refused=Refused,
    subscribe=handlers.subscribe,
    front=_front,
    collections=COLLECTIONS,
    indexes=INDEXES,
)
