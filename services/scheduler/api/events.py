"""Events over HTTP: planned, listed, and shown with their numbers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import (
    BaseModel,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from services.scheduler.api.fields import Day, LocalTime, OneLine, Weekday
from services.scheduler.api.parts import (
    READERS,
    EventId,
    HolidaysDep,
    ReaderDep,
    visible_event,
)
from services.scheduler.domain import (
    AT_BOOTH,
    Booth,
    Line,
    Plan,
    ScheduledEvent,
    Tally,
    TicketState,
)
from services.scheduler.usecases import allowed, narrowed, schedule_event
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId, RegionCode, ServiceCode
from shared.contracts.scheduler import AgencyId, BoothId
from shared.runtime import CommandsDep, SentDep
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields

router = APIRouter(prefix="/api")
RULES: Final[RouteRules] = {
    "PUT /api/events/{event_id}": Rule({Role.PLANNER}),
    "GET /api/events": READERS,
    "GET /api/events/{event_id}": READERS,
}

PAGE: Final = 200
"""Events in one answer at most."""
MAX_BOOTHS: Final = 60
"""As the contract has it; the largest BOTRAM had 45 (KEMUDI 10(1) 2025)."""
MAX_WEIGHT: Final = 100
MAX_SERVICES: Final = 10
"""Services at one booth, as the contract has it."""


class BoothBody(Body):
    """A booth. A ticketed one offers services of the programme's catalogue."""

    booth_id: BoothId
    agency: OneLine
    agency_id: AgencyId | None = None
    services: Annotated[tuple[ServiceCode, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    ticketed: StrictBool
    weights: Annotated[
        dict[ServiceCode, Annotated[StrictInt, Field(ge=1, le=MAX_WEIGHT)]],
        Field(max_length=MAX_SERVICES),
    ] = Field(default_factory=dict)
    """How many calls in turn it gives its services, where its programme says otherwise."""

    @field_validator("services")
    @classmethod
    def _each_once(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        _unique(services, "a service twice")
        return services


class EventBody(Body):
    """An event as it shall stand."""

    programme_id: ProgrammeId
    name: OneLine
    place: OneLine
    region_code: RegionCode
    on: Day
    opens: LocalTime
    closes: LocalTime
    booths: Annotated[tuple[BoothBody, ...], Field(min_length=1, max_length=MAX_BOOTHS)]
    weekday: Weekday | None = Field(
        default=None, description="As the printed schedule has it; a difference is a warning."
    )

    @field_validator("closes")
    @classmethod
    def _after_opening(cls, closes: str, info: ValidationInfo) -> str:
        opens = info.data.get("opens")
        if opens is not None and closes <= opens:
            raise Unfit("must be later than opens, on the same day")
        return closes

    @field_validator("booths")
    @classmethod
    def _each_once(cls, booths: tuple[BoothBody, ...]) -> tuple[BoothBody, ...]:
        _unique([booth.booth_id for booth in booths], "a booth_id twice")
        return booths

    def plan(self) -> Plan:
        """Return the plan."""
        return Plan(
            programme_id=self.programme_id,
            name=self.name,
            place=self.place,
            region_code=self.region_code,
            on=self.on,
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
            booths=tuple(
                Booth(b.booth_id, b.agency, b.services, b.ticketed, b.agency_id, b.weights)
                for b in self.booths
            ),
        )


def _unique(values: Sequence[str], otherwise: str) -> None:
    if len(set(values)) < len(values):
        raise Unfit(otherwise)


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
    passed_by: int
    """Of those who join later, how many can be called before somebody with a hundred before him."""


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
    booths: list[BoothAnswer]


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
        waiting=line.waiting,
        at_booths=line.count(*AT_BOOTH, TicketState.SENT),
        served=line.served,
        transferred=line.count(TicketState.TRANSFERRED),
        left=line.count(TicketState.LEFT),
        no_show=line.count(TicketState.NO_SHOW),
        void=line.void,
    )


@router.put("/events/{event_id}")
async def put_event(
    event_id: EventId,
    body: EventBody,
    caller: CallerDep,
    commands: CommandsDep,
    holidays: HolidaysDep,
    sent: SentDep,
) -> ScheduledAnswer:
    """Plan an event, or plan it anew; the same content again changes nothing."""
    plan = body.plan()
    outcome = await commands.run(
        lambda uow: schedule_event(
            event_id,
            plan,
            uow,
            allow=allowed(caller),
            holidays=holidays,
            weekday=body.weekday.number if body.weekday else None,
        ),
        sent=sent,
        key=event_id,
    )
    return ScheduledAnswer(event_id=event_id, weekday=Weekday.of(plan.on), **outcome.answer)


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
    return event_detail(event, lines, [one for one in tallies if event.plan.booth(one.booth_id)])
