"""Errands to systems of others over HTTP: SIAK, e-OPen and SITEPAK are asked, and asked again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.rights import allowed
from services.intake.domain import Case
from services.intake.domain.outside import Errand, Standing, System
from services.intake.usecases import Reader, require_right
from services.intake.usecases.outside import (
    OutsideSystems,
    ask_again,
    ask_outside,
    send_kept,
)
from shared.auth.roles import Caller, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.envelope import new_id
from shared.contracts.event import AggregateId
from shared.messaging.task import Outcome
from shared.runtime import Commands, CommandsDep, SentDep, gathered
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

RULES: Final[RouteRules] = {
    "POST /api/requests/{case_id}/outside": Rule({Role.OPERATOR}),
    "POST /api/requests/{case_id}/outside/again": Rule({Role.OPERATOR}),
    "GET /api/requests/{case_id}/outside": Rule({Role.OPERATOR}),
}

CasePath = Annotated[AggregateId, Path()]


@dataclass(frozen=True, slots=True)
class Asking:
    """What asking another system works with."""

    reader: Reader
    systems: OutsideSystems
    commands: Commands


AskingDep = Annotated[Asking, Depends(gathered(Asking))]


class OutsideBody(Body):
    """Which system is asked."""

    system: System


class OutsideAnswer(BaseModel):
    """How the newest errand of a case stands; `timed_out`: nothing was heard for a day."""

    system: System
    standing: Standing
    asked_at: datetime
    sent_at: datetime
    sends: int
    timed_out_at: datetime | None
    answered_at: datetime | None


router = APIRouter(prefix="/api/requests/{case_id}/outside")


@router.post("")
async def post_outside(
    case_id: CasePath,
    body: OutsideBody,
    caller: CallerDep,
    commands: CommandsDep,
    parts: AskingDep,
    sent: SentDep,
) -> OutsideAnswer:
    """Ask another system; the answer says how that stands. A replay sends nothing."""
    await _require_case(case_id, caller, parts.reader)
    errand_id = new_id()
    outcome = await commands.run(
        lambda uow: ask_outside(
            case_id, body.system, errand_id, uow, systems=parts.systems, allow=allowed(caller)
        ),
        sent=sent,
        key=case_id,
    )
    return await _sent(outcome, case_id, parts)


@router.post("/again")
async def post_again(
    case_id: CasePath,
    caller: CallerDep,
    commands: CommandsDep,
    parts: AskingDep,
    sent: SentDep,
) -> OutsideAnswer:
    """Send an errand that was not answered once more; it has one effect."""
    await _require_case(case_id, caller, parts.reader)
    outcome = await commands.run(
        lambda uow: ask_again(case_id, uow, systems=parts.systems, allow=allowed(caller)),
        sent=sent,
        key=case_id,
    )
    return await _sent(outcome, case_id, parts)


@router.get("")
async def get_outside(case_id: CasePath, caller: CallerDep, parts: AskingDep) -> OutsideAnswer:
    """Return how the newest errand of a case stands."""
    await _require_case(case_id, caller, parts.reader)
    return await _answer(case_id, parts.reader)


async def _require_case(case_id: str, caller: Caller, reader: Reader) -> None:
    """Hold the caller against a case, at a replay too."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    require_right(case, allowed(caller), backdated=False)


async def _sent(outcome: Outcome, case_id: str, parts: Asking) -> OutsideAnswer:
    """Send what was kept, and note what is said at once."""
    if not outcome.duplicate:
        await send_kept(outcome.answer, parts.systems, parts.commands)
    return await _answer(case_id, parts.reader)


async def _answer(case_id: str, reader: Reader) -> OutsideAnswer:
    errand = await reader.get(Errand, case_id)
    if errand is None:
        raise NotFound("errand")
    return OutsideAnswer(
        system=errand.system,
        standing=errand.standing,
        asked_at=errand.asked_at,
        sent_at=errand.sent_at,
        sends=errand.sends,
        timed_out_at=errand.timed_out_at,
        answered_at=errand.answered_at,
    )
