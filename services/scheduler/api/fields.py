"""Values in scheduler's bodies and queries: days, times of day, names, weekdays."""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from shared.contracts.event import PublicText
from shared.contracts.text import Reason
from shared.web.body import Unfit

FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(value: object) -> object:
    # pydantic would also take seconds since 1970 for a day.
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise Unfit("a day is written 2023-03-11")
    if not isinstance(value, str | date):
        raise Unfit("a day is a text such as 2023-03-11")
    return value


def _near(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Unfit(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


Day = Annotated[date, BeforeValidator(_written_out), AfterValidator(_near)]
LocalTime = Annotated[
    str,
    Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="By the programme's own clock.",
        examples=["09:00"],
    ),
    Reason("a time of day is written 09:00, from 00:00 to 23:59"),
]


def _trimmed(text: str) -> str:
    if text != text.strip():
        raise Unfit("no space at the beginning or the end")
    return text


OneLine = Annotated[PublicText, AfterValidator(_trimmed)]
"""A public name without a space at its ends."""


class Weekday(StrEnum):
    """A day of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        """Return the weekday of a day."""
        return tuple(cls)[day.weekday()]

    @property
    def number(self) -> int:
        """Return 0 for Monday to 6 for Sunday."""
        return tuple(Weekday).index(self)
