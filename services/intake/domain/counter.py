"""What a counter claims that went on without uplink, beside what the office knows itself.

A laptop's clock proves nothing: the office's time of arrival counts, and the claim is kept beside
it. That a visit belongs to an event's day is known from the event, not from the laptop.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

COUNTER_DAYS: Final = 7
"""Days after an event within which what its counters wrote down is still taken."""
CLOCK_OFF: Final = timedelta(minutes=5)
"""From here on a laptop's clock is called wrong."""


@dataclass(frozen=True, slots=True)
class CounterClaim:
    """What a laptop says of an entry: which one it is, the number on its paper, and when it was.

    `clock_ahead`: seconds that its clock was ahead when it last heard the office before that.
    """

    device: str
    number: str
    claimed_at: datetime
    clock_ahead: int = 0

    @property
    def prefix(self) -> str:
        """Return with what the numbers of this laptop begin."""
        return self.number.partition("-")[0]

    @property
    def happened_at(self) -> datetime:
        """Return when it was, with the laptop's clock put right as far as it was known."""
        try:
            return self.claimed_at - timedelta(seconds=self.clock_ahead)
        except OverflowError:
            return self.claimed_at

    @property
    def clock_off(self) -> bool:
        """Return whether the laptop's clock was wrong."""
        return abs(self.clock_ahead) >= CLOCK_OFF.total_seconds()


@dataclass(frozen=True, slots=True)
class Counted:
    """What the office has of one laptop at an event."""

    device: str
    prefix: str
    """With which the numbers on its receipts begin."""
    visits: int
    cases: int
    last_at: datetime
    clock_ahead: int
    """Of its newest visit."""

    @property
    def clock_off(self) -> bool:
        """Return whether the laptop's clock was wrong at its newest visit."""
        return abs(self.clock_ahead) >= CLOCK_OFF.total_seconds()


def counted_as(arrived_on: date, event_on: date) -> date:
    """Return the day on which what a counter sends counts as asked for.

    Within COUNTER_DAYS after the event it is the event's own day; later nothing is put back.
    """
    late = (arrived_on - event_on).days
    return event_on if 0 < late <= COUNTER_DAYS else arrived_on
