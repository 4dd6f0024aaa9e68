"""A case's people on a page: their numbers masked, and every look at them kept first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from services.intake.domain import ERASED, Case, Party, mask_nik, mask_phone
from services.intake.usecases import Told
from shared.auth.roles import Caller


class ShowsPeople(Protocol):
    """Opens what was said of a case's people, and keeps the look first."""

    async def shown_to(
        self, caller: Caller, request: Request, case: Case, reason: str | None
    ) -> Mapping[Party, Told | None]:
        """Return what was said of each; None of an erased one."""
        ...

    async def comment_on(self, case: Case) -> str:
        """Return what the applicant said of the service, to whoever was shown him; or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Shown:
    """One of a case's people as the page shows him."""

    party: Party
    erased: bool
    name: str
    nik: str
    phone: str
    address: str


def shown_person(party: Party, told: Told | None, case: Case, *, whole: bool) -> Shown:
    """Return one of a case's people; his numbers masked unless they are shown whole."""
    if told is None:
        return Shown(party, True, ERASED, "", "", "")  # noqa: FBT003 - he is erased
    person = told.person
    nik, phone, address = person.nik or "", person.phone or "", person.address or ""
    goes = party is Party.APPLICANT and (case.pick_up or case.deliver)
    return Shown(
        party=party,
        erased=False,
        name=person.name,
        nik=nik if whole or not nik else mask_nik(nik),
        phone=phone if whole or not phone else mask_phone(phone),
        address=address if goes else "",
    )
