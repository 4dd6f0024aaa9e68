"""What satisfaction surveys came to: of a programme over some days, by service and by month."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.reporting.domain import NONE, Amounts, By, Cell, Measure, Period, Programme, Totals
from services.reporting.domain.survey import (
    ELEMENTS,
    Satisfaction,
    satisfaction,
    service_and_question,
)
from services.reporting.usecases.reports import Reader

_MONTH: Final = len("2023-03")


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """What surveys came to, of all of them, one service or one month (`2023-03`).

    `name` where we know one; `surveys` is how many were answered.
    """

    value: str
    name: str | None
    surveys: int
    found: Satisfaction

    @property
    def label(self) -> str:
        """Return what to call it."""
        return self.name or self.value


@dataclass(frozen=True, slots=True)
class SurveyReport:
    """What a programme's surveys came to."""

    programme: Programme
    period: Period
    total: SurveyRow
    services: Sequence[SurveyRow]
    months: Sequence[SurveyRow]

    @property
    def own(self) -> Sequence[str]:
        """Return the codes of the programme's own questions that it asks, or that were answered."""
        answered = self.total.found.questions.keys() - set(ELEMENTS)
        return sorted({*self.programme.questions, *answered})


async def survey_report(programme: Programme, period: Period, reader: Reader) -> SurveyReport:
    """Return what surveys of these days came to. Raises Unavailable."""
    answered = await reader.totals(programme.id, By.SERVICE, period)
    scored = await reader.totals(programme.id, By.QUESTION, period)
    count = _Counting(answered, scored)
    names = programme.services
    return SurveyReport(
        programme,
        period,
        count.row(NONE, programme.name, lambda *_: True),
        [count.row(code, names.get(code), _of_service(code)) for code in count.services],
        [count.row(month, None, _of_month(month)) for month in count.months],
    )


Fits = Callable[[str, str], bool]
"""Whether a service and a day belong to a row."""


def _of_service(code: str) -> Fits:
    return lambda service, _: service == code


def _of_month(month: str) -> Fits:
    return lambda _, day: day[:_MONTH] == month


@dataclass(frozen=True, slots=True)
class _Counting:
    """Counters of some days: surveys by service, and their scores by service and question."""

    answered: Mapping[Cell, Amounts]
    scored: Totals

    @property
    def services(self) -> Sequence[str]:
        """Return the services that surveys are about."""
        return sorted({cell.value for cell in self._surveys})

    @property
    def months(self) -> Sequence[str]:
        """Return the months in which some were answered."""
        return sorted({cell.day[:_MONTH] for cell in self._surveys})

    @property
    def _surveys(self) -> Mapping[Cell, int]:
        found = {cell: one.get(Measure.SURVEYS_ANSWERED, 0) for cell, one in self.answered.items()}
        return {cell: surveys for cell, surveys in found.items() if surveys}

    def row(self, value: str, name: str | None, fits: Fits) -> SurveyRow:
        """Return what those come to that belong to a row."""
        surveys = sum(n for cell, n in self._surveys.items() if fits(cell.value, cell.day))
        return SurveyRow(value, name, surveys, satisfaction(self._scores(fits)))

    def _scores(self, fits: Fits) -> Iterable[tuple[str, Amounts]]:
        for cell, amounts in self.scored.items():
            service, question = service_and_question(cell)
            if fits(service, cell.day):
                yield question, amounts
