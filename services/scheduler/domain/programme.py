"""Scheduler's copy of a programme: where it works, by which clock and calendar, what it offers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.scheduler.domain.offer import Offer, OfferKind
from services.scheduler.domain.policy import Policy

_SATURDAY = 5
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Caution:
    """What a planner should know of a day and may nevertheless decide; `reason` is stable."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme as intake last published it."""

    id: str
    version: int
    name: str
    owner: str
    region_code: str
    time_zone: str
    services: tuple[str, ...]
    closed: tuple[date, ...] = ()
    open: tuple[date, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    """What services are called, by their codes."""
    line: Policy = field(default_factory=Policy)
    """In which order its lines are called."""
    whatsapp: bool = False
    """Requests are taken by WhatsApp."""
    at_home: tuple[str, ...] = ()
    """Services for which papers are fetched and documents brought."""

    def reaches(self, region_code: str) -> bool:
        """Return whether a region lies in the programme's, compared segment by segment."""
        mine = self.region_code.split(".")
        return region_code.split(".")[: len(mine)] == mine

    def offers(self, service: str) -> Iterator[Offer]:
        """Yield the ways to a service that the programme itself runs."""
        if self.whatsapp and service in self.services:
            yield Offer(OfferKind.WHATSAPP)
        if service in self.at_home:
            yield Offer(OfferKind.COURIER)

    def cautions(self, on: date, holiday: str | None, stated: int | None) -> Iterator[Caution]:
        """Yield what is unusual about a day: no day is forbidden, because Saturday is custom.

        `holiday` is the national one on that day, `stated` the weekday (Monday is 0) that the
        schedule has in print: two of the 23 printed in 2024 were wrong (KEMUDI 10(1) 2025).
        """
        if stated is not None and stated != on.weekday():
            said = f"{on} is a {_WEEKDAYS[on.weekday()]}, not a {_WEEKDAYS[stated]}"
            yield Caution("weekday_differs", said)
        if on in self.closed:
            yield Caution("holiday", "closed by the programme's own calendar")
        elif holiday and on not in self.open:
            yield Caution("holiday", holiday)
        elif on in self.open or on.weekday() < _SATURDAY:
            yield Caution(
                "working_day", f"{_WEEKDAYS[on.weekday()]}: the office works that day too"
            )
