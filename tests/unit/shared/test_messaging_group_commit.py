"""Units that run at the same time share a transaction and end as if they had run one by one."""

import asyncio
import gc
import tracemalloc
import weakref
from dataclasses import dataclass
from typing import Any

import pytest

from shared.messaging.collections import Collection, Collections
from shared.messaging.errors import (
    Conflict,
    Overloaded,
    PredecessorMissing,
    Rejected,
    TooManyWaiting,
    Unavailable,
)
from shared.messaging.group_commit import MAX_BATCH
from shared.messaging.store import Changes, Write
from shared.messaging.task import FingerprintMismatch, Outcome, Task
from shared.messaging.unit_of_work import UnitOfWork
from shared.testing.memory import Fault, Memory, MemoryStore
from tests.unit.shared.messaging_kit import NOW, Desk, count, desk, message, task

AWAY = "jemput_database_unavailable_total"

WAIT = 20.0
COMMAND: dict[str, Any] = {"key": "a", "actor": "agus", "action": "count"}


async def until(condition: Any) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(WAIT):
        while not condition():  # noqa: ASYNC110 - the fakes set no events
            await asyncio.sleep(0)


async def run_all(one: Desk, *tasks: Any) -> list[Any]:
    ends = await asyncio.gather(*map(one.commit.submit, tasks), return_exceptions=True)
    return list(ends)


async def test_what_comes_while_a_batch_commits_makes_the_next() -> None:
    async with desk() as one:
        one.store.gate.clear()
        first = asyncio.create_task(one.commit.submit(task("m0", count())))
        await until(lambda: one.store.tried)
        rest = [
            asyncio.create_task(one.commit.submit(task(f"m{n}", count()))) for n in range(1, 11)
        ]
        await asyncio.sleep(0)
        one.store.gate.set()
        await asyncio.gather(first, *rest)
        assert one.batches == [1, 10]
        assert one.value() == 11


async def test_after_a_batch_of_many_the_next_one_gathers() -> None:
    async with desk() as one:
        await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(4)])
        early = asyncio.create_task(one.commit.submit(task("early", count("early"))))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not early.done()
        late = asyncio.create_task(one.commit.submit(task("late", count("late"))))
        await asyncio.gather(early, late)
        assert one.batches == [4, 2]


async def test_what_a_caller_sent_is_freed_when_he_has_gone() -> None:
    class Sent:
        """A body that a use case holds."""

    async def sends(left: list[Any]) -> None:
        held = Sent()

        async def use_case(_: UnitOfWork) -> Any:
            return held

        one_task = Task(use_case, "c1", **COMMAND)
        left += [one_task, weakref.ref(held)]
        await one.commit.command(one_task)

    async with desk() as one:
        one.store.gate.clear()
        first = asyncio.create_task(one.commit.submit(task("m0", count())))
        await until(lambda: one.store.tried)
        left: list[Any] = []
        gone = asyncio.create_task(sends(left))
        await until(lambda: left)
        gc.disable()
        try:
            left.pop(0).leave(ConnectionResetError())
            await asyncio.wait({gone})
            assert isinstance(gone.exception(), ConnectionResetError)
            del gone
            assert left[0]() is None
        finally:
            gc.enable()
        one.store.gate.set()
        await first


async def test_a_full_batch_waits_for_no_more() -> None:
    async with desk() as one:
        await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(4)])
        loop = asyncio.get_running_loop()
        loop.time, clock = (lambda: 0.0), loop.time  # type: ignore[method-assign]
        try:
            # With a clock that stands still only the number can end the gathering.
            await run_all(one, *[task(f"n{n}", count(f"d{n}")) for n in range(MAX_BATCH)])
        finally:
            loop.time = clock  # type: ignore[method-assign]
        assert one.batches == [4, MAX_BATCH]


