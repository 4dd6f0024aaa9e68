"""Where a resident can go: coming events, service points and ways in from home."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.intake.domain import (
    Catalogue,
    ChannelPromise,
    PlannedEvent,
    Programme,
    Promise,
    ServicePoint,
    local_day,
    within,
)
from services.intake.usecases.catalogues import current_catalogue
from services.intake.usecases.ports import Catalogues, Reader

EVENTS_SHOWN: Final = 200
"""Coming events that are looked at, the nearest first."""
AT_PLACE: Final = frozenset({"event"})
"""Channels for which somebody comes to a place; the others begin at home."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: a sub-district and a service, each may be left open."""

    subdistrict: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """An event with the programme that it is of."""

    event: PlannedEvent
    programme: Programme

    @property
    def services(self) -> tuple[str, ...]:
        """Return the names of what its booths offer, as far as the programme names them."""
        known = self.programme.catalogue
        return tuple(known[code].name for code in sorted(self.event.services & known.keys()))

    @property
    def others(self) -> bool:
        """Return whether booths of other offices are there too."""
        return not self.event.services <= self.programme.catalogue.keys()


@dataclass(frozen=True, slots=True)
class Point:
    """A service point of a programme; `near`: in the very sub-district that was asked for."""

    point: ServicePoint
    programme: Programme
    near: bool


@dataclass(frozen=True, slots=True)
class WayIn:
    """A channel that begins at home, with what it may promise of the service asked for."""

    channel: str
    programme: Programme
    promise: ChannelPromise | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """All that was found, the sub-district's own first."""

    here: Mapping[date, Sequence[Coming]]
    elsewhere: Mapping[date, Sequence[Coming]]
    points: Sequence[Point]
    ways: Sequence[WayIn]


async def places(
    wanted: Wanted,
    programmes: Sequence[Programme],
    now: datetime,
    reader: Reader,
    catalogues: Catalogues,
) -> Places:
    """Return where somebody from this sub-district can go for this service."""
    reached = {one.id: one for one in programmes if _reaches(one, wanted)}
    # A day earlier: what is today in one zone was yesterday in another.
    found = await reader.events_since(now.date() - timedelta(days=1), EVENTS_SHOWN)
    coming = [
        Coming(event, reached[event.programme_id])
        for event in found
        if event.programme_id in reached and _comes(event, reached[event.programme_id], now, wanted)
    ]
    here = [one for one in coming if _near(one.event.region_code, wanted)]
    return Places(
        here=_by_day(here),
        elsewhere=_by_day([one for one in coming if one not in here]),
        points=sorted(_points(reached.values(), wanted), key=lambda one: not one.near),
        ways=[way for one in reached.values() for way in await _ways(one, wanted, catalogues)],
    )


def _reaches(programme: Programme, wanted: Wanted) -> bool:
    lives_there = not wanted.subdistrict or within(wanted.subdistrict, programme.region_code)
    return lives_there and (not wanted.service or wanted.service in programme.catalogue)


def _comes(event: PlannedEvent, programme: Programme, now: datetime, wanted: Wanted) -> bool:
    offered = not wanted.service or wanted.service in event.services
    return offered and not event.is_over(now, local_day(now, programme.time_zone))


def _near(region: str, wanted: Wanted) -> bool:
    return not wanted.subdistrict or within(region, wanted.subdistrict)


def _by_day(coming: Sequence[Coming]) -> Mapping[date, Sequence[Coming]]:
    days: dict[date, list[Coming]] = {}
    for one in sorted(coming, key=_hour):
        days.setdefault(one.event.on, []).append(one)
    return days


def _hour(one: Coming) -> tuple[date, str, str]:
    opens = one.event.opens_at
    return one.event.on, opens.isoformat() if opens else "", one.event.name


def _points(programmes: Iterable[Programme], wanted: Wanted) -> Iterator[Point]:
    for programme in programmes:
        for point in programme.service_points:
            if wanted.service and point.services and wanted.service not in point.services:
                continue
            near = bool(wanted.subdistrict) and within(point.region_code, wanted.subdistrict)
            if near or not _of_other_subdistrict(point, wanted):
                yield Point(point, programme, near)


def _of_other_subdistrict(point: ServicePoint, wanted: Wanted) -> bool:
    """Return whether a point lies in one sub-district for certain, and in another than wanted."""
    return bool(wanted.subdistrict) and not within(wanted.subdistrict, point.region_code)


async def _ways(programme: Programme, wanted: Wanted, catalogues: Catalogues) -> Sequence[WayIn]:
    channels = [channel for channel in programme.channels if channel not in AT_PLACE]
    if not wanted.service:
        return [WayIn(channel, programme) for channel in channels]
    catalogue = await current_catalogue(programme, catalogues)
    ways = (WayIn(one, programme, _promised(catalogue, wanted.service, one)) for one in channels)
    return [way for way in ways if way.promise is None or way.promise.promise is not Promise.NONE]


def _promised(catalogue: Catalogue | None, service: str, channel: str) -> ChannelPromise | None:
    entry = catalogue.entry_for(service, None) if catalogue else None
    return entry.promised(channel) if entry else None
