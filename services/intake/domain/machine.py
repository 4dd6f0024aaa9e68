"""Tokens that a command gave to machines, and their ends, as the trail tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from services.intake.domain.audit import Deed

EVERY_TOKEN: Final = "*"  # noqa: S105 - no token
"""In the place of a token's id: all that the machine had until then."""
_KNOWN: Final = frozenset(Deed)


class Entry(Protocol):
    """What is asked of an entry of the trail."""

    @property
    def id(self) -> str:
        """Return its id."""
        ...

    @property
    def at(self) -> datetime:
        """When it was done."""
        ...

    @property
    def deed(self) -> str:
        """What was done."""
        ...

    @property
    def actor(self) -> str:
        """By whom."""
        ...

    @property
    def about(self) -> str:
        """To which account or machine."""
        ...

    @property
    def said(self) -> tuple[str, ...]:
        """What more is noted of it."""
        ...


@dataclass(frozen=True, slots=True)
class MachineToken:
    """A token that a command gave to a machine."""

    name: str
    since: datetime
    until: datetime
    purpose: str
    grants: tuple[str, ...]
    id: str | None = None
    """None of those that were made before tokens could be ended alone."""

    @property
    def said(self) -> tuple[str, ...]:
        """Return what the trail's entry says."""
        known = (self.id,) if self.id else ()
        return (self.until.isoformat(), self.purpose, *known, *self.grants)

    @classmethod
    def of(cls, entry: Entry) -> "MachineToken":
        """Return the token that an entry tells of. Raises ValueError where it tells of none."""
        until, purpose, first, *grants = entry.said
        # A grant has its parts between colons, an id has none.
        id_, grants = (None, [first, *grants]) if ":" in first else (first, grants)
        end = datetime.fromisoformat(until)
        if end.tzinfo is None:
            raise ValueError("a time without a zone")
        return cls(entry.about, entry.at, end, purpose, tuple(grants), id_)


@dataclass(frozen=True, slots=True)
class MachineEnd:
    """That one token of a machine, or each that it had, was ended before its time."""

    name: str
    at: datetime
    token_id: str
    reason: str
    by: str

    @classmethod
    def of(cls, entry: Entry) -> "MachineEnd":
        """Return the end that an entry tells of. Raises ValueError where it tells of none."""
        token_id, reason = entry.said
        return cls(entry.about, entry.at, token_id, reason, entry.actor)

    def ends(self, token: MachineToken) -> bool:
        """Return whether this ended that token."""
        if self.token_id == EVERY_TOKEN:
            return self.name == token.name and token.since <= self.at
        return self.token_id == token.id


@dataclass(frozen=True, slots=True)
class Machines:
    """What the trail tells of machines, oldest first."""

    tokens: tuple[MachineToken, ...]
    ends: tuple[MachineEnd, ...]
    unread: tuple[str, ...] = ()
    """Entries about machines that cannot be read, by id."""

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Machines":
        """Return what entries tell of machines; all others are passed over.

        What somebody has made unreadable is of no known deed, and may have told of a machine.
        """
        tokens, ends, unread = list[MachineToken](), list[MachineEnd](), list[str]()
        for entry in entries:
            try:
                if entry.deed == Deed.MACHINE_TOKEN:
                    tokens.append(MachineToken.of(entry))
                elif entry.deed == Deed.MACHINE_ENDED:
                    ends.append(MachineEnd.of(entry))
                elif entry.deed not in _KNOWN:
                    unread.append(entry.id)
            except ValueError:
                unread.append(entry.id)
        return cls(tuple(tokens), tuple(ends), tuple(unread))

    def count(self, name: str) -> int:
        """Return how many tokens a machine was given."""
        return sum(token.name == name for token in self.tokens)

    def end_of(self, token: MachineToken) -> MachineEnd | None:
        """Return what ended a token first; None where nothing did."""
        return next((end for end in self.ends if end.ends(token)), None)

    def until(self, token: MachineToken) -> datetime:
        """Return until when a token counts or counted."""
        end = self.end_of(token)
        return token.until if end is None else min(end.at, token.until)
