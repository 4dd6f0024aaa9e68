"""A correction of what is held about a resident, over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, model_validator

from services.intake.api.fields import Address, BirthDate, Name, Nik, Phone
from services.intake.api.requests import require_province
from services.intake.api.resident_commands import ResidentCommandDep
from services.intake.api.sealed import openable
from services.intake.domain import LookupKeys, Person
from services.intake.usecases import Regions, Sealing, Vault, correct
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import provided
from shared.web.body import Body, Unfit

_PATH: Final = "/api/residents/{resident_id}/correction"
RULES: Final[RouteRules] = {
    f"POST {_PATH}": Rule({Role.OPERATOR, Role.SUPERVISOR}, fresh=True),
}

router = APIRouter(prefix=_PATH)
RegionsDep = Annotated[Regions, Depends(provided(Regions))]
LookupsDep = Annotated[LookupKeys, Depends(provided(LookupKeys))]
VaultDep = Annotated[Vault, Depends(provided(Vault))]


class CorrectionBody(Body):
    """What is right, at least one of these; what is not named stays."""

    name: Name | None = None
    nik: Nik | None = None
    phone: Phone | None = None
    address: Address | None = None
    birth_date: BirthDate | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "CorrectionBody":
        if not self.wanted:
            raise Unfit("one of name, nik, phone, address, birth_date is needed")
        return self

    @property
    def wanted(self) -> dict[str, str]:
        """Return the fields that are corrected."""
        return self.model_dump(mode="json", exclude_none=True)


class CorrectionAnswer(BaseModel):
    """The requests in which it was corrected."""

    corrected: list[str]


@router.post("")
async def post_correction(
    body: CorrectionBody,
    command: ResidentCommandDep,
    regions: RegionsDep,
    lookups: LookupsDep,
    vault: VaultDep,
) -> CorrectionAnswer:
    """Correct a resident in his open requests; closed ones keep what was said."""
    require_province(regions, Person("", body.nik), "/nik")
    by = Sealing(vault, lookups)
    with openable():
        answer = await command.run(
            lambda id_, uow, allow: correct(id_, body.wanted, uow, by=by, allow=allow)
        )
    return CorrectionAnswer(corrected=answer["corrected"])
