"""Residents over HTTP: how one stands, and his erasure, asked for by one and approved by another.

A resident belongs to a programme and has no region: whoever acts on him has the right to work on
each of his requests. Nothing here shows a person.
"""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.intake.api.resident_commands import ReaderDep, ResidentCommandDep, ResidentPath
from services.intake.api.rights import allowed
from services.intake.domain import Case, Erasure, ErasureState, Resident, case_of
from services.intake.usecases import (
    Eraser,
    Reader,
    approve_erasure,
    ask_erasure,
    require_right,
)
from services.intake.usecases.erasure import decline_erasure
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import PublicText
from shared.runtime import provided
from shared.runtime.commands import ANSWER_WITHIN
from shared.web.body import Body
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, NotFound, Unavailable

_WORKERS: Final = {Role.OPERATOR, Role.SUPERVISOR}
RULES: Final[RouteRules] = {
    "GET /api/residents/{resident_id}": Rule(_WORKERS),
    "POST /api/residents/{resident_id}/erasure": Rule(_WORKERS, fresh=True),
    "POST /api/residents/{resident_id}/erasure/approval": Rule({Role.SUPERVISOR}, fresh=True),
    "POST /api/residents/{resident_id}/erasure/refusal": Rule({Role.SUPERVISOR}, fresh=True),
}

router = APIRouter(prefix="/api/residents/{resident_id}")
EraserDep = Annotated[Eraser, Depends(provided(Eraser))]


class RefusalBody(Body):
    """Why; the resident reads it, and it names nobody, for it stands in the trail."""

    reason: PublicText


class ErasureAnswer(BaseModel):
    """How an erasure stands; it ends by itself at `until` where nobody approves it."""

    state: ErasureState
    until: datetime
    reason: str | None = None
    """Why it was declined."""


class RestrictedAnswer(BaseModel):
    """That nothing is processed for him: since when, by which account, why."""

    since: datetime
    by: str
    reason: str


class ResidentAnswer(BaseModel):
    """A resident without what he said: his requests, and what is decided about him."""

    resident_id: str
    programme_id: str
    cases: list[str]
    erasure: ErasureAnswer | None
    restriction: RestrictedAnswer | None


@router.get("")
async def get_resident(
    resident_id: ResidentPath, caller: CallerDep, reader: ReaderDep
) -> ResidentAnswer:
    """Return how a resident stands; of an erased one there is nothing (404)."""
    resident = await reader.get(Resident, resident_id)
    if resident is None or resident.gone:
        raise NotFound("resident")
    cases = list(dict.fromkeys(case_of(said) for said in resident.said))
    for case_id in cases:
        case = await reader.get(Case, case_id)
        if case is not None:
            require_right(case, allowed(caller), backdated=False)
    erasure = await reader.get(Erasure, resident_id)
    return ResidentAnswer(
        resident_id=resident.id,
        programme_id=resident.programme_id,
        cases=cases,
        erasure=_stands(erasure) if erasure else None,
        restriction=_restricted(resident),
    )


def _stands(erasure: Erasure) -> ErasureAnswer:
    return ErasureAnswer(state=erasure.state, until=erasure.until, reason=erasure.reason)


def _restricted(resident: Resident) -> RestrictedAnswer | None:
    stopped = resident.restriction
    return RestrictedAnswer(**asdict(stopped)) if stopped else None


@router.post("/erasure")
async def post_erasure(command: ResidentCommandDep, eraser: EraserDep) -> ErasureAnswer:
    """Ask that a resident be erased. It waits 72 hours for the approval of another account."""
    _require_list(eraser)
    answer = await command.run(lambda id_, uow, allow: ask_erasure(id_, uow, allow=allow))
    return ErasureAnswer(state=answer["state"], until=answer["until"])


@router.post("/erasure/approval")
async def post_approval(
    command: ResidentCommandDep, reader: ReaderDep, eraser: EraserDep
) -> ErasureAnswer:
    """Approve what another account has asked for: the resident is erased for ever."""
    _require_list(eraser)
    answer = await command.run(lambda id_, uow, allow: approve_erasure(id_, uow, allow=allow))
    await _carry_out(command.resident_id, reader, eraser)
    return ErasureAnswer(state=answer["state"], until=answer["until"])


@router.post("/erasure/refusal")
async def post_refusal(body: RefusalBody, command: ResidentCommandDep) -> ErasureAnswer:
    """Decline what was asked for, or take it back; whoever tracks a request of his reads why."""
    answer = await command.run(
        lambda id_, uow, allow: decline_erasure(id_, body.reason, uow, allow=allow)
    )
    return ErasureAnswer(state=answer["state"], until=answer["until"], reason=body.reason)


async def _carry_out(resident_id: str, reader: Reader, eraser: Eraser) -> None:
    """Carry out what is decided; whatever is cut off here is done in the background."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            decided = await reader.get(Erasure, resident_id)
            if decided is not None and decided.state is ErasureState.APPROVED:
                await eraser.carry_out(decided)
    except (TimeoutError, OSError):
        raise Unavailable("the erasure is decided and not carried out yet") from None


def _require_list(eraser: Eraser) -> None:
    if not eraser.ready:
        why = "resident: no list of erasures is set (INTAKE_ERASURE_LIST), so nobody can be erased"
        raise Conflict(why, reason="no_erasure_list")
