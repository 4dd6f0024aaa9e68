"""What a counter takes along to an event where there may be no uplink, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.intake.api.kit import Kit, Where, kit_fields
from services.intake.api.receipt import ReceiptTexts
from services.intake.domain import (
    PlannedEvent,
    Programme,
    Secrets,
    local_day,
)
from services.intake.domain.counter import AT_COUNTER, KIT_SHAPE, counter_open, offered_at
from services.intake.domain.visit import counted
from services.intake.usecases import Catalogues, Clock, Reader, Regions, current_catalogue
from services.intake.usecases.counters import event_within
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import gathered, provided
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, NotFound

RULES: Final[RouteRules] = {
    "GET /api/counters/{event_id}": Rule({Role.OPERATOR}),
    "GET /api/counters/{event_id}/counts": Rule({Role.OPERATOR, Role.SUPERVISOR}),
}


class CounterKit(Kit):
    """All that a laptop needs to go on without uplink: nothing of any resident.

    `shares`: the office's half of what opens the laptop's entries, the newest first; the other half
    is made from the operator's PIN and known to the laptop alone. `shape`: of this answer; a page
    that knows another one asks anew.
    """

    shape: int = KIT_SHAPE
    event_id: str
    event_name: str
    place: str
    cancelled: bool
    """It does not take place: nothing new is set up there, and what was written down is taken."""
    shares: list[str]
    account: str
    """Whose shares they are."""


class CountedAnswer(BaseModel):
    """What the office has of one laptop. `clock_ahead`: of its newest visit, in seconds."""

    device: str
    prefix: str
    """With which the numbers on its receipts begin."""
    visits: int
    cases: int
    last_at: datetime
    clock_ahead: int
    clock_off: bool


class CountsAnswer(BaseModel):
    """What the office has of an event's counters, or of one laptop alone."""

    event_id: str
    visits: int
    cases: int
    laptops: list[CountedAnswer]


router = APIRouter(prefix="/api/counters")
EventPath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


@dataclass(frozen=True, slots=True)
class Packing:
    """What a kit is put together from."""

    reader: Reader
    catalogues: Catalogues
    regions: Regions
    receipts: ReceiptTexts
    secrets: Secrets
    clock: Clock


@router.get("/{event_id}")
async def get_counter(
    event_id: EventPath,
    caller: CallerDep,
    parts: Annotated[Packing, Depends(gathered(Packing))],
    device: Annotated[UUID, Query()],
) -> CounterKit:
    """Return what the laptop `device` of this caller takes along to an event.

    409 `event_over` where the event was longer ago than what its counters wrote down is taken. Of
    an event that was cancelled too: a laptop that wrote something down there opens by it.
    """
    event = await event_of(event_id, caller, parts.reader)
    programme = await parts.reader.get(Programme, event.programme_id)
    if programme is None:
        raise NotFound("programme")
    today = local_day(parts.clock(), programme.time_zone)
    if not counter_open(today, event.on):
        raise Conflict("event_id: the event was too long ago", reason="event_over")
    catalogue = await current_catalogue(programme, parts.catalogues)
    offers = tuple(offered_at(event, programme, catalogue))
    where = Where(AT_COUNTER, event.on, event.region_code, offers)
    data_use = await parts.receipts.of(programme.id)
    return CounterKit(
        **kit_fields(where, programme, catalogue, parts.regions, data_use),
        event_id=event.id,
        event_name=event.name,
        place=event.place,
        cancelled=event.cancelled,
        shares=list(parts.secrets.laptop_shares(caller.subject, event.id, str(device))),
        account=caller.subject,
    )


@router.get("/{event_id}/counts")
async def get_counts(
    event_id: EventPath,
    caller: CallerDep,
    reader: ReaderDep,
    device: Annotated[UUID | None, Query()] = None,
) -> CountsAnswer:
    """Return how many visits and cases the office has of an event's counters, by laptop."""
    event = await event_of(event_id, caller, reader)
    found = counted(await reader.counter_visits([event.id], str(device) if device else None))
    return CountsAnswer(
        event_id=event.id,
        visits=sum(one.visits for one in found),
        cases=sum(one.cases for one in found),
        laptops=[
            CountedAnswer(
                device=one.device,
                prefix=one.prefix,
                visits=one.visits,
                cases=one.cases,
                last_at=one.last_at,
                clock_ahead=one.clock_ahead,
                clock_off=one.clock_off,
            )
            for one in found
        ],
    )


async def event_of(event_id: str, caller: Caller, reader: Reader) -> PlannedEvent:
    """Return an event that the caller works at. Raises NotFound and Forbidden."""
    event = await event_within(event_id, reader, allow=allowed_region(caller))
    if event is None:
        raise NotFound("event")
    return event
