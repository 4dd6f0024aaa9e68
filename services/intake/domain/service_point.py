"""Where a programme is reached beside its events: counters, malls, a unit, an address online."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenHours:
    """When a point is open on one day of the week: 1 is Monday, times are `08:00`, local."""

    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """One point, as far as somebody has stated it: what is empty nobody has said.

    `region_code` is as exact as is known: a village, a sub-district, or the regency alone.
    """

    name: str
    region_code: str
    place: str | None = None
    online: bool = False
    """It is an address of the net, not a place to go to."""
    hours: tuple[OpenHours, ...] = ()
    services: tuple[str, ...] = ()
    source: str | None = None
    """Where it says so."""
