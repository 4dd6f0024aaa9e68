"""Scheduler's documents: what a unit reads and writes, and what lists read."""

from services.scheduler.store.documents import COLLECTIONS, INDEXES
from services.scheduler.store.reader import SchedulerReader
from services.scheduler.store.work import SchedulerWork

__all__ = ["COLLECTIONS", "INDEXES", "SchedulerReader", "SchedulerWork"]
