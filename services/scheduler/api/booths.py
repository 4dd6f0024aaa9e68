"""Booths over HTTP: the next ticket, what is done with it, who walked up."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, StrictInt

from services.scheduler.api.parts import READERS, BoothPath, EventId, ReaderDep, visible_event
from services.scheduler.domain import MAX_NUMBER, TicketState
from services.scheduler.usecases import (
    BoothAct,
    TicketAt,
    allowed,
    call_next,
    happened,
    record_visit,
    use_case,
)
from services.scheduler.usecases.ticket_events import answer
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import Moment, ServiceCode
from shared.contracts.scheduler import BoothId
from shared.runtime import CommandsDep, SentDep
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields, NotFound

router = APIRouter(prefix="/api")
_BOOTH: Final = "/events/{event_id}/booths/{booth_id}"
_OPERATORS: Final = Rule({Role.OPERATOR, Role.AGENCY_OPERATOR})
RULES: Final[RouteRules] = {
    "POST /api/events/{event_id}/booths/{booth_id}/calls": _OPERATORS,
    "GET /api/events/{event_id}/booths/{booth_id}/current": READERS,
    "POST /api/events/{event_id}/services/{service}/tickets/{number}/{act}": _OPERATORS,
    "POST /api/events/{event_id}/booths/{booth_id}/visits": _OPERATORS,
}

MAX_VISITORS: Final = 1000
"""People in one count, as the contract has it."""


class ActBody(Body):
    """Which booth does it. `to_booth` for `send` and `to_service` for `transfer` alone."""

    booth_id: BoothId
    to_booth: BoothId | None = None
    to_service: ServiceCode | None = None
    occurred_at: Moment | None = None
    """Of a day gone by, whose history an importer brings in."""

    def require_goal(self, act: BoothAct) -> None:
        """Raise InvalidFields where it is not said, or said in vain, where the holder goes."""
        for field, needed in (("to_booth", BoothAct.SEND), ("to_service", BoothAct.TRANSFER)):
            if (getattr(self, field) is not None) is not (act is needed):
                raise InvalidFields(FieldError(f"/{field}", f"given for {needed.value} alone"))

    @property
    def goal(self) -> str:
        """Return where the holder goes on."""
        return self.to_booth or self.to_service or ""


class CallBody(Body):
    """Which device calls, where it holds a lease: then also those whom it holds."""

    device: UUID | None = None
    occurred_at: Moment | None = None
    """Of a day gone by, whose history an importer brings in."""


class VisitBody(Body):
    """How many people walked up and were served."""

    service: ServiceCode
    visitors: Annotated[StrictInt, Field(ge=1, le=MAX_VISITORS)]
    occurred_at: Moment | None = None
    """Of a day gone by, whose history an importer brings in."""


class TicketAnswer(BaseModel):
    """A ticket as the booth that called it sees it; the person behind it is known to intake."""

    ticket_id: str
    service: str
    number: int
    label: str
    """What people read on the paper and the board, such as A17."""
    state: TicketState
    case_id: str | None
    arrival_id: str | None
    booth_id: str | None


class CallAnswer(BaseModel):
    """The ticket at a booth; null where there is none."""

    ticket: TicketAnswer | None


class VisitAnswer(BaseModel):
    """A count that was recorded."""

    visit_id: str


@router.post(f"{_BOOTH}/calls")
async def post_call(
    event_id: EventId,
    booth_id: BoothPath,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
    body: CallBody | None = None,
) -> CallAnswer:
    """Call the next ticket; `ticket` is null where nobody waits whom this device can call."""
    device = str(body.device) if body and body.device else None
    at, allow = body.occurred_at if body else None, allowed(caller)
    command = partial(call_next, event_id, booth_id, allow=allow, device=device)
    outcome = await commands.run(happened(event_id, at, caller, command), sent=sent, key=event_id)
    return CallAnswer(ticket=outcome.answer)


@router.get(f"{_BOOTH}/current")
async def get_current(
    event_id: EventId, booth_id: BoothPath, caller: CallerDep, reader: ReaderDep
) -> CallAnswer:
    """Return the ticket that the booth called last, served or not."""
    event = await visible_event(event_id, caller, reader)
    if event.plan.booth(booth_id) is None:
        raise NotFound("booth")
    ticket = await reader.current(event_id, booth_id)
    return CallAnswer(ticket=TicketAnswer.model_validate(answer(ticket)) if ticket else None)


@router.post("/events/{event_id}/services/{service}/tickets/{number}/{act}")
async def post_act(
    event_id: EventId,
    service: Annotated[ServiceCode, Path()],
    number: Annotated[int, Path(ge=1, le=MAX_NUMBER)],
    act: Annotated[BoothAct, Path()],
    body: ActBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> TicketAnswer:
    """Do something with a ticket; after `transfer` the answer is the one that goes on."""
    body.require_goal(act)
    at = TicketAt(event_id, service, number, body.booth_id)
    command = use_case(act, at, body.goal, allowed(caller))
    command = happened(event_id, body.occurred_at, caller, command)
    outcome = await commands.run(command, sent=sent, key=at.id)
    return TicketAnswer.model_validate(outcome.answer)


@router.post(f"{_BOOTH}/visits")
async def post_visit(
    event_id: EventId,
    booth_id: BoothPath,
    body: VisitBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> VisitAnswer:
    """Record people who were served at a booth without tickets."""
    what = event_id, booth_id, body.service, body.visitors
    command = partial(record_visit, *what, allow=allowed(caller))
    outcome = await commands.run(
        happened(event_id, body.occurred_at, caller, command), sent=sent, key=event_id
    )
    return VisitAnswer(visit_id=outcome.answer)
