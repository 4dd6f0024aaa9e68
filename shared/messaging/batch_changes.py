"""What a batch commits: its writes and messages, and a record of each of its units."""

from collections.abc import Sequence
from datetime import datetime

from shared.contracts.envelope import new_id
from shared.messaging.collections import Collections
from shared.messaging.errors import PredecessorMissing
from shared.messaging.message import Document, to_document
from shared.messaging.store import Changes
from shared.messaging.task import Task
from shared.messaging.timers import TIMERS
from shared.messaging.unit_of_work import BatchSession, UnitOfWork


def changes_of(
    session: BatchSession,
    done: Sequence[tuple[Task, UnitOfWork]],
    now: datetime,
    collections: Collections,
) -> Changes:
    """Return what these units of the session's batch have to commit."""
    written = {place for _, uow in done for place in uow.written}
    # Timers come and go with what they belong to, like outbox rows: they tell nothing more.
    unlisted = {TIMERS.name, *collections.unlisted}
    return Changes(
        inbox=[_inbox_record(task, now) for task, _ in done],
        writes=[one for one in session.writes() if (one.collection, one.id) in written],
        messages=[message for _, uow in done for message in uow.messages],
        deferred=[_deferred(task, uow.missing, now) for task, uow in done if uow.missing],
        actions=[_action(task, uow, now, unlisted) for task, uow in done if task.action],
    )


def _action(task: Task, uow: UnitOfWork, now: datetime, unlisted: set[str]) -> Document:
    """Return the record of who did what, kept as long as the state itself."""
    return {
        "_id": new_id(),
        "at": now,
        "actor": task.actor,
        "action": task.action,
        "changed": [f"{name}/{id_}" for name, id_ in uow.written if name not in unlisted],
    }


def _inbox_record(task: Task, now: datetime) -> Document:
    record: Document = {"_id": task.inbox_id, "at": now}
    if task.message is None:
        record["fingerprint"] = task.fingerprint
        record["answer"] = task.outcome.answer if task.outcome else None
    return record


def _deferred(task: Task, missing: PredecessorMissing | None, now: datetime) -> Document:
    if task.message is None or missing is None:
        raise ValueError("only a message that waits is deferred")
    return {
        **to_document(task.message),
        "waits_in": missing.collection,
        "waits_for": missing.id,
        "since": now,
    }
