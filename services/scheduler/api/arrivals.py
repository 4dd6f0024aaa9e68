"""The gate over HTTP: a code and tickets for whoever comes."""

from datetime import datetime, time
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictBool, field_validator

from services.scheduler.api.fields import LocalTime
from services.scheduler.api.offers import OfferAnswer
from services.scheduler.api.parts import READERS, EventId, ReaderDep, visible_event
from services.scheduler.api.plans import MAX_SERVICES
from services.scheduler.domain import Arrival, OfferKind, Ticket, TicketState
from services.scheduler.usecases import Wanted, admit, allowed, happened, new_code
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import Moment, ServiceCode
from shared.contracts.intake import TypedArrivalCode
from shared.runtime import CommandsDep, SentDep
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

router = APIRouter(prefix="/api/events/{event_id}/arrivals")
RULES: Final[RouteRules] = {
    "POST /api/events/{event_id}/arrivals": Rule({Role.OPERATOR}),
    "GET /api/events/{event_id}/arrivals/{code}": READERS,
}


class ArrivalBody(Body):
    """What people who come together want.

    `priority`: one of them is old, pregnant or disabled; which of it is not asked. `booked_for`: by
    the programme's clock, for who is to come later.
    """

    services: Annotated[tuple[ServiceCode, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    priority: StrictBool = False
    booked_for: LocalTime | None = None
    occurred_at: Moment | None = None
    """Of a day gone by, whose history an importer brings in."""

    @field_validator("services")
    @classmethod
    def _each_once(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(services)) < len(services):
            raise Unfit("a service twice")
        return services


class LateAnswer(BaseModel):
    """That a ticket will probably be called only after the closing.

    `probability` is the model's, from how the line moved today; nobody has to wait in vain.
    """

    probability: float
    closes_at: datetime
    offers: list[OfferAnswer]


class GivenAnswer(BaseModel):
    """A ticket that was given out, and how many wait before it.

    `warning`: null where it will probably be called in time, or too little was seen today to say.
    """

    ticket_id: str
    service: str
    number: int
    label: str
    """What people read on the paper and the board, such as A17."""
    waiting: int
    warning: LateAnswer | None


class AdmittedAnswer(BaseModel):
    """What people take along from the gate."""

    code: str
    tickets: list[GivenAnswer]


class PlaceAnswer(BaseModel):
    """How a ticket stands."""

    ticket_id: str
    service: str
    number: int
    label: str
    state: TicketState
    booth_id: str | None
    case_id: str | None
    offers: list[OfferKind]
    """What its holder was offered, whom the line did not reach."""


class ArrivalAnswer(BaseModel):
    """Who came together, without persons."""

    code: str
    arrived_at: datetime
    priority: bool
    tickets: list[PlaceAnswer]


@router.post("")
async def post_arrival(
    event_id: EventId,
    body: ArrivalBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> AdmittedAnswer:
    """Give a code and a ticket for each service; nobody is asked who comes."""
    booked = time.fromisoformat(body.booked_for) if body.booked_for else None
    wanted, code = Wanted(body.services, body.priority, booked), new_code()
    command = partial(admit, event_id, wanted, code, allow=allowed(caller))
    outcome = await commands.run(
        happened(event_id, body.occurred_at, caller, command), sent=sent, key=event_id
    )
    return AdmittedAnswer.model_validate(outcome.answer)


@router.get("/{code}")
async def get_arrival(
    event_id: EventId,
    code: Annotated[TypedArrivalCode, Path()],
    caller: CallerDep,
    reader: ReaderDep,
) -> ArrivalAnswer:
    """Return how the tickets of a code stand, those of the booths that the caller sees."""
    event = await visible_event(event_id, caller, reader)
    arrival = await reader.get(Arrival, Arrival.key(event_id, code))
    if arrival is None:
        raise NotFound("arrival")
    found = [await reader.get(Ticket, id_) for id_ in arrival.tickets]
    return ArrivalAnswer(
        code=arrival.code,
        arrived_at=arrival.arrived_at,
        priority=arrival.priority,
        tickets=[
            _place(ticket)
            for ticket in found
            if ticket is not None and ticket.service in event.plan.ticketed_services
        ],
    )


def _place(ticket: Ticket) -> PlaceAnswer:
    return PlaceAnswer(
        ticket_id=ticket.id,
        service=ticket.service,
        number=ticket.number,
        label=ticket.label,
        state=ticket.state,
        booth_id=ticket.booth_id,
        case_id=ticket.case_id,
        offers=list(ticket.offers),
    )
