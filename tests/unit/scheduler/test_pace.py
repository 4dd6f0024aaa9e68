"""The forecast of a line: held against simulated days, and what it says without data."""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from math import log, sqrt
from random import Random
from typing import TypeVar

import pytest

from services.scheduler.domain import PRIORITY, WALK_IN, Line, Policy
from services.scheduler.domain.lane import Lane
from services.scheduler.domain.pace import FEW, MAX_BOOTHS, Pace
from tests.size import examples

T = TypeVar("T")
OPENED = datetime(2023, 3, 11, 2, tzinfo=UTC)
CLOSES = 150 * 60.0
"""From 09.00 to 11.30, in seconds."""
EARLY = 1800
"""Seconds before the opening in which people come already."""


def at(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def _too_late(pace: Pace, ahead: int, came: float) -> float | None:
    left = timedelta(seconds=CLOSES - came)
    return pace.later_than(left, ahead) if left > timedelta(0) else None


def _within(pace: Pace, ahead: int, came: float) -> tuple[float, float] | None:
    found = pace.within(ahead, at(came))
    return (came + found[0], came + found[1]) if found else None


class Day:
    """A morning at one line: how many booths, how long they take, who does not come."""

    def __init__(self, random: Random, *, absent: float, elsewhere: float) -> None:
        self.random, self.absent, self.elsewhere = random, absent, elsewhere
        self.mean, variation = random.uniform(60, 300), random.uniform(0.3, 0.9)
        self.sigma = sqrt(log(1 + variation**2))
        booths = random.randint(1, 6)
        people = CLOSES / self.mean * booths * random.uniform(0.8, 1.5) * (1 - elsewhere)
        self.free = [(0.0, f"booth-{number}") for number in range(booths)]
        self.come = sorted(random.triangular(-EARLY, CLOSES, 600) for _ in range(int(people)))
        self.asked = set(random.sample(range(len(self.come)), min(8, len(self.come))))

    def took(self) -> float:
        """How long a booth is busy with somebody, until it calls again."""
        if self.random.random() < self.absent:
            return 45.0
        served = self.random.lognormvariate(log(self.mean) - self.sigma**2 / 2, self.sigma)
        return served + self.random.expovariate(0.1)

    def forecasts(self) -> Iterator[tuple[float, bool]]:
        """What was said to some who came, and whether they were called after the closing."""
        yield from ((said, now > CLOSES) for said, now in self.asking(_too_late))

    def asking(self, ask: Callable[[Pace, int, float], T | None]) -> Iterator[tuple[T, float]]:
        """What was said to some who came, with so many before them and when, and their call."""
        said: dict[int, T] = {}
        pace, came, called = Pace(), 0, 0
        while called < len(self.come):
            free, booth = heapq.heappop(self.free)
            if self.random.random() < self.elsewhere:  # it serves another line meanwhile
                heapq.heappush(self.free, (free + self.took(), booth))
                continue
            now = max(free, self.come[called])
            while came < len(self.come) and self.come[came] <= now:
                told = ask(pace, came - called, self.come[came])
                if came in self.asked and told is not None:
                    said[came] = told
                came += 1
            if called in said:
                yield said[called], now
            pace = pace.call(booth, at(self.come[called]), at(now))
            heapq.heappush(self.free, (now + self.took(), booth))
            called += 1


@pytest.mark.parametrize(
    ("absent", "elsewhere"),
    [(0.0, 0.0), (0.1, 0.0), (0.0, 0.4)],
    ids=["everybody comes", "a tenth does not come", "booths serve other lines too"],
)
def test_of_those_who_are_told_a_probability_so_many_come_too_late(
    absent: float, elsewhere: float
) -> None:
    random = Random(11)
    found: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for _ in range(examples(700)):
        for chance, late in Day(random, absent=absent, elsewhere=elsewhere).forecasts():
            found[min(4, int(chance * 5))].append((chance, late))

    assert set(found) == {0, 1, 2, 3, 4}
    for one in found.values():
        said = sum(chance for chance, _ in one) / len(one)
        seen = sum(late for _, late in one) / len(one)
        assert abs(said - seen) < 0.12, (said, seen, len(one))
    everybody = [pair for one in found.values() for pair in one]
    share = sum(late for _, late in everybody) / len(everybody)
    missed = sum((chance - late) ** 2 for chance, late in everybody) / len(everybody)
    assert missed < share * (1 - share) / 3, "far better than the day's share for each"


def test_nothing_is_said_before_enough_was_seen() -> None:
    pace = Pace()
    for turn in range(FEW + 2):
        assert pace.later_than(timedelta(minutes=5), 100) is None
        pace = pace.call("kia-1", OPENED, at(60 * turn))
    assert pace.later_than(timedelta(minutes=5), 100) == 0.99


def test_a_turn_counts_only_while_somebody_waited() -> None:
    pace = Pace().call("kia-1", at(0), at(10))
    idle = pace.call("kia-1", at(500), at(510))
    busy = pace.call("kia-1", at(5), at(510))
    assert (idle.turns.count, idle.rounds.count) == (0, 0)
    assert (busy.turns.count, busy.turns.seconds, busy.rounds.seconds) == (1, 500, 500)


def test_a_call_that_is_taken_back_is_nobodys_turn() -> None:
    pace = Pace().call("kia-1", at(0), at(10)).call("kia-1", at(0), at(70))
    assert pace.uncall().turns.count == 0
    assert pace.uncall().uncall().turns.count == 0
    assert pace.uncall().turns.seconds == 60


def test_a_clock_that_goes_back_and_equal_services_end_in_a_plain_answer() -> None:
    pace = Pace()
    for turn in range(20):
        pace = pace.call("kia-1", at(0), at(60 * turn))
    assert pace.call("kia-1", at(0), at(0)).turns.seconds >= 0
    assert pace.later_than(timedelta(minutes=60), 10) == pytest.approx(0.01)
    assert pace.later_than(timedelta(minutes=10), 10) == pytest.approx(0.99)


def test_no_more_booths_are_remembered_than_an_event_has() -> None:
    pace = Pace()
    for number in range(MAX_BOOTHS + 5):
        pace = pace.call(f"booth-{number}", at(0), at(number))
    assert len(pace.booths) == MAX_BOOTHS
    assert "booth-0" not in pace.booths


def waiting(*, walk_in: int = 0, priority: int = 0, joined: int = 0, booked: int = 0) -> Line:
    lanes = {
        WALK_IN: Lane(joined=joined or walk_in, waiting=walk_in),
        PRIORITY: Lane(joined=priority, waiting=priority),
        "booked-soon": Lane(opens_at=at(600), joined=booked, waiting=booked),
    }
    return Line("setu", "KIA", lanes=lanes)


def test_who_is_called_before_somebody_follows_from_the_policy() -> None:
    often = Policy(priority_every=4)
    line = waiting(walk_in=40, priority=2, joined=58, booked=5)
    assert line.ahead(Policy(), at(0)) == 42
    assert line.ahead(Policy(), at(600)) == 47
    assert line.ahead(often, at(0), priority=True) == 11
    assert line.ahead(Policy(), at(0), priority=True) == 42
    assert line.ahead(often, at(0)) == pytest.approx(42 + 42 * 2 / 65)
    full = waiting(walk_in=30, priority=30)
    assert full.ahead(often, at(0)) == 60 + often.passed_by(60)


@pytest.mark.parametrize(("absent", "elsewhere"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.4)])
def test_of_those_who_are_told_a_time_most_are_called_within_it(
    absent: float, elsewhere: float
) -> None:
    random, found = Random(12), list[bool]()
    for _ in range(examples(300)):
        day = Day(random, absent=absent, elsewhere=elsewhere)
        found += [first <= now <= last for (first, last), now in day.asking(_within)]

    assert 0.7 < sum(found) / len(found) < 0.9, sum(found) / len(found)


def test_a_line_that_stands_still_promises_more_each_minute() -> None:
    pace = Pace()
    for n in range(30):
        pace = pace.call("b1", OPENED, at(120.0 * n))
    last = pace.called_at
    assert last is not None
    told = [pace.within(4, last + timedelta(minutes=m)) for m in (0, 2, 10, 30)]
    ends = [round(one[1]) for one in told if one is not None]

    assert ends[0] == ends[1] == 540
    assert ends[1] < ends[2] < ends[3]


def test_a_time_is_told_from_as_many_calls_on_as_a_warning() -> None:
    pace = Pace()
    for n in range(2 * FEW):
        pace = pace.call("b1", OPENED, at(60.0 * n))
        later = pace.later_than(timedelta(hours=1), 3)
        assert (pace.within(3, at(60.0 * n)) is None) == (later is None)
    assert later is not None
