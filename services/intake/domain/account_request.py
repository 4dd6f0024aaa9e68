"""What an admin has asked for and another person has to approve before anything changes.

Whoever could make himself a second admin, or take over an auditor, could do alone what two are
there for. So powerful rights, those whose people sign in with a second factor, are given by two,
and an account that holds one is handed back by two. An account has one request at a time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.account import powerful
from services.intake.domain.refusal import Refused

APPROVED_WITHIN: Final = timedelta(days=7)
"""How long a request waits for a second person."""
MAX_REASON: Final = 200
"""Characters of the reason of a refusal."""


class RequestKind(StrEnum):
    """What was asked for."""

    INVITE = "invite"
    GRANTS = "grants"
    RECOVERY = "recovery"


class RequestState(StrEnum):
    """What became of it."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


def needs_approval(before: Iterable[str], after: Iterable[str]) -> bool:
    """Return whether a change of grants gives a powerful right that was not there."""
    return powerful(set(after) - set(before))


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """A request about one account, whose id it has. `version` rises with each request and decision.

    `before` are the account's grants when it was asked for, `grants` those that it shall have.
    """

    id: str
    version: int
    kind: RequestKind
    before: tuple[str, ...]
    grants: tuple[str, ...]
    asked_by: str
    asked_at: datetime
    state: RequestState = RequestState.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""

    @property
    def until(self) -> datetime:
        """Return when nobody can approve it any more."""
        return self.asked_at + APPROVED_WITHIN

    @property
    def all_grants(self) -> tuple[str, ...]:
        """Return every grant that it is about: whoever decides has all of them within reach."""
        return tuple(dict.fromkeys((*self.before, *self.grants)))

    def approved(self, version: int, by: str, now: datetime) -> "AccountRequest":
        """Return it approved. `version` is the one that `by` has looked at.

        Raises Refused: request_closed, request_changed, own_request, own_rights.
        """
        if by == self.asked_by:
            raise Refused("own_request", "nobody approves what he asked for: ask another person")
        return self._decided(version, RequestState.APPROVED, by, now)

    def refused(self, version: int, by: str, reason: str, now: datetime) -> "AccountRequest":
        """Return it refused; whoever asked may take it back so.

        Raises Refused: request_closed, request_changed, own_rights, reason_malformed.
        """
        if not 0 < len(reason) <= MAX_REASON:
            raise Refused("reason_malformed", f"reason: 1 to {MAX_REASON} characters are needed")
        return replace(self._decided(version, RequestState.REFUSED, by, now), reason=reason)

    def expired(self, now: datetime) -> "AccountRequest":
        """Return it expired, as it is by itself at its end."""
        return self._closed(RequestState.EXPIRED, None, now)

    def overtaken(self, by: str, now: datetime) -> "AccountRequest":
        """Return it closed, because the account was disabled meanwhile."""
        return self._closed(RequestState.REFUSED, by, now)

    def is_open(self, now: datetime) -> bool:
        """Return whether it can be approved."""
        return self.state is RequestState.OPEN and now < self.until

    def _decided(
        self, version: int, state: RequestState, by: str, now: datetime
    ) -> "AccountRequest":
        if not self.is_open(now):
            raise Refused("request_closed", "it was decided already, or has waited too long")
        if version != self.version:
            raise Refused("request_changed", "version: this is another request than the one shown")
        if by == self.id:
            raise Refused("own_rights", "nobody decides about his own rights: ask another person")
        return self._closed(state, by, now)

    def _closed(self, state: RequestState, by: str | None, now: datetime) -> "AccountRequest":
        return replace(self, version=self.version + 1, state=state, decided_by=by, decided_at=now)