@pytest.mark.parametrize(("units", "passed"), [(24, 0.15), (4, 0.05)])
async def test_under_more_load_more_is_gathered(units: int, passed: float) -> None:
    async with desk() as one:
        loop = asyncio.get_running_loop()
        real, ahead = loop.time, 0.0
        loop.time = lambda: real() + ahead  # type: ignore[method-assign]
        try:
            began = loop.time()
            await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(units)])
            ahead = passed - (loop.time() - began)
            waiting = asyncio.create_task(one.commit.submit(task("late", count("late"))))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not waiting.done()
            ahead += 0.06
            # The loop's own timer goes by its clock: it is due now, or the pause is longer.
            for _ in range(50):
                await asyncio.sleep(0)
            assert waiting.done()
        finally:
            loop.time = real  # type: ignore[method-assign]


async def test_who_comes_alone_waits_for_nobody() -> None:
    async with desk() as one:
        for number in range(3):
            alone = asyncio.create_task(one.commit.submit(task(f"m{number}", count())))
            for _ in range(50):
                await asyncio.sleep(0)
            assert alone.done()


async def test_a_command_that_changes_nothing_is_remembered() -> None:
    async def look(_: UnitOfWork) -> str:
        return "seen"

    async with desk() as one:
        assert (await one.commit.command(Task(look, inbox_id="m", **COMMAND))).answer == "seen"
        again = await one.commit.command(Task(look, inbox_id="m", **COMMAND))
        assert again == Outcome("seen", duplicate=True)


async def test_a_caller_who_leaves_takes_no_double_along() -> None:
    async with desk() as one:
        one.store.gate.clear()
        first, double = task("m", count()), task("m", count())
        running = asyncio.create_task(run_all(one, first, double))
        await until(lambda: one.store.tried)
        first.leave(ConnectionResetError())
        one.store.gate.set()
        ends = await running
        assert isinstance(ends[0], ConnectionResetError)
        assert ends[1] == Outcome(1, duplicate=True)


async def test_a_batch_has_a_greatest_size() -> None:
    async with desk() as one:
        await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(MAX_BATCH + 44)])
        assert one.batches == [MAX_BATCH, 44]


async def test_many_units_on_one_document_are_one_write() -> None:
    async with desk() as one:
        outcomes = await run_all(one, *[task(f"m{n}", count(), key="a") for n in range(50)])
        assert [outcome.answer for outcome in outcomes] == list(range(1, 51))
        (changes,) = one.store.committed
        (write,) = changes.writes
        assert isinstance(write, Write)
        assert (write.document["value"], write.base) == (50, None)
        assert [p.envelope.version for p in one.outbox.dispatched] == list(range(1, 51))


async def test_units_with_one_key_run_in_order_and_others_side_by_side() -> None:
    begun: list[str] = []
    go_on = asyncio.Event()

    def slow(name: str) -> Any:
        async def work(_: UnitOfWork) -> None:
            begun.append(name)
            await go_on.wait()

        return work

    async with desk() as one:
        uows = [task(name, slow(name), key=name[0]) for name in ("a1", "a2", "b1", "a3")]
        running = asyncio.create_task(run_all(one, *uows))
        await until(lambda: len(begun) == 2)
        assert begun == ["a1", "b1"]
        go_on.set()
        await running
        assert begun == ["a1", "b1", "a2", "a3"]


async def test_a_unit_whose_reads_were_overtaken_runs_again() -> None:
    runs: list[int] = []
    meet = asyncio.Barrier(2)

    async def work(uow: UnitOfWork) -> int:
        found = await uow.load("counters", "a")
        value = found["value"] if found else 0
        runs.append(value)
        if len(runs) <= 2:
            await meet.wait()
        version = found["version"] + 1 if found else 1
        uow.put("counters", {"_id": "a", "version": version, "value": value + 1})
        return value + 1

    async with desk() as one:
        outcomes = await run_all(one, task("m1", work), task("m2", work))
        assert runs == [0, 0, 1]
        assert sorted(outcome.answer for outcome in outcomes) == [1, 2]
        assert one.value() == 2
        assert one.batches == [2]


async def test_units_that_only_read_each_others_documents_do_not_skew() -> None:
    """Each takes a shift only if the other does not: one of them must see the other."""
    meet = asyncio.Barrier(2)
    runs = 0

    def take(mine: str, other: str) -> Any:
        async def work(uow: UnitOfWork) -> None:
            nonlocal runs
            runs += 1
            taken = await uow.load("counters", other)
            if runs <= 2:
                await meet.wait()
            if taken is None:
                uow.put("counters", {"_id": mine, "version": 1, "value": 1})

        return work

    async with desk() as one:
        await run_all(one, task("m1", take("a", "b")), task("m2", take("b", "a")))
        assert [one.value("a"), one.value("b")].count(1) == 1


