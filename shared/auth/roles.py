"""Roles, how far each reaches, and the person or machine that holds them."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

EVERYWHERE = "*"
"""As programme or region of a grant: all of them. As a target: only who holds all may."""

_PROGRAMME = re.compile(r"\*|[a-z][a-z0-9_]{0,39}")
_REGION = re.compile(r"\*|[0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{4})?)?)?")


class Role(StrEnum):
    """What somebody is there to do."""

    OPERATOR = "operator"
    """Records and works requests, at a booth or in the office."""
    AGENT = "agent"
    """Fetches and brings papers in a neighbourhood (RW)."""
    PLANNER = "planner"
    """Plans series, events and booths."""
    HEAD = "head"
    """Heads the office and reads its figures."""
    ADMIN = "admin"
    """Keeps programmes and agents."""
    SERVICE = "service"
    """A machine of ours that reads."""
    CHANNEL = "channel"
    """A system of others in which residents ask, such as e-OPen: it records requests, no more."""
    IMPORTER = "importer"
    """May send facts of the past: what occurred earlier than now."""


class Forbidden(Exception):  # noqa: N818 - the HTTP answer's own name
    """The caller is known and may not do this; `reason` holds no personal data."""

    safe_to_log: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grant:
    """One role in one programme and one region, each of which may be `*`.

    Programmes are tenants: a grant in one gives nothing in another. `region` is a Kemendagri code
    and reaches everything below it. Raises ValueError on a malformed programme or region.
    """

    role: Role
    programme: str
    region: str

    def __post_init__(self) -> None:
        if not _PROGRAMME.fullmatch(self.programme):
            raise ValueError("a grant's programme is * or its id")
        if not _REGION.fullmatch(self.region):
            raise ValueError("a grant's region is * or a Kemendagri code such as 32.16.18")

    @classmethod
    def parse(cls, text: str) -> "Grant":
        """The grant written as `role:programme:region`; ValueError when it is not one."""
        parts = text.split(":")
        if len(parts) != len(("role", "programme", "region")):
            raise ValueError("a grant is written role:programme:region")
        return cls(Role(parts[0]), parts[1], parts[2])

    def __str__(self) -> str:
        return f"{self.role}:{self.programme}:{self.region}"

    def covers(self, programme: str, region: str) -> bool:
        """Whether this reaches that programme and region, compared segment by segment."""
        if self.programme not in (EVERYWHERE, programme):
            return False
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
        return any(grant.programme in (EVERYWHERE, programme) for grant in self.grants)

    def reach(self, programme: str, roles: Collection[Role] | None = None) -> frozenset[str]:
        """The regions of that programme in which these roles act, `*` for all of it, or none.

        Without `roles`: all that the route lets act. Nothing acts that the route does not let.
        """
        return frozenset(
            grant.region
            for grant in self.scopes
            if grant.programme in (EVERYWHERE, programme) and (roles is None or grant.role in roles)
        )

    def regions(self, programme: str) -> frozenset[str]:
        """The regions of that programme that a list may show; Forbidden where there is none."""
        if not (found := self.reach(programme)):
            raise Forbidden("no role that this route allows in this programme")
        return found

    def may(self, roles: Collection[Role], *, programme: str, region: str) -> bool:
        """Whether one of these roles is held for that programme and region."""
        return any(grant.role in roles and grant.covers(programme, region) for grant in self.grants)

    def acting_as(self, roles: Iterable[Role]) -> "Caller":
        """The same caller on a route that lets these roles act; Forbidden when none is held."""
        acting = self.roles.intersection(roles)
        if not acting:
            raise Forbidden("no role that this route allows")
        return replace(self, acting=acting)

    def require(self, *, programme: str, region: str) -> None:
        """Refuse unless a role that the route allows is held for that programme and region.

        Raises Forbidden. Without this call a route is open to every programme.
        """
        if not self.may(self.acting, programme=programme, region=region):
            raise Forbidden("no role that this route allows in this programme and region")
