"""What scheduler does, a file for each theme, and what it needs from outside."""

from services.scheduler.usecases.events import republish_event, schedule_event
from services.scheduler.usecases.evidence import (
    EVIDENCE,
    bind_evidence,
    keep_evidence,
    note_look,
    remove_evidence,
)
from services.scheduler.usecases.ports import Allow, Clock, Holidays, Reader
from services.scheduler.usecases.programmes import copy_programme
from services.scheduler.usecases.reach import allowed, narrowed, visible
from services.scheduler.usecases.tickets import call_next, issue_ticket, serve_ticket, void_ticket
from services.scheduler.usecases.visits import record_visit

__all__ = [
    "EVIDENCE",
    "Allow",
    "Clock",
    "Holidays",
    "Reader",
    "allowed",
    "bind_evidence",
    "call_next",
    "copy_programme",
    "issue_ticket",
    "keep_evidence",
    "narrowed",
    "note_look",
    "record_visit",
    "remove_evidence",
    "republish_event",
    "schedule_event",
    "serve_ticket",
    "visible",
    "void_ticket",
]
