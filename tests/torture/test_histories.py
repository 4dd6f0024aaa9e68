"""Any order and any doubling of a history ends, through the real store, in the same state."""

import asyncio
import itertools
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from deploy.local.servers import Servers
from services.courier import handlers
from services.courier.domain import Job, Place, Refused, Step
from services.courier.store import COLLECTIONS, INDEXES, CourierReader
from services.courier.usecases import report_step, serve_area
from shared.contracts.envelope import Envelope
from shared.contracts.event import Event
from shared.contracts.intake import CloseOutcome
from shared.messaging.consumer import Consumer
from shared.messaging.errors import Rejected, refusals
from shared.messaging.firing import Timers
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import ADDRESSED, Message
from shared.messaging.metrics import CommitMetrics, ConsumerMetrics, OutboxMetrics, TimerMetrics
from shared.messaging.outbox import OutboxRelay
from shared.messaging.subscriber import ConsumingBroker
from shared.messaging.task import Task
from shared.messaging.unit_of_work import UnitOfWork
from shared.messaging.wire import properties
from shared.mongo.client import Client, connect
from shared.mongo.migrations import migrate
from shared.mongo.outbox import MongoDeferred, MongoOutbox
from shared.mongo.store import MongoStore
from shared.mongo.timers import MongoTimers
from shared.runtime import utc_now
from shared.testing.bus import MemoryBus
from shared.testing.delivery import Delivery
from shared.testing.messages import message_of
from tests.size import examples
from tests.unit.courier.sample import AGENT, VILLAGE, closed, confirmed, issued, programme, received
from tests.unit.shared.messaging_kit import NOW

STEPS = (
    Step.COLLECT_PAPERS,
    Step.HAND_IN_PAPERS,
    Step.COLLECT_DOCUMENT,
    Step.FAIL,
    Step.DELIVER,
)
MESSAGES = 9
"""Two of the programme, four of a case that is carried, three of one that is cancelled."""

_numbers = itertools.count()


@dataclass
class History:
    """One made-up programme with two cases; `case` bears its number, so that none meet."""

    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def programme_id(self) -> str:
        """The programme."""
        return f"p{self.number}"

    def case(self, which: str) -> str:
        """A case of it."""
        return f"{which}-{self.number}"

    def messages(self) -> list[Message]:
        """Everything that is ever said, in the order in which it happened."""
        home, off = self.case("home"), self.case("off")
        said: list[tuple[int, Event]] = [
            (1, programme(self.programme_id, "first")),
            (2, programme(self.programme_id, "second")),
            (1, received(home, programme_id=self.programme_id)),
            (2, issued(home)),
            (3, confirmed(home)),
            (4, closed(home, CloseOutcome.DELIVERED)),
            (1, received(off, programme_id=self.programme_id)),
            (2, issued(off)),
            (3, closed(off, CloseOutcome.CANCELLED)),
        ]
        return [_message(f"{self.number}-{n}", *one) for n, one in enumerate(said)]


def _message(id_: str, version: int, event: Event) -> Message:
    return message_of(event, NOW, id_=id_, version=version)


