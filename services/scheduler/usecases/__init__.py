"""What scheduler does, a file for each theme, and what it needs from outside."""

from services.scheduler.usecases.events import republish_event, schedule_event
from services.scheduler.usecases.ports import Allow, Clock, Holidays, Reader
from services.scheduler.usecases.programmes import copy_programme
from services.scheduler.usecases.reach import allowed, narrowed, permit_at, visible
from services.scheduler.usecases.tickets import call_next, issue_ticket, serve_ticket, void_ticket
from services.scheduler.usecases.visits import record_visit

__all__ = [
    "Allow",
    "Clock",
    "Holidays",
    "Reader",
    "allowed",
    "call_next",
    "copy_programme",
    "issue_ticket",
    "narrowed",
    "permit_at",
    "record_visit",
    "republish_event",
    "schedule_event",
    "serve_ticket",
    "visible",
    "void_ticket",
]
