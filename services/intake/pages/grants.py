"""Grants on pages: said in words, and put together from fields that need no notation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Form

from services.intake.domain import Programme
from services.intake.usecases import Reader
from shared.auth.roles import EVERYWHERE, OF_AN_AGENCY, Caller, Grant, Role

ROLES: Final = (
    Role.OPERATOR,
    Role.AGENCY_OPERATOR,
    Role.AGENT,
    Role.PLANNER,
    Role.HEAD,
    Role.IMPORTER,
    Role.SUPERVISOR,
    Role.ADMIN,
    Role.AUDITOR,
)
"""Roles of people, in the order in which they are shown; machines have tokens by command."""
Wrong = tuple[str, str]
"""A field's name, and the key of what is wrong with it, below `accounts.wrong`."""


@dataclass(frozen=True, slots=True)
class Said:
    """A grant in words; `programme` is its name, or empty for all of them."""

    text: str
    role: str
    programme: str
    region: str
    agency: str


async def programmes_of(caller: Caller, reader: Reader) -> Mapping[str, str]:
    """Return ids and names of the programmes that the caller gives rights in; `*`: all of them."""
    found = {one.id: one.name for one in await reader.find(Programme)}
    everywhere = any(grant.programme == EVERYWHERE for grant in caller.scopes)
    if everywhere:
        return {EVERYWHERE: "", **found}
    return {id_: name for id_, name in found.items() if any(g.lies_in(id_) for g in caller.scopes)}


def said(grants: Iterable[str], names: Mapping[str, str]) -> list[Said]:
    """Return grants in words."""
    return [_said(text, Grant.parse(text), names) for text in grants]


def _said(text: str, grant: Grant, names: Mapping[str, str]) -> Said:
    programme = "" if grant.programme == EVERYWHERE else grant.programme
    region = "" if grant.region == EVERYWHERE else grant.region
    return Said(text, grant.role, names.get(programme, programme), region, grant.agency or "")


@dataclass(frozen=True)
class GrantFields:
    """The fields as they were sent."""

    roles: Sequence[str] = ()
    programme: str = ""
    region: str = ""
    agency: str = ""
    kept: Sequence[str] = ()
    """Grants of before that stay."""
    wrong: list[Wrong] = field(default_factory=list)

    def grants(self) -> tuple[str, ...]:
        """Return the grants; what is wrong with the fields is in `wrong` afterwards."""
        if not self.roles and not self.kept:
            self.wrong.append(("peran", "no_role"))
            self._hold_place()
        new = [grant for role in self.roles if (grant := self._grant(role)) is not None]
        return tuple(dict.fromkeys((*self.kept, *new)))

    def _grant(self, text: str) -> str | None:
        role = Role(text)
        agency = self.agency.strip() if role in OF_AN_AGENCY else None
        self._hold_place()
        self._hold("instansi", role, EVERYWHERE, EVERYWHERE, agency)
        return None if self.wrong else str(Grant(role, self.programme, self.region.strip(), agency))

    def _hold_place(self) -> None:
        self._hold("program", Role.HEAD, self.programme, EVERYWHERE, None)
        self._hold("wilayah", Role.HEAD, EVERYWHERE, self.region.strip(), None)

    def _hold(
        self, place: str, role: Role, programme: str, region: str, agency: str | None
    ) -> None:
        """Note a field with which there can be no grant."""
        try:
            Grant(role, programme, region, agency)
        except ValueError:
            if (wrong := (place, f"{place}_malformed")) not in self.wrong:
                self.wrong.append(wrong)


async def grant_fields(
    peran: Annotated[list[Role], Form(max_length=len(Role))] = [],  # noqa: B006 - FastAPI copies
    program: Annotated[str, Form(max_length=40)] = "",
    wilayah: Annotated[str, Form(max_length=40)] = "",
    instansi: Annotated[str, Form(max_length=60)] = "",
    tetap: Annotated[list[str], Form(max_length=20)] = [],  # noqa: B006 - FastAPI copies
) -> GrantFields:
    """Read the fields of a form."""
    return GrantFields([one.value for one in peran], program, wilayah, instansi, tetap)
