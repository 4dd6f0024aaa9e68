"""The database of messaging, in memory: what `shared.mongo` promises, and a way to make it fail.

`Memory` is the database, shared by the instances of one service; the other classes are what one
instance sees of it. They pass the same suites as the real ones (`store_suite`). What is theirs
alone is that a test can decide how the next commits end, and that everything can be unavailable.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.message import (
    ADDRESSED,
    Document,
    Message,
    from_document,
    inbox_id_of_message,
    read_document,
    to_document,
    unreadable_because,
)
from shared.messaging.store import Backlog, Changes, Removal, Write
from shared.messaging.unit_of_work import Clock

INBOX = "inbox"
OUTBOX = "outbox"
DEFERRED = "deferred"
ACTIONS = "actions"
INSTANCES = "instances"
UNREADABLE = "unreadable"

_INT64 = 1 << 63


class Fault(Enum):
    """How a commit fails."""

    CONFLICT = auto()
    """Nothing is written: somebody else stands in the way."""
    AWAY = auto()
    """Unavailable, and nothing is written."""
    REFUSED = auto()
    """Unavailable by an error of the server that no list knows, and nothing is written."""
    UNKNOWN = auto()
    """Unavailable, although everything is written: the answer got lost."""


class Memory:
    """What one database holds."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))
        self.collections: dict[str, dict[str, Document]] = defaultdict(dict)
        self.away = False
        """While set, every operation raises Unavailable."""
        self.trouble: Exception | None = None
        """While set, every operation raises it."""

    def reachable(self) -> None:
        """Raise Unavailable while the database is away, or the error that a test has set."""
        if self.trouble:
            raise self.trouble
        if self.away:
            raise Unavailable("told to be away")

    def set_aside(self, collection: str, rows: Sequence[tuple[Document, str]]) -> None:
        """Move rows that cannot be read, with their reasons."""
        for row, reason in rows:
            id_ = f"{collection}/{row['_id']}"
            moved = {"_id": id_, "collection": collection, "reason": reason, "document": row}
            self.collections[UNREADABLE][id_] = moved
            self.collections[collection].pop(row["_id"])

    def copies(self, collection: str) -> list[Document]:
        """Return all documents of a collection, in order of their ids, as copies."""
        held = self.collections[collection]
        return [stored(held[id_]) for id_ in sorted(held)]


class MemoryStore:
    """`messaging.store.Store`: documents, inbox and outbox of one service."""

    def __init__(self, memory: Memory, owner: str = "one") -> None:
        self._memory = memory
        self._owner = owner
        self.faults: deque[Fault | None] = deque()
        """How the next commits end, in turn; None: well."""
        self.committed: list[Changes] = []
        """What was written, one entry a transaction."""
        self.tried: list[Changes] = []
        """What came to commit, whether or not it was written."""
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        """Which documents were loaded, one entry a query."""
        self.gate = asyncio.Event()
        """While cleared, a commit waits before it begins."""
        self.gate.set()

    async def processed(self, inbox: Sequence[str]) -> dict[str, Document]:
        """Return the inbox records that are committed, by id."""
        return await self.load(INBOX, inbox)

    async def versions(self, collection: str, ids: Sequence[str]) -> dict[str, int]:
        """Return the versions of the documents that exist, by id."""
        await asyncio.sleep(0)
        self._memory.reachable()
        held = self._memory.collections[collection]
        return {id_: held[id_]["version"] for id_ in ids if id_ in held}

    async def load(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """Return copies of the documents that exist, by id."""
        self.asked.append((collection, tuple(ids)))
        await asyncio.sleep(0)
        self._memory.reachable()
        held = self._memory.collections[collection]
        return {id_: stored(held[id_]) for id_ in ids if id_ in held}

    async def load_all(self, asked: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Document]]:
        """Return copies of the documents that exist, by collection and id."""
        return {collection: await self.load(collection, ids) for collection, ids in asked.items()}

    async def commit(self, changes: Changes) -> None:
        """Write all or nothing, or fail with the next fault."""
        self.tried.append(changes)
        await self.gate.wait()
        self._memory.reachable()
        fault = self.faults.popleft() if self.faults else None
        if fault is Fault.CONFLICT:
            raise Conflict("told to")
        if fault is Fault.REFUSED:
            raise Unavailable("told to", reason="other", refused=True)
        if fault is Fault.AWAY:
            raise Unavailable("told to, before anything was written")
        self._write(changes)
        if fault is Fault.UNKNOWN:
            raise Unavailable("told to, after everything was written")

    def _write(self, changes: Changes) -> None:
        rows = [{**to_document(message), "owner": self._owner} for message in changes.messages]
        inserts = {
            INBOX: changes.inbox,
            DEFERRED: changes.deferred,
            ACTIONS: changes.actions,
            OUTBOX: rows,
        }
        ready = [(place, stored(one)) for place, many in inserts.items() for one in many]
        seen = {(place, one["_id"]) for place, one in ready}
        if len(seen) < len(ready) or any(self._holds(*place) for place in seen):
            raise Conflict("duplicate key")
        for write in changes.writes:
            self._require_base(write)
        ready += [
            (w.collection, stored(w.document)) for w in changes.writes if isinstance(w, Write)
        ]
        for collection, document in ready:
            self._memory.collections[collection][document["_id"]] = document
        for removal in [write for write in changes.writes if isinstance(write, Removal)]:
            self._memory.collections[removal.collection].pop(removal.id)
        self.committed.append(changes)

    def _holds(self, collection: str, id_: str) -> bool:
        return id_ in self._memory.collections[collection]

    def _require_base(self, write: Write | Removal) -> None:
        held = self._memory.collections[write.collection].get(write.id)
        if (held["version"] if held else None) != write.base:
            raise Conflict(f"{write.collection}: a version has changed")


