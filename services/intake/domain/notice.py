"""What the owner of an account is told: every change to it, until he has seen it."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

MAX_NOTICES: Final = 50
"""Notices of one account that are kept, the newest; the audit trail keeps all."""


class NoticeKind(StrEnum):
    """What has happened."""

    PASSWORD_SET = "password_set"  # noqa: S105 - a kind of notice
    SECOND_FACTOR_SET = "second_factor_set"
    GRANTED = "granted"
    DISABLED = "disabled"
    RECOVERED = "recovered"
    DEVICE_ADDED = "device_added"
    DEVICE_REVOKED = "device_revoked"
    REFRESH_REUSED = "refresh_reused"
    REFRESH_ELSEWHERE = "refresh_elsewhere"
    REQUEST_APPROVED = "request_approved"
    REQUEST_REFUSED = "request_refused"
    REQUEST_EXPIRED = "request_expired"
    """The last three: of what the owner himself had asked for."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One change. `by` is the account that made it, `said` a device's label or an account's id."""

    number: int
    kind: NoticeKind
    at: datetime
    by: str
    said: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices of one account, under its id, oldest first. `seen` is the last one seen."""

    id: str
    version: int = 0
    notices: tuple[Notice, ...] = ()
    seen: int = 0

    @property
    def unseen(self) -> tuple[Notice, ...]:
        """Return what its owner has not seen yet, oldest first."""
        return tuple(one for one in self.notices if one.number > self.seen)

    @property
    def last(self) -> int:
        """Return the newest notice's number; 0 without any."""
        return self.notices[-1].number if self.notices else 0

    def told(
        self, kind: NoticeKind, at: datetime, by: str, said: str = "", reason: str = ""
    ) -> "Notices":
        """Return these with one more; the oldest makes room."""
        notice = Notice(self.last + 1, kind, at, by, said, reason)
        kept = (*self.notices, notice)[-MAX_NOTICES:]
        return replace(self, version=self.version + 1, notices=kept)

    def looked_at(self, number: int) -> "Notices":
        """Return these with all seen up to a number; what came later stays unseen."""
        seen = max(self.seen, min(number, self.last))
        return replace(self, version=self.version + 1, seen=seen)
