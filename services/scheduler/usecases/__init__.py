"""What scheduler does, one use case a file, and what it needs for that."""

from services.scheduler.usecases.call_next import call_next
from services.scheduler.usecases.copy_programme import copy_programme
from services.scheduler.usecases.issue_ticket import issue_ticket
from services.scheduler.usecases.ports import Allow, Holidays, Reader, Thing, Work
from services.scheduler.usecases.record_visit import record_visit
from services.scheduler.usecases.schedule_event import schedule_event
from services.scheduler.usecases.serve_ticket import serve_ticket
from services.scheduler.usecases.void_ticket import void_ticket

__all__ = [
    "Allow",
    "Holidays",
    "Reader",
    "Thing",
    "Work",
    "call_next",
    "copy_programme",
    "issue_ticket",
    "record_visit",
    "schedule_event",
    "serve_ticket",
    "void_ticket",
]
