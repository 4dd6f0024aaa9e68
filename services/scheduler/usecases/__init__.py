"""What scheduler does, a file for each theme, and what it needs from outside."""

from services.scheduler.usecases.absent import note_absent
from services.scheduler.usecases.acts import TicketAt, act_on, note_no_show, rejoin, undo
from services.scheduler.usecases.agencies import name_agency
from services.scheduler.usecases.arrivals import Wanted, admit, new_code
from services.scheduler.usecases.boards import Call, Called, called_at
from services.scheduler.usecases.booth_acts import BoothAct, acts_of, use_case
from services.scheduler.usecases.calls import NO_SHOW, call_next
from services.scheduler.usecases.closing import (
    ABSENT,
    EVENT_OVER,
    LINE_OVER,
    close_line,
    note_event_over,
    note_line_over,
)
from services.scheduler.usecases.events import (
    cancel_event,
    passed_by,
    republish_event,
    schedule_event,
)
from services.scheduler.usecases.history import happened
from services.scheduler.usecases.leases import LeaseWanted, end_lease, end_revoked, take_lease
from services.scheduler.usecases.merging import merge
from services.scheduler.usecases.offers import offers_of, told
from services.scheduler.usecases.places import Waiting, ahead_of, tickets_of, waiting_in
from services.scheduler.usecases.ports import Allow, Clock, Holidays, Reader
from services.scheduler.usecases.programmes import copy_programme
from services.scheduler.usecases.reach import (
    allowed,
    narrowed,
    permit_at,
    supervising,
    visible,
)
from services.scheduler.usecases.sides import Sides, sides_of
from services.scheduler.usecases.tickets import issue_ticket, void_ticket
from services.scheduler.usecases.transfers import send_on, transfer
from services.scheduler.usecases.visits import record_visit

__all__ = [
    "ABSENT",
    "EVENT_OVER",
    "LINE_OVER",
    "NO_SHOW",
    "Allow",
    "BoothAct",
    "Call",
    "Called",
    "Clock",
    "Holidays",
    "LeaseWanted",
    "Reader",
    "Sides",
    "TicketAt",
    "Waiting",
    "Wanted",
    "act_on",
    "acts_of",
    "admit",
    "ahead_of",
    "allowed",
    "call_next",
    "called_at",
    "cancel_event",
    "close_line",
    "copy_programme",
    "end_lease",
    "end_revoked",
    "happened",
    "issue_ticket",
    "merge",
    "name_agency",
    "narrowed",
    "new_code",
    "note_absent",
    "note_event_over",
    "note_line_over",
    "note_no_show",
    "offers_of",
    "passed_by",
    "permit_at",
    "record_visit",
    "rejoin",
    "republish_event",
    "schedule_event",
    "send_on",
    "sides_of",
    "supervising",
    "take_lease",
    "tickets_of",
    "told",
    "transfer",
    "undo",
    "use_case",
    "visible",
    "void_ticket",
    "waiting_in",
]
