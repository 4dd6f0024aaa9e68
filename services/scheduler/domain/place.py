"""How long somebody who waits may still wait, as honestly as the last calls can say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ENOUGH: Final = 3
"""Calls without which nothing is said: two would make a pace of one pause."""
_FASTER, _SLOWER = 0.7, 1.5
_STEP: Final = 5


@dataclass(frozen=True, slots=True)
class Minutes:
    """From so many minutes to so many, by fives."""

    least: int
    most: int


def expected(ahead: int, calls: Sequence[datetime], now: datetime) -> Minutes | None:
    """Return after how many minutes somebody may be called; None where that cannot be said.

    `ahead` are called before him, `calls` are the last calls of his service. The pace is theirs up
    to now, so that a line which stands still is not promised to go on. What comes of it is given a
    third less and a half more, in whole fives of minutes: people differ, and so do their papers.
    """
    if len(calls) < ENOUGH:
        return None
    each = (now - min(calls)) / (len(calls) - 1)
    minutes = each / timedelta(minutes=1) * (ahead + 1)
    return Minutes(_down(minutes * _FASTER), max(_STEP, _up(minutes * _SLOWER)))


def _down(minutes: float) -> int:
    return int(minutes // _STEP) * _STEP


def _up(minutes: float) -> int:
    return -int(-minutes // _STEP) * _STEP
