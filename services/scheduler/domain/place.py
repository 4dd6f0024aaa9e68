"""How long somebody who waits may still wait, as honestly as the pace of his line can say."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.scheduler.domain.pace import Pace

_STEP: Final = 5


@dataclass(frozen=True, slots=True)
class Minutes:
    """From so many minutes to so many, by fives."""

    least: int
    most: int


def expected(ahead: int, pace: Pace, now: datetime) -> Minutes | None:
    """Return after how many minutes somebody may be called; None where that cannot be said.

    `ahead` are called before him. Eight of ten are called within it, by the model of `pace`; it is
    given in whole fives of minutes.
    """
    seconds = pace.within(ahead, now)
    if seconds is None:
        return None
    least, most = (one / 60 / _STEP for one in seconds)
    return Minutes(int(least) * _STEP, max(1, -int(-most // 1)) * _STEP)
