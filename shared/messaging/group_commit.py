"""Units of work that run at the same time share one transaction.

A transaction costs its round trips and its majority commit whether it carries one change or a
hundred. While one batch is being committed the next gathers, so the batch grows with the load and
nobody waits for a timer. What is decided stays what one-at-a-time would have decided:

- inbox records are looked up first, so that no duplicate key aborts the others;
- while many come, batches begin a tenth of a second apart, under more load a fifth, unless enough
  wait before, for each costs its round trips; who comes alone waits for nobody;
- units run before the transaction and only collect, so that no two operations meet in a session;
- units with the same key run in order, others side by side, and a unit whose reads another one of
  the batch has overtaken runs again (`BatchSession.enter`);
- on a version conflict only the units that met a changed document are decided again, the others
  commit as they were decided; a batch that still cannot be committed is halved until the one unit
  that hinders is alone, and only that one fails;
- while the database is unavailable units wait. After an error that no list knows the batches become
  smaller, so that a unit which causes it ends up alone: it fails once others have got through.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol

from shared.messaging.batch_changes import changes_of
from shared.messaging.collections import Collections
from shared.messaging.errors import Conflict, Overloaded, PredecessorMissing, Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.message import Document, Message
from shared.messaging.metrics import CommitMetrics
from shared.messaging.overtaken import Known, Overtaken, overtaken, read_torn, require_new
from shared.messaging.store import Store
from shared.messaging.task import FingerprintMismatch, Outcome, Task
from shared.messaging.task_queue import MAX_COMMAND_BYTES, MAX_COMMANDS, TaskQueue
from shared.messaging.unit_of_work import BatchSession, Clock, UnitOfWork

MAX_BATCH = 128
"""Units in one transaction at most, and those that wait for no more. MongoDB ends a transaction
after 60 s; a consumer's usual prefetch is more, else a full batch could never come."""

_TRIES_WHOLE = 3
_TRIES_ALONE = 12
_TRIES_REFUSED = 3
_RERUNS = 64
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_APART = ((24, 0.2), (4, 0.1))
"""From so many units of a batch on: seconds from its beginning to that of the next one."""
_WARY = 10.0
"""Seconds after a conflict in which a batch asks once more, before it writes, who was quicker."""


class Outbox(Protocol):
    """Where the messages of a committed batch go."""

    @property
    def full(self) -> bool:
        """Return whether the limit of waiting rows is reached."""
        ...

    def dispatch(self, messages: Sequence[Message]) -> None:
        """Publish what has just been committed; never blocks."""
        ...


