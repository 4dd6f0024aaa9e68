"""Whom an agent visits, told to his browser by intake itself: courier knows no person.

Only who carries the job now is told, only while there is something to carry, and no more than the
way to the door takes: name, address and phone, the number whole so that he can call.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from services.intake.api.person_reads import AccessReason, log_read
from services.intake.api.sealed import openable
from services.intake.domain import Case, Party
from services.intake.usecases import Reader, Vault, paused, told_of
from shared.auth.roles import Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, provided
from shared.web.guard import CallerDep
from shared.web.problems import Conflict, NotFound, Problem

RULES: Final[RouteRules] = {"GET /api/requests/{case_id}/address": Rule({Role.AGENT})}

router = APIRouter(prefix="/api/requests")


class AddressAnswer(BaseModel):
    """Whom to visit."""

    name: str
    address: str | None
    phone: str | None


@router.get("/{case_id}/address")
async def get_address(
    case_id: Annotated[AggregateId, Path()],
    request: Request,
    caller: CallerDep,
    commands: CommandsDep,
    reader: Annotated[Reader, Depends(provided(Reader))],
    vault: Annotated[Vault, Depends(provided(Vault))],
    reason: AccessReason = None,
) -> AddressAnswer:
    """Return whom to visit. The look is in the access log before he is told."""
    case = await reader.get(Case, case_id)
    if case is None:
        raise NotFound("request")
    caller.require(programme=case.programme_id, region=case.region_code)
    if not case.is_carried_by(caller.subject):
        raise Forbidden("the job is another agent's, or has ended")
    if await paused(case, reader):
        raise Conflict("the processing is stopped for a person of it", reason="restricted")
    await log_read(request, caller, case_id, reason, commands)
    with openable():
        told = await told_of(case, Party.APPLICANT, reader, vault)
    if told is None:
        raise Problem(410, "erased", "The resident has been erased")
    person = told.person
    return AddressAnswer(name=person.name, address=person.address, phone=person.phone)