class MemoryOutbox:
    """`messaging.store.OutboxStore`: the outbox of one service as one of its instances sees it."""

    def __init__(self, memory: Memory, owner: str = "one") -> None:
        self._memory = memory
        self._owner = owner
        self._rows = memory.collections[OUTBOX]

    async def renew(self, seconds: float) -> None:
        """Renew this instance's lease for so many seconds by the server's clock."""
        self._memory.reachable()
        until = self._memory.clock() + timedelta(seconds=seconds)
        self._memory.collections[INSTANCES][self._owner] = {"_id": self._owner, "until": until}

    async def retire(self) -> None:
        """End the lease of this instance."""
        self._memory.reachable()
        self._memory.collections[INSTANCES].pop(self._owner, None)

    async def mine(self, limit: int, behind: str = "") -> list[Message]:
        """Return this instance's oldest rows behind this id."""
        self._memory.reachable()
        rows = [row for row in self._memory.copies(OUTBOX) if row["_id"] > behind]
        mine = [(row, *read_document(row)) for row in rows if row["owner"] == self._owner]
        self._memory.set_aside(OUTBOX, [(row, why) for row, message, why in mine if not message])
        return [message for _, message, _ in mine if message][:limit]

    async def reread(self) -> int:
        """Move rows from `unreadable` back that this version can read; return how many."""
        self._memory.reachable()
        kept = [one for one in self._memory.copies(UNREADABLE) if one["collection"] == OUTBOX]
        kept = [one for one in kept if read_document(one["document"])[0]]
        for one in kept:
            self._rows[one["document"]["_id"]] = {**one["document"], "owner": self._owner}
            self._memory.collections[UNREADABLE].pop(one["_id"])
        return len(kept)

    async def unreadable(self) -> int:
        """Return how many documents lie in `unreadable`."""
        self._memory.reachable()
        return len(self._memory.collections[UNREADABLE])

    async def adopt(self) -> int:
        """Take over the rows of instances that are gone; return how many."""
        self._memory.reachable()
        now = self._memory.clock()
        instances = self._memory.collections[INSTANCES].values()
        living = {one["_id"] for one in instances if one["until"] > now} | {self._owner}
        orphans = [row for row in self._rows.values() if row["owner"] not in living]
        for row in orphans:
            row["owner"] = self._owner
        return len(orphans)

    async def clear(self, ids: Sequence[str]) -> None:
        """Forget rows that the broker has confirmed."""
        self._memory.reachable()
        for id_ in ids:
            self._rows.pop(id_, None)

    async def backlog(self) -> Backlog:
        """Return how many rows wait and since when, of all instances."""
        self._memory.reachable()
        rows = self._memory.copies(OUTBOX)
        message = read_document(rows[0])[0] if rows else None
        return Backlog(len(rows), message.envelope.recorded_at if message else None)


class MemoryDeferred:
    """`messaging.store.DeferredStore`: messages of one service that wait for a predecessor."""

    def __init__(self, memory: Memory, owner: str = "one", queue: str = "test.events") -> None:
        self._memory = memory
        self._owner = owner
        self._queue = queue
        self._looked_at = ""

    async def release(self, limit: int) -> list[Message]:
        """Move messages whose predecessor has come back to the outbox, and return them."""
        self._memory.reachable()
        page = [d for d in self._memory.copies(DEFERRED) if d["_id"] > self._looked_at][:limit]
        self._looked_at = page[-1]["_id"] if len(page) == limit else ""
        unreadable = [(one, why) for one in page if (why := unreadable_because(one))]
        self._memory.set_aside(DEFERRED, unreadable)
        page = [one for one in page if not unreadable_because(one)]
        released = [self._addressed(document) for document in page if self._ready(document)]
        for message in released:
            row = {**to_document(message), "owner": self._owner}
            self._memory.collections[OUTBOX][message.envelope.id] = row
            self._memory.collections[DEFERRED].pop(message.envelope.id)
            self._memory.collections[INBOX].pop(inbox_id_of_message(message.envelope.id), None)
        return released

    def _ready(self, document: Document) -> bool:
        held = self._memory.collections
        # Its last release may not have left yet: two rows under one id cannot be.
        unpublished = document["_id"] in held[OUTBOX]
        return document["waits_for"] in held[document["waits_in"]] and not unpublished

    def _addressed(self, document: Document) -> Message:
        message = from_document(document)
        return Message(message.envelope, message.body, ADDRESSED, self._queue)

    async def backlog(self) -> Backlog:
        """Return how many wait and since when."""
        self._memory.reachable()
        since = [document["since"] for document in self._memory.copies(DEFERRED)]
        return Backlog(len(since), min(since, default=None))


def stored(value: Any) -> Any:
    """Return what MongoDB would give back: lists for tuples, times in whole milliseconds, UTC.

    Raises TypeError for what it cannot hold, OverflowError for a number beyond 64 bits.
    """
    match value:
        case None | bool() | float() | str() | bytes():
            return value
        case int():
            return _fitting(value)
        case datetime():
            return _millisecond(value)
        case Mapping():
            return _stored_items(value.items())
        case list() | tuple():
            return [stored(part) for part in value]
        case _:
            raise TypeError(f"a document cannot hold {type(value).__name__}")


def _stored_items(items: Iterable[tuple[Any, Any]]) -> Document:
    document = {}
    for key, part in items:
        if not isinstance(key, str):
            raise TypeError("a document's keys are text")
        document[key] = stored(part)
    return document


def _fitting(number: int) -> int:
    if not -_INT64 <= number < _INT64:
        raise OverflowError("a document's numbers have 64 bits")
    return number


def _millisecond(moment: datetime) -> datetime:
    # The driver takes a naive time for UTC.
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
