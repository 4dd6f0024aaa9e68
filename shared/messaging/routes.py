"""Which handler takes a message, by its type, and how it is run."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from shared.contracts import CATALOGUE, Event
from shared.messaging.errors import Malformed, UnknownType, refusals, wrong_fields
from shared.messaging.message import Message
from shared.messaging.task import Task
from shared.messaging.timers import TIMERS, Timer, is_timer, row_of, timer_type
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.messaging.wire import split_type

E = TypeVar("E", bound=Event)
Handler = Callable[[E, UnitOfWork], Awaitable[None]]
TimerHandler = Callable[[Timer, UnitOfWork], Awaitable[None]]


class UnknownEvent(Event):
    """An event that this code does not know: no field of it is read."""

    type = "unknown"

    @property
    def aggregate_id(self) -> str:
        """Return nothing; its envelope states the type."""
        return ""


@dataclass(frozen=True, slots=True)
class _Route:
    event: type[Event]
    handle: Handler[Event]
    key: Callable[[Event], str]


class Routes:
    """The handlers of one queue. `refused` is the domain's own refusal."""

    def __init__(self, queue: str, refused: type[Exception]) -> None:
        self._queue = queue
        self._service = queue.partition(".")[0]
        self._refused = refused
        self._events: dict[str, _Route] = {}
        self._timers: dict[str, TimerHandler] = {}
        self._every: Handler[Event] | None = None

    @property
    def types(self) -> frozenset[str]:
        """Return the event types that have a handler."""
        return frozenset(self._events)

    def handles(self, type_: str) -> bool:
        """Return whether a type has a handler, be it a timer's."""
        return type_ in self._events or type_ in self._timers

    def knows(self, type_: str) -> bool:
        """Return whether a type is published or a handler's: there are only so many of them."""
        return type_ in CATALOGUE or type_ in self._timers

    def on(
        self, event: type[E], key: Callable[[E], str] | None = None
    ) -> Callable[[Handler[E]], Handler[E]]:
        """Register the handler of one type. Events with the same key are handled in order.

        The key is the aggregate that the handler changes, by default the event's own.
        """

        def register(handle: Handler[E]) -> Handler[E]:
            self._events[event.type] = _Route(
                event,
                cast("Handler[Event]", handle),
                cast("Callable[[Event], str]", key) if key else _aggregate,
            )
            return handle

        return register

    def on_timer(self, name: str) -> Callable[[TimerHandler], TimerHandler]:
        """Register the handler of the timers of one name; the key is the timer's own."""

        def register(handle: TimerHandler) -> TimerHandler:
            self._timers[timer_type(self._service, name)] = handle
            return handle

        return register

    def on_every(self, handle: Handler[Event]) -> Handler[Event]:
        """Register one handler for every event, an unknown one too: it comes as `UnknownEvent`."""
        for event in CATALOGUE.values():
            self._events[event.type] = _Route(event, handle, _aggregate)
        self._every = handle
        return handle

    def task(self, message: Message) -> Task:
        """Return the unit of work of a message. Raises Malformed and UnknownType."""
        envelope = message.envelope
        if is_timer(self._service, envelope.type):
            fires = partial(fire, self._timer(envelope.type))
            return Task(self._guarded(fires), envelope.id, envelope.aggregate_id, message)
        route = self._events.get(envelope.type)
        if route is None:
            handles = partial(self._unknown(envelope.type), UnknownEvent())
            return Task(self._guarded(handles), envelope.id, envelope.aggregate_id, message)
        try:
            event = route.event.__pydantic_validator__.validate_json(message.body)
        except ValidationError as invalid:
            raise Malformed("payload", wrong_fields(invalid)) from invalid
        handles = partial(route.handle, event)
        return Task(self._guarded(handles), envelope.id, route.key(event), message)

    def _guarded(self, handles: UseCase) -> UseCase:
        async def run(uow: UnitOfWork) -> Any:
            with refusals(self._refused):
                return await handles(uow)

        return run

    def _timer(self, type_: str) -> TimerHandler:
        handle = self._timers.get(type_)
        if handle is None:
            raise UnknownType("unknown_timer", f"{self._queue} has no handler for {type_}")
        return handle

    def _unknown(self, type_: str) -> Handler[Event]:
        """Return who takes unknown types. Raises UnknownType where nobody does yet."""
        split = split_type(type_)
        if split is None:
            raise Malformed("unknown_type", "not shaped like an event type")
        if self._every is not None:
            return self._every
        if type_ in CATALOGUE:
            raise UnknownType("unhandled_type", f"{self._queue} has no handler for {type_}")
        name, version = split
        if any(known.startswith(f"{name}.v") for known in CATALOGUE):
            raise UnknownType("unknown_version", f"{name} is not read in version {version}")
        raise UnknownType("unknown_type", "not in the published language")


async def fire(handle: TimerHandler, uow: UnitOfWork) -> bool:
    """Run a timer's handler and delete its row; False where it was cleared or moved meanwhile.

    The handler may set the timer again.
    """
    if uow.cause is None:
        raise RuntimeError("a timer fires by its message")
    id_ = row_of(uow.cause)
    row = await uow.load(TIMERS.name, id_)
    if row is None or row["generation"] != uow.cause.id:
        return False
    uow.remove(TIMERS.name, id_)
    await handle(TIMERS.decode(row), uow)
    return True


def _aggregate(event: Event) -> str:
    return event.aggregate_id
