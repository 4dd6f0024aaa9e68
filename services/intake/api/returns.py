"""Returns over HTTP: a case goes back to its resident for some papers, and comes back."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from services.intake.api.catalogues import MAX_REQUIREMENTS
from services.intake.api.rights import allowed, replayed_case
from services.intake.domain import Case, Fault, ReturnedItem
from services.intake.usecases import Reader, resubmit, return_case
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, Slug
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "POST /api/requests/{case_id}/return": Rule({Role.OPERATOR}),
    "POST /api/requests/{case_id}/resubmission": Rule({Role.OPERATOR}),
}

router = APIRouter(prefix="/api/requests/{case_id}")
CasePath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


class ItemBody(Body):
    """One requirement of the case's catalogue, and what is wrong with its papers."""

    requirement_id: Slug
    fault: Fault


class ReturnBody(Body):
    """What is to be brought anew."""

    items: list[ItemBody] = Field(min_length=1, max_length=MAX_REQUIREMENTS)


class ReturnedAnswer(BaseModel):
    """The requirements that the case waits for; none: it is in the queue."""

    waits_for: list[str]


@router.post("/return")
async def post_return(
    case_id: CasePath,
    body: ReturnBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> ReturnedAnswer:
    """Return a case to its resident. 409 `returned_already` where another was quicker."""
    items = [ReturnedItem(one.requirement_id, one.fault) for one in body.items]
    outcome = await commands.run(
        lambda uow: return_case(case_id, items, uow, allow=allowed(caller)), sent=sent, key=case_id
    )
    await replayed_case(outcome, case_id, caller, reader)
    return await _answer(case_id, reader)


@router.post("/resubmission")
async def post_resubmission(
    case_id: CasePath, caller: CallerDep, commands: CommandsDep, reader: ReaderDep, sent: SentDep
) -> ReturnedAnswer:
    """Take a returned case back with what there is, as where papers are shown at a counter."""
    outcome = await commands.run(
        lambda uow: resubmit(case_id, uow, allow=allowed(caller)), sent=sent, key=case_id
    )
    await replayed_case(outcome, case_id, caller, reader)
    return await _answer(case_id, reader)


async def _answer(case_id: str, reader: Reader) -> ReturnedAnswer:
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    items = case.returned.items if case.returned else ()
    return ReturnedAnswer(waits_for=[one.requirement for one in items])
