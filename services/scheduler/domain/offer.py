"""What is offered to whoever is not served before an event closes: what its programme has."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Final

WARNED_FROM: Final = 0.25
"""Who is so likely to be called only after the closing is told at the gate, before he waits."""


class OfferKind(StrEnum):
    """Another way to the same service."""

    AFTERNOON_BOOTH = "afternoon_booth"
    """A booth that stays open after the closing, on the event's day."""
    SERVICE_POINT = "service_point"
    """Such as the unit of the sub-district."""
    NEXT_EVENT = "next_event"
    WHATSAPP = "whatsapp"
    COURIER = "courier"
    """Papers are fetched at home, and the document is brought."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way, with where and when where that is known; without `services` for every service."""

    kind: OfferKind
    place: str | None = None
    on: date | None = None
    opens: time | None = None
    closes: time | None = None
    event_id: str | None = None
    services: tuple[str, ...] = ()

    def suits(self, service: str) -> bool:
        """Return whether it is a way to this service."""
        return not self.services or service in self.services
