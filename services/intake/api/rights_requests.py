"""What residents ask for by their rights over their data (UU 27/2022), recorded and answered."""

from datetime import datetime
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, model_validator

from services.intake.domain import Right, RightsOutcome, RightsRequest
from services.intake.usecases import (
    AllowRegion,
    Asked,
    Reader,
    RightsFilter,
    answer_rights_request,
    record_rights_request,
)
from services.intake.usecases.reach import allowed_region
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Moment, ProgrammeId, PublicText
from shared.messaging.task import Outcome
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body, Unfit
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "POST /api/rights-requests": Rule({Role.OPERATOR, Role.SUPERVISOR}),
    "GET /api/rights-requests": Rule({Role.SUPERVISOR}),
    "POST /api/rights-requests/{request_id}/answer": Rule({Role.SUPERVISOR}),
}
PAGE: Final = 200
"""Requests in one answer at most."""


class AskedBody(Body):
    """What a resident asks for, about one of his cases or about himself; one of the two ids.

    `received_at` is when it was asked, where that was earlier: a letter's day, up to 30 days ago.
    """

    right: Right
    case_id: AggregateId | None = None
    resident_id: AggregateId | None = None
    received_at: Moment | None = None

    @model_validator(mode="after")
    def _about_one(self) -> Self:
        if (self.case_id is None) == (self.resident_id is None):
            raise Unfit("case_id or resident_id is needed, one of them")
        return self


class AnswerBody(Body):
    """How it was answered, and why so; the reason names nobody."""

    outcome: RightsOutcome
    reason: PublicText


class AskedAnswer(BaseModel):
    """Under which id it is kept, and by when it must be answered: 3 x 24 hours of the clock."""

    request_id: str
    due_at: datetime


class AnsweredAnswer(BaseModel):
    """Whether the deadline had passed."""

    missed: bool


class RightsRequestAnswer(BaseModel):
    """One request, with ids alone."""

    request_id: str
    right: Right
    programme_id: str
    region: str
    resident_id: str | None
    case_id: str | None
    received_at: datetime
    due_at: datetime
    recorded_by: str
    missed: bool
    outcome: RightsOutcome | None
    reason: str | None
    answered_at: datetime | None
    answered_by: str | None


class RightsPageAnswer(BaseModel):
    """One page; `next_cursor` leads to the next, and is null on the last."""

    items: list[RightsRequestAnswer]
    next_cursor: str | None


router = APIRouter(prefix="/api/rights-requests")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
RequestPath = Annotated[AggregateId, Path()]


@router.post("", status_code=201)
async def post_rights_request(
    body: AskedBody, caller: CallerDep, commands: CommandsDep, reader: ReaderDep, sent: SentDep
) -> AskedAnswer:
    """Record what a resident asks for; from then on its deadline runs."""
    allow = allowed_region(caller)
    asked = Asked(body.right, body.case_id, body.resident_id, body.received_at)
    outcome = await commands.run(
        lambda uow: record_rights_request(asked, uow, allow=allow),
        sent=sent,
        key=body.case_id or body.resident_id or "",
    )
    await _replayed(outcome, outcome.answer["request_id"], allow, reader)
    return AskedAnswer(**outcome.answer)


@router.get("")
async def list_rights_requests(
    caller: CallerDep,
    reader: ReaderDep,
    programme_id: Annotated[ProgrammeId, Query()],
    answered: Annotated[bool | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = 50,
    cursor: Annotated[AggregateId | None, Query()] = None,
) -> RightsPageAnswer:
    """Return what residents of the caller's regions ask for, the nearest deadline first.

    `answered=true` are those with an answer, all others wait for one.
    """
    regions = caller.regions(programme_id)
    after = await reader.get(RightsRequest, cursor) if cursor else None
    if cursor and after is None:
        raise NotFound("cursor")
    found = await reader.rights_requests(
        RightsFilter(programme_id, regions, not answered, after, limit + 1)
    )
    items = [_answer(one) for one in found[:limit]]
    more = len(found) > limit
    return RightsPageAnswer(items=items, next_cursor=items[-1].request_id if more else None)


@router.post("/{request_id}/answer")
async def post_answer(
    request_id: RequestPath,
    body: AnswerBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> AnsweredAnswer:
    """Keep how a request was answered; it waits no more."""
    allow = allowed_region(caller)
    outcome = await commands.run(
        lambda uow: answer_rights_request(request_id, body.outcome, body.reason, uow, allow=allow),
        sent=sent,
        key=request_id,
    )
    await _replayed(outcome, request_id, allow, reader)
    return AnsweredAnswer(**outcome.answer)


async def _replayed(outcome: Outcome, request_id: str, allow: AllowRegion, reader: Reader) -> None:
    """Check a replay like the first sending: the token may be another one by now."""
    if not outcome.duplicate:
        return
    request = await reader.get(RightsRequest, request_id)
    if request is None:
        raise NotFound("request")
    allow(request.programme_id, request.region)


def _answer(request: RightsRequest) -> RightsRequestAnswer:
    return RightsRequestAnswer(
        request_id=request.id,
        right=request.right,
        programme_id=request.programme_id,
        region=request.region,
        resident_id=request.resident_id,
        case_id=request.case_id,
        received_at=request.received_at,
        due_at=request.due_at,
        recorded_by=request.recorded_by,
        missed=request.missed,
        outcome=request.outcome,
        reason=request.reason,
        answered_at=request.answered_at,
        answered_by=request.answered_by,
    )
