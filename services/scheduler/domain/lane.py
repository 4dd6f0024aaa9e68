"""Where people stand in a line: lanes, in stretches of a hundred places."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.scheduler.domain.ticket import Ticket

STRETCH: Final = 100
"""Places in one stretch of a lane."""


def stretch_of(ticket: Ticket) -> int:
    """Return the index of the stretch that a ticket has its place in.

    A device's numbers have one of their own for each block, in which a place is the time of
    joining: they come in late, and in any order.
    """
    return 0 if ticket.came_late else ticket.place // STRETCH


@dataclass(frozen=True, slots=True)
class Stretch:
    """A hundred places of a lane, with the numbers of those who wait there, by place."""

    event_id: str
    service: str
    lane: str
    index: int
    version: int = 0
    waiting: tuple[tuple[int, int], ...] = ()

    @property
    def id(self) -> str:
        """Return the stretch's id."""
        return self.key(self.event_id, self.service, self.lane, self.index)

    @staticmethod
    def key(event_id: str, service: str, lane: str, index: int) -> str:
        """Return the id of a stretch."""
        return f"{event_id}/{service}/{lane}/{index}"

    @classmethod
    def of(cls, ticket: Ticket) -> "Stretch":
        """Return the stretch that a ticket has its place in, with nobody in it."""
        return cls(ticket.event_id, ticket.service, ticket.lane, stretch_of(ticket))

    def take_in(self, ticket: Ticket) -> "Stretch":
        """Let somebody wait at his place."""
        waiting = sorted((*self.waiting, (ticket.place, ticket.number)))
        return replace(self, version=self.version + 1, waiting=tuple(waiting))

    def let_go(self, ticket: Ticket) -> "Stretch":
        """Take somebody out."""
        waiting = tuple(one for one in self.waiting if one[1] != ticket.number)
        return replace(self, version=self.version + 1, waiting=waiting)


@dataclass(frozen=True, slots=True)
class Lane:
    """A part of a line that is called in order of joining. `opens_at`: nobody is called before."""

    opens_at: datetime | None = None
    joined: int = 0
    """Places that were given out."""
    waiting: int = 0
    first: int = 0
    """Every stretch before this one is empty."""

    @property
    def stretches(self) -> range:
        """Return the stretches in which somebody may wait."""
        return range(self.first, -(-self.joined // STRETCH))
