"""How fast a line moves today, and how likely somebody's turn comes only after the closing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import erfc, sqrt
from typing import Final

FEW: Final = 10
"""Turns, and rounds, below which nothing is said."""
MEMORY: Final = 50
"""Turns after which the older ones count a third: booths open, close and rest during a day."""
MAX_BOOTHS: Final = 60
"""Booths of an event at most."""
_KEPT: Final = 1 - 1 / MEMORY
_EIGHT_OF_TEN: Final = 1.28
"""Standard deviations to both sides of a normal mean between which they lie."""
_SURE: Final = 0.99
"""Nothing is said to be surer than this."""


@dataclass(frozen=True, slots=True)
class Times:
    """How often something was timed, its seconds, and their squares; older ones count less."""

    count: float = 0.0
    seconds: float = 0.0
    squares: float = 0.0

    def add(self, seconds: float) -> "Times":
        """Time it once more."""
        return Times(
            self.count * _KEPT + 1,
            self.seconds * _KEPT + seconds,
            self.squares * _KEPT + seconds * seconds,
        )

    def less_one(self) -> "Times":
        """Take one back; its seconds passed all the same."""
        return replace(self, count=max(0.0, self.count - 1))

    @property
    def worth(self) -> float:
        """Return how many equally weighted ones would tell as much."""
        return self.count * (1 + _KEPT) / (2 - self.count / MEMORY)

    @property
    def mean(self) -> float:
        """Return the mean of its seconds."""
        return self.seconds / self.count

    @property
    def variation(self) -> float:
        """Return the coefficient of variation of its seconds."""
        variance = self.squares / self.count - self.mean**2
        return sqrt(max(0.0, variance) * self.worth / (self.worth - 1)) / (self.mean or 1.0)


@dataclass(frozen=True, slots=True)
class Pace:
    """The latest turns and rounds of a line, each while somebody waited in it.

    A turn is the time between two calls of the line, a round that between two calls of the line at
    one booth: the service, what else the booth serves, its pauses, and who did not come.

    **The model.** A turn lasts t on average, so that n people before somebody take about n t. How
    far that may be out follows from the coefficient of variation v of the rounds and not from that
    of the turns: several booths at once scatter the calls, but not the line as a whole. The
    variance is (v t)^2 n for what the n will need, and (v t n)^2 / k since t was seen in k turns;
    the sum is taken as normal. It is assumed that the booths go on as of late. What the model does
    not know: a booth that will open or close later, and how many with priority will come.
    """

    turns: Times = field(default_factory=Times)
    rounds: Times = field(default_factory=Times)
    called_at: datetime | None = None
    """The latest call of somebody who waited."""
    booths: Mapping[str, datetime] = field(default_factory=dict)
    """The same by booth, at most 60 of them."""

    def call(self, booth_id: str, joined_at: datetime, now: datetime) -> "Pace":
        """Count the turn and the round that a call ends."""
        latest = sorted({**self.booths, booth_id: now}.items(), key=lambda one: one[1])
        return Pace(
            _ended(self.turns, self.called_at, joined_at, now),
            _ended(self.rounds, self.booths.get(booth_id), joined_at, now),
            now,
            dict(latest[-MAX_BOOTHS:]),
        )

    def uncall(self) -> "Pace":
        """Take a call back: the time passed, but it was nobody's turn."""
        return replace(self, turns=self.turns.less_one(), rounds=self.rounds.less_one())

    def later_than(self, left: timedelta, ahead: float) -> float | None:
        """Return how likely somebody with so many before him is called only after that time.

        None: too little was seen today.
        """
        if min(self.turns.worth, self.rounds.worth) < FEW:
            return None
        before = ahead + 0.5  # half of a turn has passed already
        over = before * self.turns.mean - left.total_seconds()
        scale = sqrt(2) * self._deviation(self.turns, before)
        chance = erfc(-over / scale) / 2 if scale else float(over > 0)
        return min(_SURE, max(1 - _SURE, chance))

    def within(self, ahead: int, now: datetime) -> tuple[float, float] | None:
        """Return the seconds between which eight of ten with so many before them are called.

        None: too little was seen today. A turn that lasts longer than others do counts as it
        stands, so that a line which stands still is not promised to go on.
        """
        if min(self.turns.worth, self.rounds.worth) < FEW or self.called_at is None:
            return None
        begun = (now - self.called_at).total_seconds()
        turns = self.turns.add(begun) if begun > self.turns.mean else self.turns
        before = ahead + 0.5
        middle, off = before * turns.mean, _EIGHT_OF_TEN * self._deviation(turns, before)
        return max(0.0, middle - off), middle + off

    def _deviation(self, turns: Times, before: float) -> float:
        spread = sqrt(before + before * before / turns.worth)
        return turns.mean * self.rounds.variation * spread


def _ended(times: Times, begun: datetime | None, joined_at: datetime, now: datetime) -> Times:
    """Count the time since a call, unless nobody waited when that was."""
    if begun is None or joined_at > begun:
        return times
    return times.add(max(0.0, (now - begun).total_seconds()))
