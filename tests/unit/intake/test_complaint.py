"""Complaints as the domain has them: their states, their days, and that lists have an end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest

from services.intake.domain import CalendarExceptions, Refused
from services.intake.domain.complaint import (
    OPENERS,
    Complaint,
    ComplaintKind,
    ComplaintState,
    Secrecy,
    StaffRole,
)
from services.intake.domain.complaint_tally import Tally, together

NOW: Final = datetime(2023, 3, 11, 2, 15, tzinfo=UTC)
# The last moment of 17 March in Jakarta.
END: Final = datetime(2023, 3, 17, 17, 0, tzinfo=UTC)


class NoHolidays:
    """A year of working days."""

    def is_holiday(self, day: date) -> bool:
        """Return that no day is one."""
        del day
        return False


def complaint(**changed: object) -> Complaint:
    """Return one that came just now."""
    one = Complaint(
        id="k-1",
        version=1,
        tracking="t",
        programme_id="botram",
        region="32.16",
        time_zone="Asia/Jakarta",
        kind=ComplaintKind.SERVICE,
        secrecy=Secrecy.ANONYMOUS,
        channel="online",
        received_at=NOW,
        recorded_by="resident",
        due_on=date(2023, 3, 17),
    )
    return replace(one, **changed)  # type: ignore[arg-type]


def test_it_is_answered_in_time_to_the_last_moment_of_its_last_day() -> None:
    taken = complaint().taken("agus")
    before = taken.answered("agus", END - timedelta.resolution)
    after = taken.answered("agus", END)
    assert (before.within_deadline, after.within_deadline) == (True, False)


def test_it_is_overdue_from_the_end_of_its_last_day_while_an_answer_is_owed() -> None:
    one = complaint().taken("agus")
    assert one.noted_overdue(END - timedelta.resolution) is one
    late = one.noted_overdue(END)
    assert (late.overdue, late.overdue_since) == (True, END)
    assert late.noted_overdue(END + timedelta(days=1)) is late
    said = one.answered("agus", END)
    assert said.noted_overdue(END + timedelta(days=1)) is said


def test_who_takes_it_again_waits_until_it_is_given_up() -> None:
    taken = complaint().taken("agus")
    with pytest.raises(Refused, match="not_waiting"):
        taken.taken("sri")
    given = taken.given_up()
    assert (given.state, given.supervised, given.worked_by) == (
        ComplaintState.RECEIVED,
        True,
        None,
    )
    with pytest.raises(Refused, match="not_owed"):
        given.taken("sri").answered("sri", NOW).given_up()


def test_opened_again_it_is_new_in_all_but_its_month_and_how_often() -> None:
    ended = complaint().taken("agus").answered("agus", NOW).closed("sri", NOW).rated(2)
    at = NOW + timedelta(days=30)
    again = ended.opened_again(at, 5, NoHolidays(), CalendarExceptions())
    assert again.month == ended.month == "2023-03"
    assert again.due_on == date(2023, 4, 17)
    assert (again.rating, again.answered_by, again.closed_at, again.within_deadline) == (None,) * 4
    assert (again.answers, again.reopened, again.version) == (1, 1, ended.version + 1)


def test_so_many_may_ask_to_read_it_and_no_more() -> None:
    one = complaint(about=StaffRole.AGENT)
    for number in range(OPENERS):
        one = one.opened(f"a-{number}")
    assert one.opened("a-0") is one
    with pytest.raises(Refused, match="opened_enough"):
        one.opened("a-more")


@pytest.mark.parametrize("rating", [0, 5, -1])
def test_a_rating_is_1_to_4(rating: int) -> None:
    said = complaint().taken("agus").answered("agus", NOW)
    with pytest.raises(Refused, match="rating_malformed"):
        said.rated(rating)


def test_no_complaints_are_no_figure_and_all_resolved_are_all() -> None:
    assert Tally().ratio is None
    assert Tally(100, 91, 90).ratio == Decimal("91.00")
    assert Tally(3, 2, 2).ratio == Decimal("66.67")
    assert together([Tally(1, 1, 0), Tally(2, 0, 0), Tally()]) == Tally(3, 1, 0)
