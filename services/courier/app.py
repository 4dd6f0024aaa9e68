"""Where courier is put together; the only place that wires."""

from typing import Final

from services.courier import api, handlers
from services.courier.config import Settings
from services.courier.domain import Refused
from services.courier.store import COLLECTIONS, INDEXES, CourierReader
from services.courier.usecases import Reader, SettleAreas
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


def _http_interface(context: ServiceContext) -> HttpInterface:
    reader = CourierReader(context.messaging.database, COLLECTIONS)
    return HttpInterface(
        rules=api.RULES,
        routers=[api.router],
        provides={Reader: reader},
        beside_queue=[SettleAreas(reader, context.commands, context.messaging.clock).run],
    )


DEFINITION: Final = ServiceDefinition(
    name="courier",
    version="0.1.0",
    refused=Refused,
    subscribe=handlers.subscribe,
    http_interface=_http_interface,
    collections=COLLECTIONS,
    indexes=INDEXES,
)
