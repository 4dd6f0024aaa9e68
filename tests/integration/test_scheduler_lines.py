"""Lines under pressure: two instances of scheduler on one database, the real kernel and MongoDB."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, time
from functools import partial
from string import ascii_lowercase
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from deploy.local.servers import Servers
from services.scheduler.domain import Act, Booth, Plan, Refused
from services.scheduler.store import COLLECTIONS, INDEXES
from services.scheduler.usecases import (
    LINE_OVER,
    TicketAt,
    Wanted,
    act_on,
    admit,
    call_next,
    cancel_event,
    copy_programme,
    issue_ticket,
    new_code,
    note_line_over,
    schedule_event,
    undo,
    void_ticket,
)
from shared.contracts import CATALOGUE, Event
from shared.contracts.envelope import new_id
from shared.contracts.intake import ProgrammePublished, RequestClosed, RequestReceived
from shared.contracts.scheduler import TicketCalled, TicketEnded, TicketIssued
from shared.messaging.errors import Conflict
from shared.messaging.group_commit import GroupCommit
from shared.messaging.message import Message
from shared.messaging.metrics import CommitMetrics
from shared.messaging.task import Task
from shared.messaging.timers import Timer
from shared.messaging.unit_of_work import UnitOfWork
from shared.mongo.client import Client, connect
from shared.mongo.migrations import migrate
from shared.mongo.store import MongoStore
from shared.runtime import utc_now
from shared.testing.messages import message_of
from tests.size import examples, seeds
from tests.unit.scheduler.sample import CATALOGUE as SERVICES
from tests.unit.scheduler.sample import SPLIT, booth, closed, plan, published, received, today

HANDLERS: dict[type[Event], Callable[[Any, UnitOfWork], Awaitable[None]]] = {
    ProgrammePublished: copy_programme,
    RequestReceived: issue_ticket,
    RequestClosed: void_ticket,
}


class Nowhere:
    """An outbox that leaves its rows where they are."""

    full = False

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Leave them."""


class NoHolidays:
    """A calendar without feasts."""

    def on(self, _: date) -> None:
        """None of them."""


def new_event() -> str:
    return "event-" + "".join(secrets.choice(ascii_lowercase) for _ in range(16))


def anybody(_: Plan, __: Booth | None) -> None:
    return


@dataclass
class Instance:
    """One process's worth of scheduler."""

    commit: GroupCommit
    conflicts: int = 0

    async def hear(self, event: Event, id_: str) -> None:
        """Handle a message that came in under this id."""
        message = message_of(event, utc_now(), id_=id_)
        handle = HANDLERS[type(event)]
        await self._until_settled(
            lambda: Task(lambda uow: handle(event, uow), id_, event.aggregate_id, message)
        )

    async def do(
        self, use_case: Callable[[UnitOfWork], Awaitable[Any]], key: str, inbox_id: str = ""
    ) -> Any:
        """Carry out a command."""
        kept = inbox_id or new_id()
        return await self._until_settled(lambda: Task(use_case, kept, key, fingerprint="same"))

    async def _until_settled(self, task: Callable[[], Task]) -> Any:
        # What a bus does with a message and a client with a 503: the same again.
        while True:
            try:
                return (await self.commit.submit(task())).answer
            except Conflict:
                self.conflicts += 1

    async def schedule(self, event_id: str, *booths: Booth) -> None:
        """Plan an event."""
        asked = replace(plan(*booths, on=today()), opens=time(0), closes=time(23, 59))
        await self.do(
            lambda uow: schedule_event(event_id, asked, uow, allow=anybody, holidays=NoHolidays()),
            event_id,
        )

    async def call(self, event_id: str, booth_id: str, inbox_id: str = "") -> dict[str, Any] | None:
        """Call the next ticket."""
        found: dict[str, Any] | None = await self.do(
            lambda uow: call_next(event_id, booth_id, uow, allow=anybody), event_id, inbox_id
        )
        return found

    async def serve(self, event_id: str, called: dict[str, Any]) -> None:
        """Serve a ticket that was called."""
        at = TicketAt(event_id, called["service"], called["number"], called["booth_id"])
        await self.do(lambda uow: act_on(at, Act.SERVE, uow, allow=anybody), at.id)


