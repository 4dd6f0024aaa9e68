"""The next step that a resident reads: one word for each sentence in the catalogue."""

from enum import StrEnum

from services.intake.domain.case import Case
from services.intake.domain.programme import Deliverable, PlannedEvent
from services.intake.domain.stages import Fact, Outcome, State
from services.intake.domain.ticket import Ticket


class NextStep(StrEnum):
    """What happens next, or what the resident can do."""

    CHECKING = "checking"
    AGENT_SOUGHT = "agent_sought"
    AGENT_COMES = "agent_comes"
    PAPERS_ON_THE_WAY = "papers_on_the_way"
    PAPERS_AT_OFFICE = "papers_at_office"
    WALK_UP = "walk_up"
    TICKET_TO_COME = "ticket_to_come"
    WAIT_FOR_NUMBER = "wait_for_number"
    NUMBER_CALLED = "number_called"
    NOT_SERVED = "not_served"
    NO_SHOW = "no_show"
    LEFT = "left"
    EVENT_CANCELLED = "event_cancelled"
    PROCESSING = "processing"
    CORRECT_PAPERS = "correct_papers"
    FETCH_CARD = "fetch_card"
    FETCH_PDF = "fetch_pdf"
    FETCH_APP = "fetch_app"
    AGENT_FETCHES_DOCUMENT = "agent_fetches_document"
    DOCUMENT_ON_THE_WAY = "document_on_the_way"
    DELIVERY_TRIED = "delivery_tried"
    CONFIRM_RECEIPT = "confirm_receipt"
    RECEIPT_NOTED = "receipt_noted"
    HANDED_OVER = "handed_over"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Awaited(StrEnum):
    """Whose turn it is."""

    RESIDENT = "resident"
    OFFICE = "office"
    AGENT = "agent"
    NOBODY = "nobody"


_AWAITED = {
    Awaited.RESIDENT: (
        NextStep.CORRECT_PAPERS,
        NextStep.WALK_UP,
        NextStep.WAIT_FOR_NUMBER,
        NextStep.NUMBER_CALLED,
        NextStep.NOT_SERVED,
        NextStep.NO_SHOW,
        NextStep.LEFT,
        NextStep.EVENT_CANCELLED,
        NextStep.FETCH_CARD,
        NextStep.FETCH_APP,
        NextStep.CONFIRM_RECEIPT,
    ),
    Awaited.AGENT: (
        NextStep.AGENT_COMES,
        NextStep.PAPERS_ON_THE_WAY,
        NextStep.AGENT_FETCHES_DOCUMENT,
        NextStep.DOCUMENT_ON_THE_WAY,
        NextStep.DELIVERY_TRIED,
        NextStep.RECEIPT_NOTED,
    ),
    Awaited.NOBODY: (
        NextStep.HANDED_OVER,
        NextStep.DELIVERED,
        NextStep.REJECTED,
        NextStep.CANCELLED,
    ),
}


def awaited_from(step: NextStep, *, papers_missing: bool) -> Awaited:
    """Return from whom something is awaited; the office, where from nobody else."""
    if step is NextStep.CHECKING and papers_missing:
        return Awaited.RESIDENT
    return next((who for who, steps in _AWAITED.items() if step in steps), Awaited.OFFICE)


_FETCH = {
    Deliverable.CARD: NextStep.FETCH_CARD,
    Deliverable.PDF: NextStep.FETCH_PDF,
    Deliverable.APP: NextStep.FETCH_APP,
}
_ENDED = {
    Outcome.HANDED_OVER: NextStep.HANDED_OVER,
    Outcome.DELIVERED: NextStep.DELIVERED,
    Outcome.REJECTED: NextStep.REJECTED,
    Outcome.CANCELLED: NextStep.CANCELLED,
}
_LOST = {
    "unserved": NextStep.NOT_SERVED,
    "no_show": NextStep.NO_SHOW,
    "left": NextStep.LEFT,
    # He has another number, of which we have not been told yet.
    "transferred": NextStep.TICKET_TO_COME,
}
"""How a ticket ended, as scheduler names it."""
_BRINGING = (
    (Fact.RECEIPT_CONFIRMED, NextStep.RECEIPT_NOTED),
    (Fact.DELIVERY_REPORTED, NextStep.CONFIRM_RECEIPT),
    (Fact.DELIVERY_FAILED, NextStep.DELIVERY_TRIED),
    (Fact.DOCUMENT_COLLECTED, NextStep.DOCUMENT_ON_THE_WAY),
)
_FETCHING = (
    (Fact.PAPERS_HANDED_IN, NextStep.PAPERS_AT_OFFICE),
    (Fact.PAPERS_COLLECTED, NextStep.PAPERS_ON_THE_WAY),
    (Fact.JOB_ASSIGNED, NextStep.AGENT_COMES),
)


def next_step(case: Case, deliverable: Deliverable, event: PlannedEvent | None = None) -> NextStep:
    """Return the next step that the resident reads; `event` is where it is to be taken in."""
    if case.outcome is not None:
        return _ENDED[case.outcome]
    if case.returned is not None:
        return NextStep.CORRECT_PAPERS
    match case.state:
        case State.ISSUED:
            return _bringing(case) if case.deliver else _FETCH[deliverable]
        case State.VERIFIED:
            return NextStep.PROCESSING
        case _:
            return _waiting(case, event)


def _bringing(case: Case) -> NextStep:
    steps = (step for fact, step in _BRINGING if fact in case.facts)
    return next(steps, NextStep.AGENT_FETCHES_DOCUMENT)


def _waiting(case: Case, event: PlannedEvent | None) -> NextStep:
    if case.pick_up:
        steps = (step for fact, step in _FETCHING if fact in case.facts)
        return next(steps, NextStep.AGENT_SOUGHT)
    if event is not None and event.cancelled:
        return NextStep.EVENT_CANCELLED
    if case.ticket is not None:
        return _in_line(case.ticket)
    if case.event_id is None:
        return NextStep.CHECKING
    walks_up = event is not None and case.service not in event.ticketed
    return NextStep.WALK_UP if walks_up else NextStep.TICKET_TO_COME


def _in_line(ticket: Ticket) -> NextStep:
    if ticket.end in _LOST:
        return _LOST[ticket.end]
    return NextStep.NUMBER_CALLED if ticket.called_at else NextStep.WAIT_FOR_NUMBER
