"""What is written of the key `timers`."""

from datetime import UTC, datetime

from tests.benchmarks.timers import _rows, figures


def test_each_is_counted_once_and_the_rest_is_missed() -> None:
    assert figures(6, [1, 1, 1, 2, 3], [0.1, 0.2, 0.5]) == {
        "due": 6,
        "fired_once": 3,
        "fired_twice": 2,
        "missed": 1,
        "p99_late_ms": 500.0,
        "max_late_ms": 500.0,
        "seen": 3,
    }


def test_where_nothing_fired_nothing_was_late() -> None:
    found = figures(2, [], [])
    assert (found["missed"], found["p99_late_ms"], found["max_late_ms"]) == (2, None, None)


def test_timers_are_due_over_the_whole_time() -> None:
    begin = datetime(2023, 3, 11, tzinfo=UTC)
    rows = list(_rows(begin, 2_000, 100.0))
    assert len({row["_id"] for row in rows}) == 2_000
    ages = sorted((row["due"] - begin).total_seconds() for row in rows)
    assert 0 <= ages[0] < 1
    assert 99 < ages[-1] <= 100
    assert 45 < ages[1_000] < 55
    assert all(row["next"] == row["due"] for row in rows)
