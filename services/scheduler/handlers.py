"""Events that scheduler reads, each with the use case that answers it."""

from services.scheduler.usecases import (
    ABSENT,
    EVENT_OVER,
    LINE_OVER,
    NO_SHOW,
    copy_programme,
    end_revoked,
    issue_ticket,
    note_absent,
    note_event_over,
    note_line_over,
    note_no_show,
    void_ticket,
)
from shared.contracts.intake import (
    AccessRevoked,
    ProgrammePublished,
    RequestClosed,
    RequestReceived,
)
from shared.files.stored import UNBOUND, note_unbound
from shared.messaging.consumer import Consumer


def subscribe(consumer: Consumer) -> None:
    """Register every handler.

    Requests are kept in order by case, not by line: the requests of one batch then load their
    cases in one query, and who meets a line that has moved on decides again at once, from memory.
    """
    consumer.on(AccessRevoked)(end_revoked)
    consumer.on(ProgrammePublished)(copy_programme)
    consumer.on(RequestReceived)(issue_ticket)
    consumer.on(RequestClosed)(void_ticket)
    consumer.on_timer(UNBOUND)(note_unbound)
    consumer.on_timer(NO_SHOW)(note_no_show)
    consumer.on_timer(EVENT_OVER)(note_event_over)
    consumer.on_timer(ABSENT)(note_absent)
    consumer.on_timer(LINE_OVER)(note_line_over)
