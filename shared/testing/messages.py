"""An event as its producer would send it."""

from datetime import datetime

from shared.contracts.envelope import Envelope, new_id
from shared.contracts.event import Event
from shared.messaging.message import Message


def message_of(
    event: Event,
    at: datetime,
    *,
    id_: str | None = None,
    version: int = 1,
    recorded_at: datetime | None = None,
    causation_id: str | None = None,
) -> Message:
    """Return an event in an envelope, of something that occurred then; by default of a new id."""
    producer = event.type.partition(".")[0]
    envelope = Envelope(
        id=id_ or new_id(),
        type=event.type,
        source=producer,
        aggregate_id=event.aggregate_id,
        version=version,
        correlation_id=event.correlation_id,
        causation_id=causation_id,
        occurred_at=at,
        recorded_at=recorded_at or at,
        actor=f"service:{producer}",
    )
    return Message(envelope, event.model_dump_json().encode())
