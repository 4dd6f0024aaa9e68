"""A return for correction: which requirements of a case its resident is to bring anew, and why."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Fault(StrEnum):
    """What is wrong with the papers of one requirement; each has its words in `texts.toml`."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    """A page, a side or a signature lacks."""
    OUT_OF_DATE = "out_of_date"
    OF_ANOTHER = "of_another"
    """A paper of another person, or another paper than the one that is needed."""
    NOT_ORIGINAL = "not_original"
    """A photo of a copy, where the original is to be photographed."""
    DIFFERS = "differs"
    """What stands in it is not what stands in the population data."""


@dataclass(frozen=True, slots=True)
class ReturnedItem:
    """One requirement, and what is wrong with it."""

    requirement: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Returned:
    """That a case waits for its resident. `by`: the pseudonymous account that returned it."""

    items: tuple[ReturnedItem, ...]
    """What has not been brought anew yet."""
    by: str
    at: datetime

    def fault_of(self, requirement_id: str) -> Fault | None:
        """Return what is wrong with a requirement; None where nothing is."""
        found = (one.fault for one in self.items if one.requirement == requirement_id)
        return next(found, None)

    def without(self, requirements: Collection[str]) -> "Returned | None":
        """Return what still waits once these are brought; None: nothing, so the case is back."""
        left = tuple(one for one in self.items if one.requirement not in requirements)
        return replace(self, items=left) if left else None
