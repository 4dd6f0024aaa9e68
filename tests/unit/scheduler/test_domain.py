"""Rules of events, booths and lines."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.scheduler.domain import (
    Case,
    Counter,
    Line,
    Plan,
    Refused,
    ScheduledEvent,
    Tally,
    expected,
)
from services.scheduler.domain.pace import Pace
from services.scheduler.gateways import NationalCalendar
from tests.unit.scheduler.sample import DAY, HEALTH, SETU, booth, plan, programme

SATURDAY, THURSDAY, MONDAY = 5, 3, 0


@pytest.mark.parametrize(
    ("region_code", "reached"),
    [
        ("32.16", True),
        ("32.16.18", True),
        ("32.16.18.2001", True),
        ("32.75.01", False),
        ("32", False),
        ("32.161", False),
    ],
)
def test_a_programme_reaches_what_lies_in_its_region(region_code: str, *, reached: bool) -> None:
    assert programme("32.16").reaches(region_code) is reached


def reasons(on: date, holiday: str | None = None, stated: int | None = None) -> list[str]:
    of = programme(closed=[date(2023, 8, 15)], open_=[date(2023, 4, 26)])
    return [caution.reason for caution in of.cautions(on, holiday, stated)]


def test_nothing_is_unusual_about_the_saturday_of_setu() -> None:
    assert reasons(DAY, stated=SATURDAY) == []


@pytest.mark.parametrize(
    ("on", "weekday"), [(date(2024, 11, 7), THURSDAY), (date(2024, 12, 30), MONDAY)]
)
def test_the_two_misprinted_days_of_2024_are_noticed(on: date, weekday: int) -> None:
    assert reasons(on, stated=SATURDAY) == ["weekday_differs", "working_day"]
    assert reasons(on, stated=weekday) == ["working_day"]


def test_a_caution_says_which_weekday_it_is() -> None:
    [differs, working] = programme().cautions(date(2024, 11, 7), None, SATURDAY)

    assert differs.detail == "2024-11-07 is a Thursday, not a Saturday"
    assert working.detail == "Thursday: the office works that day too"


@pytest.mark.parametrize(
    ("on", "holiday", "expected"),
    [
        (date(2023, 3, 12), None, []),
        (date(2023, 3, 14), None, ["working_day"]),
        (date(2023, 8, 17), "Hari Kemerdekaan", ["holiday"]),
        (date(2023, 8, 15), None, ["holiday"]),
        (date(2023, 4, 26), None, ["working_day"]),
        (date(2023, 4, 26), "Cuti Bersama", ["working_day"]),
    ],
    ids=["sunday", "tuesday", "holiday", "closed here", "open here", "open on collective leave"],
)
def test_a_working_day_and_a_holiday_are_cautions(
    on: date, holiday: str | None, expected: list[str]
) -> None:
    assert reasons(on, holiday) == expected


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2023, 8, 17), "Hari Kemerdekaan Republik Indonesia"),
        (date(2024, 5, 10), "Cuti Bersama Kenaikan Yesus Kristus"),
        (date(2024, 11, 27), "Hari Pemilihan Kepala Daerah"),
        (DAY, None),
    ],
)
def test_the_national_calendar_knows_feasts_and_collective_leave(
    day: date, name: str | None
) -> None:
    assert NationalCalendar().on(day) == name


def test_booths_of_other_agencies_offer_what_they_like_without_tickets() -> None:
    plan(booth("loket-1", "KIA", "KK"), HEALTH).check(programme())


@pytest.mark.parametrize(
    ("asked", "reason", "field"),
    [
        (plan(region_code="32.75.01"), "region_outside_programme", "region_code"),
        (plan(HEALTH), "no_ticketed_booth", "booths"),
    ],
    ids=["region", "tickets"],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(asked: Plan, reason: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        asked.check(programme())

    assert refused.value.reason == reason
    assert field in refused.value.detail


@pytest.mark.parametrize(
    ("zone", "hour"), [("Asia/Jakarta", 2), ("Asia/Makassar", 1), ("Asia/Jayapura", 0)]
)
def test_hours_are_by_the_programmes_own_clock(zone: str, hour: int) -> None:
    event = ScheduledEvent(SETU, 1, plan(), zone)

    assert event.opens_at == datetime(2023, 3, 11, hour, 0, tzinfo=UTC)
    assert event.closes_at == datetime(2023, 3, 11, hour + 2, 30, tzinfo=UTC)


def test_the_same_plan_again_changes_nothing() -> None:
    event = ScheduledEvent(SETU, 3, plan(), "Asia/Jakarta")

    assert event.replan(plan()) is event
    assert event.replan(plan(name="BOTRAM Setu II")).version == 4


def test_an_event_stays_in_its_programme() -> None:
    event = ScheduledEvent(SETU, 1, plan(), "Asia/Jakarta")

    with pytest.raises(Refused, match="other_programme"):
        event.replan(plan(programme_id="sregep"))


def test_lines_are_those_of_ticketed_booths() -> None:
    both = plan(booth("b", "KK", "KIA"), booth("a", "KIA"), booth("c", "IKD", ticketed=False))

    assert both.ticketed_services == ("KIA", "KK")


def test_a_line_ends_where_the_contract_does() -> None:
    with pytest.raises(Refused, match="line_full"):
        Line(SETU, "KIA", issued=100_000).issue()


def test_a_line_with_tickets_cannot_be_withdrawn() -> None:
    opened = Line(SETU, "KIA").open("A")

    assert opened.withdraw().has_booth is False
    with pytest.raises(Refused, match="tickets_issued"):
        opened.issue().withdraw()


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Asia/Jakarta", "2023-03-10T17:00:00+00:00", "2023-03-11T16:59:59+00:00"),
        ("Asia/Jayapura", "2023-03-10T15:00:00+00:00", "2023-03-11T14:59:59+00:00"),
    ],
)
def test_the_day_of_an_event_is_the_programmes_own(zone: str, first: str, last: str) -> None:
    event = ScheduledEvent(SETU, 1, plan(), zone)
    begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)

    event.require_today(begin)
    event.require_today(end)

    for other in (begin - timedelta(seconds=1), end + timedelta(seconds=1)):
        with pytest.raises(Refused, match=f"not_its_day: .*2023-03-11.*{zone}"):
            event.require_today(other)


def test_a_case_keeps_what_is_known_whichever_came_first() -> None:
    first = Case("case-1").receive("t/KIA/1").withdraw()
    second = Case("case-1").withdraw().receive("t/KIA/1")

    assert first == second == Case("case-1", 2, received=True, withdrawn=True, ticket_id="t/KIA/1")


def test_a_counter_turns_to_the_next_ticket_and_a_tally_adds_up() -> None:
    called = Counter(SETU, "loket-1").call("a").call("b")
    assert called == Counter(SETU, "loket-1", 2, "b", latest=("b", "a"))
    assert Tally(SETU, "puskesmas", "HEALTH_CHECK").add(4).add(3).visitors == 7


def test_a_counter_remembers_its_last_four_each_once_and_none_that_was_taken_back() -> None:
    counter = Counter(SETU, "loket-1")
    for ticket in ("a", "b", "c", "d", "b", "e"):
        counter = counter.call(ticket)
    assert counter.latest == ("e", "b", "d", "c")
    assert counter.clear("b").latest == ("e", "d", "c")


NINE = datetime(2023, 3, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "every", "after", "told"),
    [
        (4, 4, 0, (15, 20)),
        (0, 4, 0, (0, 5)),
        (4, 4, 30, (20, 25)),
        (9, 0, 0, (0, 5)),
    ],
    ids=["a pace", "next", "a line that stands", "all at once"],
)
def test_the_time_that_is_left_is_told_in_fives(
    ahead: int, every: int, after: int, told: tuple[int, int]
) -> None:
    pace, now = Pace(), NINE
    assert expected(ahead, pace, now) is None
    for n in range(25):
        now = NINE + timedelta(minutes=every * n)
        pace = pace.call("b1", NINE, now)
    found = expected(ahead, pace, now + timedelta(minutes=after))
    assert found is not None
    assert (found.least, found.most) == told


def test_a_line_moves_only_while_nobody_holds_a_ticket() -> None:
    line = Line(SETU, "KIA").open("A")

    assert line.move("day_fixed", "on") == replace(line, version=line.version + 1)
    with pytest.raises(Refused, match="day_fixed: on: 1 numbers were given out for KIA"):
        line.issue().move("day_fixed", "on")
