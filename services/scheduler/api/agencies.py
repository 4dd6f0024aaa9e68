"""Agencies of a programme over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel

from services.scheduler.api.fields import OneLine
from services.scheduler.api.parts import READERS, ReaderDep
from services.scheduler.domain import Agency, AgencyKind, Programme
from services.scheduler.usecases import name_agency
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.contracts.scheduler import AgencyId
from shared.runtime import CommandsDep, SentDep
from shared.web.body import Body
from shared.web.guard import CallerDep

router = APIRouter(prefix="/api/programmes/{programme_id}/agencies")
RULES: Final[RouteRules] = {
    "PUT /api/programmes/{programme_id}/agencies/{agency_id}": Rule({Role.PLANNER}),
    "GET /api/programmes/{programme_id}/agencies": READERS,
}


class AgencyBody(Body):
    """What an agency is called, and what it is."""

    name: OneLine
    kind: AgencyKind


class AgencyAnswer(BaseModel):
    """An agency of a programme."""

    agency_id: str
    name: str
    kind: AgencyKind
    version: int


@router.put("/{agency_id}")
async def put_agency(
    programme_id: Annotated[ProgrammeId, Path()],
    agency_id: Annotated[AgencyId, Path()],
    body: AgencyBody,
    caller: CallerDep,
    commands: CommandsDep,
    sent: SentDep,
) -> AgencyAnswer:
    """Name an agency of the programme; the same content again changes nothing."""
    wanted = Agency(programme_id, agency_id, body.name, body.kind)

    def allow(programme: Programme) -> None:
        caller.require(programme=programme.id, region=programme.region_code)

    outcome = await commands.run(
        lambda uow: name_agency(wanted, uow, allow=allow), sent=sent, key=wanted.id
    )
    return AgencyAnswer(agency_id=agency_id, name=body.name, kind=body.kind, version=outcome.answer)


@router.get("")
async def list_agencies(
    programme_id: Annotated[ProgrammeId, Path()], caller: CallerDep, reader: ReaderDep
) -> list[AgencyAnswer]:
    """Return the agencies of a programme in which the caller may read, by id."""
    caller.within(programme_id)
    return [
        AgencyAnswer(agency_id=a.agency_id, name=a.name, kind=a.kind, version=a.version)
        for a in await reader.agencies(programme_id)
    ]
