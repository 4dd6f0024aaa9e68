"""How a visit stands: its requests, and what the laptop of a counter claimed that sent it."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.cases import CaseAnswer, without_persons
from services.intake.api.rights import allowed
from services.intake.domain import Case
from services.intake.domain.counter import CounterClaim
from services.intake.domain.visit import Visit
from services.intake.usecases import Reader, require_right
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "GET /api/visits/{visit_id}": Rule({Role.OPERATOR, Role.AGENT, Role.SUPERVISOR}),
}


class CounterAnswer(BaseModel):
    """What a laptop claimed of a visit; `recorded_at` beside it is when it arrived.

    `happened_at`: its claim, with its clock put right by `clock_ahead` seconds.
    """

    device: str
    number: str
    claimed_at: datetime
    clock_ahead: int
    clock_off: bool
    happened_at: datetime


class VisitAnswer(BaseModel):
    """A visit and its requests, without persons."""

    visit_id: str
    programme_id: str
    channel: str
    event_id: str | None
    recorded_at: datetime
    life_events: list[str]
    requests: list[CaseAnswer]
    counter: CounterAnswer | None


router = APIRouter(prefix="/api/visits")
VisitPath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


@router.get("/{visit_id}")
async def get_visit(visit_id: VisitPath, caller: CallerDep, reader: ReaderDep) -> VisitAnswer:
    """Return a visit whose every request the caller may work on, without persons."""
    visit = await reader.get(Visit, visit_id)
    if visit is None:
        raise NotFound("visit")
    found = await reader.many(Case, visit.case_ids)
    for case in found.values():
        require_right(case, allowed(caller), backdated=False)
    return VisitAnswer(
        visit_id=visit.id,
        programme_id=visit.programme_id,
        channel=visit.channel,
        event_id=visit.event_id,
        recorded_at=visit.recorded_at,
        life_events=list(visit.life_events),
        requests=[without_persons(found[id_]) for id_ in visit.case_ids if id_ in found],
        counter=_claimed(visit.counter) if visit.counter else None,
    )


def _claimed(claim: CounterClaim) -> CounterAnswer:
    return CounterAnswer(
        device=claim.device,
        number=claim.number,
        claimed_at=claim.claimed_at,
        clock_ahead=claim.clock_ahead,
        clock_off=claim.clock_off,
        happened_at=claim.happened_at,
    )