async def test_the_loads_of_a_batch_are_one_query() -> None:
    async with desk() as one:
        await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(20)])
        assert [collection for collection, _ in one.store.asked] == ["inbox", "counters"]


async def test_a_message_twice_in_one_batch_is_done_once() -> None:
    async with desk() as one:
        outcomes = await run_all(one, task("m", count()), task("m", count()), task("n", count("b")))
        assert outcomes == [Outcome(1), Outcome(1, duplicate=True), Outcome(1)]
        assert one.value() == 1
        assert one.batches == [2]


async def test_a_message_twice_in_one_batch_costs_no_second_look() -> None:
    async with desk() as one:
        await run_all(one, task("m", count()), task("m", count()))
        assert [collection for collection, _ in one.store.asked] == ["inbox", "counters"]


async def test_a_message_that_is_known_is_not_done_again() -> None:
    async with desk() as one:
        await run_all(one, task("m", count()))
        (again,) = await run_all(one, task("m", count()))
        assert again.duplicate
        assert one.value() == 1
        assert one.batches == [1]


async def test_a_command_is_answered_as_the_first_time() -> None:
    async with desk() as one:
        sent: dict[str, Any] = {"inbox_id": "m", **COMMAND, "fingerprint": "f"}
        assert await one.commit.command(Task(count(), **sent)) == Outcome(1)
        assert await one.commit.command(Task(count(by=7), **sent)) == Outcome(1, duplicate=True)
        assert one.value() == 1


async def test_a_command_without_fingerprint_is_answered_as_the_first_time() -> None:
    async with desk() as one:
        assert (await one.commit.command(Task(count(), inbox_id="m", **COMMAND))).answer == 1
        assert (await one.commit.command(Task(count(), inbox_id="m", **COMMAND))).answer == 1


async def test_a_mark_used_for_another_request_is_refused() -> None:
    async with desk() as one:
        await one.commit.command(Task(count(), inbox_id="m", **COMMAND, fingerprint="f"))
        with pytest.raises(FingerprintMismatch):
            await one.commit.command(Task(count(), inbox_id="m", **COMMAND, fingerprint="g"))
        assert one.value() == 1


async def test_a_mark_used_for_another_request_in_one_batch_is_refused() -> None:
    async with desk() as one:
        ends = await run_all(
            one,
            task("m", count(), fingerprint="f"),
            task("m", count(), fingerprint="g"),
        )
        assert ends[0] == Outcome(1)
        assert isinstance(ends[1], FingerprintMismatch)


async def test_a_refused_unit_leaves_nothing_and_hinders_nobody() -> None:
    async def refused(uow: UnitOfWork) -> None:
        await count("b")(uow)
        raise Rejected("too_late", "the booth is closed")

    async with desk() as one:
        ends = await run_all(one, task("m1", count()), task("m2", refused), task("m3", count("c")))
        assert isinstance(ends[1], Rejected)
        assert (one.value("a"), one.value("b"), one.value("c")) == (1, None, 1)
        assert [inbox_id["_id"] for inbox_id in one.store.committed[0].inbox] == [
            "command:m1",
            "command:m3",
        ]
        assert len(one.outbox.dispatched) == 2


async def test_a_unit_that_cannot_be_stored_fails_alone() -> None:
    async def poison(uow: UnitOfWork) -> None:
        uow.put("counters", {"_id": "p", "version": 1, "value": object()})

    async with desk() as one:
        uows = [task(f"m{n}", poison if n == 5 else count(f"c{n}")) for n in range(8)]
        ends = await run_all(one, *uows)
        assert [type(end) for end in ends] == [*[Outcome] * 5, TypeError, *[Outcome] * 2]
        assert [one.value(f"c{n}") for n in range(8)] == [1, 1, 1, 1, 1, None, 1, 1]
        assert sorted(one.batches) == [1, 2, 4]
        assert len(one.outbox.dispatched) == 7


