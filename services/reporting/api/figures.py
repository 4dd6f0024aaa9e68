"""Figures over HTTP: those of an event and of a programme."""

from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.reporting.domain import Measure, Period, Programme, Refused
from services.reporting.usecases.reports import (
    BY_REGION,
    EventReport,
    ProgrammeReport,
    Reader,
    Row,
    Split,
    event_report,
    known_event,
    programme_report,
)
from shared.auth.roles import Caller, Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import AggregateId, ProgrammeId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.problems import FieldError, InvalidFields, NotFound

_READERS: Final = Rule({Role.HEAD, Role.SUPERVISOR, Role.PLANNER, Role.SERVICE})
RULES: Final[RouteRules] = {
    "GET /api/events/{event_id}/report": _READERS,
    "GET /api/programmes": _READERS,
    "GET /api/programmes/{programme_id}/totals": _READERS,
}
"""Which roles may use which route; programme and region are checked on what is asked for."""

Figures = dict[Measure, int]
_OF_QUESTIONS: Final = {Measure.SURVEY_SCORES, Measure.SURVEY_POINTS}
"""Counted by question alone, and shown as means."""


class RowAnswer(BaseModel):
    """One value of a split; `name` where we know one.

    `share` is its part of all requests received, in percent.
    """

    value: str
    name: str | None
    share: float | None
    measures: Figures


class BoothAnswer(BaseModel):
    """What one booth did; `agency` where the event's plan has the booth."""

    booth_id: str
    agency: str | None
    measures: Figures


class EventAnswer(BaseModel):
    """The figures of one event. They count requests: neither persons nor documents."""

    event_id: str
    programme_id: str
    name: str
    place: str
    region_code: str
    on: date
    updated_at: datetime | None
    """When they last changed; null where nothing has been counted."""
    measures: Figures
    services: list[RowAnswer]
    hours: list[RowAnswer]
    """By the hour in the programme's zone, such as 2023-03-11T09."""
    channels: list[RowAnswer]
    regions: list[RowAnswer]
    """By the sub-district where the applicant lives; nothing finer is counted."""
    booths: list[BoothAnswer]


class TotalsAnswer(BaseModel):
    """A programme's figures over some days, both ends included, in its own zone."""

    programme_id: str
    first: date
    last: date
    by: Split
    measures: Figures
    rows: list[RowAnswer]
    complaint_ratio: float | None
    """Complaints resolved by complaints received, in percent; null where none came, or by others
    than `complaint`."""


class ProgrammeAnswer(BaseModel):
    """Reporting's copy of a programme."""

    programme_id: str
    name: str
    owner: str
    region_code: str
    time_zone: str
    version: int


router = APIRouter(prefix="/api")
ReaderDep = Annotated[Reader, Depends(provided(Reader))]


@router.get("/events/{event_id}/report")
async def get_event_report(
    event_id: Annotated[AggregateId, Path()], caller: CallerDep, reader: ReaderDep
) -> EventAnswer:
    """Return the figures of an event."""
    known = await known_event(event_id, reader)
    if known is None:
        raise NotFound("event")
    caller.require(programme=known.plan.programme_id, region=known.plan.region_code)
    return _event_answer(await event_report(known, reader))


@router.get("/programmes")
async def list_programmes(caller: CallerDep, reader: ReaderDep) -> list[ProgrammeAnswer]:
    """Return the programmes that reporting knows and the caller holds a grant in."""
    return [
        _programme_answer(programme)
        for programme in await reader.find(Programme)
        if caller.belongs_to(programme.id)
    ]


@router.get("/programmes/{programme_id}/totals")
async def get_totals(
    programme_id: Annotated[ProgrammeId, Path()],
    caller: CallerDep,
    reader: ReaderDep,
    first: Annotated[date, Query(alias="from", description="First day, in its zone.")],
    last: Annotated[date, Query(alias="to", description="Last day; at most 366 days.")],
    by: Annotated[Split, Query()],
) -> TotalsAnswer:
    """Return a programme's figures of some days, along one split.

    Whose grants reach only some sub-districts gets those rows alone, by region or by event: along
    other splits nothing is kept for a part of a programme.
    """
    period = period_of(first, last)
    programme = await reader.get(Programme, programme_id)
    if programme is None:
        raise NotFound("programme")
    shown = _shown(caller, programme, by)
    return _totals_answer(by, await programme_report(programme, by, period, reader, shown))


def _shown(caller: Caller, programme: Programme, by: Split) -> frozenset[str] | None:
    """Return the regions that the caller may see of a programme; None: all. Raises Forbidden."""
    if caller.may(caller.acting, programme=programme.id, region=programme.region_code):
        return None
    found = programme.parts(caller.regions(programme.id))
    if not found:
        raise Forbidden("no role that this route allows in this programme and region")
    if by not in BY_REGION:
        raise Forbidden("figures of a part of the programme are kept by region and by event alone")
    return found


def period_of(first: date, last: date) -> Period:
    """Return the days that are asked for. Raises InvalidFields."""
    try:
        return Period(first, last)
    except Refused as refused:
        raise InvalidFields(FieldError("query/to", refused.detail)) from refused


def _figures(row: Row) -> Figures:
    return {measure: row.of(measure) for measure in Measure if measure not in _OF_QUESTIONS}


def _row(row: Row) -> RowAnswer:
    share = None if row.share is None else float(row.share)
    return RowAnswer(value=row.value, name=row.name, share=share, measures=_figures(row))


def _event_answer(report: EventReport) -> EventAnswer:
    plan = report.plan
    return EventAnswer(
        event_id=plan.id,
        programme_id=plan.programme_id,
        name=plan.name,
        place=plan.place,
        region_code=plan.region_code,
        on=plan.on,
        updated_at=report.updated_at,
        measures=_figures(report.total),
        services=[_row(row) for row in report.services],
        hours=[_row(row) for row in report.hours],
        channels=[_row(row) for row in report.channels],
        regions=[_row(row) for row in report.regions],
        booths=[
            BoothAnswer(booth_id=row.value, agency=row.name, measures=_figures(row))
            for row in report.booths
        ],
    )


def _totals_answer(by: Split, report: ProgrammeReport) -> TotalsAnswer:
    ratio = report.complaint_ratio
    return TotalsAnswer(
        programme_id=report.programme.id,
        first=report.period.first,
        last=report.period.last,
        by=by,
        measures=_figures(report.total),
        rows=[_row(row) for row in report.rows],
        complaint_ratio=None if ratio is None else float(ratio),
    )


def _programme_answer(programme: Programme) -> ProgrammeAnswer:
    return ProgrammeAnswer(
        programme_id=programme.id,
        name=programme.name,
        owner=programme.owner,
        region_code=programme.region_code,
        time_zone=programme.time_zone,
        version=programme.version,
    )
