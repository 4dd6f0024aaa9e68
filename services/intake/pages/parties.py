"""Somebody of a case who is named afterwards, on its page: a guardian, a proxy, who reports."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.responses import RedirectResponse, Response

from services.intake.domain import (
    Basis,
    LookupKeys,
    NamedParty,
    Party,
    Person,
    Refused,
    checked_name,
    checked_nik,
    local_day,
    require_party,
)
from services.intake.domain.person import born_by
from services.intake.pages.ask_form import typed_day
from services.intake.pages.desk import DESK
from services.intake.pages.desk_case import CASE, CaseDeskDep, CasePath, case_page
from services.intake.usecases import (
    KeyMissing,
    Regions,
    Vault,
    allowed_as,
    checked_phone,
    name_party,
)
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.runtime import built, provided
from shared.web.sealed import openable

PARTIES: Final = f"{CASE}/orang"
RULES: Final[RouteRules] = {
    f"GET {PARTIES}": Rule({Role.OPERATOR, Role.SUPERVISOR}),
    f"POST {PARTIES}": Rule({Role.OPERATOR}),
}
_MOST: Final = 300
"""Characters of a field, as a form sends it."""
Typed = Annotated[str, Form(max_length=_MOST)]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class PartyForm:
    """What was typed of somebody."""

    sebagai: str
    nama: str
    nik: str
    hp: str
    lahir: str
    dasar: str
    yakin: str
    """The name of whom the request is for, as it was shown and confirmed."""

    def named(self, today: date, regions: Regions) -> NamedParty:
        """Return the party that this describes. Raises Refused with the name of the field."""
        party = Party(self.sebagai) if self.sebagai in set(Party) else None
        if party is None:
            raise Refused("sebagai", "sebagai: what somebody is to the request")
        name = _checked("nama", self.nama, checked_name)
        nik = _checked("nik", self.nik, checked_nik) if self.nik.strip() else None
        if nik is not None and not regions.known(nik[:2]):
            raise Refused("nik", "nik: its first two digits are no province")
        phone = _checked("hp", self.hp, checked_phone) if self.hp.strip() else None
        person = Person(name, nik, phone, birth_date=self._born(today))
        named = NamedParty(party, person, self._basis(party))
        require_party(named)
        if party is Party.SUBJECT and self.yakin != name:
            # Nobody is taken out of a case again, and this one decides whose document it is.
            raise Refused("yakin", "yakin: whom the request is for is confirmed by his name")
        return named

    def _born(self, today: date) -> str | None:
        if not self.lahir.strip():
            return None
        born = typed_day(self.lahir)
        if born is None or not born_by(born, today):
            raise Refused("lahir", "lahir: no such day, or it is yet to come")
        return born.isoformat()

    def _basis(self, party: Party) -> Basis | None:
        if party is Party.PROXY:
            return Basis.POWER_OF_ATTORNEY
        if party is not Party.GUARDIAN:
            return None
        if self.dasar not in set(Basis):
            raise Refused("dasar", "dasar: on what a guardian speaks for a child")
        return Basis(self.dasar)


async def party_form(
    sebagai: Typed = "",
    nama: Typed = "",
    nik: Typed = "",
    hp: Typed = "",
    lahir: Typed = "",
    dasar: Typed = "",
    yakin: Typed = "",
) -> PartyForm:
    """Read the fields of the form."""
    return PartyForm(sebagai, nama, nik, hp, lahir, dasar, yakin)


@dataclass(frozen=True, slots=True)
class Naming:
    """What naming somebody works with."""

    regions: Annotated[Regions, Depends(provided(Regions))]
    lookups: Annotated[LookupKeys, Depends(provided(LookupKeys))]
    vault: Annotated[Vault, Depends(provided(Vault))]


@router.get(PARTIES)
async def back_to_case(at: CaseDeskDep, case_id: CasePath) -> Response:
    """Go to the case: what whoever signs in anew at a refused form is led to."""
    return RedirectResponse(at.desk.pages.at(f"{DESK}/{case_id}"), status_code=303)


@router.post(PARTIES)
async def post_party(
    at: CaseDeskDep,
    case_id: CasePath,
    form: Annotated[PartyForm, Depends(party_form)],
    parts: Annotated[Naming, Depends(built(Naming))],
) -> Response:
    """Name somebody, or show the page again with what is wrong and what was typed."""
    case = await at.one(case_id)
    allow = allowed_as(at.desk.caller, {Role.OPERATOR})
    typed = asdict(form)
    try:
        named = form.named(local_day(at.desk.clock(), case.time_zone), parts.regions)
        with openable("the person's", KeyMissing):
            await at.desk.form.run(
                at.commands,
                lambda uow: name_party(
                    case_id, named, uow, vault=parts.vault, lookups=parts.lookups, allow=allow
                ),
                "\n".join(typed.values()),
                case_id,
            )
    except Refused as refused:
        return await case_page(at, await at.one(case_id), refused=refused, typed=typed)
    to = at.desk.pages.at(f"{DESK}/{case_id}?selesai=orang")
    return RedirectResponse(to, status_code=303)


def _checked(field: str, typed: str, check: Callable[[str], str]) -> str:
    try:
        return check(typed)
    except Refused as refused:
        raise Refused(field, f"{field}: {refused.detail}") from None
