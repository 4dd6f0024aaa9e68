"""Events, booths and lines. Standard library only, no clock, no IO."""

from services.scheduler.domain.evidence import EVIDENCE_LIMIT, EvidenceKind
from services.scheduler.domain.line import (
    MAX_NUMBER,
    Case,
    Counter,
    Line,
    Tally,
    Ticket,
    TicketState,
    ticket_id,
)
from services.scheduler.domain.plan import Booth, Plan, ScheduledEvent
from services.scheduler.domain.programme import Caution, Programme
from services.scheduler.domain.refusal import Refused

__all__ = [
    "EVIDENCE_LIMIT",
    "MAX_NUMBER",
    "Booth",
    "Case",
    "Caution",
    "Counter",
    "EvidenceKind",
    "Line",
    "Plan",
    "Programme",
    "Refused",
    "ScheduledEvent",
    "Tally",
    "Ticket",
    "TicketState",
    "ticket_id",
]
