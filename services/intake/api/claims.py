"""Claims over HTTP: an officer takes a case, and lets it go. Who holds it is told to nobody."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.rights import allowed, replayed_case
from services.intake.usecases import Reader, allowed_as, claim_case, release_claim
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.guard import CallerDep

RULES: Final[RouteRules] = {
    "POST /api/requests/{case_id}/claim": Rule({Role.OPERATOR}),
    "DELETE /api/requests/{case_id}/claim": Rule({Role.OPERATOR, Role.SUPERVISOR}),
}

router = APIRouter(prefix="/api/requests/{case_id}/claim")
CasePath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


class ClaimAnswer(BaseModel):
    """Until when the case is the caller's, unless work on it renews that."""

    until: datetime


@router.post("")
async def post_claim(
    case_id: CasePath, caller: CallerDep, commands: CommandsDep, reader: ReaderDep, sent: SentDep
) -> ClaimAnswer:
    """Take a case; one's own claim is renewed. 409 `claimed` where another officer holds it."""
    outcome = await commands.run(
        lambda uow: claim_case(case_id, uow, allow=allowed(caller)), sent=sent, key=case_id
    )
    await replayed_case(outcome, case_id, caller, reader)
    return ClaimAnswer(until=outcome.answer["until"])


@router.delete("", status_code=204)
async def delete_claim(
    case_id: CasePath, caller: CallerDep, commands: CommandsDep, reader: ReaderDep, sent: SentDep
) -> None:
    """Let anybody take the case; the claim of another is a supervisor's to end."""
    supervises = allowed_as(caller, {Role.SUPERVISOR})
    outcome = await commands.run(
        lambda uow: release_claim(case_id, uow, allow=allowed(caller), allow_others=supervises),
        sent=sent,
        key=case_id,
    )
    await replayed_case(outcome, case_id, caller, reader)
