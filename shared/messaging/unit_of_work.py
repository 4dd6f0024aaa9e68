"""One event's or command's reads and writes, collected so that many can be committed at once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from shared.contracts.envelope import Envelope, new_id
from shared.contracts.event import Event
from shared.messaging.collections import Collection, Collections
from shared.messaging.errors import Missing, PredecessorMissing
from shared.messaging.message import Document, Message
from shared.messaging.store import Removal, Store, Write
from shared.messaging.timers import TIMERS, new_timer, timer_id

Clock = Callable[[], datetime]
DocumentKey = tuple[str, str]
"""Collection and id."""

T = TypeVar("T")


class BatchSession:
    """The documents of one batch: what was loaded, and what units that are done made of it.

    Loads of units that run at the same time become one query per collection. A unit is entered
    only if what it read is still what the session holds, so units of one batch behave as if they
    had run one after the other.
    """

    def __init__(self, store: Store, collections: Collections | None = None) -> None:
        self._store = store
        self.collections = collections or Collections()
        self._loads: dict[DocumentKey, asyncio.Future[Document | None]] = {}
        self._loaded: dict[DocumentKey, Document | None] = {}
        self._current: dict[DocumentKey, Document | None] = {}
        self._asked: dict[str, list[str]] = {}
        self._query: asyncio.Task[None] | None = None
        self._decoded: dict[int, tuple[Document, Any]] = {}

    async def read(self, collection: str, id_: str) -> Document | None:
        """Return the newest version in this batch, or else the committed one."""
        place = (collection, id_)
        if place in self._current:
            return self._current[place]
        if place not in self._loads:
            # Asked once in a batch: a second answer could be of another version.
            self._loads[place] = asyncio.get_running_loop().create_future()
            self._asked.setdefault(collection, []).append(id_)
            if self._query is None:
                self._query = asyncio.create_task(self._load())
        loaded = await self._loads[place]
        return self._current.get(place, loaded)

    async def _load(self) -> None:
        # One turn of the loop lets every unit of the batch ask before the query leaves.
        await asyncio.sleep(0)
        self._query = None
        asked, self._asked = self._asked, {}
        places = [(collection, id_) for collection, ids in asked.items() for id_ in ids]
        try:
            found = await self._store.load_all(asked)
        except Exception as error:  # noqa: BLE001 - belongs to those who asked
            for _, future in self._open(places):
                future.set_exception(error)
            return
        self._loaded.update({place: found[place[0]].get(place[1]) for place in places})
        for place, future in self._open(places):
            future.set_result(self._loaded[place])

    def _open(
        self, places: list[DocumentKey]
    ) -> list[tuple[DocumentKey, asyncio.Future[Document | None]]]:
        """Return those who still wait: at the end of the process they have been cancelled."""
        return [(place, future) for place in places if not (future := self._loads[place]).done()]

    def decoded(self, collection: Collection[T], document: Document) -> T:
        """Return what a document holds, decoded once for all units of the batch.

        What a service keeps is frozen, so a programme that a hundred requests read is one value.
        """
        known = self._decoded.get(id(document))
        if known is None:
            # With the document, so that no other one gets its place in memory.
            known = self._decoded[id(document)] = (document, collection.decode(document))
        value: T = known[1]
        return value

    def enter(self, uow: "UnitOfWork") -> bool:
        """Take a finished unit's writes in; False if it read what has changed since."""
        for place, version in uow.seen.items():
            if _version(self._current.get(place, self._loaded.get(place))) != version:
                return False
        self._current.update(uow.written)
        return True

    def undecided(self, uow: "UnitOfWork") -> bool:
        """Return whether a unit read what units of this batch wrote and nobody has committed."""
        return any(place in self._current for place in uow.seen)

    def loaded(self) -> dict[tuple[str, str], int | None]:
        """Return the versions that documents were loaded with; None: not there."""
        return {place: _version(document) for place, document in self._loaded.items()}

    def writes(self) -> list[Write | Removal]:
        """Return one write per changed document, whatever number of units changed it."""
        found = [self._write(*place, document) for place, document in self._current.items()]
        return [write for write in found if write is not None]

    def _write(
        self, collection: str, id_: str, document: Document | None
    ) -> Write | Removal | None:
        base = _version(self._loaded.get((collection, id_)))
        if document is not None:
            return Write(collection, document, base)
        # What this batch made and took away again was never there.
        return None if base is None else Removal(collection, id_, base)


