"""What travels beside the payload: CloudEvents attributes, independent of any transport."""

import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import datetime

_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)


def new_id() -> str:
    """A random id that sorts by time of making: UUID version 7, RFC 9562 section 5.7.

    The twelve bits behind the milliseconds are their fraction (section 6.2, method 3), so that ids
    made one after the other by one process sort in that order.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    fraction = nanoseconds * 4096 // 1_000_000
    bits = (milliseconds << 80) | (fraction << 64) | secrets.randbits(62)
    return str(uuid.UUID(int=bits | _VERSION_AND_VARIANT))


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where an event comes from and what it belongs to. Times are aware, UTC.

    `occurred_at` is when it happened, `recorded_at` when we learned of it: work done offline and
    imports bring old facts. `version` counts the changes of the aggregate. `actor` is who did it:
    the pseudonymous id of an account, or `service:<name>` where a service follows its own rule.
    """

    id: str
    type: str
    source: str
    aggregate_id: str
    version: int
    correlation_id: str
    causation_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str
