"""Timers: something that a use case wants done at a time, kept beside the state it belongs to.

A timer is a row that is written and deleted in the transaction of that state. From its due time on,
by the server's clock, it is sent as a message to its service's own queue (`sweeper.py`) and handled
like every other: inbox record, retries, dead letters. Its handler's effect and the deletion of the
row are one transaction (`routes.fire`). A message whose row is gone, or has another generation by
now, was overtaken: the timer was cleared or moved while the message was on its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from shared.contracts.envelope import Envelope, new_id
from shared.contracts.event import EARLIEST, LATEST, AggregateId
from shared.messaging.collections import Collection
from shared.messaging.errors import wrong_fields
from shared.messaging.message import ADDRESSED, Document, Message

MAX_IDS: Final = 10
"""Ids in a timer's payload at most."""

AT_ONCE: Final = 2
"""Sends that may be followed by another at once: so often a process may die over them."""

PAUSES: Final = (60, 600, 3600)
"""Seconds before each further send. What ends its process each time must not do so in a loop."""

REREAD_SECONDS: Final = 600
"""After so long a row is looked at again that this version cannot read."""

_PREFIX: Final = "timer_"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

TimerName = Annotated[str, Field(pattern="^[a-z][a-z_]*$", max_length=40)]
IdName = Annotated[str, Field(pattern="^[a-z][a-z_]*$", max_length=40)]


@dataclass(frozen=True, slots=True)
class Timer:
    """What is to be done and when. `key` is the aggregate it is about, `payload` holds ids alone.

    `generation` is new each time it is set; it is the id of the message that is sent.
    """

    name: TimerName
    key: AggregateId
    due: Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
    payload: Annotated[Mapping[IdName, AggregateId], Field(max_length=MAX_IDS)]
    generation: str
    version: int

    @property
    def id(self) -> str:
        """Return the row's id."""
        return timer_id(self.name, self.key)


def _dates(timer: Timer) -> Document:
    # Real dates, which the server compares with its clock. `next` is when it is to be sent; it goes
    # once the broker has the message.
    return {"due": timer.due, "next": timer.due}


TIMERS: Final = Collection("timers", Timer, derived=_dates)
"""The collection of timers that every service has."""

_ADAPTER: Final = TypeAdapter(Timer)


def new_timer(
    name: str, key: str, due: datetime, payload: Mapping[str, str], *, above: int, now: datetime
) -> Timer:
    """Return a timer that is set now; its version is higher than `above`.

    Versions follow the clock: a timer that is cleared and set again never has a version that it
    had before. Raises ValueError for a name, an id or a time that none can be.
    """
    version = max(above + 1, (now - _EPOCH) // _MICROSECOND)
    fields = {"name": name, "key": key, "due": _kept(due), "payload": payload}
    try:
        return _ADAPTER.validate_python({**fields, "generation": new_id(), "version": version})
    except ValidationError as invalid:
        # Without what stood in it, which may be what has no place there.
        raise ValueError(f"this can be no timer: {wrong_fields(invalid)}") from None


def _kept(due: datetime) -> datetime:
    """Return the first moment from `due` on that the database keeps whole, to the millisecond.

    Cut short, a handler would find that its time has not come yet.
    """
    over = due.microsecond % 1000
    return due + timedelta(microseconds=1000 - over) if over else due


def timer_id(name: str, key: str) -> str:
    """Return the id of a timer's row."""
    return f"{name}/{key}"


def timer_type(service: str, name: str) -> str:
    """Return the type of the messages of a timer. It is in no catalogue: nobody else reads it."""
    return f"{service}.{_PREFIX}{name}.v1"


def is_timer(service: str, type_: str) -> bool:
    """Return whether a message's type is that of a timer of this service."""
    return type_.startswith(f"{service}.{_PREFIX}")


def row_of(envelope: Envelope) -> str:
    """Return the id of the row that a timer's message was sent for."""
    return timer_id(name_of(envelope.type), envelope.aggregate_id)


def name_of(type_: str) -> str:
    """Return a timer's name, of the type of its message."""
    return type_.partition(".")[2].removeprefix(_PREFIX).rpartition(".")[0]


def due_message(row: Document, queue: str, now: datetime) -> Message:
    """Return the message of a row for its service's own queue. Raises ValueError, KeyError.

    The body is for whoever looks at a dead letter: handlers get the row.
    """
    timer = TIMERS.decode(row)
    service = queue.partition(".")[0]
    envelope = Envelope(
        id=timer.generation,
        type=timer_type(service, timer.name),
        source=service,
        aggregate_id=timer.key,
        version=1,
        correlation_id=timer.key,
        causation_id=None,
        occurred_at=timer.due,
        recorded_at=now,
        actor=f"service:{service}",
    )
    return Message(envelope, to_json({"due": timer.due, **timer.payload}), ADDRESSED, queue)


def read_row(row: Document, queue: str, now: datetime) -> Message | None:
    """Return the message of a row; None where this version cannot read it."""
    try:
        return due_message(row, queue, now)
    except (KeyError, ValidationError):
        return None


def sent_again_at(sends: int, now: datetime) -> datetime | None:
    """Return when a row that is being sent for the `sends`th time may be sent once more.

    None: at once, by whoever leads next. Whoever sends it now remembers that itself.
    """
    if sends <= AT_ONCE:
        return None
    return now + timedelta(seconds=PAUSES[min(sends - AT_ONCE, len(PAUSES)) - 1])


def postponed(now: datetime) -> datetime:
    """Return when a row is looked at again that this version cannot read."""
    return now + timedelta(seconds=REREAD_SECONDS)
