"""A resident: one person of one programme, whom several cases share, and the key that opens him.

What a person said stands with the case that it was said for, sealed with the resident's key: a
later request changes nothing of an earlier one. Erasing the key erases the person; his cases stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused

ERASED: Final = "dihapus"
"""What stands where an erased resident's name was."""

CASES_LIMIT: Final = 1_000
"""Cases that one resident may have a part in: his document lists what he said for each."""


class Party(StrEnum):
    """What a resident is to a case. A child's card is asked for by a parent: two parties."""

    APPLICANT = "applicant"
    SUBJECT = "subject"
    REPORTER = "reporter"
    PHONE_OWNER = "phone_owner"
    PROXY = "proxy"
    GUARDIAN = "guardian"
    """Who consents for a child (UU 27/2022 article 25)."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """That nothing is processed for somebody (UU 27/2022 article 41): since when, by whom, why."""

    since: datetime
    by: str
    """The account."""
    reason: str
    """A public text: it names nobody."""


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody of one programme. It holds ids alone, so that he can be erased without a search."""

    id: str
    programme_id: str
    last_case_at: datetime
    version: int = 1
    lookups: tuple[str, ...] = ()
    """Ids of the `Lookup`s that lead here."""
    said: tuple[str, ...] = ()
    """Ids of the `Statement`s that are sealed with his key, the oldest first."""
    asked: tuple[str, ...] = ()
    """Ids of the `OpenRequests` that are his."""
    erased_at: datetime | None = None
    leaving: bool = False
    """His erasure is decided, and carried out next."""
    restriction: Restriction | None = None
    former: tuple[str, ...] = ()
    """Ids of the `Statement`s that corrections have replaced, the oldest first."""

    @property
    def gone(self) -> bool:
        """Return whether nothing may be added to him any more."""
        return self.leaving or self.erased_at is not None

    def joined(self, statement_id: str, at: datetime, asked: str | None) -> "Resident":
        """Add what he said for one more case. The version rises, so an erasure at once is seen.

        Raises Refused: too_many_cases.
        """
        if len(self.said) >= CASES_LIMIT:
            why = f"resident: this person has a part in {CASES_LIMIT} requests already"
            raise Refused("too_many_cases", why)
        known = self.asked if asked is None or asked in self.asked else (*self.asked, asked)
        return replace(
            self,
            version=self.version + 1,
            last_case_at=max(self.last_case_at, at),
            said=(*self.said, statement_id),
            asked=known,
        )

    def found_by(self, lookup_id: str) -> "Resident":
        """Add a look-up that leads here, in a version that is not stored yet."""
        if lookup_id in self.lookups:
            return self
        return replace(self, lookups=(*self.lookups, lookup_id))

    def sealed_for(self) -> "Resident":
        """Note that something more is sealed for him, beside what he said for a case.

        The version rises, so an erasure at once is seen. Raises Refused where nothing may be added.
        """
        if self.gone:
            raise Refused("erased", "resident: he has been erased, or is about to be")
        return replace(self, version=self.version + 1)

    def leave(self) -> "Resident":
        """Note that his erasure is decided."""
        return replace(self, version=self.version + 1, leaving=True)

    def restricted(self, by: str, at: datetime, reason: str) -> "Resident":
        """Stop the processing for him. Raises Refused where it is stopped already."""
        self.require_processing()
        stopped = Restriction(at, by, reason)
        return replace(self, version=self.version + 1, restriction=stopped)

    def lifted(self) -> "Resident":
        """Let the processing go on. Raises Refused where it is not stopped."""
        if self.restriction is None:
            raise Refused("not_restricted", "resident: no restriction is set")
        return replace(self, version=self.version + 1, restriction=None)

    def require_processing(self) -> None:
        """Refuse while the processing is stopped, and say the way out."""
        if self.restriction is not None:
            why = "resident: the processing is stopped at his word; lift the restriction first"
            raise Refused("restricted", why)

    def erased(self, at: datetime) -> "Resident":
        """Forget everything but that there was somebody."""
        return replace(
            self,
            version=self.version + 1,
            lookups=(),
            said=(),
            asked=(),
            restriction=None,
            former=(),
            erased_at=self.erased_at or at,
        )


@dataclass(frozen=True, slots=True)
class ResidentKey:
    """A resident's key, wrapped by the master key of this id; without both it is destroyed."""

    id: str
    master: str | None = None
    sealed: str | None = field(default=None, repr=False)
    version: int = 1

    @property
    def destroyed(self) -> bool:
        """Return whether nothing opens with it any more."""
        return self.sealed is None

    def rewrapped(self, master: str, sealed: str) -> "ResidentKey":
        """Return the same key wrapped by another master key."""
        return replace(self, version=self.version + 1, master=master, sealed=sealed)

    def destroy(self) -> "ResidentKey":
        """Return what is left of it: that there was one."""
        return replace(self, version=self.version + 1, master=None, sealed=None)


@dataclass(frozen=True, slots=True)
class Statement:
    """What was said of one party of a case, each field sealed with the resident's key."""

    id: str
    resident_id: str
    sealed: Mapping[str, str]
    version: int = 1


def statement_id(case_id: str, party: Party) -> str:
    """Return the id of what was said of a party of a case."""
    return f"{case_id}.{party}"


def case_of(statement: str) -> str:
    """Return the case that a statement's id names."""
    return statement.rpartition(".")[0]


def party_of(statement: str) -> str:
    """Return the party that a statement's id names."""
    return statement.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Lookup:
    """Leads from the keyed hash of an identity to the resident. The id is the hash."""

    id: str
    resident_id: str
    version: int = 1

    def to(self, resident_id: str) -> "Lookup":
        """Return the look-up as it leads to another resident."""
        return replace(self, resident_id=resident_id, version=self.version + 1)
