"""Hints over HTTP: open requests about the same person for the same service."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.rights import allowed
from services.intake.domain import Case, Fact, State
from services.intake.usecases import Reader, require_right
from services.intake.usecases.hints import hints_among, hints_of
from services.intake.usecases.reach import within_reach
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "GET /api/requests/{case_id}/hints": Rule({Role.OPERATOR, Role.AGENT}),
}


class HintAnswer(BaseModel):
    """Another open request that may be the same one, without its person."""

    case_id: str
    service: str
    channel: str
    region_code: str
    event_id: str | None
    state: State
    received_at: datetime


class HintsAnswer(BaseModel):
    """Hints within the caller's reach, the oldest first. Nothing is merged."""

    items: list[HintAnswer]


router = APIRouter(prefix="/api/requests/{case_id}/hints")


@router.get("")
async def get_hints(
    case_id: Annotated[AggregateId, Path()],
    caller: CallerDep,
    reader: Annotated[Reader, Depends(provided(Reader))],
) -> HintsAnswer:
    """Return open requests about the same person for the same service."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    require_right(case, allowed(caller), backdated=False)
    found = within_reach(await hints_of(case, reader), caller)
    return HintsAnswer(items=[_answer(one) for one in found])


async def hinted(case_id: str, earlier: Iterable[str], caller: Caller, reader: Reader) -> list[str]:
    """Return the hints of a request that was just recorded, within the caller's reach."""
    ids = list(earlier)
    case = await reader.get(Case, case_id) if ids else None
    if case is None:
        return []
    return [one.id for one in within_reach(await hints_among(case, ids, reader), caller)]


def _answer(case: Case) -> HintAnswer:
    return HintAnswer(
        case_id=case.id,
        service=case.service,
        channel=case.channel,
        region_code=case.region_code,
        event_id=case.event_id,
        state=case.state,
        received_at=case.facts[Fact.RECEIVED],
    )
