"""Which units of a batch another instance has overtaken."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from shared.messaging.errors import Conflict
from shared.messaging.message import Document
from shared.messaging.store import Store
from shared.messaging.unit_of_work import BatchSession, UnitOfWork


class _Task(Protocol):
    inbox_id: str


T = TypeVar("T", bound=_Task)
Key = tuple[str, str]
Known = Mapping[str, Document]
"""Inbox records by their ids."""


class Overtaken(Conflict):
    """Another instance was quicker, which was seen before anything was written.

    `known` are the inbox records of what it has done.
    """

    def __init__(self, known: Known) -> None:
        super().__init__("done by another instance")
        self.known = known


async def require_new(store: Store, done: Sequence[tuple[T, UnitOfWork]]) -> None:
    """Raise Overtaken where another instance has done a unit since its batch began.

    Asked only after a conflict, for who is alone meets none: a look at what was done costs less
    than a transaction that is undone.
    """
    if known := await store.processed([task.inbox_id for task, _ in done]):
        raise Overtaken(known)


async def overtaken(
    store: Store,
    session: BatchSession,
    done: Sequence[tuple[T, UnitOfWork]],
    conflict: Conflict,
) -> tuple[list[tuple[T, UnitOfWork]], Known]:
    """Return the units that must be decided again, and the inbox records of those done elsewhere.

    The others stand as they were decided. Decided again are units that another instance has done,
    units that read or wrote a document which has another version by now, and units that met a
    document which one of them wrote.
    """
    known, stale = await asyncio.gather(
        _done_elsewhere(store, done, conflict), _changed(store, session, done)
    )
    hit: list[tuple[T, UnitOfWork]] = []
    rest = list(done)
    while True:
        found: list[tuple[T, UnitOfWork]] = []
        kept: list[tuple[T, UnitOfWork]] = []
        for task, uow in rest:
            met = task.inbox_id in known or not stale.isdisjoint(uow.seen)
            (found if met else kept).append((task, uow))
        if not found:
            return hit, known
        hit += found
        stale |= {place for _, uow in found for place in uow.written}
        rest = kept


async def read_torn(
    store: Store, session: BatchSession, refused: Sequence[tuple[T, UnitOfWork]]
) -> list[T]:
    """Return the units that read several documents of which one has another version by now."""
    several = [(task, uow) for task, uow in refused if len(uow.seen) > 1]
    stale = await _changed(store, session, several)
    return [task for task, uow in several if not stale.isdisjoint(uow.seen)]


async def _done_elsewhere(
    store: Store, done: Sequence[tuple[T, UnitOfWork]], conflict: Conflict
) -> Known:
    """Return the records of units that another instance has done; they are not asked for twice."""
    if isinstance(conflict, Overtaken):
        return conflict.known
    return await store.processed([task.inbox_id for task, _ in done])


async def _changed(
    store: Store, session: BatchSession, done: Sequence[tuple[T, UnitOfWork]]
) -> set[Key]:
    """Return the documents whose version is not the one they were loaded with."""
    loaded = session.loaded()
    bases = {place: loaded.get(place) for _, uow in done for place in uow.seen}
    ids: dict[str, list[str]] = {}
    for collection, id_ in bases:
        ids.setdefault(collection, []).append(id_)
    found = await asyncio.gather(*[store.versions(name, wanted) for name, wanted in ids.items()])
    newest = dict(zip(ids, found, strict=True))
    return {place for place, base in bases.items() if newest[place[0]].get(place[1]) != base}
