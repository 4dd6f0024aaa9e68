"""The fakes keep the promises of the real stores, and fail as they are told to."""

from typing import Any

import pytest

from shared.messaging.bus import Bus
from shared.messaging.errors import Conflict, NotPublished, Unavailable
from shared.messaging.message import Document, Message
from shared.messaging.store import Changes
from shared.testing.bus import MemoryBus, Trouble
from shared.testing.bus_suite import STRAY, BusContract
from shared.testing.documents import MemoryDatabase
from shared.testing.memory import Fault, Memory, MemoryDeferred, MemoryOutbox, MemoryStore
from shared.testing.outbox_suite import DeferredContract, OutboxContract
from shared.testing.reader_suite import ReaderContract
from shared.testing.store_suite import StoreContract, Stores, inbox_id, message
from shared.testing.timers import MemoryTimers
from shared.testing.timers_suite import TimerContract


class MemoryStores:
    """One empty database in memory."""

    def __init__(self) -> None:
        self.memory = Memory()

    def store(self, owner: str = "one") -> MemoryStore:
        """The store of an instance."""
        return MemoryStore(self.memory, owner)

    def outbox(self, owner: str = "one") -> MemoryOutbox:
        """The outbox of an instance."""
        return MemoryOutbox(self.memory, owner)

    def deferred_store(self, owner: str = "one", queue: str = "desk.events") -> MemoryDeferred:
        """The deferred messages of an instance."""
        return MemoryDeferred(self.memory, owner, queue)

    def timers(self, owner: str = "one", queue: str = "desk.events") -> MemoryTimers:
        """The timers of an instance."""
        return MemoryTimers(self.memory, owner, queue)

    def database(self) -> Any:
        """What readers query."""
        return MemoryDatabase(self.memory)

    async def change(self, collection: str, id_: str, field: str, value: Any) -> None:
        """Set a field of a stored document; None: take it away."""
        document = self.memory.collections[collection][id_]
        *path, last = field.split(".")
        for step in path:
            document = document[step]
        document[last] = value
        if value is None:
            del document[last]

    async def held(self, collection: str) -> list[Document]:
        """All documents of a collection."""
        return self.memory.copies(collection)


@pytest.fixture
def stores() -> Stores:
    return MemoryStores()


class TestStore(StoreContract):
    """The fake store passes the suite."""


class TestOutbox(OutboxContract):
    """The fake outbox passes the suite."""


class TestDeferred(DeferredContract):
    """The fake store of deferred messages passes the suite."""


class TestBus(BusContract):
    """The fake bus passes the suite."""

    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self.memory = MemoryBus()
        self.memory.unroutable.add(STRAY)

    @pytest.fixture
    def bus(self) -> Bus:
        """A bus without a queue for strays."""
        return self.memory

    def message(self, id_: str) -> Message:
        """A message that is taken."""
        return message(id_)

    async def arrived(self, count: int) -> list[str]:
        """The ids of so many messages that were sent."""
        assert len(self.memory.messages) == count
        return [one.envelope.id for one in self.memory.messages]


class TestTimers(TimerContract):
    """The store of timers passes the suite."""


class TestReader(ReaderContract):
    """The fake reader passes the suite."""


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        (Fault.CONFLICT, Conflict, []),
        (Fault.AWAY, Unavailable, []),
        (Fault.UNKNOWN, Unavailable, ["m1"]),
    ],
)
async def test_a_commit_fails_as_told(
    fault: Fault, error: type[Exception], written: list[str]
) -> None:
    stores = MemoryStores()
    store = stores.store()
    store.faults.append(fault)
    with pytest.raises(error):
        await store.commit(Changes(inbox=[inbox_id("m1")]))
    assert [found["_id"] for found in await stores.held("inbox")] == written
    await store.commit(Changes(inbox=[inbox_id("m2")]))
    assert len(await stores.held("inbox")) == len(written) + 1


async def test_everything_can_be_away() -> None:
    stores = MemoryStores()
    stores.memory.away = True
    for wanted in (
        stores.store().processed(["m"]),
        stores.store().commit(Changes()),
        stores.outbox().renew(1),
        stores.outbox().backlog(),
        stores.deferred_store().release(1),
        stores.timers().lead(),
        stores.timers().take("term", 1),
        stores.database()["letters"].find_one({}),
    ):
        with pytest.raises(Unavailable):
            await wanted


@pytest.mark.parametrize(
    ("trouble", "arrived"),
    [(Trouble.REFUSED, 0), (Trouble.UNCONFIRMED, 1), (Trouble.CUT, 0)],
)
async def test_a_publish_fails_as_told(trouble: Trouble, arrived: int) -> None:
    bus = MemoryBus()
    bus.troubles.append(trouble)
    with pytest.raises(NotPublished):
        await bus.publish(message("p1"))
    assert len(bus.messages) == arrived
    assert bus.connected is (trouble is not Trouble.CUT)


@pytest.mark.parametrize("query", [{"$where": "1"}, {"pages": {"$regex": "x"}}])
async def test_an_unknown_query_is_refused(query: dict[str, Any]) -> None:
    stores = MemoryStores()
    await stores.store().commit(Changes(inbox=[inbox_id("m1")]))
    with pytest.raises(NotImplementedError):
        await stores.database()["inbox"].find(query).to_list(None)