async def test_a_version_that_does_not_rise_fails_alone() -> None:
    async def stuck(uow: UnitOfWork) -> None:
        found = await uow.load("counters", "a")
        uow.put("counters", found or {})

    async with desk() as one:
        await run_all(one, task("m0", count()))
        ends = await run_all(one, task("m1", stuck), task("m2", count("b")))
        assert isinstance(ends[0], ValueError)
        assert ends[1] == Outcome(1)


async def test_a_message_that_waits_is_deferred_without_what_it_wrote() -> None:
    async def missing(uow: UnitOfWork) -> None:
        await count()(uow)
        raise PredecessorMissing("letters", "x")

    async with desk() as one:
        ends = await run_all(one, task("w", missing, message=message("w")), task("m", count("b")))
        assert ends == [Outcome(None, deferred=True), Outcome(1)]
        assert one.value("a") is None
        (changes,) = one.store.committed
        assert [inbox_id["_id"] for inbox_id in changes.inbox] == ["message:w", "command:m"]
        (deferred,) = one.memory.copies("deferred")
        assert (deferred["_id"], deferred["waits_in"], deferred["waits_for"]) == (
            "w",
            "letters",
            "x",
        )
        (again,) = await run_all(one, task("w", missing, message=message("w")))
        assert again.duplicate


async def test_a_command_is_not_deferred() -> None:
    async def missing(_: UnitOfWork) -> None:
        raise PredecessorMissing("letters", "x")

    async with desk() as one:
        with pytest.raises(PredecessorMissing):
            await one.commit.command(Task(missing, inbox_id="m", **COMMAND))
        assert one.batches == []


@pytest.mark.parametrize("fault", [Fault.AWAY, Fault.UNKNOWN])
async def test_a_commit_of_unknown_outcome_is_done_once_and_answered(fault: Fault) -> None:
    async with desk() as one:
        one.store.faults.append(fault)
        sent: dict[str, Any] = {"inbox_id": "m", **COMMAND, "fingerprint": "f"}
        outcome = await one.commit.command(Task(count(answer={"no": 7}), **sent))
        assert outcome == Outcome({"no": 7})
        assert one.value() == 1
        assert one.batches == [1]
        assert len(one.memory.copies("outbox")) == 1


async def test_after_an_unknown_outcome_the_rest_of_the_batch_is_answered_too() -> None:
    async with desk() as one:
        one.store.faults.append(Fault.UNKNOWN)
        outcomes = await run_all(one, *[task(f"m{n}", count(), key="a") for n in range(5)])
        assert [outcome.duplicate for outcome in outcomes] == [False] * 5
        assert one.value() == 5


async def test_while_the_database_is_away_everything_waits() -> None:
    async with desk() as one:
        one.memory.away = True
        running = asyncio.create_task(run_all(one, task("m1", count()), task("m2", count())))
        await until(
            lambda: (one.registry.get_sample_value(AWAY, {"reason": "unreachable"}) or 0) >= 2
        )
        assert not running.done()
        one.memory.away = False
        await running
        assert one.value() == 2


async def test_a_document_that_changed_underneath_is_decided_on_again() -> None:
    memory = Memory()
    other = MemoryStore(memory, "two")
    async with desk(memory) as one:
        await run_all(one, task("m0", count()))
        one.store.gate.clear()
        running = asyncio.create_task(run_all(one, task("m1", count()), task("m2", count("b"))))
        await until(lambda: len(one.store.tried) == 2)
        changed = {"_id": "a", "version": 2, "value": 101}
        await other.commit(Changes(writes=[Write("counters", changed, 1)]))
        one.store.gate.set()
        assert [outcome.answer for outcome in await running] == [102, 1]
        assert one.value() == 102


