"""What messaging needs of a database. `shared.mongo` has the real one, `shared.testing` the fake.

Both pass the same suite, `shared.testing.store_suite`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

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


@dataclass(slots=True)
class Changes:
    """Everything one transaction writes."""

    inbox: list[Document] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
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
