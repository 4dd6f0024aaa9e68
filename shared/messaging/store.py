"""What messaging needs of a database. `shared.mongo` has the real one, `shared.testing` the fake.

Both pass the same suite, `shared.testing.store_suite`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.contracts.envelope import Envelope
from shared.messaging.message import Document, Message


@dataclass(frozen=True, slots=True)
class Write:
    """One document as it shall be. `base` is the version it was decided on; None: not there.

    `gone`: it shall be there no more; then of the document only the `_id` counts.
    """

    collection: str
    document: Document
    base: int | None
    gone: bool = False

    @property
    def id(self) -> str:
        """Return the document's id."""
        return str(self.document["_id"])


@dataclass(frozen=True, slots=True)
class Removal:
    """One document that shall not be there. `base` is the version it was decided on."""

    collection: str
    id: str
    base: int


@dataclass(slots=True)
class Changes:
    """Everything one transaction writes."""

    inbox: list[Document] = field(default_factory=list)
    writes: list[Write | Removal] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deferred: list[Document] = field(default_factory=list)
    actions: list[Document] = field(default_factory=list)
    """Who did what by command."""


class Store(Protocol):
    """Documents with versions, the inbox and the outbox, in transactions."""

    async def processed(self, inbox: Sequence[str]) -> dict[str, Document]:
        """Return the inbox records that are committed, by id. Raises Unavailable."""
        ...

    async def versions(self, collection: str, ids: Sequence[str]) -> dict[str, int]:
        """Return the newest versions of the documents that exist, by id. Raises Unavailable."""
        ...

    async def load(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that exist, by id. Raises Unavailable."""
        ...

    async def load_all(self, asked: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Document]]:
        """Return the documents of several collections, by collection and id. Raises Unavailable."""
        ...

    async def commit(self, changes: Changes) -> None:
        """Write all or nothing, durable on a majority when this returns.

        Raises Conflict where a version or an id stands in the way, Unavailable where the outcome
        is not known or nothing could be reached.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits, and since when by the server's clock (None: nothing waits)."""

    count: int
    oldest: datetime | None


class OutboxStore(Protocol):
    """The outbox as its publisher and relay see it. Every method may raise Unavailable."""

    async def renew(self, seconds: float) -> None:
        """Say that this instance lives, until so many seconds from now by the server's clock."""
        ...

    async def retire(self) -> None:
        """Say that this instance is gone, so that others take what it leaves at once."""
        ...

    async def mine(self, limit: int, behind: str = "") -> list[Message]:
        """Return this instance's oldest rows behind this id, committed on a majority.

        A row that was cleared a moment ago may still be among them. A row that cannot be read, as
        one of a newer version of the service, is moved to `unreadable` with its reason.
        """
        ...

    async def reread(self) -> int:
        """Move rows from `unreadable` back that this version can read; return how many."""
        ...

    async def unreadable(self) -> int:
        """Return how many documents lie in `unreadable`."""
        ...

    async def adopt(self) -> int:
        """Take over the rows of instances that are gone; return how many."""
        ...

    async def clear(self, ids: Sequence[str]) -> None:
        """Forget rows that the broker has confirmed."""
        ...

    async def backlog(self) -> Backlog:
        """Return how many rows wait and since when, of all instances."""
        ...


class DeferredStore(Protocol):
    """Messages that wait for a named predecessor. Every method may raise Unavailable."""

    async def release(self, limit: int) -> list[Message]:
        """Move messages whose predecessor has come back to the outbox, and return them.

        A document that cannot be read is moved to `unreadable` with its reason.
        """
        ...

    async def backlog(self) -> Backlog:
        """Return how many wait and since when."""
        ...


@dataclass(frozen=True, slots=True)
class Overdue:
    """How many timers are set, and for how many seconds the oldest has been due (0: none is).

    Timers that became dead letters are in neither: their queue tells of them.
    """

    pending: int
    seconds: float


class TimerStore(Protocol):
    """The timers of one service as one of its instances sees them. Methods may raise Unavailable.

    One instance at a time sends what is due: the one that leads, by a lease on the server's clock.
    """

    async def lead(self) -> str | None:
        """Take or renew the lease; return the term, or None where another instance leads.

        The term is another one each time that the lead changes hands.
        """
        ...

    async def resign(self) -> None:
        """Give the lead back, so that another instance goes on at once."""
        ...

    async def take(self, term: str, limit: int) -> list[Message]:
        """Note that timers which are due are being sent in this term, and return their messages.

        Each is returned once in a term, those due first at the front. What an earlier term took and
        did not note as sent is returned again; from the fourth time on after a pause. A row that
        cannot be read is left for ten minutes.
        """
        ...

    async def sent(self, messages: Sequence[Message]) -> None:
        """Note that the broker has these: they are never sent again."""
        ...

    async def died(self, envelope: Envelope) -> None:
        """Note that a timer's message became a dead letter: only a replay fires it."""
        ...

    async def overdue(self) -> Overdue:
        """Return what waits, and what should not wait any more."""
        ...
