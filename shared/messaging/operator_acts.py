"""What operators did with dead letters, kept by the broker: a drop leaves no other trace.

Only the operator's user may write there, so no service can add to it or push anything out. It is
as lasting as the broker's data; the newest OPERATOR_ACTS_KEPT are there.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import aio_pika
from pamqp.commands import Basic

from shared.messaging.topology import OPERATOR_ACTS
from shared.messaging.transport import ReadingConnection
from shared.messaging.wire import PERSISTENT, RawMessage

CONNECT_WITHIN: Final = 10.0
MAX_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Act:
    """One dead letter sent back or taken away."""

    at: datetime
    by: str
    """The operator's account."""
    action: str
    because: str
    queue: str
    letter: Mapping[str, Any]
    """What may be told of it: nothing of its payload."""


def told(act: Act) -> dict[str, Any]:
    """Return who did what to which dead letter, when and why."""
    return {
        "at": act.at.isoformat(timespec="seconds"),
        "by": act.by,
        "action": act.action,
        "because": act.because[:MAX_REASON],
        "queue": act.queue,
        **act.letter,
    }


def act_message(act: Act) -> RawMessage:
    """Return the message that keeps it."""
    said = Basic.Properties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        message_id=str(uuid4()),
        message_type=OPERATOR_ACTS,
    )
    return RawMessage(json.dumps(told(act)).encode(), said, OPERATOR_ACTS, "")


async def acts(url: str) -> AsyncIterator[dict[str, Any]]:
    """Yield what is kept, oldest first, and leave it there.

    Raises AMQPError or OSError where the broker does not let us in.
    """
    connecting = aio_pika.connect(url, timeout=CONNECT_WITHIN, connection_class=ReadingConnection)
    async with await connecting as connection:
        channel = await connection.channel()
        source = await channel.get_queue(OPERATOR_ACTS, ensure=False)
        last = None
        while (message := await source.get(fail=False)) is not None:
            last = message
            yield json.loads(message.body)
        if last is not None:
            await last.nack(multiple=True, requeue=True)
