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
    told: int = 0
    """Its version in the newest message about it, which says whether it has ended."""
    end: str | None = None
    """How it ended without being served, as scheduler names it; None: it has not."""
    offers: tuple[str, ...] = ()
    """Other ways that are open to its holder, where the line was closed before him."""

    def joined(self, other: "Ticket") -> "Ticket":
        """Return what both know of the same ticket; whether it ended, the newer one knows."""
        return replace(
            self if self.told >= other.told else other,
            since=min(self.since, other.since),
            called_at=earliest(self.called_at, other.called_at),
            served_at=earliest(self.served_at, other.served_at),
        )


def earliest(*times: datetime | None) -> datetime | None:
    """Return the earliest of those times that are known."""
    known = [time for time in times if time is not None]
    return reduce(min, known) if known else None
