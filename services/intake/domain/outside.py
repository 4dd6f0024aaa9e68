"""What another system is asked to do for a case: one thing at a time, each with one effect."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.refusal import Refused

SILENT_AFTER: Final = timedelta(hours=24)
"""For so long an answer is awaited."""
SENDS: Final = 10
"""How often one errand is sent at most."""


class System(StrEnum):
    """Systems of others. Each needs an agreement of its own (Permendagri 102/2019 for SIAK)."""

    SIAK = "siak"
    """The national register: takes the request over."""
    EOPEN = "eopen"
    """The portal of Kota Bekasi: is told how a request stands."""
    SITEPAK = "sitepak"
    """The portal of Kabupaten Bekasi: the same."""


class Standing(StrEnum):
    """How an errand stands."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    """Nothing was heard. It may have had its effect, so it is sent again under the same id."""


class Reply(StrEnum):
    """What a system says."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Errand:
    """The newest errand of a case, whose id it has. By `errand_id` its effect is one."""

    id: str
    version: int
    errand_id: str
    system: System
    standing: Standing
    asked_at: datetime
    asked_by: str
    sent_at: datetime
    sends: int = 1
    timed_out_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def silent_at(self) -> datetime:
        """Return when it counts as not answered."""
        return self.sent_at + SILENT_AFTER

    @property
    def open(self) -> bool:
        """Return whether an answer is owed."""
        return self.standing in (Standing.PENDING, Standing.TIMED_OUT)

    def followed_by(self, next_one: "Errand") -> "Errand":
        """Return the next one. Raises Refused while this may still have its effect."""
        if self.open:
            raise Refused("errand_open", f"system: {self.system} has not answered the last one")
        return replace(next_one, version=self.version + 1)

    def again(self, at: datetime) -> "Errand":
        """Send it once more, under its id. Raises Refused where that is not its turn."""
        if self.standing is not Standing.TIMED_OUT:
            raise Refused("not_timed_out", f"errand: it is {self.standing}")
        if self.sends >= SENDS:
            raise Refused("sent_too_often", f"errand: it was sent {SENDS} times")
        return replace(
            self,
            version=self.version + 1,
            standing=Standing.PENDING,
            sent_at=at,
            sends=self.sends + 1,
        )

    def timed_out(self, at: datetime) -> "Errand":
        """Note that nothing was heard; itself where it was, or was sent again since."""
        if self.standing is not Standing.PENDING or at < self.silent_at:
            return self
        return replace(self, version=self.version + 1, standing=Standing.TIMED_OUT, timed_out_at=at)

    def answered(self, errand_id: str, reply: Reply, at: datetime) -> "Errand":
        """Note what the system said, however late; itself where that is another's or known."""
        if errand_id != self.errand_id or not self.open:
            return self
        return replace(
            self, version=self.version + 1, standing=Standing(reply.value), answered_at=at
        )
