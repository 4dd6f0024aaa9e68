"""Reporting's documents: the archive, the work list, the totals, and the copies of others' data."""

from services.reporting.domain import EventPlan, Programme
from services.reporting.store.archive import Archive, ArchiveCollection, UncountedCollection
from services.reporting.store.history import HistoryStore
from services.reporting.store.ledger import Ledger
from services.reporting.store.names import (
    ARCHIVE,
    CURSORS,
    EVENTS,
    INDEXES,
    PROGRAMMES,
    REFOLDED,
    REVISIONS,
    STATE,
    TOTALS,
    UNFOLDED,
)
from services.reporting.store.reader import Reader
from services.reporting.store.rebuilds import Rebuilds
from services.reporting.usecases.archive import ArchivedEvent, Uncounted
from shared.audit.kept import TRAIL
from shared.files.evidence import EVIDENCE
from shared.files.kept import RAW_FILES
from shared.files.stored import FILES
from shared.messaging.collections import Collection, Collections
from shared.messaging.revocations import REVOCATIONS

COLLECTIONS = Collections(
    ArchiveCollection(ARCHIVE, ArchivedEvent),
    UncountedCollection(UNFOLDED, Uncounted),
    Collection(PROGRAMMES, Programme),
    Collection(EVENTS, EventPlan, label="event"),
    EVIDENCE,
    *TRAIL,
    FILES,
    REVOCATIONS,
    raw=(*RAW_FILES, REFOLDED, TOTALS, REVISIONS, STATE, CURSORS),
)

__all__ = [
    "COLLECTIONS",
    "INDEXES",
    "Archive",
    "HistoryStore",
    "Ledger",
    "Reader",
    "Rebuilds",
]
