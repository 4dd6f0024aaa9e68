"""Reporting's documents: the archive, the work list, the totals, and the copies of others' data."""

from services.reporting.store.archive import Archive, ReportingWork
from services.reporting.store.history import HistoryStore
from services.reporting.store.ledger import Ledger
from services.reporting.store.names import COLLECTIONS, INDEXES
from services.reporting.store.reader import Reader
from services.reporting.store.rebuilds import Rebuilds

__all__ = [
    "COLLECTIONS",
    "INDEXES",
    "Archive",
    "HistoryStore",
    "Ledger",
    "Reader",
    "Rebuilds",
    "ReportingWork",
]
