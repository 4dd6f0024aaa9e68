"""A resident's restriction over HTTP: set, and lifted, each with its reason for the trail."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from services.intake.api.resident_commands import ResidentCommandDep
from services.intake.usecases import lift_restriction, restrict
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import PublicText
from shared.web.body import Body

_PATH: Final = "/api/residents/{resident_id}/restriction"
_WORKERS: Final = {Role.OPERATOR, Role.SUPERVISOR}
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule(_WORKERS, fresh=True),
    f"POST {_PATH}/lift": Rule(_WORKERS, fresh=True),
}

router = APIRouter(prefix=_PATH)


class RestrictionBody(Body):
    """Why; it names nobody, for it stands in the trail."""

    reason: PublicText


class RestrictionAnswer(BaseModel):
    """Since when nothing is processed for him; null where it goes on."""

    since: datetime | None


@router.post("")
async def post_restriction(body: RestrictionBody, command: ResidentCommandDep) -> RestrictionAnswer:
    """Stop the processing for a resident: his requests and steps are refused until it is lifted."""
    answer = await command.run(lambda id_, uow, allow: restrict(id_, body.reason, uow, allow=allow))
    return RestrictionAnswer(since=answer["since"])


@router.post("/lift")
async def post_lift(body: RestrictionBody, command: ResidentCommandDep) -> RestrictionAnswer:
    """Let the processing go on."""
    answer = await command.run(
        lambda id_, uow, allow: lift_restriction(id_, body.reason, uow, allow=allow)
    )
    return RestrictionAnswer(since=answer["since"])