class UnitOfWork:
    """What a use case reads and writes through; nothing is stored before the batch commits.

    Documents are read by id and written whole, as the types that the service keeps.
    """

    def __init__(
        self,
        session: BatchSession,
        *,
        source: str,
        clock: Clock,
        actor: str,
        cause: Envelope | None = None,
        body: bytes | None = None,
    ) -> None:
        self._session = session
        self._source = source
        self._clock = clock
        self.actor = actor
        """Who acts: the pseudonymous id of an account, or `service:<name>` by its own rule."""
        self.cause = cause
        """The envelope of the event that is being handled; None for a command."""
        self.body = body
        """That event's payload as it came, byte for byte; None for a command."""
        self.seen: dict[DocumentKey, int | None] = {}
        self.written: dict[DocumentKey, Document | None] = {}
        """None: deleted."""
        self.messages: list[Message] = []
        self.missing: PredecessorMissing | None = None
        self._as_of: datetime | None = None

    def as_of(self, moment: datetime) -> None:
        """Take what follows as having happened then: `now` says so, and events occurred then.

        When it was recorded stays the clock's. For who brings in a history, and has the right to.
        """
        self._as_of = moment.astimezone(UTC)

    @property
    def in_history(self) -> bool:
        """Return whether what is done happened earlier: no clock runs for it any more."""
        return self._as_of is not None

    def now(self) -> datetime:
        """Return the time by the injected clock, or that of `as_of`; aware, UTC."""
        return self._as_of or self._clock()

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None."""
        collection = self._session.collections.of(kept)
        document = await self.load(collection.name, id_)
        return None if document is None else self._session.decoded(collection, document)

    async def require(self, kept: type[T], id_: str) -> T:
        """Return what is kept under an id, where the use case cannot go on without it.

        Raises PredecessorMissing while an event is handled: the message is deferred until it is
        there. Raises Missing for a command.
        """
        found = await self.get(kept, id_)
        if found is not None:
            return found
        collection = self._session.collections.of(kept)
        if self.cause is None:
            raise Missing(collection.label)
        raise PredecessorMissing(collection.name, id_)

    def add(self, *kept: object) -> None:
        """Store values whole, new or changed; the version of each is above the one that was read.

        Raises ValueError where it is not, and KeyError for a type that the service does not keep.
        """
        for one in kept:
            collection = self._session.collections.of(type(one))
            self.put(collection.name, collection.encode(one))

    def delete(self, *kept: object) -> None:
        """Delete values that this unit has read or added. Raises as `remove` does."""
        for one in kept:
            collection = self._session.collections.of(type(one))
            self.remove(collection.name, collection.key(one))

    async def set_timer(
        self, name: str, key: str, due: datetime, payload: Mapping[str, str] | None = None
    ) -> None:
        """Have the handler of this name run once when `due` has come, by the server's clock.

        A time that has passed fires at once. `key` is the aggregate that it is about; set again
        under the same name and key the timer moves. `payload` holds up to ten ids and no personal
        data. Raises ValueError for a name, an id or a time that none can be.
        """
        id_ = timer_id(name, key)
        await self.load(TIMERS.name, id_)
        above = self.seen.get((TIMERS.name, id_)) or 0
        timer = new_timer(name, key, due, payload or {}, above=above, now=self._clock())
        self.put(TIMERS.name, TIMERS.encode(timer))

    async def clear_timer(self, name: str, key: str) -> None:
        """Have a timer not fire; nothing where there is none."""
        id_ = timer_id(name, key)
        if await self.load(TIMERS.name, id_) is not None:
            self.remove(TIMERS.name, id_)

    async def load(self, collection: str, id_: str) -> Document | None:
        """Return a raw document, or None. It is shared: make a new one instead of changing it."""
        place = (collection, id_)
        if place in self.written:
            return self.written[place]
        document = await self._session.read(collection, id_)
        self.seen.setdefault(place, _version(document))
        return document

    def put(self, collection: str, document: Document) -> None:
        """Store a raw document whole, under its `_id`, with a `version` above the one read."""
        place = (collection, document["_id"])
        if document["version"] <= (self.seen.setdefault(place, None) or 0):
            raise ValueError(f"{collection}: version does not go up")
        self.written[place] = document

    def remove(self, collection: str, id_: str) -> None:
        """Delete a raw document that this unit has read or put.

        Its id may be used again only with versions that it never had. Raises ValueError where there
        is nothing to delete.
        """
        place = (collection, id_)
        there = self.written[place] if place in self.written else self.seen.get(place)
        if there is None:
            raise ValueError(f"{collection}: nothing to delete that was read")
        self.written[place] = None

    def publish(self, event: Event, *, version: int, occurred_at: datetime | None = None) -> None:
        """Have an event sent once this is committed. `version` is the aggregate's after it."""
        now = self._clock()
        envelope = Envelope(
            id=new_id(),
            type=event.type,
            source=self._source,
            aggregate_id=event.aggregate_id,
            version=version,
            correlation_id=event.correlation_id,
            causation_id=self.cause.id if self.cause else None,
            occurred_at=(occurred_at or self.now()).astimezone(UTC),
            recorded_at=now,
            actor=self.actor,
        )
        self.messages.append(Message(envelope, event.__pydantic_serializer__.to_json(event)))


UseCase = Callable[[UnitOfWork], Awaitable[Any]]


class OwnCommands(Protocol):
    """Runs what the service does by its own rule."""

    def run_own(self, use_case: UseCase, *, key: str) -> Awaitable[Any]:
        """Return what the use case answers."""
        ...


def _version(document: Document | None) -> int | None:
    return None if document is None else int(document["version"])
