"""The national calendar, the register of regions, and counted tries."""

from datetime import date

import pytest

from services.intake.domain import CalendarExceptions, due_day
from services.intake.gateways import KemendagriRegions, NationalCalendar, TryLimits


def test_the_request_of_the_first_botram_is_due_on_wednesday() -> None:
    due = due_day(date(2023, 3, 11), 3, NationalCalendar(), CalendarExceptions())

    assert due == date(2023, 3, 15)


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        (date(2023, 3, 22), True),
        (date(2023, 3, 23), True),
        (date(2024, 2, 14), True),
        (date(2023, 3, 13), False),
    ],
)
def test_collective_leave_and_elections_are_no_working_days(day: date, *, closed: bool) -> None:
    assert NationalCalendar().is_holiday(day) is closed


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("32", True),
        ("32.16.18", True),
        ("32.16.18.2001", True),
        ("63.11.01", True),
        ("32.16.99", False),
        ("32.16.18.9999", False),
        ("99", False),
    ],
)
def test_regions_are_those_of_the_register(code: str, *, known: bool) -> None:
    assert KemendagriRegions().known(code) is known


async def test_one_client_is_stopped_and_told_how_long_and_others_are_not() -> None:
    limits = TryLimits("3/minute")

    missing = [await limits.admit("192.0.2.1") for _ in range(4)]

    assert missing[:3] == [None, None, None]
    assert missing[3] is not None
    assert 1 <= missing[3] <= 120
    assert await limits.admit("192.0.2.2") is None


async def test_one_site_is_stopped_although_each_of_its_lines_tries_little() -> None:
    limits = TryLimits("1/minute")

    missing = [await limits.admit(f"2001:db8:1:{line:x}::1") for line in range(21)]

    assert missing[:20] == [None] * 20
    assert missing[20] is not None
    assert await limits.admit("2001:db8:2::1") is None


async def test_an_ipv4_address_in_ipv6_clothes_is_one_client() -> None:
    limits = TryLimits("1/minute")

    assert await limits.admit("192.0.2.1") is None
    assert await limits.admit("::ffff:192.0.2.1") is not None
    assert await limits.admit("::ffff:192.0.2.2") is None


async def test_one_line_is_one_client_whatever_address_it_chooses() -> None:
    limits = TryLimits("1/minute")

    assert await limits.admit("2001:db8:1:2::1") is None
    assert await limits.admit("2001:db8:1:2:ffff::9") is not None
    assert await limits.admit("2001:db8:1:3::1") is None
    assert await limits.admit("no address") is None
    assert await limits.admit("") is not None


def test_a_limit_that_cannot_be_read_is_an_error_at_start() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        TryLimits("often")
