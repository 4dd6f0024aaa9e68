"""What a resident is told about what comes next: one word for each sentence in the catalogue."""

from enum import StrEnum

from services.intake.domain.case import Case, Fact, Outcome, State
from services.intake.domain.programme import Deliverable, PlannedEvent


class Outlook(StrEnum):
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
    PROCESSING = "processing"
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


_FETCH = {
    Deliverable.CARD: Outlook.FETCH_CARD,
    Deliverable.PDF: Outlook.FETCH_PDF,
    Deliverable.APP: Outlook.FETCH_APP,
}
_ENDED = {
    Outcome.HANDED_OVER: Outlook.HANDED_OVER,
    Outcome.DELIVERED: Outlook.DELIVERED,
    Outcome.REJECTED: Outlook.REJECTED,
    Outcome.CANCELLED: Outlook.CANCELLED,
}
_BRINGING = (
    (Fact.RECEIPT_CONFIRMED, Outlook.RECEIPT_NOTED),
    (Fact.DELIVERY_REPORTED, Outlook.CONFIRM_RECEIPT),
    (Fact.DELIVERY_FAILED, Outlook.DELIVERY_TRIED),
    (Fact.DOCUMENT_COLLECTED, Outlook.DOCUMENT_ON_THE_WAY),
)
_FETCHING = (
    (Fact.PAPERS_HANDED_IN, Outlook.PAPERS_AT_OFFICE),
    (Fact.PAPERS_COLLECTED, Outlook.PAPERS_ON_THE_WAY),
    (Fact.JOB_ASSIGNED, Outlook.AGENT_COMES),
)


def outlook(case: Case, deliverable: Deliverable, event: PlannedEvent | None = None) -> Outlook:
    """Return what the resident is told next; `event` is where the request is to be taken in."""
    if case.outcome is not None:
        return _ENDED[case.outcome]
    match case.state:
        case State.ISSUED:
            return _bringing(case) if case.deliver else _FETCH[deliverable]
        case State.VERIFIED:
            return Outlook.PROCESSING
        case _:
            return _waiting(case, event)


def _bringing(case: Case) -> Outlook:
    said = (told for fact, told in _BRINGING if fact in case.facts)
    return next(said, Outlook.AGENT_FETCHES_DOCUMENT)


def _waiting(case: Case, event: PlannedEvent | None) -> Outlook:
    if case.pick_up:
        said = (told for fact, told in _FETCHING if fact in case.facts)
        return next(said, Outlook.AGENT_SOUGHT)
    if case.ticket is not None:
        return Outlook.NUMBER_CALLED if case.ticket.called_at else Outlook.WAIT_FOR_NUMBER
    if case.event_id is None:
        return Outlook.CHECKING
    walks_up = event is not None and case.service not in event.ticketed
    return Outlook.WALK_UP if walks_up else Outlook.TICKET_TO_COME
