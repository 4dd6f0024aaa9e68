"""What satisfaction surveys came to, over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from services.reporting.api.figures import period_of
from services.reporting.domain import Programme
from services.reporting.domain.survey import ELEMENTS, Category, Satisfaction, rounded
from services.reporting.usecases.reports import Reader
from services.reporting.usecases.surveys import SurveyRow, survey_report
from shared.auth.roles import Role
from shared.auth.rules import RouteRules, Rule
from shared.contracts.event import ProgrammeId
from shared.runtime import provided
from shared.web.guard import CallerDep
from shared.web.problems import NotFound

_PATH: Final = "/api/programmes/{programme_id}/satisfaction"
RULES: Final[RouteRules] = {
    f"GET {_PATH}": Rule({Role.HEAD, Role.SUPERVISOR, Role.PLANNER, Role.SERVICE})
}


class QuestionAnswer(BaseModel):
    """One question: how many answered it, the sum, and the mean (NRR); null where nobody did."""

    question: str
    """U1 to U9, or the code of a question of the programme's own."""
    text: str | None
    """The words of the programme's own."""
    answers: int
    points: int
    mean: float | None


class SurveyRowAnswer(BaseModel):
    """What surveys came to; without an index where one of the nine elements has no answer."""

    value: str
    name: str | None
    surveys: int
    questions: list[QuestionAnswer]
    skm: float | None
    """The mean of the nine NRR, 1 to 4, with two decimals."""
    ikm: float | None
    """The index, 25 to 100: SKM times 25 with two decimals, and no percentage."""
    category: Category | None


class SatisfactionAnswer(BaseModel):
    """A programme's surveys over some days, both ends included, in its own zone."""

    programme_id: str
    first: date
    last: date
    total: SurveyRowAnswer
    services: list[SurveyRowAnswer]
    months: list[SurveyRowAnswer]
    """By month, such as 2023-03."""


router = APIRouter()


@router.get(_PATH)
async def get_satisfaction(
    programme_id: Annotated[ProgrammeId, Path()],
    caller: CallerDep,
    reader: Annotated[Reader, Depends(provided(Reader))],
    first: Annotated[date, Query(alias="from", description="First day, in its zone.")],
    last: Annotated[date, Query(alias="to", description="Last day; at most 366 days.")],
) -> SatisfactionAnswer:
    """Return what the surveys of some days came to: PermenPANRB 14/2017, by service and month.

    For the whole of a programme alone: surveys name no region.
    """
    period = period_of(first, last)
    programme = await reader.get(Programme, programme_id)
    if programme is None:
        raise NotFound("programme")
    caller.require(programme=programme.id, region=programme.region_code)
    report = await survey_report(programme, period, reader)
    codes = [*ELEMENTS, *report.own]
    return SatisfactionAnswer(
        programme_id=programme.id,
        first=period.first,
        last=period.last,
        total=_row(report.total, codes, programme),
        services=[_row(row, codes, programme) for row in report.services],
        months=[_row(row, codes, programme) for row in report.months],
    )


def _row(row: SurveyRow, codes: Sequence[str], programme: Programme) -> SurveyRowAnswer:
    found = row.found
    return SurveyRowAnswer(
        value=row.value,
        name=row.name,
        surveys=row.surveys,
        questions=[_question(code, found, programme) for code in codes],
        skm=None if found.skm is None else float(rounded(found.skm)),
        ikm=None if found.ikm is None else float(found.ikm),
        category=found.category,
    )


def _question(code: str, found: Satisfaction, programme: Programme) -> QuestionAnswer:
    asked = found.of(code)
    return QuestionAnswer(
        question=code,
        text=programme.questions.get(code),
        answers=asked.answers,
        points=asked.points,
        mean=None if asked.mean is None else float(rounded(asked.mean)),
    )
