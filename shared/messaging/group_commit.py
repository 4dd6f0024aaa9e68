"""Units of work that run at the same time share one transaction.

A transaction costs its round trips and its majority commit whether it carries one change or a
hundred. While one batch is being committed the next gathers, so the batch grows with the load and
nobody waits for a timer. What is decided stays what one-at-a-time would have decided:

- marks of handled messages are looked up first, so that no duplicate key aborts the others;
- units run before the transaction and only collect, so that no two operations meet in a session;
- units with the same key run in order, others side by side, and `Book.enter` runs a unit again
  whose reads another one has overtaken;
- a version that changed underneath shows as Conflict and is decided again; what still cannot be
  committed is halved until the one unit that hinders is alone, and only that one fails.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from shared.messaging.errors import Conflict, Overloaded, PredecessorMissing, Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.message import Document, Message, to_document
from shared.messaging.metrics import CommitMetrics
from shared.messaging.store import Changes, Store
from shared.messaging.unit_of_work import BatchSession, Clock, UnitOfWork, Work

MAX_BATCH = 256
"""Units in one transaction at most; MongoDB ends a transaction after 60 s."""

_TRIES_WHOLE = 3
_TRIES_ALONE = 12
_RERUNS = 64
_LONGEST_PAUSE = 1.0


class Outbox(Protocol):
    """Where the messages of a committed batch go."""

    @property
    def full(self) -> bool:
        """Return whether the limit of waiting rows is reached."""
        ...

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Publish what has just been committed; never blocks."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is what the unit returned, or what it returned when it was done the first time."""

    answer: Any
    duplicate: bool = False
    deferred: bool = False


@dataclass(eq=False, slots=True)
class Task:
    """One unit of work on its way. `mark` is remembered so that it is done once."""

    work: Work
    inbox_id: str
    key: str
    message: Message | None = None
    fingerprint: str | None = None
    future: asyncio.Future[Outcome] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    outcome: Outcome | None = None
    refusal: Exception | None = None
    """Decided on what this batch has yet to commit: told when it has."""
    uncertain: bool = False
    """A commit of it ended without saying whether it happened."""
    doubles: "list[Task]" = field(default_factory=list)
    """The same message or command once more in the same batch."""

    def settle(self, outcome: Outcome) -> None:
        """Answer whoever waits, once."""
        if not self.future.done():
            self.future.set_result(outcome)
        for double in self.doubles:
            if double.fingerprint == self.fingerprint:
                double.settle(Outcome(outcome.answer, duplicate=True))
            else:
                double.fail(FingerprintMismatch())

    def fail(self, error: Exception) -> None:
        """Tell whoever waits, once."""
        if not self.future.done():
            self.future.set_exception(error)
        for double in self.doubles:
            double.fail(error)


class FingerprintMismatch(Exception):  # noqa: N818
    """The same idempotency key came with a different request."""


