"""Evidence of an event: what shows afterwards that it took place, and how."""

from enum import StrEnum
from typing import Final

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
