"""Requests that stay in a state longer than the SOP allows, for those whom it says to tell."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from services.intake.api.cases import PAGE
from services.intake.domain import Case, State
from services.intake.usecases import CaseFilter, Reader
from shared.auth.roles import Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, ProgrammeId
from shared.runtime import provided
from shared.web.guard import CallerDep

RULES: Final[RouteRules] = {
    "GET /api/late-requests": Rule({Role.SUPERVISOR, Role.HEAD}),
}


class LateAnswer(BaseModel):
    """A request that is late in its state, without its person."""

    case_id: str
    service: str
    channel: str
    region_code: str
    event_id: str | None
    state: State
    due_on: date | None
    in_state_since: datetime | None
    late_in_state_since: datetime | None
    escalated_at: datetime | None
    told: tuple[str, ...]
    """Roles that the SOP says to tell, so far."""


class LatePage(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[LateAnswer]
    next_cursor: str | None


router = APIRouter(prefix="/api/late-requests")


@router.get("")
async def list_late(
    caller: CallerDep,
    reader: Annotated[Reader, Depends(provided(Reader))],
    programme_id: Annotated[ProgrammeId, Query()],
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
    cursor: Annotated[AggregateId | None, Query()] = None,
) -> LatePage:
    """Return what is late in the caller's regions, oldest first.

    A supervisor sees all of it, a head what the SOP says to tell the head.
    """
    leads = caller.reach(programme_id, {Role.SUPERVISOR})
    heads = caller.reach(programme_id, {Role.HEAD})
    if not leads | heads:
        raise Forbidden("no role that this route allows in this programme")
    wanted = CaseFilter(
        programme_id, leads, None, None, None, cursor, limit + 1, late=True, head_regions=heads
    )
    found = await reader.cases(wanted)
    items = [_answer(case) for case in found[:limit]]
    more = len(found) > limit
    return LatePage(items=items, next_cursor=items[-1].case_id if more else None)


def _answer(case: Case) -> LateAnswer:
    waits = case.waits
    return LateAnswer(
        case_id=case.id,
        service=case.service,
        channel=case.channel,
        region_code=case.region_code,
        event_id=case.event_id,
        state=case.state,
        due_on=case.due_on,
        in_state_since=waits.since if waits else None,
        late_in_state_since=waits.late_since if waits else None,
        escalated_at=waits.escalated_at if waits else None,
        told=waits.told if waits else (),
    )
