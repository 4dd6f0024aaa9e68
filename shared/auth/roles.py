"""Roles, how far each reaches, and the person or machine that holds them."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar

EVERYWHERE = "*"
"""As programme or region of a grant: all of them. As a target: only who holds all may."""

FRESH = timedelta(minutes=10)
"""How long a sign-in counts as fresh: for changes of rights, unmasking, export and erasure."""

_PROGRAMME = re.compile(r"\*|[a-z][a-z0-9_]{0,39}")
_REGION = re.compile(r"\*|[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?")
_AGENCY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Role(StrEnum):
    """What somebody is there to do."""

    OPERATOR = "operator"
    """Records and works requests, at a booth or in the office."""
    AGENT = "agent"
    """Fetches and brings papers in a neighbourhood (RW)."""
    PLANNER = "planner"
    """Plans series, events and booths."""
    HEAD = "head"
    """Heads an office or a region (regent, camat) and reads the figures of that region."""
    SUPERVISOR = "supervisor"
    """Leads operators and agents: sees their work, hears of stolen devices and ends them."""
    AGENCY_OPERATOR = "agency_operator"
    """Works at the booths of one partner agency, which the grant names."""
    ADMIN = "admin"
    """Keeps programmes, agents and accounts."""
    AUDITOR = "auditor"
    """Reads trails: who signed in, was granted, exported, looked at a person; changes nothing."""
    SERVICE = "service"
    """A machine of ours that reads."""
    CHANNEL = "channel"
    """A system of others in which residents ask, such as e-OPen: it records requests, no more."""
    IMPORTER = "importer"
    """May send facts of the past: what occurred earlier than now."""


OF_AN_AGENCY = frozenset({Role.AGENCY_OPERATOR})
"""Roles whose grants name an agency, and reach what is that agency's alone."""


