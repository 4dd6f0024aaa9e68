"""Two instances of scheduler on one database, which die; whoever asked them asks again."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from services.scheduler.domain import Refused
from services.scheduler.store import COLLECTIONS
from services.scheduler.usecases import new_code
from shared.contracts.envelope import new_id
from shared.messaging.errors import Conflict, Missing
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import Message
from shared.messaging.metrics import CommitMetrics
from shared.messaging.task import Task
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Client
from shared.mongo.store import MongoStore
from shared.runtime import utc_now
from shared.testing.callers import StandingClock

Document = dict[str, Any]
TRIES = 100
"""Of one command, before it is called impossible: others are quicker, instances die."""
UseCase = Callable[[UnitOfWork], Awaitable[Any]]


class Nowhere:
    """An outbox that leaves its rows where they are."""

    full = False

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Leave them."""


class Instance:
    """One process's worth of scheduler."""

    def __init__(self, client: Client, database: str, clock: StandingClock) -> None:
        self.dead = asyncio.Event()
        self.commit = GroupCommit(
            MongoStore(client, database, new_id()),
            Nowhere(),
            CommitMetrics(CollectorRegistry()),
            source="scheduler",
            clock=clock,
            collections=COLLECTIONS,
        )
        self._running = asyncio.create_task(self.commit.run())

    async def ask(self, task: Task) -> Any:
        """Return the answer. Raises Died where the process ends before it comes."""
        asked = asyncio.create_task(self.commit.submit(task))
        ended = asyncio.create_task(self.dead.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if asked.done():
            return asked.result().answer
        asked.cancel()
        raise Died

    async def die(self) -> None:
        """End, wherever it is: what it has committed and not answered is committed."""
        # One cancellation may be lost: asyncio.wait_for of Python 3.11 keeps it to itself where
        # what it waits for ends at that moment, and the driver waits so for each write.
        while not self._running.done():
            self._running.cancel()
            await asyncio.wait({self._running}, timeout=1)
        with suppress(asyncio.CancelledError):
            await self._running
        self.dead.set()


class Died(Exception):  # noqa: N818 - reads as what happened
    """The process ended."""


def morning() -> datetime:
    """Return a quarter past nine of tomorrow, at Setu: MongoDB forgets commands of long ago."""
    return (utc_now() + timedelta(days=1)).replace(hour=2, minute=15, second=0, microsecond=0)


@dataclass
class World:
    """The instances, the database and the time."""

    client: Client
    database: str
    seed: random.Random
    clock: StandingClock = field(default_factory=lambda: StandingClock(morning()))
    instances: list[Instance] = field(default_factory=list)
    crashes: int = 0
    replays: int = 0
    stories: int = 0

    def begin(self) -> None:
        """Start two instances."""
        self.instances = [Instance(self.client, self.database, self.clock) for _ in "ab"]

    async def end(self) -> None:
        """Stop them."""
        for one in self.instances:
            await one.die()

    async def crash(self) -> None:
        """Have one of them die in the middle of what it does, and another one start."""
        which = self.seed.randrange(len(self.instances))
        dying, fresh = self.instances[which], Instance(self.client, self.database, self.clock)
        self.instances[which] = fresh
        self.crashes += 1
        await dying.die()

    async def do(self, use_case: UseCase, key: str, message: Message | None = None) -> Any:
        """Have something done once, by whichever instance; None where the rules refuse it."""
        inbox_id = message.envelope.id if message else new_id()
        answer = await self._once(use_case, key, inbox_id, message)
        if self.seed.random() < 0.05:  # the answer was lost: the same is asked for again
            self.replays += 1
            again = await self._once(use_case, key, inbox_id, message)
            if answer is None:
                return again  # refused: that is not remembered
            assert again == answer
        return answer

    async def _once(
        self, use_case: UseCase, key: str, inbox_id: str, message: Message | None
    ) -> Any:
        for _ in range(TRIES):
            instance = self.seed.choice(self.instances)
            print_of = None if message else "same"
            try:
                return await instance.ask(
                    Task(use_case, inbox_id, key, message, fingerprint=print_of)
                )
            except (Conflict, Died):
                continue
            except (Refused, Missing):
                return None
        raise AssertionError(f"{key}: nobody could do it")

    def code(self) -> str:
        """Return a code that a gate gives."""
        return new_code()

    async def documents(self, collection: str, event_id: str) -> list[Document]:
        """Return what is kept of an event."""
        found = self.client[self.database][collection].find({"event_id": event_id})
        kept: list[Document] = await found.to_list(None)
        return kept
