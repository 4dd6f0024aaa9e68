"""Two instances on one database, and one document that a tenth of all units want."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from deploy.local.servers import Servers
from shared.messaging.errors import Conflict
from shared.messaging.group_commit import GroupCommit
from shared.messaging.metrics import CommitMetrics
from shared.messaging.store import Changes
from shared.messaging.task import Task
from shared.mongo.client import Client, connect
from shared.mongo.migrations import migrate
from shared.mongo.store import MongoStore
from shared.runtime import utc_now
from tests.unit.shared.messaging_kit import Outbox, count

UNITS = 1200
HOT_EVERY = 10


class Watched(MongoStore):
    """A store that counts transactions, and the units of those that met a conflict."""

    def __init__(self, client: Client, database: str, owner: str) -> None:
        super().__init__(client, database, owner)
        self.commits = 0
        self.conflicts = 0
        self.units_in_conflicts = 0

    async def commit(self, changes: Changes) -> None:
        """Count what becomes of it."""
        self.commits += 1
        try:
            await super().commit(changes)
        except Conflict:
            self.conflicts += 1
            self.units_in_conflicts += len(changes.inbox)
            raise


@dataclass
class Instance:
    """A group commit and what it counts."""

    store: Watched
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    commit: GroupCommit = field(init=False)

    def __post_init__(self) -> None:
        """Put it together."""
        metrics = CommitMetrics(self.registry)
        self.commit = GroupCommit(self.store, Outbox(), metrics, source="desk", clock=utc_now)

    @property
    def redecided(self) -> float:
        """Units that were decided again."""
        return self.registry.get_sample_value("jemput_commit_units_redecided_total") or 0


@pytest.fixture
async def instances(servers: Servers, mongo_database: str) -> AsyncIterator[list[Instance]]:
    client = connect(servers.mongo_url)
    await migrate(client[mongo_database], ["counters"], [])
    both = [Instance(Watched(client, mongo_database, owner)) for owner in ("one", "two")]
    running = [asyncio.create_task(one.commit.run()) for one in both]
    yield both
    for task in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await client.close()


def _name(number: int) -> str:
    return "hot" if number % HOT_EVERY == 0 else f"own{number}"


async def test_only_units_that_met_the_hot_document_are_decided_again(
    instances: list[Instance], servers: Servers, mongo_database: str
) -> None:
    """Waves of units at both instances."""
    for first in range(0, UNITS, 120):
        await asyncio.gather(
            *(
                instances[(number // 7) % 2].commit.submit(
                    Task(count(_name(number)), f"m{number}", _name(number), fingerprint="same")
                )
                for number in range(first, first + 120)
            )
        )

    commits = sum(one.store.commits for one in instances)
    conflicts = sum(one.store.conflicts for one in instances)
    units = sum(one.store.units_in_conflicts for one in instances)
    redecided = sum(one.redecided for one in instances)
    print(f"{conflicts} of {commits} batches with a conflict ({conflicts / commits:.0%});")  # noqa: T201
    print(f"{redecided:.0f} of their {units} units decided again")  # noqa: T201
    client = connect(servers.mongo_url)
    database = client[mongo_database]
    counted = {one["_id"]: one["value"] async for one in database["counters"].find()}
    rows = [(row["aggregate_id"], row["version"]) async for row in database["outbox"].find()]
    await client.close()
    assert counted == Counter(_name(number) for number in range(UNITS))
    assert len(rows) == len(set(rows)) == UNITS
    assert conflicts > 0
    assert 0 < redecided < units
