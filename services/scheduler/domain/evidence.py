"""Evidence of an event: what shows afterwards that it took place, and how."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.scheduler.domain.refusal import Refused

EVIDENCE_LIMIT: Final = 50
"""Files of one event."""


class EvidenceKind(StrEnum):
    """What a file shows."""

    PHOTO = "photo"
    """Of the place, the booths, the line."""
    LIST = "list"
    """Daftar hadir: who came or served."""
    MINUTES = "minutes"
    """Berita acara or notulen."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file; its content lies in the file of the same id."""

    id: str
    kind: EvidenceKind
    type: str
    """Media type."""
    size: int
    sha256: str
    at: datetime
    by: str
    """The pseudonymous account that bound it."""


@dataclass(frozen=True, slots=True)
class EventEvidence:
    """The evidence of one event, in the order in which it was bound."""

    id: str
    """The event's."""
    items: tuple[Evidence, ...] = ()
    version: int = 0

    def item(self, file_id: str) -> Evidence | None:
        """Return one of them, or None."""
        return next((item for item in self.items if item.id == file_id), None)

    def having(self, item: Evidence) -> "EventEvidence":
        """Add a file. Raises Refused where the event has as many as it may."""
        if len(self.items) >= EVIDENCE_LIMIT:
            said = f"an event has at most {EVIDENCE_LIMIT} files: remove one first"
            raise Refused("too_much_evidence", said)
        return replace(self, version=self.version + 1, items=(*self.items, item))

    def without(self, file_id: str) -> "EventEvidence":
        """Take a file out."""
        left = tuple(item for item in self.items if item.id != file_id)
        return replace(self, version=self.version + 1, items=left)


@dataclass(frozen=True, slots=True)
class EvidenceLook:
    """One look at one file: photos and lists may show people. It holds no personal data."""

    id: str
    subject: str
    """Pseudonymous account id of who looked."""
    event_id: str
    file_id: str
    at: datetime
