"""What supervisors are told of: signs that somebody uses what is another's."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Sign(StrEnum):
    """What was noticed."""

    REFRESH_REUSED = "refresh_reused"
    """A refresh token came back that had been changed; the device was revoked."""
    REFRESH_ELSEWHERE = "refresh_elsewhere"
    """A refresh token came with another device's key; it was refused."""


@dataclass(frozen=True, slots=True)
class SecurityRecord:
    """One sign, with the account it is about. It holds no personal data.

    `grants` are the account's at that time: who supervises those places sees the record.
    """

    id: str
    sign: Sign
    account_id: str
    device: str
    at: datetime
    grants: tuple[str, ...]
