"""Our copies of what others publish: programmes, and events with their booths."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.reporting.domain.counting import SUB_DISTRICT


def lies_in(region: str, outer: str) -> bool:
    """Return whether a region is the other or lies in it, compared segment by segment."""
    above = outer.split(".")
    return region.split(".")[: len(above)] == above


@dataclass(frozen=True, slots=True)
class Programme:
    """Our copy of a programme.

    `services` are the names of its catalogue by code, `questions` what its satisfaction survey
    asks beside the nine elements, by code.
    """

    id: str
    version: int
    name: str
    owner: str
    region_code: str
    time_zone: str
    services: Mapping[str, str]
    questions: Mapping[str, str] = field(default_factory=dict)

    def parts(self, regions: Iterable[str]) -> frozenset[str]:
        """Return those of the regions that are a part of this programme's and are counted.

        Nothing is counted below the sub-district.
        """
        return frozenset(
            region
            for region in regions
            if len(region) <= SUB_DISTRICT and lies_in(region, self.region_code)
        )


@dataclass(frozen=True, slots=True)
class Booth:
    """A booth of one agency at an event."""

    id: str
    agency: str


@dataclass(frozen=True, slots=True)
class EventPlan:
    """Our copy of an event: where and when it is, who stands there, and with which services."""

    id: str
    version: int
    programme_id: str
    name: str
    place: str
    region_code: str
    on: date
    opens_at: datetime
    closes_at: datetime
    booths: tuple[Booth, ...]
    services: tuple[str, ...]
    cancelled: bool = False
