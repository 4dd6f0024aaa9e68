"""Reporting's own parts on a real MongoDB, with the broker left out: events are handed in."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from services.reporting import handlers
from services.reporting.config import Settings
from services.reporting.domain import Refused
from services.reporting.metrics import ProjectionMetrics
from services.reporting.store import (
    COLLECTIONS,
    INDEXES,
    Archive,
    HistoryStore,
    Ledger,
    Reader,
    Rebuilds,
)
from services.reporting.store.names import TOTALS, keys, totals_of
from services.reporting.usecases.project import Projector
from shared.messaging.errors import Conflict
from shared.messaging.message import Message
from shared.messaging.task import Outcome
from shared.messaging.wire import properties
from shared.runtime import open_messaging, utc_now
from shared.testing.delivery import Delivery
from tests.unit.reporting.histories import Count, Told

NOWHERE = "amqp://nobody@127.0.0.1:1/"


class House:
    """One instance of reporting, as far as its database goes."""

    def __init__(self, mongo_url: str, database: str, instance: str, lease: float) -> None:
        self.settings = Settings(
            amqp_url=NOWHERE,
            mongo_url=mongo_url,
            mongo_database=database,
            token_keys=Path("none"),
            sealing_keys=Path("none"),
            instance=instance,
        )
        self.messaging = open_messaging(
            "reporting", self.settings, CollectorRegistry(), utc_now, COLLECTIONS
        )
        self.client = self.messaging.client
        self.database: Any = self.messaging.database
        self.consumer = self.messaging.consumer(Refused)
        handlers.subscribe(self.consumer)
        self.ledger = Ledger(self.client, database, instance, lease)
        self.registry = CollectorRegistry()
        self.projector = Projector(self.ledger, ProjectionMetrics(self.registry), utc_now)
        self.reader = Reader(self.messaging.database, COLLECTIONS)
        self.archive = Archive(self.client, database)
        self.rebuilds = Rebuilds(self.client, database)
        self.letters = HistoryStore(self.client, database)

    async def hand_in(self, *messages: Message) -> list[Outcome]:
        """Have messages handled at the same time, as a consumer would."""
        came = [(one, Delivery(one.body, properties(one))) for one in messages]
        tasks = [self.consumer._task(one, delivery) for one, delivery in came]  # type: ignore[arg-type]
        return list(await asyncio.gather(*[self.messaging.commit.submit(task) for task in tasks]))

    async def tell(self, history: Iterable[Told]) -> list[Outcome]:
        """Have events handled at the same time."""
        return await self.hand_in(*[each.message for each in history])

    async def round(self) -> bool:
        """Count one page, as the projector's loop does: what a rival hinders is tried again."""
        try:
            return await self.projector.round()
        except Conflict:
            return True

    async def count_all(self) -> None:
        """Count until there is nothing left that can be counted."""
        while await self.round():
            continue

    async def totals(self, generation: int = 1) -> Count:
        """Return the counters as the naive count writes them."""
        found = await self.database[TOTALS].find({"_id": keys(generation)}).to_list(None)
        return Counter(
            {
                (*map(str, cell), str(measure)): n
                for cell, added in totals_of(found).items()
                for measure, n in added.items()
            }
        )

    async def empty(self) -> None:
        """Forget everything but the lease."""
        names = await self.database.list_collection_names()
        await asyncio.gather(
            *[self.database[name].delete_many({}) for name in names if name != "state"]
        )

    async def rows(self, collection: str) -> int:
        """Return how many documents a collection has."""
        return int(await self.database[collection].count_documents({}))


@asynccontextmanager
async def houses(
    mongo_url: str, database: str, *names: str, lease: float = 10.0
) -> AsyncIterator[Sequence[House]]:
    """Instances that share a database, their units being committed until the block ends."""
    instances = [House(mongo_url, database, name, lease) for name in names]
    committing = []
    for house in instances:
        await house.messaging.prepare(COLLECTIONS.names, INDEXES)
        await house.ledger.prepare()
        committing.append(asyncio.create_task(house.messaging.commit.run()))
    try:
        yield instances
    finally:
        for task in committing:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for house in instances:
            await house.client.close()
