"""A claim: who works on a case at the desk, and until when. It is a lease: it ends by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

CLAIMED_FOR: Final = timedelta(minutes=30)
"""How long a claim lasts from the last work on the case."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That one officer works on a case. `by`: the pseudonymous account."""

    by: str
    at: datetime
    until: datetime

    def lasts(self, now: datetime) -> bool:
        """Return whether it is not over yet."""
        return now < self.until
