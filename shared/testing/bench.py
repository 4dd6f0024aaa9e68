"""Use cases on the real unit of work over the in-memory store, for unit tests.

    bench = Bench(COLLECTIONS, Area("halo_pamor", PLACE, 1, "agent-1"))
    await bench.handle(open_job, RequestReceived(...))
    await bench.run(lambda uow: report_step("case-1", ..., uow), actor="agent-1")
    assert (await bench.get(Job, "case-1")).state is JobState.ASSIGNED
    assert bench.published == [JobOpened(...), JobAssigned(...)]

What a use case raises comes through, and nothing of it is stored.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar, cast

from shared.contracts import CATALOGUE
from shared.contracts.event import Event
from shared.messaging.collections import Collections
from shared.messaging.message import Message
from shared.messaging.routes import TimerHandler, fire
from shared.messaging.store import Changes
from shared.messaging.timers import TIMERS, Timer, due_message, timer_id
from shared.messaging.unit_of_work import BatchSession, UnitOfWork, UseCase
from shared.mongo.client import Database
from shared.testing.callers import StandingClock
from shared.testing.documents import MemoryDatabase
from shared.testing.memory import Memory, MemoryStore
from shared.testing.messages import message_of

T = TypeVar("T")
E = TypeVar("E", bound=Event)

ACTOR = "agus"
"""Who sends commands unless a test names another."""


class Bench:
    """One service's data, and what its use cases have published."""

    def __init__(
        self, collections: Collections, *kept: object, clock: StandingClock | None = None
    ) -> None:
        self.clock = clock or StandingClock()
        self.memory = Memory(self.clock)
        self.messages: list[Message] = []
        """What was published, in order, with envelopes."""
        self._collections = collections
        self._store = MemoryStore(self.memory)
        self.keep(*kept)

    def keep(self, *kept: object) -> None:
        """Have values stored beforehand."""
        for one in kept:
            collection = self._collections.of(type(one))
            document = collection.encode(one)
            self.memory.collections[collection.name][document["_id"]] = document

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is stored under an id, or None."""
        return await self._unit_of_work(None).get(kept, id_)

    async def all(self, kept: type[T]) -> list[T]:
        """Return everything stored of a type, in order of ids."""
        collection = self._collections.of(kept)
        return [collection.decode(one) for one in self.memory.copies(collection.name)]

    @property
    def published(self) -> list[Event]:
        """Return what was published, in order."""
        return [CATALOGUE[m.envelope.type].model_validate_json(m.body) for m in self.messages]

    @property
    def types(self) -> list[str]:
        """Return the types that were published, in order, without producer and version."""
        return [message.envelope.type.split(".")[1] for message in self.messages]

    async def handle(
        self,
        handler: Callable[[E, UnitOfWork], Awaitable[None]],
        event: E,
        *,
        version: int = 1,
        occurred_at: datetime | None = None,
    ) -> None:
        """Have an event handled, and store what follows."""
        message = self._message(event, version, occurred_at)
        await self._done(lambda uow: handler(event, uow), self._unit_of_work(message))

    async def run(self, use_case: UseCase, *, actor: str = ACTOR) -> Any:
        """Run a command and store what follows; return its answer."""
        return await self._done(use_case, self._unit_of_work(None, actor))

    async def run_own(self, use_case: UseCase, *, key: str) -> Any:
        """Run what the service does by its own rule, as `Commands.run_own`."""
        del key
        return await self.run(use_case, actor="service:test")

    @property
    def timers(self) -> list[Timer]:
        """Return the timers that are set, in order of their ids."""
        return [TIMERS.decode(row) for row in self.memory.copies(TIMERS.name)]

    def due(self, name: str, key: str) -> Message:
        """Return the message of a timer as it would be sent now. Raises KeyError without one."""
        row = self.memory.collections[TIMERS.name][timer_id(name, key)]
        return due_message(row, "test.events", self.clock())

    async def fire(self, handler: TimerHandler, message: Message) -> bool:
        """Have a timer's message handled; False where the timer was cleared or moved since."""
        fired = await self._done(lambda uow: fire(handler, uow), self._unit_of_work(message))
        return bool(fired)

    @property
    def database(self) -> Database:
        """Return the database as readers see it."""
        return cast("Database", MemoryDatabase(self.memory))

    async def _done(self, use_case: UseCase, uow: UnitOfWork) -> Any:
        answer = await use_case(uow)
        session = self._session
        session.enter(uow)
        await self._store.commit(Changes(writes=session.writes(), messages=uow.messages))
        self.messages += uow.messages
        return answer

    def _unit_of_work(self, message: Message | None, actor: str = ACTOR) -> UnitOfWork:
        self._session = BatchSession(self._store, self._collections)
        return UnitOfWork(
            self._session,
            source="test",
            clock=self.clock,
            actor=actor,
            cause=message.envelope if message else None,
            body=message.body if message else None,
        )

    def _message(self, event: Event, version: int, occurred_at: datetime | None) -> Message:
        now = self.clock()
        return message_of(event, occurred_at or now, version=version, recorded_at=now)
