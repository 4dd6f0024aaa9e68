"""What happened without uplink, as it is told later, and where two such stories do not agree.

A device's clock proves nothing: what is kept is the claim, and beside it the time that it can have
been. What was told once stays as it was told; only how a call ended may come after it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduler.domain.lease import CLOCK_OFF, CLOCK_OFF_SECONDS
from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import Act

MAX_NAMED: Final = 10
"""Stories that a conflict names; all are counted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """When a device says that something was, and how many seconds its clock was ahead."""

    at: datetime
    ahead: int = 0

    @property
    def said(self) -> str:
        """Return it as it is kept."""
        return f"{self.at.isoformat()} {self.ahead}"

    def put_right(self) -> datetime:
        """Return the time with the clock put right as far as it was known."""
        try:
            return self.at - timedelta(seconds=self.ahead)
        except OverflowError:
            return self.at

    def between(self, first: datetime, last: datetime) -> datetime:
        """Return when it was, as far as that can have been."""
        return min(max(self.put_right(), first), last)

    def off(self, at: datetime) -> bool:
        """Return whether the clock was wrong, or is, seen from when it can have been."""
        return abs(self.put_right() - at) >= CLOCK_OFF or abs(self.ahead) >= CLOCK_OFF_SECONDS


class LateEnd(StrEnum):
    """How a call without uplink ended."""

    SERVED = "served"
    NO_SHOW = "no_show"
    LEFT = "left"

    @property
    def act(self) -> Act:
        """Return what the booth did."""
        return _ACTS[self]


_ACTS: Final = {
    LateEnd.SERVED: Act.SERVE,
    LateEnd.NO_SHOW: Act.NO_SHOW,
    LateEnd.LEFT: Act.LEAVE,
}


@dataclass(frozen=True, slots=True)
class LateIssue:
    """A gate gave people a code and numbers of its own."""

    entry_id: str
    code: str
    numbers: tuple[tuple[str, int], ...]
    """Of each service that they want."""
    claim: Claim
    priority: bool = False

    @property
    def said(self) -> str:
        """Return what may not change."""
        numbers = ",".join(f"{service}/{number}" for service, number in self.numbers)
        return f"{self.code} {numbers} {self.priority} {self.claim.said}"


@dataclass(frozen=True, slots=True)
class LateCall:
    """A booth called somebody, and perhaps what came of it."""

    entry_id: str
    booth_id: str
    service: str
    number: int
    claim: Claim
    end: LateEnd | None = None
    ended: Claim | None = None

    @property
    def said(self) -> str:
        """Return what may not change; the end may come later."""
        return f"{self.booth_id} {self.service} {self.number} {self.claim.said}"


LateStory = LateIssue | LateCall


class ConflictKind(StrEnum):
    """Why two stories do not agree."""

    SAME_CODE = "same_code"
    """One code at two gates."""
    CALLED_TWICE = "called_twice"
    """Another booth has called the same ticket."""
    ENDED = "ended"
    """Called although it had ended: withdrawn, left, transferred, sent on."""
    NEWER = "newer"
    """The booth has done something else with it since."""
    TWO_BOOTHS = "two_booths"
    """They are at another booth with another ticket."""
    AFTER_LEASE = "after_lease"
    AFTER_CLOSING = "after_closing"
    CLOCK = "clock"
    """The device's time cannot be right, and is not the one that counts."""


@dataclass(frozen=True, slots=True)
class LateEntry:
    """A story that was taken in, once, with the device's claim and the office's time."""

    event_id: str
    device: str
    entry_id: str
    said: str
    claimed_at: datetime
    happened_at: datetime
    arrived_at: datetime
    by: str
    """The account that sent it."""
    end: LateEnd | None = None
    ended_claimed_at: datetime | None = None
    ended_at: datetime | None = None
    conflicts: tuple[ConflictKind, ...] = ()
    version: int = 1

    @property
    def id(self) -> str:
        """Return the entry's id."""
        return self.key(self.event_id, self.device, self.entry_id)

    @property
    def name(self) -> str:
        """Return how a conflict names it."""
        return f"{self.device}/{self.entry_id}"

    @staticmethod
    def key(event_id: str, device: str, entry_id: str) -> str:
        """Return the id of what a device told."""
        return f"{event_id}/{device}/{entry_id}"

    def tells_more(self, story: LateStory) -> bool:
        """Return whether a story says how it ended, and this does not.

        Raises Refused: entry_changed.
        """
        end = story.end if isinstance(story, LateCall) else None
        if story.said != self.said or (self.end is not None and end not in (None, self.end)):
            raise Refused("entry_changed", "something else was told under this entry_id")
        return end is not None and self.end is None

    def conflicting(self, kinds: tuple[ConflictKind, ...]) -> "LateEntry":
        """Know of more conflicts."""
        return replace(self, conflicts=tuple(sorted({*self.conflicts, *kinds})))


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a supervisor should look at: stories about one subject that do not agree."""

    event_id: str
    kind: ConflictKind
    subject: str
    """The ticket, the code, or the device."""
    first_at: datetime
    version: int = 0
    entries: tuple[str, ...] = ()
    booths: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the conflict's id."""
        return self.key(self.event_id, self.kind, self.subject)

    @staticmethod
    def key(event_id: str, kind: ConflictKind, subject: str) -> str:
        """Return the id of a conflict."""
        return f"{event_id}/{kind}/{subject}"

    def with_entries(self, *entries: str, booths: tuple[str, ...]) -> "Conflict":
        """Know of one more story."""
        return replace(
            self,
            version=self.version + 1,
            entries=tuple(sorted({*self.entries, *entries}))[:MAX_NAMED],
            booths=tuple(sorted({*self.booths, *booths}))[:MAX_NAMED],
        )
