"""People of a case beside its applicant, named afterwards."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel

from services.intake.api.fields import invalid
from services.intake.api.requests import PartyBody, require_province
from services.intake.api.rights import allowed, replayed_case
from services.intake.api.sealed import openable
from services.intake.domain import LookupKeys, Refused, require_party
from services.intake.usecases import Reader, Regions, Vault, name_party
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId
from shared.runtime import CommandsDep, SentDep, provided
from shared.web.guard import CallerDep

RULES: Final[RouteRules] = {
    "POST /api/requests/{case_id}/parties": Rule({Role.OPERATOR, Role.AGENT}),
}

router = APIRouter(prefix="/api/requests/{case_id}/parties")
CasePath = Annotated[AggregateId, Path()]
ReaderDep = Annotated[Reader, Depends(provided(Reader))]
RegionsDep = Annotated[Regions, Depends(provided(Regions))]
LookupsDep = Annotated[LookupKeys, Depends(provided(LookupKeys))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]


class WarningsAnswer(BaseModel):
    """What the request still lacks that the law asks for."""

    warnings: list[str]


@router.post("")
async def post_party(
    case_id: CasePath,
    body: PartyBody,
    caller: CallerDep,
    commands: CommandsDep,
    reader: ReaderDep,
    regions: RegionsDep,
    lookups: LookupsDep,
    vault: VaultDep,
    sent: SentDep,
) -> WarningsAnswer:
    """Name somebody of an open request, such as a child's guardian; each party once."""
    named = body.named()
    require_province(regions, named.person, "/nik")
    try:
        require_party(named)
    except Refused as refused:
        raise invalid(refused) from None
    with openable():
        outcome = await commands.run(
            lambda uow: name_party(
                case_id, named, uow, vault=vault, lookups=lookups, allow=allowed(caller)
            ),
            sent=sent,
            key=case_id,
        )
    await replayed_case(outcome, case_id, caller, reader)
    return WarningsAnswer(warnings=outcome.answer["warnings"])