@dataclass
class Floor:
    """The instances and what is behind them."""

    instances: list[Instance]
    client: Client
    database: str

    def any(self) -> Instance:
        """One of the instances."""
        return random.choice(self.instances)

    async def documents(self, collection: str, event_id: str) -> list[dict[str, Any]]:
        """What is kept of an event."""
        found = self.client[self.database][collection].find({"event_id": event_id})
        return await found.sort("_id", 1).to_list(None)

    async def events(self, kind: type[Event]) -> list[Any]:
        """What was committed to be sent."""
        found = self.client[self.database]["outbox"].find({"type": kind.type})
        rows = await found.to_list(None)
        return [CATALOGUE[kind.type].model_validate_json(row["body"]) for row in rows]


@pytest.fixture
async def floor(servers: Servers, mongo_database: str) -> AsyncIterator[Floor]:
    client = connect(servers.mongo_url)
    await migrate(client[mongo_database], COLLECTIONS.names, INDEXES)
    instances = [
        Instance(
            GroupCommit(
                MongoStore(client, mongo_database, owner),
                Nowhere(),
                CommitMetrics(CollectorRegistry()),
                source="scheduler",
                clock=utc_now,
                collections=COLLECTIONS,
            )
        )
        for owner in ("one", "two")
    ]
    running = [asyncio.create_task(instance.commit.run()) for instance in instances]
    await instances[0].hear(published(), new_id())
    yield Floor(instances, client, mongo_database)
    for task in running:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await client.close()


@pytest.mark.parametrize(("waiting", "calls"), [(40, 59), (59, 59), (59, 25), (0, 10)], ids=str)
async def test_parallel_calls_give_every_ticket_once(
    floor: Floor, waiting: int, calls: int
) -> None:
    """Sixty booths tap at the same moment, at two instances: nobody is called twice."""
    event_id = new_event()
    services = ("KIA", "KK", "IKD")
    booths = [booth(f"b{n}", *random.sample(services, 2)) for n in range(calls)]
    await floor.instances[0].schedule(event_id, booth("all", *services), *booths)
    await asyncio.gather(
        *(
            floor.any().hear(received(new_id(), services[n % 3], event_id=event_id), new_id())
            for n in range(waiting)
        )
    )

    taps = [floor.any().call(event_id, f"b{n}") for n in range(calls)]
    called = [ticket for ticket in await asyncio.gather(*taps) if ticket]
    rest = []
    while ticket := await floor.any().call(event_id, "all"):
        rest.append(ticket)

    numbers = Counter((ticket["service"], ticket["number"]) for ticket in called + rest)
    assert set(numbers.values()) <= {1}
    assert len(numbers) == waiting
    lines = await floor.documents("lines", event_id)
    assert [line["called"] for line in lines] == [line["issued"] for line in lines]


async def test_as_many_calls_as_tickets_leave_nobody_waiting(floor: Floor) -> None:
    """Where every booth offers the service, k calls of n are answered and the rest hear null."""
    event_id = new_event()
    await floor.instances[0].schedule(event_id, *(booth(f"b{n}") for n in range(60)))
    cases = [received(new_id(), event_id=event_id) for _ in range(35)]
    await asyncio.gather(*(floor.any().hear(case, new_id()) for case in cases))

    answers = await asyncio.gather(*(floor.any().call(event_id, f"b{n}") for n in range(60)))

    called = sorted(ticket["number"] for ticket in answers if ticket)
    assert called == list(range(1, 36))
    assert answers.count(None) == 25


async def test_a_tap_repeated_at_both_instances_calls_one_ticket(floor: Floor) -> None:
    event_id = new_event()
    await floor.instances[0].schedule(event_id, booth())
    for _ in range(5):
        await floor.any().hear(received(new_id(), event_id=event_id), new_id())

    taps = [one.call(event_id, "loket-1", "tap") for one in floor.instances for _ in range(10)]
    answers = await asyncio.gather(*taps)

    assert {answer["number"] if answer else None for answer in answers} == {1}
    [line] = await floor.documents("lines", event_id)
    assert line["called"] == 1


