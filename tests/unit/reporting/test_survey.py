"""SKM, IKM and the mark (PermenPANRB 14/2017), of given vectors and of surveys in any order."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain import Measure
from services.reporting.domain.survey import (
    ELEMENTS,
    Asked,
    Category,
    Satisfaction,
    category,
    index,
    rounded,
    satisfaction,
)


def of_all(points: int, answers: int = 1) -> Satisfaction:
    """What it comes to where all nine have the same sum and number."""
    return Satisfaction(dict.fromkeys(ELEMENTS, Asked(answers, points)))


@pytest.mark.parametrize(
    ("score", "ikm", "mark"), [(4, "100.00", "A"), (1, "25.00", "D"), (3, "75.00", "C")]
)
def test_nine_equal_scores(score: int, ikm: str, mark: str) -> None:
    found = of_all(score)
    assert (str(found.ikm), found.category) == (ikm, mark)


def test_the_ikm_of_botrams_report() -> None:
    means = [Fraction("3.4")] * 8 + [Fraction("3.6268")]
    ikm = rounded(25 * index(means))
    assert (ikm, category(ikm)) == (Decimal("85.63"), Category.B)


@pytest.mark.parametrize(
    ("ikm", "mark"),
    [
        ("88.305", "A"), ("88.3049", "B"), ("88.31", "A"), ("88.30", "B"), ("86.57", "B"),
        ("76.605", "B"), ("76.61", "B"), ("76.6049", "C"), ("76.60", "C"),
        ("65.00", "C"), ("64.995", "C"), ("64.99", "D"), ("25.00", "D"), ("100.00", "A"),
    ],
)  # fmt: skip
def test_an_index_is_rounded_half_up_before_it_is_marked(ikm: str, mark: str) -> None:
    assert category(Decimal(ikm)) == mark


@pytest.mark.parametrize(
    ("figure", "shown"),
    [("88.305", "88.31"), ("88.3049", "88.30"), ("2.675", "2.68"), ("1", "1.00")],
)
def test_figures_are_rounded_half_up(figure: str, shown: str) -> None:
    assert str(rounded(Fraction(figure))) == shown


def test_a_perfect_survey_is_a_hundred_and_not_ninety_nine() -> None:
    assert of_all(40, 10).ikm == Decimal(100)


def test_an_element_is_divided_by_those_who_answered_it() -> None:
    """Ten surveys, one of which left U1 out and one of which answered nothing else."""
    counted = {element: Asked(9, 27) for element in ELEMENTS} | {"U1": Asked(2, 4)}
    found = Satisfaction(counted)
    assert found.of("U1").mean == 2
    assert found.skm == Fraction(8 * 3 + 2, 9)
    assert found.ikm == Decimal("72.22")


def test_without_an_answer_to_one_of_the_nine_there_is_no_index() -> None:
    found = Satisfaction({element: Asked(1, 4) for element in ELEMENTS[:8]})
    assert (found.skm, found.ikm, found.category) == (None, None, None)
    assert found.of("U9").mean is None


def test_questions_of_a_programmes_own_are_no_part_of_the_index() -> None:
    found = Satisfaction({**of_all(4).questions, "tahu_selesai": Asked(10, 10)})
    assert found.ikm == Decimal(100)
    assert found.of("tahu_selesai").mean == 1


@given(st.lists(st.tuples(st.sampled_from([*ELEMENTS, "lain"]), st.integers(1, 4))))
def test_sums_of_single_answers_are_what_a_hand_counts(answers: list[tuple[str, int]]) -> None:
    counted = [
        (code, {Measure.SURVEY_SCORES: 1, Measure.SURVEY_POINTS: score}) for code, score in answers
    ]
    found = satisfaction(counted)
    for code in {code for code, _ in answers}:
        own = [score for one, score in answers if one == code]
        assert found.of(code) == Asked(len(own), sum(own))
