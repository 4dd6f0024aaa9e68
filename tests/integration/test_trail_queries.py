"""A trail on a real database: pages and blocks are found by index, and the whole of it by pages."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.local.servers import Servers
from services.intake.domain import Deed
from shared.audit.chain import MOST, before
from shared.audit.kept import ADDED_TO, AUDIT, AUDIT_BLOCKS, HOLDS, NOTED, TRAIL, TrailReader
from shared.audit.trail import AuditEntry, Block, Place, next_block
from shared.audit.verify import verify
from shared.contracts.envelope import new_id
from shared.messaging.collections import Collections
from shared.mongo.client import connect
from shared.mongo.migrations import migrate

ENTRIES = 1_200
BEGIN = datetime(2023, 3, 11, 3, 0, tzinfo=UTC)
COLLECTIONS = Collections(*TRAIL)


def made_up() -> Iterator[AuditEntry]:
    """Entries of which ten have each moment; the one in a hundred is about rights."""
    for number in range(ENTRIES):
        deed = Deed.READ if number % 100 else Deed.MACHINE_TOKEN
        at = BEGIN + timedelta(milliseconds=number // 10, microseconds=number % 10)
        yield AuditEntry(new_id(), at, deed, "a-1", f"case-{number}")


def encoded(kept: Sequence[Any]) -> list[dict[str, Any]]:
    return [COLLECTIONS.of(type(one)).encode(one) for one in kept]


@pytest.fixture
async def trail(servers: Servers, mongo_database: str) -> AsyncIterator[TrailReader]:
    client = connect(servers.mongo_url)
    database = client[mongo_database]
    await migrate(database, ADDED_TO.collections, ADDED_TO.indexes, COLLECTIONS.apart)
    entries = list(made_up())
    blocks: list[Block] = []
    for start in range(0, ENTRIES - 10, 50):
        at = BEGIN + timedelta(minutes=start)
        some = entries[start : min(start + 50, ENTRIES - 10)]
        blocks.append(next_block(blocks[-1] if blocks else None, some, at))
    apart = client[f"{mongo_database}_{ADDED_TO.part}"]
    await apart[AUDIT].insert_many(encoded(entries))
    await apart[AUDIT_BLOCKS].insert_many(encoded(blocks))
    yield TrailReader(database, COLLECTIONS)
    await client.drop_database(apart.name)
    await client.close()


async def test_every_entry_stands_on_one_page_and_what_is_loose_is_found(
    trail: TrailReader,
) -> None:
    found: list[Place] = []
    while page := await trail.places(found[-1] if found else before(BEGIN), MOST):
        found += page
    assert found == sorted(set(found))
    ids: list[str] = []
    while some := await trail.ids(ids[-1] if ids else "", MOST):
        ids += some
    assert ids == sorted(id_ for _, id_ in found)
    assert len(ids) == ENTRIES
    chained = await trail.chained(ids[-MOST:])
    assert chained == set(ids[-MOST:-10])
    told = (await verify(trail, BEGIN + timedelta(hours=1), {})).findings
    assert told == [f"entry {id_} is in no block" for id_ in ids[-10:]]


@pytest.mark.usefixtures("trail")
def test_pages_blocks_and_deeds_are_found_by_index(servers: Servers, mongo_database: str) -> None:
    at = BEGIN + timedelta(milliseconds=60)
    behind = {NOTED: {"$gte": at}, "$or": [{NOTED: {"$gt": at}}, {"_id": {"$gt": "x"}}]}
    deeds = {NOTED: {"$lt": BEGIN + timedelta(days=1)}, "deed": {"$in": ["machine_token", "x"]}}
    with MongoClient[dict[str, Any]](servers.mongo_url) as client:
        apart = client[f"{mongo_database}_{ADDED_TO.part}"]
        (one,) = apart[AUDIT].find().limit(1)
        order = [(NOTED, 1), ("_id", 1)]
        page = apart[AUDIT].find(behind, {NOTED: 1}).sort(order).limit(100).explain()
        named = apart[AUDIT].find(deeds).sort(order).explain()
        held = apart[AUDIT_BLOCKS].find({HOLDS: {"$in": [one["_id"]]}}).explain()
    assert page["executionStats"]["totalDocsExamined"] <= 112
    assert page["executionStats"]["totalKeysExamined"] <= 112
    assert named["executionStats"]["totalDocsExamined"] == ENTRIES // 100
    assert held["executionStats"]["totalDocsExamined"] == 1
