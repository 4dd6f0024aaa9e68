"""A group commit on fakes, with units small enough to see through."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry

from shared.contracts.intake import ReceiptConfirmed
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import Message
from shared.messaging.metrics import CommitMetrics
from shared.messaging.task import Task
from shared.messaging.unit_of_work import UnitOfWork, UseCase
from shared.testing.memory import Memory, MemoryStore
from shared.testing.messages import message_of

NOW = datetime(2023, 3, 11, 2, 0, tzinfo=UTC)


class Outbox:
    """Takes what was committed; full when told to be."""

    def __init__(self) -> None:
        self.full = False
        self.dispatched: list[Message] = []

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Note them."""
        self.dispatched += messages


class Desk:
    """One instance: its store, its group commit and what it dispatched."""

    def __init__(self, memory: Memory, owner: str = "one") -> None:
        self.memory = memory
        self.store = MemoryStore(memory, owner)
        self.outbox = Outbox()
        self.registry = CollectorRegistry()
        self.commit = GroupCommit(
            self.store, self.outbox, CommitMetrics(self.registry), source="desk", clock=lambda: NOW
        )

    @property
    def batches(self) -> list[int]:
        """How many units each transaction held."""
        return [len(changes.inbox) for changes in self.store.committed]

    def value(self, id_: str = "a") -> Any:
        """What a counter stands at; None when it is not there."""
        document = self.memory.collections["counters"].get(id_)
        return document and document["value"]


@asynccontextmanager
async def desk(memory: Memory | None = None, owner: str = "one") -> AsyncIterator[Desk]:
    """A desk whose group commit runs until the end of the block."""
    one = Desk(memory or Memory(), owner)
    running = asyncio.create_task(one.commit.run())
    try:
        yield one
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def count(id_: str = "a", by: int = 1, answer: Any = None) -> UseCase:
    """A unit that adds to a counter and says so."""

    async def work(uow: UnitOfWork) -> Any:
        found = await uow.load("counters", id_)
        before = found or {"_id": id_, "version": 0, "value": 0}
        after = {**before, "version": before["version"] + 1, "value": before["value"] + by}
        uow.put("counters", after)
        uow.publish(event(id_), version=after["version"])
        return after["value"] if answer is None else answer

    return work


def event(case_id: str = "a") -> ReceiptConfirmed:
    """An event about this aggregate."""
    return ReceiptConfirmed(
        case_id=case_id,
        programme_id="botram",
        service="KIA",
        channel="event",
        region_code="32.16",
    )


def message(id_: str = "m", case_id: str = "a") -> Message:
    """A message that came in."""
    return message_of(event(case_id), NOW, id_=id_)


def task(inbox_id: str, work: UseCase, key: str | None = None, **more: Any) -> Task:
    """A task, with its own key if none is given."""
    return Task(work, inbox_id, key or inbox_id, **more)
