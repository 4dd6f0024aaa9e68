"""The end over HTTP: a line is closed, an event is cancelled."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.scheduler.api.offers import OfferAnswer
from services.scheduler.api.parts import EventId
from services.scheduler.usecases import allowed, cancel_event, close_line
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ServiceCode
from shared.runtime import CommandsDep, SentDep
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api/events/{event_id}")
RULES: Final[RouteRules] = {
    "POST /api/events/{event_id}/services/{service}/closing": Rule(
        {Role.OPERATOR, Role.AGENCY_OPERATOR, Role.SUPERVISOR}
    ),
    "POST /api/events/{event_id}/cancellation": Rule({Role.PLANNER}),
}


class ClosedAnswer(BaseModel):
    """How many waited in a line when it was closed, and what each of them is offered."""

    service: str
    waiting: int
    offers: list[OfferAnswer]


class CancelledAnswer(BaseModel):
    """An event that does not take place."""

    event_id: str
    version: int


@router.post("/services/{service}/closing")
async def post_closing(
    event_id: EventId,
    service: Annotated[ServiceCode, Path()],
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> ClosedAnswer:
    """Close a line after the event's closing; who waits is offered other ways."""
    outcome = await commands.run(
        lambda uow: close_line(event_id, service, uow, allow=allowed(caller)),
        sent=sent,
        key=event_id,
    )
    return ClosedAnswer.model_validate(outcome.answer)


@router.post("/cancellation")
async def post_cancellation(
    event_id: EventId, caller: CallerDep, commands: CommandsDep, sent: SentDep
) -> CancelledAnswer:
    """Cancel an event for good; who waits is offered other ways."""
    outcome = await commands.run(
        lambda uow: cancel_event(event_id, uow, allow=allowed(caller)), sent=sent, key=event_id
    )
    return CancelledAnswer(event_id=event_id, version=outcome.answer)
