"""Events that courier reads, each with the use case that answers it."""

from services.courier.usecases import (
    confirm_receipt,
    copy_programme,
    note_issued,
    open_job,
    withdraw_job,
)
from shared.contracts.intake import (
    AccessRevoked,
    DocumentIssued,
    ProgrammePublished,
    ReceiptConfirmed,
    RequestClosed,
    RequestReceived,
)
from shared.messaging.consumer import Consumer
from shared.messaging.revocations import keep_revocation


def subscribe(consumer: Consumer) -> None:
    """Register every handler."""
    consumer.on(AccessRevoked)(keep_revocation)
    consumer.on(ProgrammePublished)(copy_programme)
    consumer.on(RequestReceived)(open_job)
    consumer.on(DocumentIssued)(note_issued)
    consumer.on(ReceiptConfirmed)(confirm_receipt)
    consumer.on(RequestClosed)(withdraw_job)
