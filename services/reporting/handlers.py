"""Events that reporting reads: all of them."""

from services.reporting.usecases.archive import (
    archive,
    archive_event,
    archive_programme,
    archive_revocation,
)
from shared.contracts.intake import AccessRevoked, ProgrammePublished
from shared.contracts.scheduler import EventScheduled
from shared.files.stored import UNBOUND, note_unbound
from shared.messaging.consumer import Consumer


def subscribe(consumer: Consumer) -> None:
    """Register every handler; those that keep a copy besides take the place of the general."""
    consumer.on_every(archive)
    consumer.on(AccessRevoked)(archive_revocation)
    consumer.on(ProgrammePublished)(archive_programme)
    consumer.on(EventScheduled)(archive_event)
    consumer.on_timer(UNBOUND)(note_unbound)
