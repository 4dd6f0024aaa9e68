"""Days in the programme's zone, and the day by which a request is to be finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Protocol

ZONES: Final[Mapping[str, timezone]] = {
    "Asia/Jakarta": timezone(timedelta(hours=7), "WIB"),
    "Asia/Pontianak": timezone(timedelta(hours=7), "WIB"),
    "Asia/Makassar": timezone(timedelta(hours=8), "WITA"),
    "Asia/Jayapura": timezone(timedelta(hours=9), "WIT"),
}
"""Indonesia's zones, which know no summer time (Keppres 41/1987): no zone database is needed."""

_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class Holidays(Protocol):
    """The national calendar."""

    def is_holiday(self, day: date) -> bool:
        """Return whether offices are closed: public holiday or collective leave."""
        ...


@dataclass(frozen=True, slots=True)
class CalendarExceptions:
    """Days on which a programme differs from the national calendar."""

    closed: frozenset[date] = frozenset()
    open: frozenset[date] = frozenset()


def local_day(moment: datetime, zone: str) -> date:
    """Return the day on which a moment falls in the zone."""
    return moment.astimezone(ZONES[zone]).date()


def day_end(day: date, zone: str) -> datetime:
    """Return the moment, in UTC, at which a day ends in the zone and the next begins."""
    return datetime.combine(day + _DAY, time.min, ZONES[zone]).astimezone(UTC)


def is_working_day(day: date, holidays: Holidays, exceptions: CalendarExceptions) -> bool:
    """Return whether the office works: the programme's word first, then weekend and holidays."""
    if day in exceptions.open:
        return True
    if day in exceptions.closed or day.weekday() >= _SATURDAY:
        return False
    return not holidays.is_holiday(day)


def due_day(
    received_on: date, working_days: int, holidays: Holidays, exceptions: CalendarExceptions
) -> date:
    """Return the last day of a service standard, which begins on the day after the request.

    A request of Saturday 11-03-2023 with three working days is due on Wednesday 15-03-2023: the
    BOTRAM Saturday serves and does not count (S0, S2; Perpres 21/2023: Monday to Friday).
    """
    day = received_on
    left = working_days
    while left > 0:
        day += _DAY
        left -= is_working_day(day, holidays, exceptions)
    return day
