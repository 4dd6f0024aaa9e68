"""A resident's restriction over HTTP: set, and lifted, each with its reason for the trail."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.rights import allowed, replayed_resident
from services.intake.usecases import Reader, lift_restriction, restrict
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, PublicText
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.body import Body
from shared.web.guard import CallerDep

_PATH: Final = "/api/residents/{resident_id}/restriction"
_WORKERS: Final = {Role.OPERATOR, Role.SUPERVISOR}
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule(_WORKERS, fresh=True),
    f"POST {_PATH}/lift": Rule(_WORKERS, fresh=True),
}

router = APIRouter(prefix=_PATH)
ResidentPath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


class RestrictionBody(Body):
    """Why; it names nobody, for it stands in the trail."""

    reason: PublicText


class RestrictionAnswer(BaseModel):
    """Since when nothing is processed for him; null where it goes on."""

    since: datetime | None


@router.post("")
async def post_restriction(
    resident_id: ResidentPath,
    body: RestrictionBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> RestrictionAnswer:
    """Stop the processing for a resident: his requests and steps are refused until it is lifted."""
    outcome = await commands.run(
        lambda uow: restrict(resident_id, body.reason, uow, allow=allowed(caller)),
        sent=sent,
        key=resident_id,
    )
    await replayed_resident(outcome, caller, reader)
    return RestrictionAnswer(since=outcome.answer["since"])


@router.post("/lift")
async def post_lift(
    resident_id: ResidentPath,
    body: RestrictionBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    sent: SentDep,
) -> RestrictionAnswer:
    """Let the processing go on."""
    outcome = await commands.run(
        lambda uow: lift_restriction(resident_id, body.reason, uow, allow=allowed(caller)),
        sent=sent,
        key=resident_id,
    )
    await replayed_resident(outcome, caller, reader)
    return RestrictionAnswer(since=outcome.answer["since"])