async def _answered_meanwhile(fingerprint: str) -> Any:
    """A command whose mark another instance commits after this one has looked for it."""
    memory = Memory()
    async with desk(memory) as one, desk(memory, "two") as two:
        one.store.gate.clear()
        running = asyncio.create_task(
            run_all(one, task("m", count(answer="mine"), fingerprint=fingerprint))
        )
        await until(lambda: one.store.tried)
        await two.commit.command(
            Task(
                count(answer="theirs"),
                inbox_id="m",
                key="a",
                actor="agus",
                action="count",
                fingerprint="f",
            )
        )
        one.store.gate.set()
        (end,) = await running
        assert one.value() == 1
        return end


async def test_a_command_that_another_instance_did_first_gets_its_answer() -> None:
    assert await _answered_meanwhile("f") == Outcome("theirs", duplicate=True)


async def test_a_mark_that_another_instance_used_for_another_request_is_refused() -> None:
    assert isinstance(await _answered_meanwhile("g"), FingerprintMismatch)


async def test_two_instances_lose_no_update_between_two_reads_of_one_batch() -> None:
    """The second unit of a batch asks for a document while the first one's query is under way."""
    memory = Memory()
    other = MemoryStore(memory, "two")
    async with desk(memory) as one:
        await run_all(one, task("m0", count()))
        loads = _LoadsInTurn(one.store)
        asks, entered = asyncio.Event(), asyncio.Event()

        async def first(uow: UnitOfWork) -> None:
            await count()(uow)
            entered.set()

        async def second(uow: UnitOfWork) -> None:
            await asks.wait()
            await count()(uow)

        running = asyncio.create_task(run_all(one, task("m1", first), task("m2", second)))
        await loads.under_way.wait()
        asks.set()
        await asyncio.sleep(0.01)
        loads.answer_first.set()
        await entered.wait()
        changed = {"_id": "a", "version": 2, "value": 101}
        await other.commit(Changes(writes=[Write("counters", changed, 1)]))
        loads.answer_rest.set()
        await running
        assert one.value() == 103


class _LoadsInTurn:
    """Holds back what the first query for counters found, and asks the next only when told to."""

    def __init__(self, store: MemoryStore) -> None:
        self._load = store.load
        store.load = self.load  # type: ignore[method-assign]
        self.under_way = asyncio.Event()
        self.answer_first = asyncio.Event()
        self.answer_rest = asyncio.Event()

    async def load(self, collection: str, ids: Any) -> Any:
        """Load, in turn."""
        if collection == "inbox":
            return await self._load(collection, ids)
        if self.under_way.is_set():
            await self.answer_rest.wait()
            return await self._load(collection, ids)
        self.under_way.set()
        found = await self._load(collection, ids)
        await self.answer_first.wait()
        return found


async def test_a_conflict_without_end_is_told_to_its_unit_alone() -> None:
    async with desk() as one:
        one.store.faults.extend([Fault.CONFLICT] * 13)
        with pytest.raises(Conflict):
            await one.commit.command(Task(count(), inbox_id="m", **COMMAND))
        assert (await one.commit.command(Task(count(), inbox_id="m", **COMMAND))).answer == 1


async def test_a_batch_that_conflicts_again_and_again_is_halved() -> None:
    async with desk() as one:
        one.store.faults.extend([Fault.CONFLICT] * 5)
        outcomes = await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(4)])
        assert [outcome.answer for outcome in outcomes] == [1] * 4
        assert max(one.batches) == 2


async def test_at_the_outbox_limit_commands_are_refused_and_messages_are_not() -> None:
    async with desk() as one:
        one.outbox.full = True
        with pytest.raises(Overloaded):
            await one.commit.command(Task(count(), inbox_id="m1", **COMMAND))
        assert await run_all(one, task("m2", count(), message=message("m2"))) == [Outcome(1)]


async def test_a_caller_that_went_away_hinders_nobody() -> None:
    async with desk() as one:
        one.store.gate.clear()
        leaving = asyncio.create_task(one.commit.submit(task("m", count())))
        staying = asyncio.create_task(one.commit.submit(task("n", count())))
        again = asyncio.create_task(one.commit.submit(task("m", count())))
        await until(lambda: one.store.tried)
        leaving.cancel()
        one.store.gate.set()
        assert (await staying).answer == 2
        assert (await asyncio.gather(again, return_exceptions=True))[0] == Outcome(
            1, duplicate=True
        )
        assert one.value() == 2


