"""MongoDB keeps the promises of the road's stores."""

import secrets
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import WriteConcern
from pymongo.errors import OperationFailure

from deploy.local.servers import Servers
from shared.messaging.errors import Conflict
from shared.messaging.message import Document
from shared.messaging.store import Changes, Write
from shared.mongo.client import Client, connect
from shared.mongo.counts import COUNTS, MongoCounts
from shared.mongo.migrations import Index, migrate
from shared.mongo.outbox import MongoDeferred, MongoOutbox
from shared.mongo.store import MongoStore
from shared.mongo.timers import MongoTimers
from shared.mongo.users import Rights, ensure_user
from shared.testing.counts_suite import CountsContract
from shared.testing.outbox_suite import DeferredContract, OutboxContract
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
        """The deferred messages of an instance."""
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
    await client.close()


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


class TestDeferred(DeferredContract):
    """MongoDB passes the suite of deferred messages."""


class TestTimers(TimerContract):
    """The store of timers passes the suite."""


class TestCounts(CountsContract):
    """Counts of processes add up in MongoDB, each with a client of its own."""

    @pytest.fixture
    async def shared(self, servers: Servers, stores: MongoStores) -> AsyncIterator["MongoShared"]:
        """Processes on an empty database."""
        shared = MongoShared(servers.mongo_url, stores)
        yield shared
        await shared.close()

    async def test_a_count_that_is_past_is_forgotten_by_an_index(self, stores: MongoStores) -> None:
        """The index is there and asks for the time that each count names."""
        found = await stores.client[stores.name][COUNTS].index_information()
        assert found["until_1"]["expireAfterSeconds"] == 0


class MongoShared:
    """Processes of one service on one database."""

    def __init__(self, url: str, stores: MongoStores) -> None:
        self._url = url
        self._stores = stores
        self._clients: list[Client] = []

    def process(self) -> MongoCounts:
        """The counts as one more process sees them."""
        self._clients.append(connect(self._url))
        return MongoCounts(self._clients[-1][self._stores.name])

    async def documents(self) -> list[Document]:
        """Everything that is kept."""
        return await self._stores.held(COUNTS)

    async def close(self) -> None:
        """Leave the database."""
        for client in self._clients:
            await client.close()


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


async def test_a_part_lies_in_a_database_of_its_own_and_in_the_same_transaction(
    servers: Servers, mongo_database: str
) -> None:
    client = connect(servers.mongo_url)
    apart = {"drawers": "keys"}
    await migrate(
        client[mongo_database], ["letters", "drawers"], [Index("drawers", (("at", 1),))], apart
    )
    store = MongoStore(client, mongo_database, "one", apart)
    both = [Write("letters", letter("a", 1), None), Write("drawers", letter("d", 1), None)]
    await store.commit(Changes(writes=[*both]))
    stale = [Write("letters", letter("a", 2), 1), Write("drawers", letter("d", 9), 8)]
    with pytest.raises(Conflict):
        await store.commit(Changes(writes=[*stale]))

    assert await store.load("letters", ["a"]) == {"a": letter("a", 1)}
    assert await store.load("drawers", ["d"]) == {"d": letter("d", 1)}
    assert await store.versions("drawers", ["d"]) == {"d": 1}
    parts = {name: client[f"{mongo_database}{name}"] for name in ("", "_keys")}
    assert "drawers" not in await parts[""].list_collection_names()
    assert await parts["_keys"].list_collection_names() == ["drawers"]
    assert "at_1" in await parts["_keys"]["drawers"].index_information()
    await client.close()


async def test_a_service_writes_the_parts_that_it_names_and_no_other(
    servers: Servers, mongo_database: str
) -> None:
    admin = connect(servers.mongo_url)
    await ensure_user(admin, "keeper", "pw", mongo_database, Rights(None, {}, ("keys",)))
    parts = urlsplit(servers.mongo_url)
    at = parts.netloc.rpartition("@")[2]
    login = f"mongodb://keeper:pw@{at}/{mongo_database}?directConnection=true"
    keeper = connect(login)
    for name in (mongo_database, f"{mongo_database}_keys"):
        await keeper[name]["letters"].insert_one({"_id": "a"})
    with pytest.raises(OperationFailure, match="not authorized"):
        await keeper[f"{mongo_database}_other"]["letters"].insert_one({"_id": "a"})
    await admin[mongo_database].command("dropUser", "keeper")
    await keeper.close()
    await admin.close()


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
        "counts",
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
    await client.close()
