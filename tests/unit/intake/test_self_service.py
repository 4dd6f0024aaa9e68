"""What residents do themselves: passes, whose turn it is, and when a request is late."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import Awaited, NextStep, Secrets, awaited_from

SECRETS = Secrets(b"a made-up secret of thirty-two by", b"the version before it, also made up")
CASE = "0190f3c2-7a51-7c3e-9a5e-0d2f4b6a8c10"


def test_a_pass_leads_to_its_case_until_its_time_is_over() -> None:
    shown = SECRETS.send_pass(CASE, 1000)
    assert SECRETS.passed(shown, 999) == CASE
    assert SECRETS.passed(shown, 1000) is None


def test_a_pass_of_an_older_secret_still_counts_and_a_strangers_does_not() -> None:
    old = Secrets(b"the version before it, also made up").send_pass(CASE, 1000)
    assert SECRETS.passed(old, 1) == CASE
    foreign = Secrets(b"somebody else's secret, made up too").send_pass(CASE, 1000)
    assert SECRETS.passed(foreign, 1) is None


def test_codes_are_no_passes() -> None:
    for code in (SECRETS.code(CASE), SECRETS.receipt_code(CASE)):
        assert SECRETS.passed(f"{CASE}/1000/{code}", 1) is None


@given(st.text())
def test_whatever_else_is_shown_is_no_pass(shown: str) -> None:
    assert SECRETS.passed(shown, 0) is None
    assert SECRETS.passed(f"{CASE}/99/{shown}", 0) is None


@pytest.mark.parametrize("step", NextStep)
def test_it_is_somebodys_turn_at_every_step(step: NextStep) -> None:
    assert awaited_from(step, papers_missing=False) in Awaited


def test_missing_papers_make_it_the_residents_turn() -> None:
    assert awaited_from(NextStep.CHECKING, papers_missing=True) is Awaited.RESIDENT
    assert awaited_from(NextStep.CHECKING, papers_missing=False) is Awaited.OFFICE
    assert awaited_from(NextStep.PROCESSING, papers_missing=True) is Awaited.OFFICE
