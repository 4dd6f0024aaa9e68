"""Rates over a sliding window, and counts that processes share."""

from typing import Any

import pytest

from shared.limits.counts import Counts
from shared.limits.rates import Rate
from shared.testing.counts import COUNTS, MemoryCounts
from shared.testing.counts_suite import CountsContract
from shared.testing.memory import Memory

MINUTE = 60.0


class OneMemory:
    """Processes of one service on one memory."""

    def __init__(self) -> None:
        self.memory = Memory()

    def process(self) -> Counts:
        """The counts as one more process sees them."""
        return MemoryCounts(self.memory)

    async def documents(self) -> list[dict[str, Any]]:
        """Everything that is kept."""
        return self.memory.copies(COUNTS)


class TestMemoryCounts(CountsContract):
    """The fake passes the suite."""

    @pytest.fixture
    def shared(self) -> OneMemory:
        """Return an empty one."""
        return OneMemory()


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("20/minute", 20, 60), ("30/15minute", 30, 900), ("1/2hour", 1, 7200), ("9/day", 9, 86_400)],
)
def test_a_rate_is_read_as_it_is_written(text: str, amount: int, seconds: int) -> None:
    rate = Rate.parse(f" {text} ")
    assert (rate.amount, rate.seconds, rate.text) == (amount, seconds, text)


@pytest.mark.parametrize("text", ["", "often", "0/minute", "5/0minute", "5", "-1/minute", "5/week"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="30/15minute"):
        Rate.parse(text)


def test_so_many_are_allowed_and_one_more_waits() -> None:
    rate = Rate.parse("10/minute")
    assert rate.waits(0, 9, 0.0) is None
    assert rate.waits(0, 10, 0.0) is not None


def test_the_window_before_counts_by_what_of_it_lies_behind() -> None:
    rate = Rate.parse("10/minute")
    assert rate.waits(10, 0, MINUTE) is not None
    assert rate.waits(10, 4, MINUTE + 30) is None
    assert rate.waits(10, 5, MINUTE + 30) is not None


@pytest.mark.parametrize("before", [0, 3, 10, 12])
@pytest.mark.parametrize("count", [0, 5, 9, 10, 14])
@pytest.mark.parametrize("gone", [0.0, 0.4, 29.5, 59.9])
def test_whoever_waits_as_long_as_he_was_told_is_let_through(
    before: int, count: int, gone: float
) -> None:
    rate, began = Rate.parse("10/minute"), 1_000 * MINUTE
    waits = rate.waits(before, count, began + gone)
    if waits is None:
        return
    assert 1 <= waits <= 2 * MINUTE
    then = began + gone + waits
    passed = rate.window(then) - rate.window(began)
    told = [(before, count), (count, 0), (0, 0)][passed]
    assert rate.waits(*told, then) is None
    if waits > 1:
        earlier = then - 1.001
        passed = rate.window(earlier) - rate.window(began)
        assert rate.waits(*[(before, count), (count, 0), (0, 0)][passed], earlier) is not None
