"""MongoDB keeps the promises of the road's stores."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pymongo import WriteConcern

from deploy.local.servers import Servers
from shared.messaging.message import Document
from shared.messaging.store import Changes, Write
from shared.mongo.client import Client, connect
from shared.mongo.migrations import Index, migrate
from shared.mongo.outbox import MongoDeferred, MongoOutbox
from shared.mongo.store import MongoStore
from shared.mongo.timers import MongoTimers
from shared.testing.outbox_suite import OutboxContract, ParkingContract
from shared.testing.reader_suite import ReaderContract
from shared.testing.store_suite import StoreContract, deferred, inbox_id, letter
from shared.testing.timers_suite import TimerContract

MAJORITY = WriteConcern("majority")


class MongoStores:
    """One empty database of a real server."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def store(self, owner: str = "one") -> MongoStore:
        """The store of an instance."""
        return MongoStore(self.client, self.name, owner)

    def outbox(self, owner: str = "one") -> MongoOutbox:
        """The outbox of an instance."""
        return MongoOutbox(self.client, self.name, owner)

    def deferred_store(self, owner: str = "one", queue: str = "desk.events") -> MongoDeferred:
        """The parking of an instance."""
        return MongoDeferred(self.client, self.name, owner, queue)

    def timers(self, owner: str = "one", queue: str = "desk.events") -> MongoTimers:
        """The timers of an instance."""
        return MongoTimers(self.client, self.name, owner, queue)

    def database(self) -> Any:
        """What readers query."""
        return self.client[self.name]

    async def change(self, collection: str, id_: str, field: str, value: Any) -> None:
        """Set a field of a stored document; None: take it away."""
        update = {"$unset": {field: ""}} if value is None else {"$set": {field: value}}
        place = self.client[self.name][collection].with_options(write_concern=MAJORITY)
        await place.update_one({"_id": id_}, update)

    async def held(self, collection: str) -> list[Document]:
        """All documents of a collection."""
        found = self.client[self.name][collection].find({}, sort=[("_id", 1)])
        return list(await found.to_list(None))


@pytest.fixture(scope="module")
async def shared_stores(servers: Servers) -> AsyncIterator[MongoStores]:
    client, name = connect(servers.mongo_url), f"test_{secrets.token_hex(6)}"
    await migrate(client[name], ["letters", "drawers"], [])
    yield MongoStores(client, name)
    await client.drop_database(name)
    client.close()


@pytest.fixture
async def stores(shared_stores: MongoStores) -> MongoStores:
    database = shared_stores.client[shared_stores.name]
    for collection in await database.list_collection_names():
        # On a majority, so that no later read sees what an earlier test left.
        await database[collection].with_options(write_concern=MAJORITY).delete_many({})
    return shared_stores


class TestStore(StoreContract):
    """MongoDB passes the store's suite."""


class TestOutbox(OutboxContract):
    """MongoDB passes the outbox's suite."""


class TestParking(ParkingContract):
    """MongoDB passes the parking's suite."""


class TestTimers(TimerContract):
    """The store of timers passes the suite."""


class TestReader(ReaderContract):
    """The fake's queries mean what they mean in MongoDB."""


async def test_a_release_that_comes_late_does_not_forget_the_new_mark(stores: MongoStores) -> None:
    await stores.store().commit(
        Changes(
            inbox=[inbox_id("message:w1")],
            deferred=[deferred("w1", waits_for="a")],
            writes=[Write("letters", letter("a", 1), None)],
        )
    )
    late = stores.deferred_store("two")
    ready = await late._ready(10)
    assert len(await stores.deferred_store("one").release(10)) == 1
    await stores.outbox("one").clear(["w1"])
    await stores.store("one").commit(Changes(inbox=[inbox_id("message:w1")]))
    assert await late._moved(["w1"], [late._addressed(document) for document in ready]) is False
    assert [found["_id"] for found in await stores.held("inbox")] == ["message:w1"]
    assert await stores.held("outbox") == []


async def test_migrating_twice_changes_nothing(servers: Servers, mongo_database: str) -> None:
    client = connect(servers.mongo_url)
    database = client[mongo_database]
    indexes = [Index("letters", (("pages", 1),), unique=True, partial={"pages": {"$gt": 0}})]
    await migrate(database, ["letters"], indexes)
    made = {
        name: await database[name].index_information()
        for name in sorted(await database.list_collection_names())
    }
    await migrate(database, ["letters"], indexes)
    assert sorted(made) == [
        "actions",
        "deferred",
        "inbox",
        "instances",
        "leases",
        "letters",
        "outbox",
        "timers",
        "unreadable",
    ]
    for name, before in made.items():
        assert await database[name].index_information() == before
    assert made["inbox"]["at_1"]["expireAfterSeconds"] == 30 * 86_400
    assert made["letters"]["pages_1"]["unique"] is True
    client.close()
