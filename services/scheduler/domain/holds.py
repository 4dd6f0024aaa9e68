"""Whom a booth's device holds: it alone calls them, also without uplink."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

MAX_HELD: Final = 12
"""Whom one device holds at most, in all its lines together."""
HOLD_LASTS: Final = timedelta(minutes=45)
"""How long somebody is held, also where the device is heard of: its booth may rest."""
HELD_CHOICES: Final = 50
"""So many are called or held in a line after somebody, and nobody holds him any more."""


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody who is held until then. `before`: how many the line had chosen before him."""

    number: int
    before: int
    until: datetime

    def stands(self, now: datetime, chosen: int) -> bool:
        """Return whether he is still held. `chosen`: how many the line has called or held by now.

        He has stayed at his place, so that nothing is to be done where he is not: he is then
        anybody's to call.
        """
        return now < self.until and chosen - self.before <= HELD_CHOICES


@dataclass(frozen=True, slots=True)
class Hold:
    """Whom one device holds in a line."""

    people: tuple[Held, ...] = ()

    def standing(self, now: datetime, chosen: int) -> tuple[Held, ...]:
        """Return who is still held."""
        return tuple(one for one in self.people if one.stands(now, chosen))

    def without(self, number: int) -> "Hold":
        """Hold somebody no more."""
        return replace(self, people=tuple(one for one in self.people if one.number != number))
