"""An erasure: asked for by one, approved or declined by another; until when people are kept.

UU 27/2022 article 43 has data deleted that nobody needs any more, or whose subject asks for it;
article 15 leaves what the state's administration still has to do, so an open request keeps its
people.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.case import Case
from services.intake.domain.refusal import Refused

ERASURE_WITHIN: Final = timedelta(hours=72)
"""Clock hours, also over weekends: as long as the law gives for what residents ask (3 x 24)."""


class ErasureState(StrEnum):
    """How far an erasure has come."""

    ASKED = "asked"
    APPROVED = "approved"
    """Decided: nothing is added to the resident any more, and his key is destroyed next."""
    EXPIRED = "expired"
    """Nobody has approved it in time; it may be asked for again."""
    DECLINED = "declined"
    """A supervisor has refused it with a reason, which the resident is told; so too."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure of one resident. It holds pseudonymous accounts and no personal data."""

    id: str
    """The resident's."""
    asked_by: str
    asked_at: datetime
    state: ErasureState = ErasureState.ASKED
    approved_by: str | None = None
    version: int = 1
    declined_by: str | None = None
    declined_at: datetime | None = None
    reason: str | None = None
    """Why it was declined: a public text, for the resident to read."""

    @property
    def until(self) -> datetime:
        """Return when it ends by itself."""
        return self.asked_at + ERASURE_WITHIN

    @property
    def decided(self) -> bool:
        """Return whether there is no way back."""
        return self.state in (ErasureState.APPROVED, ErasureState.DONE)

    def asked_again(self, by: str, at: datetime) -> "Erasure":
        """Ask once more after nobody approved. Raises Refused while one waits or is decided."""
        over = self.state in (ErasureState.EXPIRED, ErasureState.DECLINED)
        if not over and (self.decided or at < self.until):
            raise Refused("erasure_asked", "resident: an erasure waits already, or is decided")
        return replace(Erasure(self.id, by, at), version=self.version + 1)

    def approved(self, by: str, at: datetime) -> "Erasure":
        """Approve it, as somebody else than who asked. Raises Refused."""
        self._require_waiting(at)
        if by == self.asked_by:
            raise Refused("own_erasure", "resident: who asks for an erasure does not approve it")
        return self._in(ErasureState.APPROVED, by)

    def declined(self, by: str, at: datetime, reason: str) -> "Erasure":
        """Refuse it; also whoever asked may, to take it back. Raises Refused."""
        self._require_waiting(at)
        ended = self._in(ErasureState.DECLINED)
        return replace(ended, declined_by=by, declined_at=at, reason=reason)

    def expired(self) -> "Erasure":
        """End it without an approval; itself where it is decided."""
        return self if self.state is not ErasureState.ASKED else self._in(ErasureState.EXPIRED)

    def done(self) -> "Erasure":
        """Note that nothing of the resident opens any more."""
        return self if self.state is ErasureState.DONE else self._in(ErasureState.DONE)

    def _require_waiting(self, at: datetime) -> None:
        if self.state is not ErasureState.ASKED or at >= self.until:
            raise Refused("no_erasure_asked", "resident: no erasure waits; ask for it first")

    def _in(self, state: ErasureState, by: str | None = None) -> "Erasure":
        approved_by = by or self.approved_by
        return replace(self, version=self.version + 1, state=state, approved_by=approved_by)


def require_all_closed(cases: Iterable[Case]) -> None:
    """Refuse an erasure while a request of the resident is open, naming how many."""
    open_ = sum(case.outcome is None for case in cases)
    if open_:
        why = f"resident: {open_} of his requests are open; close them first"
        raise Refused("open_request", why)


def kept_until(cases: Iterable[Case], retention_days: int) -> datetime | None:
    """Return until when a resident is kept after his cases; None while one is open, or without."""
    ends = [case.closed_at for case in cases]
    known = [end for end in ends if end is not None]
    if not known or len(known) < len(ends):
        return None
    return max(known) + timedelta(days=retention_days)