class GroupCommit:
    """Runs units of work in shared transactions, one batch after the other."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        metrics: CommitMetrics,
        *,
        source: str,
        clock: Clock,
        collections: Collections | None = None,
        max_commands: int = MAX_COMMANDS,
        max_bytes: int = MAX_COMMAND_BYTES,
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._metrics = metrics
        self._source = source
        self._clock = clock
        self._collections = collections or Collections()
        self._queue: TaskQueue[Task] = TaskQueue(max_commands=max_commands, max_bytes=max_bytes)
        self._most = MAX_BATCH
        self._committed = 0
        self._gather_until = 0.0
        self._wary_until = 0.0

    async def command(self, task: Task) -> Outcome:
        """Run a command once, however often it is sent under the same id.

        Raises Overloaded at the outbox limit, TooManyWaiting at that of waiting commands,
        FingerprintMismatch where the id was used for another request, and whatever the use case
        raises.
        """
        if self._outbox.full:
            raise Overloaded
        return await self.submit(task)

    async def submit(self, task: Task) -> Outcome:
        """Put a unit in line and wait for its outcome, through any outage of the database."""
        self._queue.add(task)
        if task.is_command:
            self._metrics.waiting.set(self._queue.commands)
        try:
            return await task.answer()
        finally:
            # Answered, or the caller has gone: then nobody waits for it any more.
            self._queue.leave(task)
            if task.is_command:
                self._metrics.waiting.set(self._queue.commands)

    async def run(self) -> None:
        """Commit batches until cancelled."""
        pause = _SHORTEST_PAUSE
        while True:
            unavailable = await self._next_batch()
            if unavailable is None:
                pause = _SHORTEST_PAUSE
                self._most = min(MAX_BATCH, self._most * 2)
                continue
            self._metrics.unavailable.labels(unavailable.reason).inc()
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def drained(self) -> None:
        """Wait until nothing is on its way."""
        await self._queue.idle()

    async def _next_batch(self) -> Unavailable | None:
        """Settle the units that wait; return why those that were put back could not be."""
        if self._gather_until:
            await self._queue.gather(self._most, self._gather_until)
        batch = await self._queue.take(self._most)
        apart = next((seconds for least, seconds in _APART if len(batch) >= least), None)
        self._gather_until = asyncio.get_running_loop().time() + apart if apart else 0.0
        try:
            await self._round(batch, 0)
        except Unavailable as unavailable:
            if unavailable.refused:
                self._narrow(batch, unavailable)
            # A caller that was answered meanwhile, or has gone, is not served.
            left = [task for task in batch if task.awaited]
            self._queue.put_back(left, first=not unavailable.refused)
            return unavailable
        except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the others
            for task in batch:
                task.fail(error)
        return None

    def _narrow(self, batch: list[Task], error: Unavailable) -> None:
        """Try fewer at a time; fail a unit that is refused alone while others get through."""
        self._most = max(1, len(batch) // 2)
        if len(batch) > 1:
            return
        task = batch[0]
        if task.refused == 0:
            task.refused_since = self._committed
        task.refused += 1
        if task.refused >= _TRIES_REFUSED and self._committed > task.refused_since:
            task.fail(error)

    async def _round(self, tasks: list[Task], tries: int, known: Known | None = None) -> None:
        # A caller that has gone while in line is not served.
        fresh = await self._unprocessed([task for task in tasks if task.awaited], known or {})
        session = BatchSession(self._store, self._collections)
        done, refused = await self._decide(session, fresh)
        torn = await self._refuse(session, refused, tries)
        if done:
            left = [task for task, _ in refused if task.awaited and task not in torn]
            await self._finish(session, done, left, tries)
        if torn:
            await self._round(torn, tries + 1)

    async def _refuse(
        self, session: BatchSession, refused: Sequence[tuple[Task, UnitOfWork]], tries: int
    ) -> list[Task]:
        """Raise what was refused for its callers; return whom to decide again.

        Documents are read one after the other. Who was refused because another instance wrote
        between two reads saw what never was together, and is refused only by what there is.
        """
        settled = [(task, uow) for task, uow in refused if not session.undecided(uow)]
        torn = await read_torn(self._store, session, settled)
        for task, _ in settled:
            if task not in torn:
                task.fail(task.refusal or RuntimeError())
            elif tries >= _TRIES_ALONE:
                task.fail(Conflict("overtaken by another instance"))
        return [task for task in torn if task.awaited]

    async def _finish(
        self,
        session: BatchSession,
        done: list[tuple[Task, UnitOfWork]],
        refused: list[Task],
        tries: int,
    ) -> None:
        """Commit what was decided and answer the callers."""
        try:
            if asyncio.get_running_loop().time() < self._wary_until:
                await require_new(self._store, done)
            await self._commit(session, done)
        except Conflict as conflict:
            await self._again(session, done, refused, tries, conflict)
        except Unavailable:
            for task, _ in done:
                task.uncertain = True
            raise
        except Exception as error:  # noqa: BLE001 - one unit may hold what cannot be stored
            await self._halve([*(task for task, _ in done), *refused], tries, error)
        else:
            self._committed += 1
            await failpoint("commit.after")
            self._outbox.dispatch([message for _, uow in done for message in uow.messages])
            for task, _ in done:
                task.settle(task.outcome or Outcome(None))
            for task in refused:
                task.fail(task.refusal or RuntimeError())

    async def _unprocessed(self, tasks: list[Task], known: Known) -> list[Task]:
        """Settle what was done before, by the records `known` or asked for; return the rest."""
        if new := [task.inbox_id for task in tasks if task.inbox_id not in known]:
            known = {**known, **await self._store.processed(new)}
        fresh: dict[str, Task] = {}
        for task in tasks:
            if task.inbox_id in known:
                _settle_processed(task, known[task.inbox_id])
            elif (first := fresh.setdefault(task.inbox_id, task)) is not task:
                first.doubles = [*(d for d in first.doubles if d is not task), task]
        return list(fresh.values())

    async def _decide(
        self, session: BatchSession, tasks: list[Task]
    ) -> tuple[list[tuple[Task, UnitOfWork]], list[tuple[Task, UnitOfWork]]]:
        """Return which units have something to commit, and which are refused."""
        groups: dict[str, list[Task]] = {}
        for task in tasks:
            groups.setdefault(task.key, []).append(task)
        done: list[tuple[Task, UnitOfWork]] = []
        refused: list[tuple[Task, UnitOfWork]] = []

        async def in_order(group: list[Task]) -> None:
            for task in group:
                uow = await self._run(session, task)
                if uow is not None:
                    (refused if task.refusal else done).append((task, uow))

        ends = await asyncio.gather(
            *[in_order(group) for group in groups.values()], return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return done, refused

    async def _run(self, session: BatchSession, task: Task) -> UnitOfWork | None:
        for _ in range(_RERUNS):
            uow = self._unit_of_work(session, task)
            task.refusal = None
            try:
                answer = await task.use_case(uow)
            except PredecessorMissing as missing:
                return self._defer(session, task, missing)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - belongs to whoever sent it
                task.refusal = error
                return uow
            if session.enter(uow):
                task.outcome = Outcome(answer)
                return uow
        task.fail(Conflict("overtaken by the rest of its batch"))
        return None

    def _unit_of_work(self, session: BatchSession, task: Task) -> UnitOfWork:
        message = task.message
        return UnitOfWork(
            session,
            source=self._source,
            clock=self._clock,
            actor=task.actor or f"service:{self._source}",
            cause=message.envelope if message else None,
            body=message.body if message else None,
        )

    def _defer(
        self, session: BatchSession, task: Task, missing: PredecessorMissing
    ) -> UnitOfWork | None:
        if task.message is None:
            task.fail(missing)
            return None
        uow = self._unit_of_work(session, task)
        uow.missing = missing
        task.outcome = Outcome(None, deferred=True)
        return uow

    async def _commit(self, session: BatchSession, done: list[tuple[Task, UnitOfWork]]) -> None:
        changes = changes_of(session, done, self._clock(), self._collections)
        await failpoint("commit.before")
        with self._metrics.commit(len(done)):
            await self._store.commit(changes)

    async def _again(
        self,
        session: BatchSession,
        done: list[tuple[Task, UnitOfWork]],
        refused: list[Task],
        tries: int,
        conflict: Conflict,
    ) -> None:
        if not isinstance(conflict, Overtaken):
            self._wary_until = asyncio.get_running_loop().time() + _WARY
            if tries == 0:
                self._metrics.conflicts.inc()
        tasks = [*(task for task, _ in done), *refused]
        pause = 0.002 * (tries + 1) * random.random()  # noqa: S311 - two instances part ways
        await asyncio.sleep(pause)
        hit, known = await overtaken(self._store, session, done, conflict)
        if tries >= _TRIES_ALONE and (hit or len(tasks) == 1):
            for task in [task for task, _ in hit] or tasks:
                task.fail(conflict)
            await self._round(tasks, 0)
        elif hit or tries < _TRIES_WHOLE or len(tasks) == 1:
            await self._part(session, done, hit, refused, tries + 1, known)
        else:
            await self._halve(tasks, tries, conflict)

    async def _part(
        self,
        session: BatchSession,
        done: list[tuple[Task, UnitOfWork]],
        hit: list[tuple[Task, UnitOfWork]],
        refused: list[Task],
        tries: int,
        known: Known,
    ) -> None:
        """Commit what stands as it was decided, and decide the rest again."""
        again = {task for task, _ in hit}
        stands = [(task, uow) for task, uow in done if task not in again]
        if stands:
            # Refusals may rest on what is decided again: they are answered with it, or go again.
            await self._finish(session, stands, [] if again else refused, tries)
        if again:
            self._metrics.redecided.inc(len(again) + len(refused))
            await self._round([*again, *refused], tries, known)

    async def _halve(self, tasks: list[Task], tries: int, error: Exception) -> None:
        if len(tasks) == 1:
            tasks[0].fail(error)
            return
        middle = len(tasks) // 2
        for half in (tasks[:middle], tasks[middle:]):
            await self._round(half, min(tries, _TRIES_WHOLE - 1))


def _settle_processed(task: Task, record: Document) -> None:
    if record.get("fingerprint") != task.fingerprint:
        task.fail(FingerprintMismatch())
    else:
        # A commit whose answer got lost did happen: this is its first settlement.
        task.settle(Outcome(record.get("answer"), duplicate=not task.uncertain))
