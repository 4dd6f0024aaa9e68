"""Kepuasan: what a programme's surveys came to in a year, by month and by service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from services.reporting.domain import Period, Programme
from services.reporting.domain.survey import ELEMENTS, Asked, rounded
from services.reporting.usecases.reports import Clock, Reader
from services.reporting.usecases.surveys import SurveyReport, survey_report
from shared.auth.roles import Caller, Forbidden, Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.pages import NavItem, Pages

SATISFACTION: Final = "/kepuasan"
_ROLES: Final = frozenset({Role.HEAD, Role.SUPERVISOR, Role.PLANNER, Role.SERVICE})
NAVIGATION: Final = (NavItem(SATISFACTION, "navigation.satisfaction", _ROLES),)
RULES: Final[RouteRules] = {f"GET {SATISFACTION}": Rule(_ROLES)}
FIRST_YEAR: Final = 2017
"""Of the regulation: reports from before have other elements and bands."""
_LAST_YEAR: Final = 2199

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One question as the table has it."""

    code: str
    text: str
    asked: Asked

    @property
    def mean(self) -> Decimal | None:
        """Return its mean with two decimals; None where nobody answered it."""
        return None if self.asked.mean is None else rounded(self.asked.mean)


@router.get(SATISFACTION)
async def show_satisfaction(
    request: Request,
    caller: CallerDep,
    pages: Annotated[Pages, Depends(provided(Pages))],
    reader: Annotated[Reader, Depends(provided(Reader))],
    clock: Annotated[Clock, Depends(provided(Clock))],
    program: Annotated[ProgrammeId | None, Query()] = None,
    tahun: Annotated[int | None, Query(ge=FIRST_YEAR, le=_LAST_YEAR)] = None,
) -> Response:
    """Show a year's surveys; without a programme the first of those within reach."""
    programmes = [one for one in await reader.find(Programme) if _reaches(caller, one)]
    chosen = next((one for one in programmes if program in (None, one.id)), None)
    if program is not None and chosen is None:
        raise Forbidden("no role that this page allows in the whole of this programme")
    year = tahun or clock().year
    report = await _report(chosen, year, reader) if chosen else None
    return pages.render(
        request,
        "kepuasan.html",
        programmes=programmes,
        chosen=chosen,
        year=year,
        report=report,
        questions=_questions(report, pages) if report else [],
        first_of=lambda month: date.fromisoformat(f"{month}-01"),
    )


def _reaches(caller: Caller, programme: Programme) -> bool:
    return caller.may(caller.acting, programme=programme.id, region=programme.region_code)


async def _report(programme: Programme, year: int, reader: Reader) -> SurveyReport:
    return await survey_report(programme, Period(date(year, 1, 1), date(year, 12, 31)), reader)


def _questions(report: SurveyReport, pages: Pages) -> Sequence[Question]:
    found, own = report.total.found, report.programme.questions
    elements = [Question(one, pages.texts(f"element.{one}"), found.of(one)) for one in ELEMENTS]
    return [*elements, *(Question("", own.get(one, one), found.of(one)) for one in report.own)]
