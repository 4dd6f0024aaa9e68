"""Dead letters of one queue, for whoever looks after them: look, send back, or drop for good.

Messages are held unacknowledged while they are looked at and go back when the line is closed, so
looking changes nothing. What is sent back goes to its own queue alone, as if it came for the first
time, and leaves here only after the broker has confirmed it: dying in between leaves it in both
places, and the inbox knows doubles.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from shared.messaging.bus import AmqpBus
from shared.messaging.errors import NotPublished
from shared.messaging.message import ADDRESSED
from shared.messaging.operator_acts import CONNECT_WITHIN, MAX_REASON, Act, act_message
from shared.messaging.topology import OPERATOR, OPERATOR_ACTS, dead_queue
from shared.messaging.transport import ReadingConnection
from shared.messaging.wire import (
    ATTEMPT,
    DETAIL,
    DIED_AT,
    QUEUE,
    REASON,
    SENDER,
    WAITS,
    Incoming,
    redirect,
    vouched_for,
)


class NotVouchedFor(Exception):  # noqa: N818 - reads as the finding it is
    """A dead letter that its source did not publish."""


REPLAYED = "x-jemput-replayed"
"""Why somebody sent it back, the last time; it stays with the message if it dies again."""

REPLAYED_BY = "x-jemput-replayed-by"
"""The account of who did."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What can be shown of a dead letter without its payload."""

    id: str
    """Its message id; where it has none, a digest of its body."""
    type: str
    reason: str
    detail: str
    died_at: datetime | None
    attempts: int
    replayed: str
    replayed_by: str
    size: int
    digest: str
    headers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A dead letter that this line holds, and the message itself."""

    letter: DeadLetter
    message: AbstractIncomingMessage


def facts(letter: DeadLetter) -> dict[str, Any]:
    """Return what may be told of a dead letter anywhere: nothing of its payload."""
    return {
        "id": letter.id,
        "type": letter.type,
        "reason": letter.reason,
        "detail": letter.detail,
        "died_at": letter.died_at.isoformat() if letter.died_at else None,
        "attempts": letter.attempts,
        "replayed": letter.replayed,
        "replayed_by": letter.replayed_by,
        "bytes": letter.size,
        "sha256": letter.digest,
    }


def describe(message: Incoming) -> DeadLetter:
    """Return the reason that stands on a dead letter, or the broker's.

    A message that the broker dead-lettered, after too many deliveries, has no headers of ours.
    """
    headers = message.headers
    death = _death(headers)
    digest = sha256(message.body).hexdigest()
    attempts = headers.get(ATTEMPT, 0)
    return DeadLetter(
        id=message.message_id or f"sha256:{digest[:16]}",
        type=message.type or "",
        reason=str(headers.get(REASON) or death.get("reason") or ""),
        detail=str(headers.get(DETAIL) or ""),
        died_at=_moment(headers.get(DIED_AT)) or _moment(death.get("time")),
        attempts=attempts if isinstance(attempts, int) else 0,
        replayed=str(headers.get(REPLAYED) or ""),
        replayed_by=str(headers.get(REPLAYED_BY) or ""),
        size=len(message.body),
        digest=digest,
        headers=headers,
    )


def _death(headers: Mapping[str, Any]) -> Mapping[str, Any]:
    deaths = headers.get("x-death")
    first = deaths[0] if isinstance(deaths, list) and deaths else {}
    return first if isinstance(first, Mapping) else {}


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


class DeadLetters:
    """The dead letters of one queue, held while this is open."""

    def __init__(self, queue: str, source: AbstractQueue, bus: AmqpBus) -> None:
        self.queue = queue
        self._source = source
        self._bus = bus
        self._kept: AbstractIncomingMessage | None = None

    async def each(self) -> AsyncIterator[Held]:
        """Yield what lies there now, oldest first; what comes meanwhile is not looked at."""
        left: int | None = None
        while left != 0:
            message = await self._source.get(fail=False)
            if message is None:
                return
            left = message.message_count or 0 if left is None else left - 1
            yield Held(describe(message), message)
            if not message.processed:
                self._kept = message

    async def replay(self, held: Held, act: Act) -> None:
        """Send it back to its queue, with its attempts counted anew.

        Raises NotPublished, and NotVouchedFor where its source did not publish it: what comes from
        the operator is trusted by every consumer, and any service may write dead letters.
        """
        if not vouched_for(held.message, held.letter.type.partition(".")[0], self.queue):
            raise NotVouchedFor("its source did not publish it")
        forgotten = dict.fromkeys((ATTEMPT, WAITS, REASON, DETAIL, DIED_AT, QUEUE, SENDER), None)
        notes = {**forgotten, REPLAYED: act.because[:MAX_REASON], REPLAYED_BY: act.by}
        await self._note(act)
        await self._bus.forward(redirect(held.message, ADDRESSED, self.queue, notes))
        await held.message.ack()

    async def drop(self, held: Held, act: Act) -> None:
        """Take it away for good. Raises NotPublished."""
        await self._note(act)
        await held.message.ack()

    async def _note(self, act: Act) -> None:
        """Have the broker keep what is about to be done: a drop leaves no other trace."""
        try:
            await self._bus.forward(act_message(act))
        except NotPublished as error:
            raise NotPublished(f"{OPERATOR_ACTS} did not keep who does it: {error}") from error

    async def give_back(self) -> None:
        """Give back what is held, so that whoever looks next finds it at once."""
        if self._kept is not None:
            await self._kept.nack(multiple=True, requeue=True)


@asynccontextmanager
async def open_dead_letters(url: str, queue: str) -> AsyncIterator[DeadLetters]:
    """Open the dead letters of a queue as the operator's user.

    Raises AMQPError or OSError where the broker does not let us in, NotPublished where it cannot
    be published to, all within ten seconds.
    """
    connecting = aio_pika.connect(url, timeout=CONNECT_WITHIN, connection_class=ReadingConnection)
    async with await connecting as connection:
        channel = await connection.channel()
        source = await channel.get_queue(dead_queue(queue), ensure=False)
        bus = AmqpBus(url, OPERATOR, user=OPERATOR)
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await bus.connect()
            letters = DeadLetters(queue, source, bus)
            yield letters
            await letters.give_back()
        except TimeoutError as error:
            raise NotPublished("no connection to publish on") from error
        finally:
            await bus.close()