async def test_drained_waits_for_all_that_is_on_its_way() -> None:
    async with desk() as one:
        await one.commit.drained()
        one.store.gate.clear()
        running = asyncio.create_task(run_all(one, task("m", count())))
        await until(lambda: one.store.tried)
        drained = asyncio.create_task(one.commit.drained())
        await asyncio.sleep(0)
        assert not drained.done()
        one.store.gate.set()
        await drained
        assert one.value() == 1
        await running


async def refuse_where_counted(uow: UnitOfWork) -> None:
    """A unit that says no because of what another one wrote."""
    if await uow.load("counters", "a"):
        raise Rejected("already_counted")


async def test_a_refusal_waits_for_what_it_was_decided_on() -> None:
    """Else somebody is refused because of what never came to be."""
    async with desk() as one:
        one.store.faults.append(Fault.AWAY)
        one.store.gate.clear()
        first = asyncio.create_task(one.commit.submit(task("m1", count(), key="a")))
        second = asyncio.create_task(one.commit.submit(task("m2", refuse_where_counted, key="a")))
        await until(lambda: one.store.tried)
        assert not second.done()
        first.cancel()
        one.store.gate.set()
        assert (await second).answer is None
        assert one.value() is None


async def test_a_refusal_is_told_when_what_it_was_decided_on_is_committed() -> None:
    async with desk() as one:
        ends = await run_all(
            one,
            task("m1", count(), key="a"),
            task("m2", refuse_where_counted, key="a"),
        )
        assert ends[0] == Outcome(1)
        assert isinstance(ends[1], Rejected)
        assert one.batches == [1]


@dataclass
class _Pair:
    """Two documents that are always of one version; another instance writes between two reads."""

    other: MemoryStore
    between: int = 1
    """How many runs meet that."""
    runs: int = 0

    async def write(self, version: int) -> None:
        """Write both as the other instance."""
        base = version - 1 or None
        both = [{"_id": id_, "version": version, "value": version} for id_ in ("a", "b")]
        await self.other.commit(Changes(writes=[Write("counters", one, base) for one in both]))

    async def compare(self, uow: UnitOfWork) -> int:
        """Return their version; raise as a rule does that never sees two."""
        self.runs += 1
        first = await uow.load("counters", "a")
        if self.runs <= self.between:
            await self.write(self.runs + 1)
        second = await uow.load("counters", "b")
        assert first is not None
        assert second is not None
        if first["version"] != second["version"]:
            raise KeyError(first["version"])
        return int(first["version"])


async def test_who_is_refused_by_what_never_was_together_is_decided_again() -> None:
    memory = Memory()
    pair = _Pair(MemoryStore(memory, "two"))
    await pair.write(1)
    async with desk(memory) as one:
        beside = count("c")
        ends = await run_all(one, task("m1", pair.compare), task("m2", beside, key="c"))
        assert [end.answer for end in ends] == [2, 1]
        assert pair.runs == 2


async def test_who_is_overtaken_at_every_read_is_told_to_come_again() -> None:
    memory = Memory()
    pair = _Pair(MemoryStore(memory, "two"), between=1000)
    await pair.write(1)
    async with desk(memory) as one:
        (end,) = await run_all(one, task("m1", pair.compare))
        assert isinstance(end, Conflict)
        assert pair.runs < 20


async def test_what_a_rule_raises_on_what_stands_is_raised_at_once() -> None:
    memory = Memory()
    pair = _Pair(MemoryStore(memory, "two"), between=0)
    await pair.write(1)
    changed = {"_id": "b", "version": 2, "value": 2}
    await pair.other.commit(Changes(writes=[Write("counters", changed, 1)]))
    async with desk(memory) as one:
        (end,) = await run_all(one, task("m1", pair.compare))
        assert isinstance(end, KeyError)
        assert pair.runs == 1


async def test_who_gave_up_while_in_line_is_not_served() -> None:
    async with desk() as one:
        one.store.gate.clear()
        first = asyncio.create_task(one.commit.submit(task("m1", count("a"))))
        await until(lambda: one.store.tried)
        given_up = asyncio.create_task(one.commit.submit(task("m2", count("b"))))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        one.store.gate.set()
        await first
        await one.commit.submit(task("m3", count("c")))
        assert one.value("b") is None