async def test_the_938_of_setu_get_their_numbers_without_gap_or_double(floor: Floor) -> None:
    """Shuffled, one in twenty twice, at two instances, while the booths call and serve."""
    event_id = new_event()
    await floor.instances[0].schedule(event_id, *(booth(f"b-{s.lower()}", s) for s in SPLIT))
    mail = [
        (received(new_id(), service, event_id=event_id), new_id())
        for service, count in SPLIT.items()
        for _ in range(count)
    ]
    mail += random.sample(mail, len(mail) // 20)
    random.shuffle(mail)

    async def work_off(booth_id: str) -> None:
        for _ in range(20):
            if ticket := await floor.any().call(event_id, booth_id):
                await floor.any().serve(event_id, ticket)

    await asyncio.gather(
        *(floor.any().hear(event, id_) for event, id_ in mail),
        *(work_off(f"b-{service.lower()}") for service in SPLIT),
    )

    tickets = await floor.documents("tickets", event_id)
    told = [event for event in await floor.events(TicketIssued) if event.event_id == event_id]
    assert len(tickets) == len(told) == 938
    assert len({ticket["case_id"] for ticket in tickets}) == 938
    for service, count in SPLIT.items():
        held = sorted(ticket["number"] for ticket in tickets if ticket["service"] == service)
        assert held == list(range(1, count + 1))
    for line in await floor.documents("lines", event_id):
        mine = [ticket for ticket in tickets if ticket["service"] == line["service"]]
        states = Counter(ticket["state"] for ticket in mine)
        assert line["issued"] == len(mine)
        assert line["called"] == states["served"]
        assert {state: n for state, n in line["states"].items() if n} == states
        # The lowest numbers were called, and no other.
        assert {t["number"] for t in mine if t["state"] == "served"} == set(
            range(1, line["called"] + 1)
        )


history = st.lists(
    st.tuples(st.sampled_from(["received", "closed"]), st.integers(0, 5)), max_size=24
)


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=history, seed=st.randoms(use_true_random=False))
async def test_any_order_and_any_double_of_a_history_ends_in_the_same_state(
    floor: Floor, history: list[tuple[str, int]], seed: random.Random
) -> None:
    """Which case has which number is decided by arrival; all the rest is not."""
    again = history * 2
    seed.shuffle(again)

    assert await outcome(floor, again) == await outcome(floor, history)


async def outcome(floor: Floor, history: list[tuple[str, int]]) -> object:
    """What is kept after a history, apart from who has which number."""
    run = new_event()
    await floor.instances[0].schedule(run, booth("loket-1", *SERVICES))

    def message(kind: str, number: int) -> tuple[Event, str]:
        make = received if kind == "received" else closed
        service = SERVICES[number % 2]
        return make(f"{run}:{number}", service=service, event_id=run), f"{run}:{kind}:{number}"

    mail = [message(kind, number) for kind, number in history]
    await asyncio.gather(*(floor.any().hear(event, id_) for event, id_ in mail))
    tickets = await floor.documents("tickets", run)
    found = floor.client[floor.database]["cases"].find({"_id": {"$regex": f"^{run}:"}})
    cases = await found.to_list(None)
    lines = await floor.documents("lines", run)
    return (
        sorted(
            (case["_id"][-1], case["version"], case["received"], case["withdrawn"])
            for case in cases
        ),
        sorted((t["case_id"][-1], t["service"], t["state"], t["version"]) for t in tickets),
        sorted((t["service"], t["number"]) for t in tickets),
        sorted((one["service"], one["issued"], one["version"]) for one in lines),
        sorted((one["service"], *count) for one in lines for count in one["states"].items()),
    )


async def test_a_line_is_not_taken_away_while_somebody_joins_it(floor: Floor) -> None:
    """The plan and the ticket are decided at two instances at the same moment; one has to yield."""
    for _ in range(12):
        event_id = new_event()
        one, two = floor.instances
        await one.schedule(event_id, booth("loket-1", "KIA", "KK"))

        ends = await asyncio.gather(
            one.schedule(event_id, booth("loket-1", "KK")),
            two.hear(received(new_id(), "KIA", event_id=event_id), new_id()),
            return_exceptions=True,
        )

        tickets = await floor.documents("tickets", event_id)
        refused = isinstance(ends[0], Refused)
        assert ends[1] is None
        assert refused == bool(tickets)


async def _act(at: TicketAt, act: Act, uow: UnitOfWork) -> object:
    return await act_on(at, act, uow, allow=anybody)


async def _undo(at: TicketAt, uow: UnitOfWork) -> object:
    return await undo(at, uow, allow=anybody)


