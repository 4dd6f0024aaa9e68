"""What is counted, and under what: the pure part."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.domain import (
    By,
    Cell,
    Difference,
    Fact,
    Measure,
    Period,
    Refused,
    Totals,
    amounts,
    cells,
    differences,
    fold,
)
from shared.contracts import CATALOGUE
from tests.size import examples
from tests.unit.reporting.histories import (
    ZONES,
    Count,
    Told,
    count,
    histories,
    programme,
    received,
    scheduled,
    told,
)

SETU = "botram-2023-03-11-setu"
UNCOUNTED = {
    "intake.access_revoked.v1",
    "intake.programme_published.v1",
    "scheduler.event_scheduled.v1",
    "scheduler.ticket_assigned.v1",
    *(type_ for type_ in CATALOGUE if type_.endswith(".audit_head_published.v1")),
}


def fact(told_: Told) -> Fact:
    said = told_.event.model_dump(mode="json")
    return Fact(
        told_.envelope.id,
        told_.envelope.type,
        said["programme_id"],
        told_.envelope.occurred_at,
        said,
    )


def flat(totals: Totals) -> Count:
    return Counter(
        {
            (*map(str, cell), str(measure)): n
            for cell, added in totals.items()
            for measure, n in added.items()
        }
    )


@settings(max_examples=examples(200))
@given(st.data())
def test_a_fold_is_what_a_hand_counts_whatever_the_order(data: st.DataObject) -> None:
    history = data.draw(histories())
    arrived = data.draw(st.permutations(history))
    assert flat(fold(map(fact, arrived), ZONES)) == count(history)


@given(st.data())
def test_parts_add_up_to_the_whole(data: st.DataObject) -> None:
    facts = [fact(each) for each in data.draw(histories())]
    cut = data.draw(st.integers(0, len(facts)))
    totals = fold(facts[:cut], ZONES)
    assert fold(facts[cut:], ZONES, totals) is totals
    assert totals == fold(facts, ZONES)


@pytest.mark.parametrize("type_", CATALOGUE)
def test_every_published_type_is_counted_or_known_not_to_be(type_: str) -> None:
    payload = {
        "outcome": "rejected",
        "visitors": 3,
        "waited_seconds": 1,
        "served_seconds": 1,
        "end": "left",
        "reverted": "called",
        "seconds": 1,
        "within_deadline": True,
    }
    added = amounts(Fact("m", type_, "botram", datetime.now(UTC), payload))
    assert bool(added) is (type_ not in UNCOUNTED)


def test_an_end_that_is_taken_back_leaves_nothing_of_what_it_counted() -> None:
    told_ = {"end": "unserved", "offers": ["whatsapp"], "told": True}
    back = {"reverted": "unserved", "seconds": 0, "offered": True}
    at = datetime.now(UTC)
    facts = [
        Fact("m1", "scheduler.ticket_ended.v1", "botram", at, told_),
        Fact("m2", "scheduler.ticket_reverted.v1", "botram", at, back),
    ]
    assert amounts(facts[0]) == {Measure.TICKETS_UNSERVED: 1, Measure.TICKETS_OFFERED: 1}
    assert not any(
        amount for counters in fold(facts, ZONES).values() for amount in counters.values()
    )


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [
        ("Asia/Jakarta", "2023-03-10", "2023-03-10T23"),
        ("Asia/Pontianak", "2023-03-10", "2023-03-10T23"),
        ("Asia/Makassar", "2023-03-11", "2023-03-11T00"),
        ("Asia/Jayapura", "2023-03-11", "2023-03-11T01"),
    ],
)
def test_the_day_is_the_programmes_own(zone: str, day: str, hour: str) -> None:
    at = datetime(2023, 3, 10, 16, 59, tzinfo=UTC)
    places = list(cells(fact(told(received("c1"), at=at)), zone))
    assert {cell.day for cell in places if not cell.event_id} == {day}
    assert Cell("botram", SETU, By.HOUR, "", hour) in places


def test_a_moment_of_another_offset_is_the_same_moment() -> None:
    at = datetime(2023, 3, 10, 16, 59, tzinfo=UTC)
    elsewhere = at.astimezone(timezone(timedelta(hours=-5)))
    there = fact(told(received("c1"), at=elsewhere))
    assert set(cells(there, "Asia/Jakarta")) == set(
        cells(fact(told(received("c1"), at=at)), "Asia/Jakarta")
    )


def test_nothing_is_counted_below_the_sub_district() -> None:
    village = fact(told(received("c1", region_code="32.16.18.2001")))
    assert {c.value for c in cells(village, "Asia/Jakarta") if c.by is By.REGION} == {"32.16.18"}
    assert not any("2001" in part for cell in cells(village, "Asia/Jakarta") for part in cell)


def test_a_request_without_an_event_has_no_place_at_one() -> None:
    at_home = fact(told(received("c1", event_id=None)))
    places = list(cells(at_home, "Asia/Jakarta"))
    assert {cell.event_id for cell in places} == {""}
    assert Cell("botram", "", By.EVENT, "2023-03-11", "-") in places


def test_plans_are_not_counted() -> None:
    plans = [told(programme()), told(scheduled())]
    assert fold(map(fact, plans), ZONES) == {}


def test_differences_name_the_counter_and_both_counts() -> None:
    one = Cell("botram", "", By.ALL, "2023-03-11", "-")
    two = Cell("botram", "", By.SERVICE, "2023-03-11", "KIA")
    counted = {one: {Measure.REQUESTS_RECEIVED: 3}, two: {Measure.LATE: 1}}
    kept = {one: {Measure.REQUESTS_RECEIVED: 2, Measure.VISITS: 0}}
    assert list(differences(counted, kept)) == [
        Difference(one, Measure.REQUESTS_RECEIVED, 3, 2),
        Difference(two, Measure.LATE, 1, 0),
    ]
    assert list(differences(counted, counted)) == []


def test_a_period_has_an_order_and_a_limit() -> None:
    first = date(2024, 1, 1)
    assert Period(first, first + timedelta(days=365)).last == date(2024, 12, 31)
    with pytest.raises(Refused, match="too_long"):
        Period(first, first + timedelta(days=366))
    with pytest.raises(Refused, match="order"):
        Period(first, first - timedelta(days=1))
