"""What callers get."""

from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel

from services.scheduler.api.bodies import Weekday
from services.scheduler.domain import Line, ScheduledEvent, Tally, TicketState


class WarningAnswer(BaseModel):
    """What is unusual about a day; the event stands nevertheless."""

    reason: str
    detail: str


class ScheduledAnswer(BaseModel):
    """How an event stands now."""

    event_id: str
    version: int
    weekday: Weekday
    warnings: list[WarningAnswer]


class BoothAnswer(BaseModel):
    """A booth of an event."""

    booth_id: str
    agency: str
    services: tuple[str, ...]
    ticketed: bool


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
    booths: list[BoothAnswer]


class LineAnswer(BaseModel):
    """The line of one service, counted in tickets: issued = called + waiting + void."""

    service: str
    issued: int
    called: int
    served: int
    waiting: int
    void: int


class TallyAnswer(BaseModel):
    """How many people walked up to a booth for one service."""

    booth_id: str
    service: str
    visitors: int


class EventDetail(EventAnswer):
    """An event with its numbers."""

    lines: list[LineAnswer]
    visits: list[TallyAnswer]


class TicketAnswer(BaseModel):
    """A ticket as the booth that called it sees it; the person behind it is known to intake."""

    ticket_id: str
    service: str
    number: int
    state: TicketState
    case_id: str
    booth_id: str | None


class CallAnswer(BaseModel):
    """The ticket at a booth; null where there is none."""

    ticket: TicketAnswer | None


class VisitAnswer(BaseModel):
    """A count that was recorded."""

    visit_id: str


class ProgrammeAnswer(BaseModel):
    """Scheduler's copy of a programme."""

    programme_id: str
    name: str
    owner: str
    version: int


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
            BoothAnswer(booth_id=b.id, agency=b.agency, services=b.services, ticketed=b.ticketed)
            for b in plan.booths
        ],
    )


def event_detail(
    event: ScheduledEvent, lines: Sequence[Line], tallies: Sequence[Tally]
) -> EventDetail:
    """Return an event with its numbers."""
    return EventDetail(
        **event_answer(event).model_dump(),
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
        served=line.served,
        waiting=line.waiting,
        void=line.void,
    )
