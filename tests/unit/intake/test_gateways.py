"""The national calendar, the register of regions, and counted tries."""

from datetime import date
from pathlib import Path

import pytest

import services.intake
from services.intake.domain import CalendarExceptions, due_day
from services.intake.gateways import ErasureList, KemendagriRegions, NationalCalendar, TryLimits
from services.intake.store import COLLECTIONS
from shared.audit.kept import ADDED_TO
from shared.limits.counts import Tries
from shared.messaging.errors import Unavailable
from shared.mongo.users import read_rights
from shared.testing.callers import StandingClock
from shared.testing.counts import MemoryCounts
from shared.testing.memory import Memory
from tests.unit.intake.sample import SATURDAY


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


def limits_of(per_client: str, per_case: str) -> TryLimits:
    clock = StandingClock()
    tries = Tries(MemoryCounts(Memory(clock)), clock, b"a made-up key")
    return TryLimits(tries, "track", per_client, per_case)


async def wrong(limits: TryLimits, client: str) -> int | None:
    """Try a wrong code; the seconds to wait instead, if any."""
    wait = await limits.client_waits(client)
    if wait is None:
        await limits.count_client(client)
    return wait


async def test_right_codes_do_not_count() -> None:
    limits = limits_of("1/minute", "2/hour")

    assert [await limits.client_waits("192.0.2.1") for _ in range(50)] == [None] * 50


async def test_wrong_receipt_codes_are_counted_for_each_case() -> None:
    limits = limits_of("100/minute", "2/hour")

    waits = []
    for _ in range(3):
        waits.append(await limits.case_waits("case-1"))
        await limits.count_case("case-1")

    assert waits[:2] == [None, None]
    assert waits[2] is not None
    assert await limits.case_waits("case-2") is None


async def test_one_client_is_stopped_and_told_how_long_and_others_are_not() -> None:
    limits = limits_of("3/minute", "2/hour")

    missing = [await wrong(limits, "192.0.2.1") for _ in range(4)]

    assert missing[:3] == [None, None, None]
    assert missing[3] is not None
    assert 1 <= missing[3] <= 120
    assert await wrong(limits, "192.0.2.2") is None


async def test_two_purposes_are_counted_apart() -> None:
    clock = StandingClock()
    tries = Tries(MemoryCounts(Memory(clock)), clock, b"a made-up key")
    track, sign_in = (TryLimits(tries, one, "1/minute", "1/hour") for one in ("track", "sign_in"))

    assert await wrong(track, "192.0.2.1") is None
    assert await wrong(track, "192.0.2.1") is not None
    assert await wrong(sign_in, "192.0.2.1") is None


async def test_while_the_database_is_away_nothing_is_tried() -> None:
    memory = Memory()
    tries = Tries(MemoryCounts(memory), StandingClock(), b"a made-up key")
    limits = TryLimits(tries, "track", "1/minute", "2/hour")
    memory.away = True

    for asked in (limits.client_waits("192.0.2.1"), limits.count_case("case-1")):
        with pytest.raises(Unavailable):
            await asked


async def test_one_site_is_stopped_although_each_of_its_lines_tries_little() -> None:
    limits = limits_of("1/minute", "2/hour")

    missing = [await wrong(limits, f"2001:db8:1:{line:x}::1") for line in range(21)]

    assert missing[:20] == [None] * 20
    assert missing[20] is not None
    assert await wrong(limits, "2001:db8:2::1") is None


async def test_an_ipv4_address_in_ipv6_clothes_is_one_client() -> None:
    limits = limits_of("1/minute", "2/hour")

    assert await wrong(limits, "192.0.2.1") is None
    assert await wrong(limits, "::ffff:192.0.2.1") is not None
    assert await wrong(limits, "::ffff:192.0.2.2") is None


async def test_one_line_is_one_client_whatever_address_it_chooses() -> None:
    limits = limits_of("1/minute", "2/hour")

    assert await wrong(limits, "2001:db8:1:2::1") is None
    assert await wrong(limits, "2001:db8:1:2:ffff::9") is not None
    assert await wrong(limits, "2001:db8:1:3::1") is None
    assert await wrong(limits, "no address") is None
    assert await wrong(limits, "") is not None


def test_a_limit_that_cannot_be_read_is_an_error_at_start() -> None:
    with pytest.raises(ValueError, match="30/15minute"):
        limits_of("often", "2/hour")


def test_an_erasure_is_noted_once_and_for_all(tmp_path: Path) -> None:
    erasures = ErasureList(tmp_path / "erasures")
    assert erasures.ids() == ()

    for id_ in ("r-1", "r-2", "r-1"):
        erasures.add(id_, SATURDAY, "sri-1", "agus-1")

    assert erasures.ids() == ("r-1", "r-2")
    assert (tmp_path / "erasures").stat().st_mode & 0o777 == 0o600
    assert "2023-03-11T02:15:00+00:00" in (tmp_path / "erasures").read_text()


def test_a_line_that_a_power_cut_left_unfinished_loses_no_other(tmp_path: Path) -> None:
    file = tmp_path / "erasures"
    erasures = ErasureList(file)
    erasures.add("r-1", SATURDAY, "sri-1", "agus-1")
    with file.open("a") as cut:
        cut.write('{"resident_id": "r-2", "at"')

    erasures.add("r-3", SATURDAY, "sri-1", "agus-1")

    assert erasures.ids() == ("r-1", "r-3")


def test_the_database_of_keys_is_one_that_intake_s_user_may_write() -> None:
    rights = read_rights(Path(services.intake.__file__).with_name("database.toml"))
    assert rights is not None
    assert rights.written is None
    assert set(rights.apart) == {"keys"}
    assert {name for name, part in COLLECTIONS.apart.items() if part == "keys"} == {"resident_keys"}
    assert set(COLLECTIONS.apart.values()) == {"keys", ADDED_TO.part}
