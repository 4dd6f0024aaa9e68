"""The checklist of a case: which papers are there or were seen, what is missing or waived."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.catalogue import Entry, Requirement
from services.intake.domain.paper import PaperKind
from services.intake.domain.refusal import Refused
from services.intake.domain.returned import Fault, Returned

NO_REQUIREMENT: Final = "the case has no such requirement"


class PaperStanding(StrEnum):
    """How a requirement stands."""

    PRESENT = "present"
    SEEN = "seen"
    """An officer saw it on paper; no file of it is here."""
    WAIVED = "waived"
    MISSING = "missing"
    IF_APPLIES = "if_applies"
    """Not there, and needed only in the case that its condition says."""
    RETURNED = "returned"
    """To be brought anew, whatever papers of its kind are bound."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """That an operator does without a requirement. `by`: the pseudonymous account."""

    requirement: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """That an officer saw a requirement's paper, as at a counter. `by`: the pseudonymous account.

    `at` is when the office came to know of it: what a laptop claims stands with its visit.
    """

    requirement: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement of a case, and how it stands."""

    requirement: Requirement
    standing: PaperStanding
    waiver: Waiver | None = None
    fault: Fault | None = None
    """What is wrong, where the case was returned for it."""
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Checklist:
    """What was seen and waived in one case. Files stand elsewhere, as the catalogue does."""

    id: str
    """The case's."""
    waivers: tuple[Waiver, ...] = ()
    version: int = 0
    seen: tuple[Seen, ...] = ()
    """The first look at each since it was returned last."""

    def waived(self, entry: Entry, waiver: Waiver) -> "Checklist":
        """Add a waiver; the checklist itself where the requirement is waived already.

        Raises Refused: requirement_unknown, not_waivable.
        """
        requirement = _required(entry, waiver.requirement)
        if waiver.reason not in requirement.waivers:
            raise Refused("not_waivable", "reason: nobody may do without this paper for it")
        if self.waiver(requirement.id) is not None:
            return self
        return replace(self, version=self.version + 1, waivers=(*self.waivers, waiver))

    def shown(self, entry: Entry, seen: Seen, *, anew: bool = False) -> "Checklist":
        """Add that a paper was seen; the checklist itself where it was before.

        `anew`: it was returned since, and what counts is this look. Raises Refused:
        requirement_unknown.
        """
        requirement = _required(entry, seen.requirement)
        if self.sight(requirement.id) is not None and not anew:
            return self
        others = tuple(one for one in self.seen if one.requirement != requirement.id)
        return replace(self, version=self.version + 1, seen=(*others, seen))

    def sight(self, requirement_id: str) -> Seen | None:
        """Return the look at a requirement's paper that counts, or None."""
        return next((one for one in self.seen if one.requirement == requirement_id), None)

    def waiver(self, requirement_id: str) -> Waiver | None:
        """Return a requirement's waiver, or None."""
        return next((one for one in self.waivers if one.requirement == requirement_id), None)

    def lines(
        self, entry: Entry, kinds: Collection[PaperKind], returned: Returned | None = None
    ) -> tuple[Line, ...]:
        """Return the requirements with how they stand, given the kinds of papers that are bound."""
        return tuple(self._line(one, kinds, returned) for one in entry.requirements)

    def _line(
        self, requirement: Requirement, kinds: Collection[PaperKind], returned: Returned | None
    ) -> Line:
        fault = returned.fault_of(requirement.id) if returned else None
        waiver, seen = self.waiver(requirement.id), self.sight(requirement.id)
        if fault is not None:
            return Line(requirement, PaperStanding.RETURNED, fault=fault, seen=seen)
        standing = PaperStanding.IF_APPLIES if requirement.condition else PaperStanding.MISSING
        if any(alternative.kind in kinds for alternative in requirement.any_of):
            standing = PaperStanding.PRESENT
        elif seen is not None:
            standing = PaperStanding.SEEN
        elif waiver is not None:
            standing = PaperStanding.WAIVED
        return Line(requirement, standing, waiver, seen=seen)


def _required(entry: Entry, requirement_id: str) -> Requirement:
    requirement = entry.requirement(requirement_id)
    if requirement is None:
        raise Refused("requirement_unknown", f"requirement_id: {NO_REQUIREMENT}")
    return requirement
