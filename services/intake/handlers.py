"""Events that intake reads and timers that it sets, each with the use case that answers it."""

from functools import partial

from services.intake.domain import Holidays
from services.intake.usecases import (
    APPROVAL,
    CLAIM_OVER,
    ERASURE,
    FILE_OVER,
    OVERDUE,
    RETENTION,
    RIGHTS_DUE,
    copy_event,
    expire,
    note_claim_over,
    note_expired,
    note_failure,
    note_file_over,
    note_job,
    note_overdue,
    note_retention_over,
    note_rights_missed,
    note_ticket,
)
from services.intake.usecases.batches import HANDED_OVER, note_handed_over
from services.intake.usecases.case_progress import JOB_FACTS
from services.intake.usecases.complaint_events import (
    COMPLAINT_CLOSES,
    COMPLAINT_DUE,
    COMPLAINT_RETENTION,
    note_complaint_closes,
    note_complaint_due,
    note_complaint_over,
)
from services.intake.usecases.outside import SILENT, note_silence
from services.intake.usecases.state_time import STATE_TIME, note_state_time
from shared.contracts.courier import DeliveryFailed, JobEvent
from shared.contracts.scheduler import (
    EventScheduled,
    TicketAssigned,
    TicketCalled,
    TicketEnded,
    TicketEvent,
    TicketIssued,
    TicketReverted,
    TicketServed,
)
from shared.files.stored import UNBOUND, note_unbound
from shared.messaging.consumer import Consumer


def subscribe(consumer: Consumer, holidays: Holidays) -> None:
    """Register every handler. Events about tickets and jobs change the case."""
    consumer.on(EventScheduled)(copy_event)
    consumer.on(TicketIssued, key=_case)(note_ticket)
    consumer.on(TicketAssigned, key=_case)(note_ticket)
    consumer.on(TicketCalled, key=_case)(note_ticket)
    consumer.on(TicketServed, key=_case)(note_ticket)
    consumer.on(TicketEnded, key=_case)(note_ticket)
    consumer.on(TicketReverted, key=_case)(note_ticket)
    for event in JOB_FACTS:
        consumer.on(event, key=_case)(note_job)
    consumer.on(DeliveryFailed, key=_case)(note_failure)
    consumer.on_timer(OVERDUE)(note_overdue)
    consumer.on_timer(CLAIM_OVER)(note_claim_over)
    consumer.on_timer(APPROVAL)(expire)
    consumer.on_timer(RIGHTS_DUE)(note_rights_missed)
    consumer.on_timer(ERASURE)(note_expired)
    consumer.on_timer(RETENTION)(note_retention_over)
    consumer.on_timer(UNBOUND)(note_unbound)
    consumer.on_timer(HANDED_OVER)(note_handed_over)
    consumer.on_timer(SILENT)(note_silence)
    consumer.on_timer(STATE_TIME)(partial(note_state_time, holidays=holidays))
    consumer.on_timer(FILE_OVER)(note_file_over)
    consumer.on_timer(COMPLAINT_DUE)(note_complaint_due)
    consumer.on_timer(COMPLAINT_CLOSES)(note_complaint_closes)
    consumer.on_timer(COMPLAINT_RETENTION)(note_complaint_over)


def _case(event: TicketEvent | JobEvent) -> str:
    return event.case_id or event.aggregate_id