async def test_a_conflict_costs_only_the_units_that_met_the_changed_document() -> None:
    memory = Memory()
    other = MemoryStore(memory, "two")
    runs: list[str] = []

    def counted(id_: str) -> Any:
        async def work(uow: UnitOfWork) -> Any:
            runs.append(id_)
            return await count(id_)(uow)

        return work

    async with desk(memory) as one:
        await run_all(one, task("m0", count("hot")))
        one.store.gate.clear()
        ids = ["hot", *(f"c{n}" for n in range(9))]
        running = asyncio.create_task(
            run_all(one, *[task(f"m-{id_}", counted(id_)) for id_ in ids])
        )
        await until(lambda: len(one.store.tried) == 2)
        changed = {"_id": "hot", "version": 2, "value": 101}
        await other.commit(Changes(writes=[Write("counters", changed, 1)]))
        one.store.gate.set()
        ends = await running
        assert [end.answer for end in ends] == [102, *[1] * 9]
        assert sorted(runs) == sorted([*ids, "hot"])
        assert one.batches == [1, 9, 1]
        assert one.registry.get_sample_value("jemput_commit_conflicts_total") == 1
        assert one.registry.get_sample_value("jemput_commit_units_redecided_total") == 1


async def test_after_a_conflict_who_was_quicker_is_seen_before_anything_is_written() -> None:
    memory = Memory()
    other = MemoryStore(memory, "two")

    def overtaken(id_: str) -> Any:
        async def work(uow: UnitOfWork) -> Any:
            done = {"_id": f"message:{id_}", "at": NOW}
            await other.commit(Changes(inbox=[done]))
            return await count(id_)(uow)

        return work

    def taken(id_: str) -> Task:
        return task(id_, overtaken(id_), message=message(id_))

    async with desk(memory) as one:
        await run_all(one, taken("m0"), task("m1", count("c1")))
        assert one.registry.get_sample_value("jemput_commit_conflicts_total") == 1
        tried = len(one.store.tried)
        asked = len(one.store.asked)
        ends = await run_all(one, taken("m2"), task("m3", count("c3")))
        looks = [name for name, _ in one.store.asked[asked:] if name == "inbox"]
        assert len(looks) == 3, "at first, before writing, and before the rest is written"
        assert (ends[0].duplicate, ends[1].answer) == (True, 1)
        assert (one.value("m2"), one.value("c3")) == (None, 1)
        assert [len(changes.inbox) for changes in one.store.tried[tried:]] == [1]
        assert one.registry.get_sample_value("jemput_commit_conflicts_total") == 1


async def test_who_met_what_is_decided_again_is_decided_again_too() -> None:
    memory = Memory()
    other = MemoryStore(memory, "two")

    async def both(uow: UnitOfWork) -> None:
        await count("hot")(uow)
        await count("shared")(uow)

    async with desk(memory) as one:
        await run_all(one, task("m0", count("hot")))
        one.store.gate.clear()
        tasks = [task("m1", both, key="k"), task("m2", count("shared"), key="k")]
        running = asyncio.create_task(run_all(one, *tasks, task("m3", count("c"))))
        await until(lambda: len(one.store.tried) == 2)
        changed = {"_id": "hot", "version": 2, "value": 101}
        await other.commit(Changes(writes=[Write("counters", changed, 1)]))
        one.store.gate.set()
        await running
        assert (one.value("hot"), one.value("shared"), one.value("c")) == (102, 2, 1)
        assert one.batches == [1, 1, 2]


async def test_an_error_no_list_knows_is_tried_again_and_told() -> None:
    async with desk() as one:
        one.store.faults.extend([Fault.REFUSED] * 4)
        outcomes = await run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(8)])
        assert [outcome.answer for outcome in outcomes] == [1] * 8
        assert one.registry.get_sample_value(AWAY, {"reason": "other"}) == 4


