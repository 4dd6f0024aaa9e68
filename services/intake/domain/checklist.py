"""The checklist of a case: which papers are there, which are missing, what was waived and why."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.intake.domain.catalogue import Entry, Requirement
from services.intake.domain.paper import PaperKind
from services.intake.domain.refusal import Refused
from services.intake.domain.returned import Fault, Returned


class PaperStanding(StrEnum):
    """How a requirement stands."""

    PRESENT = "present"
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
class Line:
    """One requirement of a case, and how it stands."""

    requirement: Requirement
    standing: PaperStanding
    waiver: Waiver | None = None
    fault: Fault | None = None
    """What is wrong, where the case was returned for it."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """What was waived in one case. Papers stand elsewhere, requirements in the catalogue."""

    id: str
    """The case's."""
    waivers: tuple[Waiver, ...] = ()
    version: int = 0

    def waived(self, entry: Entry, waiver: Waiver) -> "Checklist":
        """Add a waiver; the checklist itself where the requirement is waived already.

        Raises Refused: requirement_unknown, not_waivable.
        """
        requirement = entry.requirement(waiver.requirement)
        if requirement is None:
            raise Refused("requirement_unknown", "requirement_id: the case has no such requirement")
        if waiver.reason not in requirement.waivers:
            raise Refused("not_waivable", "reason: nobody may do without this paper for it")
        if self.waiver(requirement.id) is not None:
            return self
        return replace(self, version=self.version + 1, waivers=(*self.waivers, waiver))

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
        if fault is not None:
            return Line(requirement, PaperStanding.RETURNED, fault=fault)
        waiver = self.waiver(requirement.id)
        if any(alternative.kind in kinds for alternative in requirement.any_of):
            return Line(requirement, PaperStanding.PRESENT, waiver)
        if waiver is not None:
            return Line(requirement, PaperStanding.WAIVED, waiver)
        lacking = PaperStanding.IF_APPLIES if requirement.condition else PaperStanding.MISSING
        return Line(requirement, lacking)