class Forbidden(Exception):  # noqa: N818 - the HTTP answer's own name
    """The caller is known and may not do this; `reason` holds no personal data."""

    safe_to_log: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one programme and one region, each of which may be `*`, and maybe one agency.

    Programmes are tenants: a grant in one gives nothing in another. `region` is a Kemendagri code
    and reaches everything below it. A grant with an `agency` reaches nothing but what is that
    agency's. Raises ValueError on what is malformed, and on an agency where the role has none.
    """

    role: Role
    programme: str
    region: str
    agency: str | None = None

    def __post_init__(self) -> None:
        if not _PROGRAMME.fullmatch(self.programme):
            raise ValueError("a grant's programme is * or its id")
        if not _REGION.fullmatch(self.region):
            raise ValueError("a grant's region is * or a Kemendagri code such as 32.16.18")
        if (self.role in OF_AN_AGENCY) != (self.agency is not None):
            raise ValueError(f"a grant names an agency if its role is {', '.join(OF_AN_AGENCY)}")
        if self.agency is not None and not _AGENCY.fullmatch(self.agency):
            raise ValueError(
                "a grant's agency has 1 to 40 of a-z 0-9 _ -, and begins with a letter"
            )

    @classmethod
    def parse(cls, text: str) -> "Grant":
        """The grant written as `role:programme:region[:agency]`; ValueError when it is not one."""
        match text.split(":"):
            case [role, programme, region]:
                return cls(Role(role), programme, region)
            case [role, programme, region, agency]:
                return cls(Role(role), programme, region, agency)
            case _:
                raise ValueError("a grant is written role:programme:region[:agency]")

    def __str__(self) -> str:
        agency = "" if self.agency is None else f":{self.agency}"
        return f"{self.role}:{self.programme}:{self.region}{agency}"

    def covers(self, programme: str, region: str, agency: str | None = None) -> bool:
        """Whether this reaches that programme and region, and what is that agency's there.

        Regions are compared segment by segment. Without `agency` it is nobody's in particular, and
        a grant that names one does not reach it.
        """
        if self.agency not in (None, agency):
            return False
        return self.lies_in(programme) and self._reaches(region)

    def lies_in(self, programme: str) -> bool:
        """Whether this is a grant of that programme."""
        return self.programme in (EVERYWHERE, programme)

    def _reaches(self, region: str) -> bool:
        if self.region == EVERYWHERE:
            return True
        mine, theirs = self.region.split("."), region.split(".")
        return theirs[: len(mine)] == mine


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a verified token names.

    `acting` are the roles that the rule of the route at hand lets act: none until the guard has
    said so, so that a check that comes too early refuses.
    """

    subject: str
    grants: tuple[Grant, ...]
    expires_at: datetime | None = None
    acting: frozenset[Role] = frozenset()
    session: str | None = None
    """The session of an account; None for a machine, whose token comes by command."""
    issued_at: datetime | None = None
    token_id: str | None = None
    """Which token it is: of a machine it can be ended alone."""
    signed_in_at: datetime | None = None
    """When the person last proved who he is, with password and second factor."""

    @property
    def roles(self) -> frozenset[Role]:
        """Every role held anywhere; for navigation, not for decisions."""
        return frozenset(grant.role for grant in self.grants)

    @property
    def scopes(self) -> tuple[Grant, ...]:
        """The grants that count on this route: what a list may show."""
        return tuple(grant for grant in self.grants if grant.role in self.acting)

    def belongs_to(self, programme: str) -> bool:
        """Whether any grant is held in that programme: what a list of programmes may show."""
        return any(grant.lies_in(programme) for grant in self.grants)

    def within(self, programme: str) -> tuple[Grant, ...]:
        """The counting grants of that programme, of one agency or of all; Forbidden without any."""
        found = tuple(grant for grant in self.scopes if grant.lies_in(programme))
        if not found:
            raise Forbidden("no role that this route allows in this programme")
        return found

    def agencies(self, programme: str, region: str) -> frozenset[str]:
        """The agencies of which the caller may see something there; `*` for all, or none."""
        return frozenset(
            grant.agency or EVERYWHERE
            for grant in self.scopes
            if grant.covers(programme, region, grant.agency)
        )

    def reach(self, programme: str, roles: Collection[Role] | None = None) -> frozenset[str]:
        """The regions of that programme in which these roles act, `*` for all of it, or none.

        Without `roles`: all that the route lets act. Nothing acts that the route does not let, and
        grants of one agency never count: who asks by region sees what is everybody's there.
        """
        return frozenset(
            grant.region
            for grant in self.scopes
            if grant.agency is None
            and grant.lies_in(programme)
            and (roles is None or grant.role in roles)
        )

    def regions(self, programme: str) -> frozenset[str]:
        """The regions of that programme that a list may show; Forbidden where there is none."""
        if not (found := self.reach(programme)):
            raise Forbidden("no role that this route allows in this programme")
        return found

    def may(
        self, roles: Collection[Role], *, programme: str, region: str, agency: str | None = None
    ) -> bool:
        """Whether one of these roles is held for that programme and region, and that agency."""
        return any(
            grant.role in roles and grant.covers(programme, region, agency) for grant in self.grants
        )

    def fresh(self, now: datetime) -> bool:
        """Whether the person proved who he is within FRESH; a machine never did."""
        return self.signed_in_at is not None and now - self.signed_in_at <= FRESH

    def acting_as(self, roles: Iterable[Role]) -> "Caller":
        """The same caller on a route that lets these roles act; Forbidden when none is held."""
        acting = self.roles.intersection(roles)
        if not acting:
            raise Forbidden("no role that this route allows")
        return replace(self, acting=acting)

    def require(self, *, programme: str, region: str, agency: str | None = None) -> None:
        """Refuse unless a role that the route allows is held for that programme and region.

        `agency` is whose the thing is, where it is one agency's. Raises Forbidden. Without this
        call a route is open to every programme.
        """
        if not self.may(self.acting, programme=programme, region=region, agency=agency):
            raise Forbidden("no role that this route allows in this programme and region")
