"""Events, booths and lines. Standard library only, no clock, no IO."""

from services.scheduler.domain.agency import Agency, AgencyKind
from services.scheduler.domain.arrival import Arrival, Awaited, free_for
from services.scheduler.domain.booth import LATEST, Booth, Counter, Tally
from services.scheduler.domain.case import Case
from services.scheduler.domain.choice import Choice, Turn
from services.scheduler.domain.evidence import EVIDENCE_LIMIT, EvidenceKind
from services.scheduler.domain.holds import HELD_CHOICES, HOLD_LASTS, MAX_HELD
from services.scheduler.domain.lane import STRETCH, Stretch
from services.scheduler.domain.late import (
    Claim,
    Conflict,
    ConflictKind,
    DoneAct,
    LateAct,
    LateCall,
    LateEnd,
    LateEntry,
    LateIssue,
    LateStep,
    LateStory,
)
from services.scheduler.domain.lease import (
    MAX_WANTED,
    Access,
    Block,
    Devices,
    Holder,
    Lease,
    LeaseEnd,
)
from services.scheduler.domain.letter import next_letter
from services.scheduler.domain.line import MAX_NUMBER, Line
from services.scheduler.domain.offer import WARNED_FROM, Offer, OfferKind
from services.scheduler.domain.place import Minutes, expected
from services.scheduler.domain.plan import Plan, ScheduledEvent
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.programme import Caution, Programme
from services.scheduler.domain.refusal import Refused
from services.scheduler.domain.ticket import (
    ASKED,
    AT_BOOTH,
    KEPT,
    PRIORITY,
    WALK_IN,
    Act,
    Ticket,
    TicketState,
    ticket_id,
)

__all__ = [
    "ASKED",
    "AT_BOOTH",
    "EVIDENCE_LIMIT",
    "HELD_CHOICES",
    "HOLD_LASTS",
    "KEPT",
    "LATEST",
    "MAX_HELD",
    "MAX_NUMBER",
    "MAX_WANTED",
    "PRIORITY",
    "STRETCH",
    "WALK_IN",
    "WARNED_FROM",
    "Access",
    "Act",
    "Agency",
    "AgencyKind",
    "Arrival",
    "Awaited",
    "Block",
    "Booth",
    "Case",
    "Caution",
    "Choice",
    "Claim",
    "Conflict",
    "ConflictKind",
    "Counter",
    "Devices",
    "DoneAct",
    "EvidenceKind",
    "Holder",
    "LateAct",
    "LateCall",
    "LateEnd",
    "LateEntry",
    "LateIssue",
    "LateStep",
    "LateStory",
    "Lease",
    "LeaseEnd",
    "Line",
    "Minutes",
    "Offer",
    "OfferKind",
    "Plan",
    "Policy",
    "Programme",
    "Refused",
    "ScheduledEvent",
    "Stretch",
    "Tally",
    "Ticket",
    "TicketState",
    "Turn",
    "expected",
    "free_for",
    "next_letter",
    "ticket_id",
]
