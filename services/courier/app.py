"""Where courier is put together; the only place that wires."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.courier import api, handlers, pages
from services.courier.config import Settings
from services.courier.domain import Refused
from services.courier.store import COLLECTIONS, INDEXES, CourierReader
from services.courier.usecases import Reader, SettleAreas
from shared.audit.looks import KeptReads
from shared.audit.parts import trail_jobs
from shared.contracts.courier import AuditHeadPublished
from shared.messaging.unit_of_work import Clock
from shared.runtime import (
    HttpInterface,
    Service,
    ServiceContext,
    ServiceDefinition,
    assemble,
    utc_now,
)
from shared.web.neighbours import Neighbours
from shared.web.pages import Pages, service_pages


def build(settings: Settings, clock: Clock = utc_now) -> Service:
    """Wire the service. Nothing is connected before it runs."""
    return assemble(definition(settings.neighbour_prefixes), settings, clock)


def definition(neighbours: Mapping[str, str]) -> ServiceDefinition:
    """Return what is courier's own; `neighbours` are prefixes of other services."""

    def http_interface(context: ServiceContext) -> HttpInterface:
        reader = CourierReader(context.messaging.database, COLLECTIONS)
        frame = _pages(context.prefix)
        return HttpInterface(
            rules={**api.RULES, **pages.RULES},
            routers=[api.router, pages.router],
            provides={
                Reader: reader,
                Pages: frame,
                Neighbours: Neighbours(neighbours),
                KeptReads: KeptReads(context.messaging.clock),
            },
            pages=frame,
            beside_queue=[
                SettleAreas(reader, context.commands, context.messaging.clock).run,
                *trail_jobs(context, COLLECTIONS, AuditHeadPublished),
            ],
        )

    return ServiceDefinition(
        name="courier",
        version="0.1.0",
        refused=Refused,
        subscribe=handlers.subscribe,
        http_interface=http_interface,
        collections=COLLECTIONS,
        indexes=INDEXES,
    )


def _pages(prefix: str) -> Pages:
    return service_pages("Jemput Petugas", Path(__file__).parent, pages.NAVIGATION, prefix)


DEFINITION: Final = definition({})
"""With every neighbour below its own name."""
