"""What callers send."""

import re
from collections.abc import Sequence
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)

from services.scheduler.domain import Booth, Plan
from shared.contracts.event import ProgrammeId, PublicText, RegionCode, ServiceCode
from shared.contracts.scheduler import BoothId
from shared.contracts.text import Reason
from shared.web.body import Body, Unfit

MAX_BOOTHS: Final = 60
"""As the contract has it; the largest BOTRAM had 45 (KEMUDI 10(1) 2025)."""
MAX_SERVICES: Final = 10
"""Services at one booth, as the contract has it."""
MAX_VISITORS: Final = 1000
"""People in one count, as the contract has it."""
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


class BoothBody(Body):
    """A booth. A ticketed one offers services of the programme's catalogue."""

    booth_id: BoothId
    agency: OneLine
    services: Annotated[tuple[ServiceCode, ...], Field(min_length=1, max_length=MAX_SERVICES)]
    ticketed: StrictBool

    @field_validator("services")
    @classmethod
    def _each_once(cls, services: tuple[str, ...]) -> tuple[str, ...]:
        _unique(services, "a service twice")
        return services


class EventBody(Body):
    """An event as it shall stand."""

    programme_id: ProgrammeId
    name: OneLine
    place: OneLine
    region_code: RegionCode
    on: Day
    opens: LocalTime
    closes: LocalTime
    booths: Annotated[tuple[BoothBody, ...], Field(min_length=1, max_length=MAX_BOOTHS)]
    weekday: Weekday | None = Field(
        default=None, description="As the printed schedule has it; a difference is a warning."
    )

    @field_validator("closes")
    @classmethod
    def _after_opening(cls, closes: str, info: ValidationInfo) -> str:
        opens = info.data.get("opens")
        if opens is not None and closes <= opens:
            raise Unfit("must be later than opens, on the same day")
        return closes

    @field_validator("booths")
    @classmethod
    def _each_once(cls, booths: tuple[BoothBody, ...]) -> tuple[BoothBody, ...]:
        _unique([booth.booth_id for booth in booths], "a booth_id twice")
        return booths

    def plan(self) -> Plan:
        """Return the plan."""
        return Plan(
            programme_id=self.programme_id,
            name=self.name,
            place=self.place,
            region_code=self.region_code,
            on=self.on,
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
            booths=tuple(Booth(b.booth_id, b.agency, b.services, b.ticketed) for b in self.booths),
        )


class ServeBody(Body):
    """Who served."""

    booth_id: BoothId


class VisitBody(Body):
    """How many people walked up and were served."""

    service: ServiceCode
    visitors: Annotated[StrictInt, Field(ge=1, le=MAX_VISITORS)]


def _unique(values: Sequence[str], otherwise: str) -> None:
    if len(set(values)) < len(values):
        raise Unfit(otherwise)