class GroupCommit:
    """Runs units of work in shared transactions, one batch after the other."""

    def __init__(
        self, store: Store, outbox: Outbox, metrics: CommitMetrics, *, source: str, clock: Clock
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._metrics = metrics
        self._source = source
        self._clock = clock
        self._waiting: asyncio.Queue[Task] = asyncio.Queue()
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def command(
        self, work: Work, *, inbox_id: str, key: str, fingerprint: str | None = None
    ) -> Outcome:
        """Run a command once, however often it is sent under the same mark.

        Raises Overloaded at the outbox limit, FingerprintMismatch where the mark was used for
        another request, and whatever `work` raises.
        """
        if self._outbox.full:
            raise Overloaded
        return await self.submit(Task(work, inbox_id, key, fingerprint=fingerprint))

    async def submit(self, task: Task) -> Outcome:
        """Put a unit in line and wait for its outcome, through any outage of the database."""
        self._busy += 1
        self._idle.clear()
        self._waiting.put_nowait(task)
        try:
            return await task.future
        finally:
            self._busy -= 1
            if self._busy == 0:
                self._idle.set()

    async def run(self) -> None:
        """Commit batches until cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < MAX_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            # Who was told to come again meanwhile will.
            await self._settle([task for task in batch if not task.future.done()])

    async def drained(self) -> None:
        """Wait until nothing is on its way."""
        await self._idle.wait()

    async def _settle(self, batch: list[Task]) -> None:
        pause = 0.05
        while batch:
            try:
                await self._round(batch, 0)
            except Unavailable:
                self._metrics.database_away()
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the road
                for task in batch:
                    task.fail(error)
            batch = [task for task in batch if not task.future.done()]

    async def _round(self, tasks: list[Task], tries: int) -> None:
        fresh = await self._unknown(tasks)
        session = BatchSession(self._store)
        done = await self._decide(session, fresh)
        if not done:
            return
        refused = [task for task in fresh if task.refusal]
        open_ = [*(task for task, _ in done), *refused]
        try:
            await self._commit(session, done)
        except Conflict as conflict:
            await self._again(open_, tries, conflict)
        except Unavailable:
            for task, _ in done:
                task.uncertain = True
            raise
        except Exception as error:  # noqa: BLE001 - one unit may hold what cannot be stored
            await self._halve(open_, tries, error)
        else:
            await failpoint("commit.after")
            self._outbox.dispatch([message for _, uow in done for message in uow.messages])
            for task, _ in done:
                task.settle(task.outcome or Outcome(None))
            for task in refused:
                task.fail(task.refusal or RuntimeError())

    async def _unknown(self, tasks: list[Task]) -> list[Task]:
        """Settle what was done before and return the rest."""
        known = await self._store.known([task.inbox_id for task in tasks])
        fresh: dict[str, Task] = {}
        for task in tasks:
            if task.inbox_id in known:
                _settle_known(task, known[task.inbox_id])
            elif (first := fresh.setdefault(task.inbox_id, task)) is not task:
                first.doubles = [*(d for d in first.doubles if d is not task), task]
        return list(fresh.values())

    async def _decide(
        self, session: BatchSession, tasks: list[Task]
    ) -> list[tuple[Task, UnitOfWork]]:
        groups: dict[str, list[Task]] = {}
        for task in tasks:
            groups.setdefault(task.key, []).append(task)
        done: list[tuple[Task, UnitOfWork]] = []

        async def in_order(group: list[Task]) -> None:
            for task in group:
                uow = await self._run(session, task)
                if uow is not None:
                    done.append((task, uow))

        ends = await asyncio.gather(
            *[in_order(group) for group in groups.values()], return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return done

    async def _run(self, session: BatchSession, task: Task) -> UnitOfWork | None:
        cause, body = (task.message.envelope, task.message.body) if task.message else (None, None)
        for _ in range(_RERUNS):
            uow = UnitOfWork(session, self._source, self._clock, cause, body)
            task.refusal = None
            try:
                answer = await task.work(uow)
            except PredecessorMissing as missing:
                return self._defer(session, task, missing)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - belongs to whoever sent it
                if session.undecided(uow):
                    task.refusal = error
                else:
                    task.fail(error)
                return None
            if session.enter(uow):
                task.outcome = Outcome(answer)
                return uow
        task.fail(Conflict("overtaken by the rest of its batch"))
        return None

    def _defer(
        self, session: BatchSession, task: Task, missing: PredecessorMissing
    ) -> UnitOfWork | None:
        if task.message is None:
            task.fail(missing)
            return None
        uow = UnitOfWork(session, self._source, self._clock, task.message.envelope)
        uow.missing = missing
        task.outcome = Outcome(None, deferred=True)
        return uow

    async def _commit(self, session: BatchSession, done: list[tuple[Task, UnitOfWork]]) -> None:
        now = self._clock()
        changes = Changes(
            inbox=[_inbox_record(task, now) for task, _ in done],
            writes=session.writes(),
            messages=[message for _, uow in done for message in uow.messages],
            deferred=[_deferred(task, uow.missing, now) for task, uow in done if uow.missing],
        )
        await failpoint("commit.before")
        with self._metrics.commit(len(done)):
            await self._store.commit(changes)

    async def _again(self, tasks: list[Task], tries: int, conflict: Conflict) -> None:
        self._metrics.conflict()
        if len(tasks) > 1 and tries >= _TRIES_WHOLE:
            await self._halve(tasks, tries, conflict)
        elif tries >= _TRIES_ALONE:
            tasks[0].fail(conflict)
        else:
            pause = 0.002 * (tries + 1) * random.random()  # noqa: S311 - two instances part ways
            await asyncio.sleep(pause)
            await self._round(tasks, tries + 1)

    async def _halve(self, tasks: list[Task], tries: int, error: Exception) -> None:
        if len(tasks) == 1:
            tasks[0].fail(error)
            return
        middle = len(tasks) // 2
        for half in (tasks[:middle], tasks[middle:]):
            await self._round(half, min(tries, _TRIES_WHOLE - 1))


def _settle_known(task: Task, inbox_id: Document) -> None:
    if inbox_id.get("fingerprint") != task.fingerprint:
        task.fail(FingerprintMismatch())
    else:
        # A commit whose answer got lost did happen: this is its first settlement.
        task.settle(Outcome(inbox_id.get("answer"), duplicate=not task.uncertain))


def _inbox_record(task: Task, now: datetime) -> Document:
    inbox_id: Document = {"_id": task.inbox_id, "at": now}
    if task.message is None:
        inbox_id["fingerprint"] = task.fingerprint
        inbox_id["answer"] = task.outcome.answer if task.outcome else None
    return inbox_id


def _deferred(task: Task, missing: PredecessorMissing | None, now: datetime) -> Document:
    if task.message is None or missing is None:
        raise ValueError("only a message that waits is deferred")
    return {
        **to_document(task.message),
        "waits_in": missing.collection,
        "waits_for": missing.id,
        "since": now,
    }


def fingerprint_of(*parts: str) -> str:
    """Return a digest that tells two requests under one idempotency key apart."""
    return sha256("\x00".join(parts).encode()).hexdigest()
