"""The satisfaction index (SKM and IKM) of a programme, made of sums of single surveys.

PermenPANRB 14/2017: NRR of an element is the sum of its scores by the number of its answers; SKM is
the mean of the nine NRR; IKM is SKM times 25, an index from 25 to 100 and no percentage. The weight
that the regulation prints, 0.11, would make 99 of a perfect survey, so the ninth part is taken as
it is. Reports from before 2017 have 14 elements and other bands: they are no part of this series.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

from services.reporting.domain.counting import Amounts, Cell, Measure

ELEMENTS: Final = tuple(f"U{number}" for number in range(1, 10))
_HUNDREDTH: Final = Decimal("0.01")


class Category(StrEnum):
    """The mark of an IKM."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


_FROM: Final = (
    (Decimal("88.31"), Category.A),
    (Decimal("76.61"), Category.B),
    (Decimal("65.00"), Category.C),
    (Decimal("25.00"), Category.D),
)
"""From which IKM on; the bands leave gaps (76.605), so it is rounded before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question: how many answered it, and the sum of what they gave."""

    answers: int = 0
    points: int = 0

    @property
    def mean(self) -> Fraction | None:
        """Return its NRR: of those who answered it. None where nobody did."""
        return Fraction(self.points, self.answers) if self.answers else None

    def added(self, amounts: Amounts) -> "Asked":
        """Return it with what was counted elsewhere."""
        return Asked(
            self.answers + amounts.get(Measure.SURVEY_SCORES, 0),
            self.points + amounts.get(Measure.SURVEY_POINTS, 0),
        )


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """What came of surveys, by question: the nine elements, and the programme's own."""

    questions: Mapping[str, Asked] = field(default_factory=dict)

    @property
    def skm(self) -> Fraction | None:
        """Return the mean of the nine NRR; None where nobody answered one of them."""
        means = [self.of(element).mean for element in ELEMENTS]
        known = [mean for mean in means if mean is not None]
        return index(known) if len(known) == len(ELEMENTS) else None

    @property
    def ikm(self) -> Decimal | None:
        """Return the index, rounded half up to two decimals; None where there is no SKM."""
        skm = self.skm
        return None if skm is None else rounded(25 * skm)

    @property
    def category(self) -> Category | None:
        """Return the index's mark."""
        ikm = self.ikm
        return None if ikm is None else category(ikm)

    def of(self, code: str) -> Asked:
        """Return what came of one question."""
        return self.questions.get(code, Asked())


def index(means: Iterable[Fraction]) -> Fraction:
    """Return the SKM of the nine elements' NRR, each with the weight 1/9."""
    return sum(means, Fraction()) / len(ELEMENTS)


def rounded(figure: Fraction) -> Decimal:
    """Return a figure with two decimals, half up."""
    return (Decimal(floor(figure * 100 + Fraction(1, 2))) / 100).quantize(_HUNDREDTH)


def category(ikm: Decimal) -> Category:
    """Return the mark of an index that may have more decimals: it is rounded first."""
    index_ = ikm.quantize(_HUNDREDTH, ROUND_HALF_UP)
    return next(mark for least, mark in _FROM if index_ >= least)


def satisfaction(counted: Iterable[tuple[str, Amounts]]) -> Satisfaction:
    """Return what counters by question come to; the same question may stand several times."""
    questions: dict[str, Asked] = {}
    for code, amounts in counted:
        questions[code] = questions.get(code, Asked()).added(amounts)
    return Satisfaction(questions)


def service_and_question(cell: Cell) -> tuple[str, str]:
    """Return of which service and question a counter of `By.QUESTION` is."""
    service, _, question = cell.value.rpartition(".")
    return service, question