class Courier:
    """Courier's road on MongoDB, with a bus in memory and no timers."""

    def __init__(self, client: Client, database: str) -> None:
        self.database = client[database]
        self.bus = MemoryBus()
        place = (client, database, "one")
        registry = CollectorRegistry()
        deferred_store = MongoDeferred(*place, queue="courier.events")
        metrics = OutboxMetrics(registry)
        self.relay = OutboxRelay(MongoOutbox(*place), deferred_store, self.bus, metrics)
        self.commit = GroupCommit(
            MongoStore(*place),
            self.relay,
            CommitMetrics(registry),
            source="courier",
            clock=utc_now,
            collections=COLLECTIONS,
        )
        self.consumer = Consumer(
            "courier.events",
            broker=ConsumingBroker("amqp://nowhere.invalid/", "courier"),
            bus=self.bus,
            commit=self.commit,
            metrics=ConsumerMetrics(registry),
            timers=Timers(
                "courier",
                MongoTimers(*place, queue="courier.events"),
                TimerMetrics(registry),
                utc_now,
            ),
            refused=Refused,
            clock=utc_now,
        )
        handlers.subscribe(self.consumer)
        self._seen = 0

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Have messages come in at the same time, and then what waits no longer."""
        while messages:
            deliveries: list[Any] = [Delivery(p.body, properties(p)) for p in messages]
            await asyncio.gather(*map(self.consumer._deliver, deliveries))
            assert all(delivery.acknowledged for delivery in deliveries)
            await self.relay.flushed()
            # No look without a reason: rows that were just cleared stand in what a majority has
            # for a moment, and here no second passes between two rounds.
            self.relay._rounds_since_look = 0
            await self.relay._round()
            self.relay._in_hand.clear()
            fresh, self._seen = self.bus.sent[self._seen :], len(self.bus.sent)
            messages = [s.message for s in fresh if s.exchange == ADDRESSED and s.message]
            assert not [sent for sent in fresh if sent.message is None], "a retry or a dead letter"

    async def command(self, use_case: Any, key: str) -> bool:
        """Run a command; False where it is refused for now."""

        async def work(uow: UnitOfWork) -> Any:
            with refusals(Refused):
                return await use_case(uow)

        try:
            await self.commit.command(
                Task(work, secrets.token_hex(8), key, actor=AGENT, action="x")
            )
        except Rejected:
            return False
        return True


class Agent:
    """Begins to serve when he is told to, and does his steps as soon as he may."""

    def __init__(self, courier: Courier, history: History) -> None:
        self._courier = courier
        self._history = history
        self._left = list(STEPS)
        self.serving = False

    @property
    def done(self) -> bool:
        """Whether every step is done."""
        return not self._left

    async def go_on(self) -> None:
        """Do what is possible by now."""
        programme_id, case = self._history.programme_id, self._history.case("home")
        if not self.serving:
            place = Place(VILLAGE, "005")
            reader = CourierReader(self._courier.database, COLLECTIONS)
            waiting = await reader.waiting(programme_id, place)
            self.serving = await self._courier.command(
                lambda uow: serve_area(programme_id, place, AGENT, uow, waiting=waiting),
                programme_id,
            )
        while self._left and await self._courier.command(self._report(case, self._left[0]), case):
            self._left.pop(0)

    def _report(self, case: str, step: Step) -> Any:
        return lambda uow: report_step(case, step, AGENT, uow, allow=_anybody)


def _anybody(_: Job) -> None:
    return


@dataclass
class Shelf:
    """One client and one loop for all examples."""

    runner: asyncio.Runner
    client: Client
    database: str


@pytest.fixture(scope="module")
def shelf(servers: Servers) -> Iterator[Shelf]:
    database = f"torture_{secrets.token_hex(6)}"
    with asyncio.Runner() as runner:
        client = runner.run(_opened(servers, database))
        yield Shelf(runner, client, database)
        runner.run(_closed(client, database))


async def _opened(servers: Servers, database: str) -> Client:
    client = connect(servers.mongo_url)
    await migrate(client[database], COLLECTIONS.names, INDEXES)
    return client


async def _closed(client: Client, database: str) -> None:
    await client.drop_database(database)
    await client.close()


@st.composite
def _plays(draw: st.DrawFn) -> tuple[list[list[int]], int]:
    """The order of the messages with doubles among them, cut into what comes together."""
    doubles = draw(st.lists(st.integers(0, MESSAGES - 1), max_size=6))
    order = draw(st.permutations([*range(MESSAGES), *doubles]))
    cuts = sorted({0, len(order), *draw(st.lists(st.integers(1, len(order)), max_size=6))})
    turns = [list(order[start:end]) for start, end in itertools.pairwise(cuts)]
    return turns, draw(st.integers(0, len(turns)))


@settings(max_examples=examples(40), deadline=None, derandomize=True)
@given(play=_plays())
def test_any_order_and_doubling_ends_in_the_same_state(
    shelf: Shelf, play: tuple[list[list[int]], int]
) -> None:
    shelf.runner.run(_play_and_check(shelf, *play))


async def _play_and_check(shelf: Shelf, turns: list[list[int]], serves_from: int) -> None:
    courier, history = Courier(shelf.client, shelf.database), History()
    running = asyncio.create_task(courier.commit.run())
    agent, said = Agent(courier, history), history.messages()
    for number, turn in enumerate(turns):
        if number >= serves_from:
            await agent.go_on()
        await courier.deliver([said[n] for n in turn])
    await agent.go_on()
    await courier.deliver([said[0]])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert agent.serving
    assert agent.done
    await _check(courier, history)


async def _check(courier: Courier, history: History) -> None:
    database = courier.database
    home, off = history.case("home"), history.case("off")
    common = {
        "programme_id": history.programme_id,
        "service": "KK",
        "channel": "agent",
        "place": {"village": VILLAGE, "rw": "005"},
        "pick_up": True,
        "deliver": True,
        "document_issued": True,
        "opened_at": NOW.isoformat().replace("+00:00", "Z"),
    }
    done = await database["jobs"].find_one({"_id": home})
    assert done is not None
    assert datetime.fromisoformat(done.pop("reported_at")) > NOW
    assert done == {
        "_id": home,
        **common,
        # Opened, assigned, issued, receipt confirmed and five steps.
        "version": 9,
        "state": "done",
        "agent_id": AGENT,
        "receipt_confirmed": True,
        "attempts": 1,
        "receipt_at": NOW.isoformat().replace("+00:00", "Z"),
    }
    withdrawn = await database["jobs"].find_one({"_id": off})
    assert withdrawn is not None
    # An agent who comes after the withdrawal does not get the job any more.
    assigned = withdrawn.pop("agent_id") is not None
    assert withdrawn.pop("version") == (4 if assigned else 3)
    assert withdrawn == {
        "_id": off,
        **common,
        "state": "withdrawn",
        "receipt_confirmed": False,
        "attempts": 0,
        "reported_at": None,
        "receipt_at": None,
    }
    kept = await database["programmes"].find_one({"_id": history.programme_id})
    assert kept is not None
    assert (kept["version"], kept["name"]) == (2, "second")
    area = await database["areas"].find_one({"programme_id": history.programme_id})
    assert area is not None
    assert area["agent_id"] == AGENT
    assert await database["deferred"].count_documents({}) == 0
    assert await database["outbox"].count_documents({}) == 0
    told = [p.envelope for p in courier.bus.messages if p.exchange != ADDRESSED]
    assert _names(told, home) == [
        "delivery_confirmed",
        "delivery_failed",
        "delivery_reported",
        "document_collected",
        "job_assigned",
        "job_opened",
        "papers_collected",
        "papers_handed_in",
    ]
    assert _names(told, off) == [*["job_assigned"] * assigned, "job_opened", "job_withdrawn"]


def _names(told: Sequence[Envelope], case: str) -> list[str]:
    """What was published of a case, sorted, without producer and version."""
    return sorted(one.type.split(".")[1] for one in told if one.aggregate_id == case)
