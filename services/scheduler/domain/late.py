"""What happened without uplink, as it is told later, and where two such stories do not agree.

A device's clock proves nothing: what is kept is the claim, and beside it the time that it can have
been. What was told once stays as it was told; only how a call ended may come after it.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from services.scheduler.domain.lease import CLOCK_OFF, CLOCK_OFF_SECONDS
from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import Act, TicketState

MAX_NAMED: Final = 10
"""Stories that a conflict names; all are counted."""
MAX_STEPS: Final = 50
"""What is told of one call besides its end."""
LISTED_CONFLICTS: Final = 200
"""Conflicts that a supervisor is shown at once."""


@dataclass(frozen=True, slots=True)
class Claim:
    """When a device says that something was, and how many seconds its clock was ahead."""

    at: datetime
    ahead: int = 0

    @property
    def said(self) -> str:
        """Return what may not change of it: how far the clock is ahead is known better later."""
        return self.at.astimezone(UTC).isoformat()

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


class LateStep(StrEnum):
    """What a booth did without uplink between a call and its end."""

    START = "start"
    RECALL = "recall"
    HOLD = "hold"
    RESUME = "resume"

    @property
    def act(self) -> Act:
        """Return what the booth did."""
        return Act(self.value)

    @property
    def state(self) -> TicketState:
        """Return what that leads to."""
        return _REACHED[self]


_REACHED: Final = {
    LateStep.START: TicketState.SERVING,
    LateStep.RECALL: TicketState.RECALLED,
    LateStep.HOLD: TicketState.ON_HOLD,
    LateStep.RESUME: TicketState.SERVING,
}


@dataclass(frozen=True, slots=True)
class LateAct:
    """One such step, and when."""

    step: LateStep
    claim: Claim

    @property
    def said(self) -> str:
        """Return what may not change of it."""
        return f"{self.step} {self.claim.said}"


@dataclass(frozen=True, slots=True)
class DoneAct:
    """A step that was taken in, with the time that counts."""

    step: LateStep
    said: str
    happened_at: datetime


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
    """A booth called somebody, and perhaps what came of it.

    `acts` begin with the first; more may come to them until the call has ended.
    """

    entry_id: str
    booth_id: str
    service: str
    number: int
    claim: Claim
    end: LateEnd | None = None
    ended: Claim | None = None
    acts: tuple[LateAct, ...] = ()

    @property
    def said(self) -> str:
        """Return what may not change; what was done since, and the end, may come later."""
        return f"{self.booth_id} {self.service} {self.number} {self.claim.said}"

    @property
    def came(self) -> bool:
        """Return whether the booth says that the holder stood before it."""
        here = any(one.step is not LateStep.RECALL for one in self.acts)
        return here or self.end is LateEnd.SERVED


LateStory = LateIssue | LateCall


class ConflictKind(StrEnum):
    """Why two stories do not agree."""

    SAME_CODE = "same_code"
    """One code at two gates."""
    CALLED_TWICE = "called_twice"
    """Another booth has called the same ticket."""
    ENDED = "ended"
    """Called although it had ended, uncalled: withdrawn or left."""
    NEWER = "newer"
    """The booth has done something else with it since."""
    TWO_BOOTHS = "two_booths"
    """They are at another booth with another ticket."""
    AFTER_LEASE = "after_lease"
    AFTER_CLOSING = "after_closing"
    """Given, or called in a line that had been closed before."""
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
    clock_ahead: int = 0
    """As it was told first."""
    end: LateEnd | None = None
    ended_claimed_at: datetime | None = None
    ended_at: datetime | None = None
    conflicts: tuple[ConflictKind, ...] = ()
    version: int = 1
    acts: tuple[DoneAct, ...] = ()

    @property
    def last_at(self) -> datetime:
        """Return when the last of what it tells happened."""
        done = self.acts[-1].happened_at if self.acts else self.happened_at
        return self.ended_at or done

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
        """Return whether a story says what was done since, or how it ended, and this does not.

        What is told of a call only grows, so of two tellings one begins as the other, whichever
        comes first. After the end nothing more comes. Raises Refused: entry_changed.
        """
        acts, end = (story.acts, story.end) if isinstance(story, LateCall) else ((), None)
        begun = all(one.said == known.said for one, known in zip(acts, self.acts, strict=False))
        ended = self.end is None or end in (None, self.end)
        if story.said != self.said or not begun or not ended:
            raise Refused("entry_changed", "entry_id: something else was told under it")
        return self.end is None and (end is not None or len(acts) > len(self.acts))

    def telling(self, story: LateCall, first: datetime, now: datetime) -> "LateEntry":
        """Know more of a call, which was not before `first`.

        Each step was when the device says, but neither before the one before it nor after now.
        """
        at = self.happened_at if self.version else story.claim.between(first, now)
        known = replace(self, happened_at=at)
        for one in story.acts[len(self.acts) :]:
            done = DoneAct(one.step, one.said, one.claim.between(known.last_at, now))
            known = replace(known, acts=(*known.acts, done))
        if story.end is None or story.ended is None:
            return known
        ended_at = story.ended.between(known.last_at, now)
        return replace(known, end=story.end, ended_claimed_at=story.ended.at, ended_at=ended_at)

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
    stories: int = 0
    """How many there are, those that it does not name too."""
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

    def with_entry(
        self, entry: str, before: tuple[str, ...], booths: tuple[str, ...]
    ) -> "Conflict":
        """Know of one more story. `before`: those that it does not agree with, all of them."""
        return replace(
            self,
            version=self.version + 1,
            stories=(self.stories or len(before)) + 1,
            entries=tuple(sorted({*self.entries, *before, entry}))[:MAX_NAMED],
            booths=tuple(sorted({*self.booths, *booths}))[:MAX_NAMED],
        )
