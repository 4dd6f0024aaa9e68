"""What residents ask for by their rights over their data, and by when they are answered.

UU 27/2022: access with its trail (article 32), correction (30), end after withdrawn consent (40),
restriction (41), each within 3 x 24 hours of the asking. These are hours of the clock: they run
over nights, weekends and holidays. Erasure and objection are held to the same.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused

ANSWERED_WITHIN: Final = timedelta(hours=3 * 24)
OLDEST: Final = timedelta(days=30)
"""How long ago a letter may have come in that is recorded now; older is a slip of the pen."""


class Right(StrEnum):
    """What is asked for."""

    ACCESS = "access"
    CORRECTION = "correction"
    RESTRICTION = "restriction"
    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    """Of a consent."""
    OBJECTION = "objection"


class RightsOutcome(StrEnum):
    """How it was answered."""

    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """One asking, about a resident or about one of his cases. It holds ids and no personal data.

    `region` is whose supervisors answer for it; `missed` that the deadline passed unanswered.
    """

    id: str
    version: int
    right: Right
    programme_id: str
    region: str
    resident_id: str | None
    case_id: str | None
    received_at: datetime
    recorded_at: datetime
    recorded_by: str
    missed: bool = False
    outcome: RightsOutcome | None = None
    reason: str | None = None
    answered_at: datetime | None = None
    answered_by: str | None = None

    @property
    def due_at(self) -> datetime:
        """Return by when it must be answered."""
        return self.received_at + ANSWERED_WITHIN

    def answered(
        self, outcome: RightsOutcome, reason: str, at: datetime, by: str
    ) -> "RightsRequest":
        """Return it answered. Raises Refused: answered_already."""
        if self.outcome is not None:
            raise Refused("answered_already", "outcome: this was answered before, and that stands")
        return replace(
            self,
            version=self.version + 1,
            missed=self.missed or at > self.due_at,
            outcome=outcome,
            reason=reason,
            answered_at=at,
            answered_by=by,
        )

    def note_missed(self) -> "RightsRequest":
        """Return it with the note that the deadline passed; itself where it was answered."""
        if self.outcome is not None or self.missed:
            return self
        return replace(self, version=self.version + 1, missed=True)


def received(stated: datetime | None, now: datetime, clocks_apart: timedelta) -> datetime:
    """Return when it was asked, in whole seconds: as stated, or now.

    Earlier than now only brings the deadline nearer. Raises Refused: in_the_future, too_long_ago.
    """
    at = stated or now
    if at > now + clocks_apart:
        raise Refused("in_the_future", "received_at: it has not happened yet")
    if at < now - OLDEST:
        raise Refused("too_long_ago", f"received_at: more than {OLDEST.days} days ago")
    return at.replace(microsecond=0)
