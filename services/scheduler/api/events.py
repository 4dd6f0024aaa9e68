"""Events over HTTP: listed, and shown with their numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import (
    BaseModel,
)

from services.scheduler.api.fields import Day, Weekday
from services.scheduler.api.parts import (
    READERS,
    EventId,
    ReaderDep,
    visible_event,
)
from services.scheduler.api.plans import OfferBody
from services.scheduler.domain import (
    AT_BOOTH,
    Line,
    Policy,
    Programme,
    ScheduledEvent,
    Tally,
    TicketState,
)
from services.scheduler.usecases import narrowed, passed_by
from shared.auth.rules import RouteRules
from shared.contracts.event import ProgrammeId
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields

router = APIRouter(prefix="/api")
RULES: Final[RouteRules] = {
    "GET /api/events": READERS,
    "GET /api/events/{event_id}": READERS,
}

PAGE: Final = 200
"""Events in one answer at most."""


class BoothAnswer(BaseModel):
    """A booth of an event."""

    booth_id: str
    agency: str
    agency_id: str | None
    services: tuple[str, ...]
    ticketed: bool
    weights: Mapping[str, int]


class EventAnswer(BaseModel):
    """An event. `opens` and `closes` are local to `time_zone`; the others are UTC."""

    event_id: str
    version: int
    programme_id: str
    name: str
    place: str
    region_code: str
    on: date
    weekday: Weekday
    opens: str
    closes: str
    time_zone: str
    opens_at: datetime
    closes_at: datetime
    cancelled: bool
    booths: list[BoothAnswer]
    offers: list[OfferBody]


class LineAnswer(BaseModel):
    """The line of one service, counted in tickets: `issued` is the sum of those by state.

    `called` counts calls: a no-show who joined again is called twice. `at_booths` are called, being
    served, on hold or on the way to another booth.
    """

    service: str
    issued: int
    called: int
    waiting: int
    at_booths: int
    served: int
    transferred: int
    left: int
    no_show: int
    unserved: int
    void: int
    closed: bool


class TallyAnswer(BaseModel):
    """How many people walked up to a booth for one service."""

    booth_id: str
    service: str
    visitors: int


class EventDetail(EventAnswer):
    """An event with its numbers. `passed_by`: as planning it answers, by the policy of today."""

    passed_by: int
    lines: list[LineAnswer]
    visits: list[TallyAnswer]


def event_answer(event: ScheduledEvent) -> EventAnswer:
    """Return an event without its numbers."""
    plan = event.plan
    return EventAnswer(
        event_id=event.id,
        version=event.version,
        programme_id=plan.programme_id,
        name=plan.name,
        place=plan.place,
        region_code=plan.region_code,
        on=plan.on,
        weekday=Weekday.of(plan.on),
        opens=plan.opens.isoformat("minutes"),
        closes=plan.closes.isoformat("minutes"),
        time_zone=event.time_zone,
        opens_at=event.opens_at,
        closes_at=event.closes_at,
        booths=[
            BoothAnswer(
                booth_id=b.id,
                agency=b.agency,
                agency_id=b.agency_id,
                services=b.services,
                ticketed=b.ticketed,
                weights=b.weights,
            )
            for b in plan.booths
        ],
        cancelled=event.cancelled,
        offers=[OfferBody.of(one) for one in plan.offers],
    )


def event_detail(
    event: ScheduledEvent, policy: Policy, lines: Sequence[Line], tallies: Sequence[Tally]
) -> EventDetail:
    """Return an event with its numbers."""
    return EventDetail(
        **dict(event_answer(event)),
        passed_by=passed_by(policy),
        lines=[_line(line) for line in lines],
        visits=[
            TallyAnswer(booth_id=tally.booth_id, service=tally.service, visitors=tally.visitors)
            for tally in tallies
        ],
    )


def _line(line: Line) -> LineAnswer:
    return LineAnswer(
        service=line.service,
        issued=line.issued,
        called=line.called,
        waiting=line.waiting,
        at_booths=line.count(*AT_BOOTH, TicketState.SENT),
        served=line.served,
        transferred=line.count(TicketState.TRANSFERRED),
        left=line.count(TicketState.LEFT),
        no_show=line.count(TicketState.NO_SHOW),
        unserved=line.count(TicketState.UNSERVED),
        void=line.count(TicketState.VOID),
        closed=line.closed,
    )


@router.get("/events")
async def list_events(
    caller: CallerDep,
    reader: ReaderDep,
    programme_id: Annotated[ProgrammeId, Query()],
    first: Annotated[Day | None, Query(alias="from")] = None,
    last: Annotated[Day | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> list[EventAnswer]:
    """Return a programme's events that the caller's grants reach, both days included, by day."""
    if first is not None and last is not None and last < first:
        raise InvalidFields(FieldError("query/to", "must not be before from"))
    grants = caller.within(programme_id)
    found = await reader.events(programme_id, first=first, last=last, grants=grants, limit=limit)
    return [event_answer(narrowed(event, caller)) for event in found]


@router.get("/events/{event_id}")
async def get_event(event_id: EventId, caller: CallerDep, reader: ReaderDep) -> EventDetail:
    """Return an event with the numbers of its lines and of who walked up."""
    event = await visible_event(event_id, caller, reader)
    lines = await reader.lines(event_id, event.plan.ticketed_services)
    tallies = await reader.tallies(event_id)
    programme = await reader.get(Programme, event.plan.programme_id)
    policy = programme.line if programme else Policy()
    seen = [one for one in tallies if event.plan.booth(one.booth_id)]
    return event_detail(event, policy, lines, seen)
