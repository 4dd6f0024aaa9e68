"""The same person asking for the same service at the same event once more."""

from dataclasses import dataclass, replace
from typing import Final

from services.intake.domain.refusal import Refused

OPEN_LIMIT: Final = 5
"""Open requests of one person for one service at one event, whatever the reasons."""


def asked_for(event_id: str, service: str, subject: str | None = None) -> tuple[str, ...]:
    """Return what makes two requests of one person the same, for the keyed hash of all.

    `subject`: the resident whom a request of a visit is for, where that is somebody else. Who comes
    with three children asks three times, and is not asked why.
    """
    return ("open", event_id, service, *((subject,) if subject else ()))


class AlreadyOpen(Exception):  # noqa: N818 - reads as the decision it is
    """This person has an open request for this; a second one needs a reason."""

    def __init__(self, case_id: str) -> None:
        super().__init__(case_id)
        self.case_id = case_id


@dataclass(frozen=True, slots=True)
class OpenRequests:
    """Requests of one person for one service at one event. The id is a keyed hash of all three."""

    id: str
    version: int = 0
    case_ids: tuple[str, ...] = ()
    """Those that were open when the newest of them was recorded, at most OPEN_LIMIT."""

    def without(self, case_id: str) -> "OpenRequests":
        """Return these without a request that is somebody else's."""
        rest = tuple(known for known in self.case_ids if known != case_id)
        return replace(self, version=self.version + 1, case_ids=rest)

    def having(self, case_id: str) -> "OpenRequests":
        """Return these with a request that is found to be this person's, whatever the limit."""
        return replace(self, version=self.version + 1, case_ids=(*self.case_ids, case_id))

    def joined(
        self, case_id: str, still_open: tuple[str, ...], reason: str | None
    ) -> "OpenRequests":
        """Add a request. Raises AlreadyOpen where it needs a reason, Refused at the limit."""
        if still_open and reason is None:
            raise AlreadyOpen(still_open[0])
        if len(still_open) >= OPEN_LIMIT:
            limit = f"this person has {OPEN_LIMIT} open requests for it at this event"
            raise Refused("too_many_open", f"service: {limit}")
        return replace(self, version=self.version + 1, case_ids=(*still_open, case_id))
