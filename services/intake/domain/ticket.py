"""A place in a line, as messages in any order tell of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce


@dataclass(frozen=True, slots=True)
class Ticket:
    """A place in a line. `since` is the earliest time of any message about it."""

    id: str
    event_id: str
    number: int
    since: datetime
    called_at: datetime | None = None
    served_at: datetime | None = None

    def joined(self, other: "Ticket") -> "Ticket":
        """Return what both know of the same ticket."""
        return replace(
            self,
            since=min(self.since, other.since),
            called_at=earliest(self.called_at, other.called_at),
            served_at=earliest(self.served_at, other.served_at),
        )


def earliest(*times: datetime | None) -> datetime | None:
    """Return the earliest of those times that are known."""
    known = [time for time in times if time is not None]
    return reduce(min, known) if known else None
