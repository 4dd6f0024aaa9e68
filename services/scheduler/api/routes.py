"""The routes and who may use them."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from services.scheduler.api.answers import (
    CallAnswer,
    EventAnswer,
    EventDetail,
    ProgrammeAnswer,
    ScheduledAnswer,
    TicketAnswer,
    VisitAnswer,
    event_answer,
    event_detail,
)
from services.scheduler.api.bodies import Day, EventBody, ServeBody, VisitBody, Weekday
from services.scheduler.domain import MAX_NUMBER, Plan, ScheduledEvent
from services.scheduler.usecases import (
    Allow,
    Holidays,
    Reader,
    Work,
    call_next,
    record_visit,
    schedule_event,
    serve_ticket,
)
from services.scheduler.usecases.ticket_events import answer
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId, ServiceCode
from shared.contracts.scheduler import BoothId
from shared.runtime.commands import Commands, SentDep
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields, NotFound

_READERS: Final = Rule({Role.OPERATOR, Role.PLANNER, Role.HEAD, Role.ADMIN, Role.SERVICE})
_BOOTH: Final = "/events/{event_id}/booths/{booth_id}"

RULES: Final[RouteRules] = {
    "PUT /api/events/{event_id}": Rule({Role.PLANNER}),
    "GET /api/events": _READERS,
    "GET /api/events/{event_id}": _READERS,
    "POST /api/events/{event_id}/booths/{booth_id}/calls": Rule({Role.OPERATOR}),
    "GET /api/events/{event_id}/booths/{booth_id}/current": _READERS,
    "POST /api/events/{event_id}/services/{service}/tickets/{number}/serve": Rule({Role.OPERATOR}),
    "POST /api/events/{event_id}/booths/{booth_id}/visits": Rule({Role.OPERATOR}),
    "GET /api/programmes": _READERS,
}
"""Which roles may use which route; programme and region are held against the event itself."""

PAGE: Final = 200
"""Events in one answer at most."""
EventId = Annotated[
    str,
    Path(
        # No slash: the ids of lines and tickets are made of it. 64 of a ticket id's 120 characters.
        pattern=r"^[a-z][a-z0-9_-]{0,63}$",
        description="Administrative, such as programme, day and place; never of a person.",
        examples=["botram-2023-03-11-setu"],
    ),
]
Booth = Annotated[BoothId, Path()]


def routes(commands: Commands[Work], reader: Reader, holidays: Holidays) -> APIRouter:
    """Return scheduler's routes."""
    router = APIRouter(prefix="/api")
    _plans(router, commands, holidays)
    _lists(router, reader)
    _booths(router, commands, reader)
    _tickets(router, commands)
    return router


def _plans(router: APIRouter, commands: Commands[Work], holidays: Holidays) -> None:
    @router.put("/events/{event_id}")
    async def put_event(
        event_id: EventId, body: EventBody, caller: CallerDep, sent: SentDep
    ) -> ScheduledAnswer:
        """Plan an event, or plan it anew; the same content again changes nothing."""
        plan = body.plan()
        outcome = await commands.run(
            lambda work: schedule_event(
                event_id,
                plan,
                work,
                allow=_allowed(caller),
                holidays=holidays,
                weekday=body.weekday.number if body.weekday else None,
            ),
            sent=sent,
            key=event_id,
        )
        return ScheduledAnswer(event_id=event_id, weekday=Weekday.of(plan.on), **outcome.answer)


def _lists(router: APIRouter, reader: Reader) -> None:
    @router.get("/events")
    async def list_events(
        caller: CallerDep,
        programme_id: Annotated[ProgrammeId, Query()],
        first: Annotated[Day | None, Query(alias="from")] = None,
        last: Annotated[Day | None, Query(alias="to")] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    ) -> list[EventAnswer]:
        """Return a programme's events in the caller's regions, both days included, by day."""
        if first is not None and last is not None and last < first:
            raise InvalidFields(FieldError("query/to", "must not be before from"))
        regions = caller.regions(programme_id)
        found = await reader.events(
            programme_id, first=first, last=last, regions=regions, limit=limit
        )
        return [event_answer(event) for event in found]

    @router.get("/events/{event_id}")
    async def get_event(event_id: EventId, caller: CallerDep) -> EventDetail:
        """Return an event with the numbers of its lines and of who walked up."""
        event = await _visible(event_id, caller, reader)
        lines = await reader.lines(event_id, event.plan.ticketed_services)
        return event_detail(event, lines, await reader.tallies(event_id))

    @router.get("/programmes")
    async def list_programmes(caller: CallerDep) -> list[ProgrammeAnswer]:
        """Return the programmes that scheduler knows and the caller holds a grant in."""
        return [
            ProgrammeAnswer(programme_id=p.id, name=p.name, owner=p.owner, version=p.version)
            for p in await reader.programmes()
            if caller.belongs_to(p.id)
        ]


def _booths(router: APIRouter, commands: Commands[Work], reader: Reader) -> None:
    @router.post(f"{_BOOTH}/calls")
    async def post_call(
        event_id: EventId, booth_id: Booth, caller: CallerDep, sent: SentDep
    ) -> CallAnswer:
        """Call the next ticket; `ticket` is null where nobody waits."""
        outcome = await commands.run(
            lambda work: call_next(event_id, booth_id, work, allow=_allowed(caller)),
            sent=sent,
            key=event_id,
        )
        return CallAnswer(ticket=outcome.answer)

    @router.get(f"{_BOOTH}/current")
    async def get_current(event_id: EventId, booth_id: Booth, caller: CallerDep) -> CallAnswer:
        """Return the ticket that the booth called last, served or not."""
        event = await _visible(event_id, caller, reader)
        if event.plan.booth(booth_id) is None:
            raise NotFound("booth")
        ticket = await reader.current(event_id, booth_id)
        return CallAnswer(ticket=TicketAnswer.model_validate(answer(ticket)) if ticket else None)

    @router.post(f"{_BOOTH}/visits")
    async def post_visit(
        event_id: EventId, booth_id: Booth, body: VisitBody, caller: CallerDep, sent: SentDep
    ) -> VisitAnswer:
        """Record people who were served at a booth without tickets."""
        allow = _allowed(caller)
        outcome = await commands.run(
            lambda work: record_visit(
                event_id, booth_id, body.service, body.visitors, work, allow=allow
            ),
            sent=sent,
            key=event_id,
        )
        return VisitAnswer(visit_id=outcome.answer)


def _tickets(router: APIRouter, commands: Commands[Work]) -> None:
    @router.post("/events/{event_id}/services/{service}/tickets/{number}/serve")
    async def post_serve(
        event_id: EventId,
        service: Annotated[ServiceCode, Path()],
        number: Annotated[int, Path(ge=1, le=MAX_NUMBER)],
        body: ServeBody,
        caller: CallerDep,
        sent: SentDep,
    ) -> TicketAnswer:
        """Note that the booth that called a ticket has served its holder."""
        allow = _allowed(caller)
        outcome = await commands.run(
            lambda work: serve_ticket(event_id, service, number, body.booth_id, work, allow=allow),
            sent=sent,
            key=f"{event_id}/{service}/{number}",
        )
        return TicketAnswer.model_validate(outcome.answer)


async def _visible(event_id: str, caller: Caller, reader: Reader) -> ScheduledEvent:
    event = await reader.event(event_id)
    if event is None:
        raise NotFound("event")
    _allowed(caller)(event.plan)
    return event


def _allowed(caller: Caller) -> Allow:
    def check(plan: Plan) -> None:
        caller.require(programme=plan.programme_id, region=plan.region_code)

    return check