@pytest.mark.parametrize("number", seeds(11, 2))
async def test_gate_booths_and_second_thoughts_at_once_lose_and_double_nobody(
    floor: Floor, number: int
) -> None:
    """Two instances, everything at the same moment: every ticket is counted once, in one place."""
    seed, run = random.Random(number), new_event()
    booths = ("b1", "b2", "b3")
    await floor.instances[0].schedule(run, *(booth(name, "KIA", "KK") for name in booths))

    async def come(number: int) -> None:
        services = seed.choice((("KIA",), ("KK",), ("KIA", "KK")))
        wanted = Wanted(services, priority=seed.random() < 0.3)
        code = f"K{number:07d}"
        await floor.any().do(lambda uow: admit(run, wanted, code, uow, allow=anybody), run)

    async def work(booth_id: str) -> None:
        for _ in range(12):
            called = await floor.any().call(run, booth_id)
            if called is None:
                continue
            at = TicketAt(run, called["service"], called["number"], booth_id)
            act = seed.choice((Act.SERVE, Act.SERVE, Act.HOLD, Act.LEAVE, Act.NO_SHOW))
            await floor.any().do(partial(_act, at, act), at.id)
            if seed.random() < 0.3:
                await floor.any().do(partial(_undo, at), at.id)

    await asyncio.gather(*(come(n) for n in range(30)), *(work(name) for name in booths))
    while await floor.any().call(run, "b1"):
        pass

    tickets = await floor.documents("tickets", run)
    stretches = await floor.documents("stretches", run)
    at_booths = {one["_id"]: one["at"] for one in await floor.documents("arrivals", run)}
    # Who still waits is called to another booth for his other ticket.
    left = [ticket for ticket in tickets if ticket["state"] == "waiting"]
    assert all(set(at_booths[one["arrival_id"]]) - {one["_id"]} for one in left)
    held = [(one["service"], number) for one in stretches for _, number in one["waiting"]]
    assert sorted(held) == sorted((one["service"], one["number"]) for one in left)
    for line in await floor.documents("lines", run):
        mine = [ticket for ticket in tickets if ticket["service"] == line["service"]]
        assert sorted(one["number"] for one in mine) == list(range(1, line["issued"] + 1))
        states = Counter(ticket["state"] for ticket in mine)
        assert {state: n for state, n in line["states"].items() if n} == states


async def test_cancelled_while_people_come_and_booths_call_everybody_is_called_or_offered_once(
    floor: Floor,
) -> None:
    """Whoever got a number was called before the end or is told other ways, never both or twice."""
    event_id = new_event()
    await floor.instances[0].schedule(event_id, booth("b0"), booth("b1"))

    async def come() -> None:
        wanted, code = Wanted(("KIA",)), new_code()
        with suppress(Refused):
            await floor.any().do(
                lambda uow: admit(event_id, wanted, code, uow, allow=anybody), event_id
            )

    async def call(booth_id: str) -> None:
        with suppress(Refused):
            await floor.any().call(event_id, booth_id)

    await asyncio.gather(*(come() for _ in range(120)))
    calls = [call(f"b{n % 2}") for n in range(30)]
    end = floor.any().do(lambda uow: cancel_event(event_id, uow, allow=anybody), event_id)
    await asyncio.gather(*calls[:15], *(come() for _ in range(30)), end, *calls[15:])
    timer = Timer(LINE_OVER, f"{event_id}/KIA", utc_now(), {}, "one", 1)
    await asyncio.gather(
        *(floor.any().do(lambda uow: note_line_over(timer, uow), timer.key) for _ in range(6))
    )

    called = [one.number for one in await floor.events(TicketCalled) if one.event_id == event_id]
    ended = [one for one in await floor.events(TicketEnded) if one.event_id == event_id]
    issued = [one.number for one in await floor.events(TicketIssued) if one.event_id == event_id]
    assert Counter([*called, *(one.number for one in ended)]) == Counter(issued)
    assert len(issued) >= 120
    assert {(one.end, one.offers) for one in ended} == {("unserved", ("service_point",))}
    [line] = await floor.documents("lines", event_id)
    assert (line["closed"], line["states"]["waiting"]) == (True, 0)
    assert line["states"]["unserved"] == len(ended)
    stretches = await floor.documents("stretches", event_id)
    assert not [one for one in stretches if one["waiting"]]
