"""What was counted, put together for those who read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, TypeVar

from services.reporting.domain import (
    NONE,
    Amounts,
    By,
    Cell,
    EventPlan,
    Measure,
    Period,
    Programme,
    Totals,
    lies_in,
)
from shared.auth.roles import Grant

T = TypeVar("T")

_HUNDREDTH: Final = Decimal("0.01")


class Clock(Protocol):
    """Tells the time, aware."""

    def __call__(self) -> datetime:
        """Return the time now."""
        ...


class Split(StrEnum):
    """Along what a programme's totals can be asked for."""

    SERVICE = "service"
    REGION = "region"
    CHANNEL = "channel"
    DAY = "day"
    EVENT = "event"
    COMPLAINT = "complaint"
    """Kind of complaint; each counts in the month in which it came, on its first day."""


BY_REGION: Final = frozenset({Split.REGION, Split.EVENT})
"""Along what the figures of a part of a programme are known: each row of these has its region."""


class Revision(NamedTuple):
    """Which state of an event's figures: it changes with them."""

    generation: int
    number: int
    updated_at: datetime


class Reader(Protocol):
    """What was counted, and our copies of programmes and events."""

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        ...

    async def find(self, kept: type[T]) -> Sequence[T]:
        """Return all of a type, in order of ids."""
        ...

    async def events(self, grants: Sequence[Grant]) -> Sequence[EventPlan]:
        """Return events that any of the grants covers, newest first."""
        ...

    async def names(self, event_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the names of those events that we know, by id."""
        ...

    async def places(self, event_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the regions of those events that we know, by id."""
        ...

    async def event_totals(self, programme_id: str, event_id: str) -> Totals:
        """Return every counter of one event."""
        ...

    async def event_sums(self, events: Sequence[EventPlan]) -> Totals:
        """Return the counters of these events that split nothing."""
        ...

    async def totals(self, programme_id: str, by: By, period: Period) -> Totals:
        """Return a programme's counters of these days, along one split."""
        ...

    async def revisions(self, event_ids: Iterable[str]) -> Mapping[str, Revision]:
        """Return how often and when last the figures of these events changed."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a split, with its name where we know one.

    `share` is its part of the requests received, in percent.
    """

    value: str
    name: str | None
    amounts: Amounts
    share: Decimal | None = None

    @property
    def label(self) -> str:
        """Return what to call it."""
        return self.name or self.value

    def of(self, measure: Measure) -> int:
        """Return one figure."""
        return self.amounts.get(measure, 0)


class Known(NamedTuple):
    """An event that we have a plan of, and its programme."""

    plan: EventPlan
    programme: Programme


@dataclass(frozen=True, slots=True)
class EventReport:
    """The figures of one event. `hours` are moments such as 2023-03-11T09 in the zone."""

    plan: EventPlan
    programme: Programme
    updated_at: datetime | None
    total: Row
    services: Sequence[Row]
    hours: Sequence[Row]
    channels: Sequence[Row]
    regions: Sequence[Row]
    booths: Sequence[Row]


@dataclass(frozen=True, slots=True)
class ProgrammeReport:
    """The figures of a programme over some days."""

    programme: Programme
    period: Period
    total: Row
    rows: Sequence[Row]

    @property
    def complaint_ratio(self) -> Decimal | None:
        """Return complaints resolved by complaints received in percent; None where none came.

        "No complaints" is not 100 % (Surat BSKDN 400.10.11/1887/BSKDN).
        """
        received = self.total.of(Measure.COMPLAINTS_RECEIVED)
        resolved = self.total.of(Measure.COMPLAINTS_RESOLVED)
        return _percent(resolved, received) if received else None


async def known_event(event_id: str, reader: Reader) -> Known | None:
    """Return an event with its programme, without which it has no zone; None: not known yet."""
    plan = await reader.get(EventPlan, event_id)
    programme = await reader.get(Programme, plan.programme_id) if plan else None
    return Known(plan, programme) if plan and programme else None


async def event_report(known: Known, reader: Reader) -> EventReport:
    """Return the figures of one event."""
    plan, programme = known
    # The revision first: figures that change meanwhile are newer than the revision shown.
    revision = (await reader.revisions([plan.id])).get(plan.id)
    by = _by_split(await reader.event_totals(plan.programme_id, plan.id))
    total = Row(NONE, plan.name, by[By.ALL].get(NONE, {}))
    agencies = {booth.id: booth.agency for booth in plan.booths}
    offered = {code: by[By.SERVICE].get(code, {}) for code in plan.services}
    services = _named({**offered, **by[By.SERVICE]}, programme.services, total)
    return EventReport(
        plan=plan,
        programme=programme,
        updated_at=revision.updated_at if revision else None,
        total=total,
        services=sorted(services, key=lambda row: -row.of(Measure.REQUESTS_RECEIVED)),
        hours=_named(by[By.HOUR], {}),
        channels=_named(by[By.CHANNEL], {}, total),
        regions=_named(by[By.REGION], {}, total),
        booths=[row for row in _named(by[By.BOOTH], agencies) if row.value != NONE],
    )


async def programme_report(
    programme: Programme,
    split: Split,
    period: Period,
    reader: Reader,
    shown: frozenset[str] | None = None,
) -> ProgrammeReport:
    """Return a programme's figures of these days, along one split.

    `shown` are the regions whose rows count; None: all. With regions, `split` is one of BY_REGION.
    """
    by = By.ALL if split is Split.DAY else By(split.value)
    found = await reader.totals(programme.id, by, period)
    sums: dict[str, dict[Measure, int]] = {}
    for cell, amounts in found.items():
        _add(sums.setdefault(cell.day if split is Split.DAY else cell.value, {}), amounts)
    if shown is not None:
        sums = await _within(shown, split, sums, reader)
    whole: dict[Measure, int] = {}
    for amounts in sums.values():
        _add(whole, amounts)
    total = Row(NONE, programme.name, whole)
    names = await _names(split, sums, programme, reader)
    return ProgrammeReport(programme, period, total, _named(sums, names, total))


async def _within(
    shown: frozenset[str], split: Split, sums: Mapping[str, dict[Measure, int]], reader: Reader
) -> dict[str, dict[Measure, int]]:
    """Return the rows that lie in these regions: where people live, or where the event stands."""
    places = await reader.places(sums) if split is Split.EVENT else {value: value for value in sums}
    return {
        value: amounts
        for value, amounts in sums.items()
        if any(lies_in(places.get(value, NONE), region) for region in shown)
    }


async def _names(
    split: Split, values: Iterable[str], programme: Programme, reader: Reader
) -> Mapping[str, str]:
    if split is Split.SERVICE:
        return programme.services
    return await reader.names(values) if split is Split.EVENT else {}


def _add(sums: dict[Measure, int], amounts: Amounts) -> None:
    for measure, amount in amounts.items():
        sums[measure] = sums.get(measure, 0) + amount


def _by_split(totals: Mapping[Cell, Amounts]) -> dict[By, dict[str, Amounts]]:
    split: dict[By, dict[str, Amounts]] = {by: {} for by in By}
    for cell, amounts in totals.items():
        split[cell.by][cell.value] = amounts
    return split


def _named(
    values: Mapping[str, Amounts], names: Mapping[str, str], whole: Row | None = None
) -> list[Row]:
    all_requests = whole.of(Measure.REQUESTS_RECEIVED) if whole else 0
    return [
        Row(value, names.get(value), amounts, _share(amounts, all_requests))
        for value, amounts in sorted(values.items())
    ]


def _share(amounts: Amounts, all_requests: int) -> Decimal | None:
    if not all_requests:
        return None
    return _percent(amounts.get(Measure.REQUESTS_RECEIVED, 0), all_requests)


def _percent(part: int, whole: int) -> Decimal:
    return (Decimal(100 * part) / whole).quantize(_HUNDREDTH, ROUND_HALF_UP)
