"""Whom a booth's device holds: it alone calls them, also without uplink."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MAX_HELD: Final = 12
"""Whom one device holds at most, in all its lines together."""
HOLD_LASTS: Final = timedelta(minutes=45)
"""After the device was last heard of."""
HELD_CHOICES: Final = 50
"""So many are called or held in a line after somebody, and nobody holds him any more."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Whom one device holds in a line, each with how many had been chosen there before him.

    They stay at their places, so that nothing is to be done where the time is over or others were
    chosen too often meanwhile: who waits there is then anybody's to call.
    """

    until: datetime
    numbers: tuple[tuple[int, int], ...] = ()

    def standing(self, now: datetime, chosen: int) -> frozenset[int]:
        """Return who is still held. `chosen`: how many the line has called or held by now."""
        if now >= self.until:
            return frozenset()
        return frozenset(n for n, before in self.numbers if chosen - before <= HELD_CHOICES)

    def with_one(self, number: int, chosen: int) -> "Hold":
        """Hold one more."""
        return replace(self, numbers=(*self.numbers, (number, chosen)))

    def without(self, number: int) -> "Hold":
        """Hold somebody no more."""
        if all(one != number for one, _ in self.numbers):
            return self
        return replace(self, numbers=tuple(one for one in self.numbers if one[0] != number))

    def renewed(self, kept: frozenset[int], until: datetime) -> "Hold":
        """Hold these until then."""
        return Hold(until, tuple(one for one in self.numbers if one[0] in kept))
