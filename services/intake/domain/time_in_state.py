"""How long a case may stay in a state, by the programme's calendar or by the clock."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.calendar import (
    ZONES,
    CalendarExceptions,
    Holidays,
    day_end,
    due_day,
    is_working_day,
    local_day,
)

_DAY: Final = timedelta(days=1)


class Unit(StrEnum):
    """What time is counted in."""

    WORKING_DAYS = "working_days"
    """Like the service standard: from the next working day on, to the end of the last."""
    WORKING_HOURS = "working_hours"
    """Hours in which the office is open."""
    CLOCK_HOURS = "clock_hours"


@dataclass(frozen=True, slots=True)
class Opening:
    """When the office is open on a working day, in the programme's zone."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class OfficeTime:
    """What working time is counted by. `opening` is None where no hours are counted."""

    zone: str
    holidays: Holidays
    exceptions: CalendarExceptions
    opening: Opening | None = None

    def works(self, day: date) -> bool:
        """Return whether the office works on a day."""
        return is_working_day(day, self.holidays, self.exceptions)


@dataclass(frozen=True, slots=True)
class Allowed:
    """A time that is allowed."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"

    def soonest(self, since: datetime, zone: str) -> datetime:
        """Return the earliest moment at which it can end, whatever days the office is closed."""
        if self.unit is Unit.WORKING_DAYS:
            return day_end(_first_day(since, zone) + self.amount * _DAY, zone)
        return since + timedelta(hours=self.amount)

    def end(self, since: datetime, office: OfficeTime) -> datetime:
        """Return when it ends, in UTC."""
        if self.unit is Unit.WORKING_DAYS:
            first = _first_day(since, office.zone)
            last = due_day(first, self.amount, office.holidays, office.exceptions)
            return day_end(last, office.zone)
        if self.unit is Unit.WORKING_HOURS and office.opening is not None:
            opening = office.opening
            return _after_hours(since, self.amount, opening, office.zone, office.works)
        return since + timedelta(hours=self.amount)


def _first_day(since: datetime, zone: str) -> date:
    """Return the day behind which whole days are counted: what ends with a day ended on it."""
    return local_day(since - timedelta.resolution, zone)


def _after_hours(
    since: datetime, hours: int, opening: Opening, zone: str, works: Callable[[date], bool]
) -> datetime:
    """Return the moment at which so many hours of open doors have passed."""
    left = timedelta(hours=hours)
    day = local_day(since, zone)
    while True:
        begin = max(since, datetime.combine(day, opening.opens, ZONES[zone]))
        end = datetime.combine(day, opening.closes, ZONES[zone])
        if begin < end and works(day):
            if left <= end - begin:
                return (begin + left).astimezone(UTC)
            left -= end - begin
        day += _DAY


@dataclass(frozen=True, slots=True)
class TimeInState:
    """Since when a case is in a state that has its time, and what came of it."""

    since: datetime
    late_since: datetime | None = None
    """When the time allowed had passed."""
    escalated_at: datetime | None = None
    """When the second time had passed."""
    told: tuple[str, ...] = ()
    """Roles that are told."""

    @property
    def counts_from(self) -> datetime:
        """Return from when the time that runs now is counted."""
        return self.late_since or self.since

    def passed(self, at: datetime, told: str) -> "TimeInState":
        """Note that the time that runs has passed, and who is told."""
        roles = (*self.told, told) if told not in self.told else self.told
        if self.late_since is None:
            return replace(self, late_since=at, told=roles)
        return replace(self, escalated_at=at, told=roles)
