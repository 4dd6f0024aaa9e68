"""What a counter claims, and the day that counts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.intake.domain import Refused, open_case
from services.intake.domain.counter import COUNTER_DAYS, CounterClaim, counted_as
from services.intake.domain.visit import Visit, counted
from tests.unit.intake.sample import BOTRAM, SATURDAY, SETU, Closed, at_event

CLAIM = CounterClaim("laptop-1", "7K2M-001", SATURDAY)
EVENT_DAY = date(2023, 3, 11)


@pytest.mark.parametrize(
    ("late", "counts"), [(-3, -3), (0, 0), (1, 0), (COUNTER_DAYS, 0), (COUNTER_DAYS + 1, 8)]
)
def test_what_comes_within_a_week_counts_as_of_the_event(late: int, counts: int) -> None:
    arrived = EVENT_DAY + timedelta(days=late)
    assert counted_as(arrived, EVENT_DAY) == EVENT_DAY + timedelta(days=counts)


@pytest.mark.parametrize(("seconds", "off"), [(299, False), (300, True), (-300, True), (0, False)])
def test_from_five_minutes_on_a_clock_is_called_wrong(seconds: int, off: bool) -> None:  # noqa: FBT001
    claim = replace(CLAIM, clock_ahead=seconds)
    assert claim.clock_off is off
    assert claim.happened_at == SATURDAY - timedelta(seconds=seconds)


def test_a_claim_that_cannot_be_put_right_stands_as_it_is() -> None:
    early = datetime(1, 1, 2, tzinfo=UTC)
    assert replace(CLAIM, claimed_at=early, clock_ahead=10**6).happened_at == early


def test_a_late_entry_is_due_as_of_the_event_and_the_office_time_stays() -> None:
    monday = SATURDAY + timedelta(days=2)
    late = replace(at_event(), at_counter=True)
    case = open_case(late, BOTRAM, SETU, monday, Closed())
    on_time = open_case(at_event(), BOTRAM, SETU, SATURDAY, Closed())
    assert case.due_on == on_time.due_on
    assert next(iter(case.facts.values())) == monday
    with pytest.raises(Refused, match="event_over"):
        open_case(at_event(), BOTRAM, SETU, monday, Closed())


def test_visits_are_counted_by_laptop_and_the_newest_clock_tells() -> None:
    def visit(id_: str, minutes: int, claim: CounterClaim | None, *cases: str) -> Visit:
        at = SATURDAY + timedelta(minutes=minutes)
        return Visit(id_, "botram", "event", "event-1", at, cases, counter=claim)

    wrong = replace(CLAIM, clock_ahead=86_400)
    first, second = counted(
        [
            visit("v-2", 9, CLAIM, "c-3"),
            visit("v-1", 1, wrong, "c-1", "c-2"),
            visit("v-3", 5, replace(wrong, device="laptop-2", number="9XYZ-001"), "c-4"),
            visit("v-4", 7, None, "c-5"),
        ]
    )
    assert (first.visits, first.cases, first.clock_off) == (2, 3, False)
    assert first.last_at == SATURDAY + timedelta(minutes=9)
    assert (second.device, second.prefix, second.clock_off) == ("laptop-2", "9XYZ", True)
