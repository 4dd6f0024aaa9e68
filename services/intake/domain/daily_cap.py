"""How many requests for one service a day takes, and the day on which the next one's turn comes.

What one day takes is split into shares, each kept in a document of its own, so that requests at
the same moment do not all wait for one. A request takes a place in one share and writes it alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Final

from services.intake.domain.calendar import CalendarExceptions, Holidays, is_working_day

SHARES: Final = 4
HORIZON: Final = 60
"""Days that are looked at: the first and the working days after it."""
LOOKED_AT: Final = 366
"""Days of the calendar within which the horizon must lie."""


def shares_of(cap: int) -> tuple[int, ...]:
    """Return how much of a day's cap each share holds; together they are the cap."""
    many = min(SHARES, cap)
    return tuple(cap // many + (number < cap % many) for number in range(many))


def share_order(case_id: str, many: int) -> list[int]:
    """Return in which order a case looks for a place: cases begin at different shares."""
    begin = int.from_bytes(sha256(case_id.encode()).digest()[:4], "big")
    return [(begin + step) % many for step in range(many)]


def share_id(programme_id: str, service: str, number: int) -> str:
    """Return the id of one share's document."""
    return f"{programme_id}:{service}:{number}"


def days_from(first: date, holidays: Holidays, exceptions: CalendarExceptions) -> Iterator[date]:
    """Yield the first day, whatever it is, and the working days after it, HORIZON in all."""
    yield first
    later = (first + timedelta(days=number) for number in range(1, LOOKED_AT))
    working = (day for day in later if is_working_day(day, holidays, exceptions))
    for _, day in zip(range(HORIZON - 1), working, strict=False):
        yield day


@dataclass(frozen=True, slots=True)
class DayShare:
    """The places that are taken in one share, by day."""

    id: str
    taken: Mapping[date, int] = field(default_factory=dict)
    version: int = 0

    def has_room(self, day: date, limit: int) -> bool:
        """Return whether the share has a place left on a day."""
        return self.taken.get(day, 0) < limit

    def with_one(self, day: date, today: date) -> "DayShare":
        """Take a place on a day; days before today are forgotten."""
        kept = {known: many for known, many in self.taken.items() if known >= today}
        kept[day] = kept.get(day, 0) + 1
        return replace(self, version=self.version + 1, taken=kept)