async def test_a_unit_that_alone_is_refused_fails_when_others_get_through() -> None:
    async with desk() as one:
        commit = one.store.commit

        async def refusing(changes: Changes) -> None:
            if any(record["_id"] == "command:m3" for record in changes.inbox):
                raise Unavailable("told to", reason="other", refused=True)
            await commit(changes)

        one.store.commit = refusing  # type: ignore[method-assign]
        running = asyncio.create_task(
            run_all(one, *[task(f"m{n}", count(f"c{n}")) for n in range(8)])
        )
        told = {"reason": "other"}
        await until(lambda: (one.registry.get_sample_value(AWAY, told) or 0) >= 4)
        # Alone its fault and the database's look the same: that another one gets through tells.
        await run_all(one, task("m9", count("c9")))
        ends = await running
        failed = [n for n, end in enumerate(ends) if isinstance(end, Unavailable)]
        assert failed == [3]
        assert all(one.value(f"c{n}") == 1 for n in range(8) if n != 3)


async def test_a_command_and_a_message_under_one_id_do_not_meet() -> None:
    async with desk() as one:
        sent = task("receipt:case-1", count(), message=message("receipt:case-1"))
        assert await run_all(one, sent) == [Outcome(1)]
        confirmed = await one.commit.command(Task(count(), inbox_id="receipt:case-1", **COMMAND))
        assert confirmed == Outcome(2)
        inbox = [found["_id"] for found in one.memory.copies("inbox")]
        assert inbox == ["command:receipt:case-1", "message:receipt:case-1"]


async def test_commands_that_wait_are_limited_by_number_and_bytes() -> None:
    async with desk() as one:
        one.memory.away = True
        queue = one.commit._queue
        queue._max_commands, queue._max_bytes = 3, 1000

        def send(number: int, size: int) -> asyncio.Task[Outcome]:
            return asyncio.create_task(
                one.commit.command(
                    Task(count(f"c{number}"), inbox_id=f"m{number}", size=size, **COMMAND)
                )
            )

        waiting = [send(1, 600), send(2, 300)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaiting):
            await send(3, 200)
        waiting.append(send(4, 100))
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaiting):
            await send(5, 0)
        one.memory.away = False
        assert [outcome.answer for outcome in await asyncio.gather(*waiting)] == [1, 1, 1]
        assert (queue.commands, queue.bytes, len(queue)) == (0, 0, 0)


async def test_twenty_thousand_abandoned_commands_leave_nothing_behind() -> None:
    async with desk() as one:
        one.memory.away = True
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for batch in range(200):
                await _abandoned(one, batch)
            await until(lambda: len(one.commit._queue) == 0)
            grown = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert one.commit._queue.commands == 0
        # All together they held 400 MB; one batch of 256 may still be in hand.
        assert grown < 12_000_000


async def _abandoned(one: Desk, batch: int) -> None:
    """A hundred commands of 20 KB each, whose callers go."""

    def holding(held: bytes) -> Any:
        async def work(uow: UnitOfWork) -> int:
            await count()(uow)
            return len(held)

        return work

    sent = [
        asyncio.create_task(
            one.commit.command(
                Task(holding(bytes(20_000)), inbox_id=f"{batch}-{n}", size=20_000, **COMMAND)
            )
        )
        for n in range(100)
    ]
    await asyncio.sleep(0)
    for one_sent in sent:
        one_sent.cancel()
    await asyncio.gather(*sent, return_exceptions=True)


@dataclass(frozen=True)
class Way:
    """A document whose id is made of somebody's identity."""

    id: str
    version: int = 1


async def test_ids_that_tell_somebody_s_identity_stay_out_of_the_record_of_actions() -> None:
    collections = Collections(Collection("ways", Way, listed=False))
    assert collections.unlisted == {"ways"}
    async with desk() as one:
        one.commit._collections = collections

        async def lead(uow: UnitOfWork) -> None:
            uow.add(Way("hash-of-somebody"))
            uow.put("letters", {"_id": "a", "version": 1})

        await one.commit.command(Task(lead, inbox_id="c1", key="a", actor="agus", action="POST /x"))

        (changes,) = one.store.committed
        (action,) = changes.actions
        assert action["changed"] == ["letters/a"]
        assert {write.id for write in changes.writes} == {"hash-of-somebody", "a"}
