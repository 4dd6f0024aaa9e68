"""Indexes and collections, declared as data and brought about at every start."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.errors import CollectionInvalid, OperationFailure

from shared.messaging.timers import TIMERS
from shared.messaging.topology import INBOX_DAYS
from shared.mongo.client import Database, part, translated
from shared.mongo.counts import COUNTS
from shared.mongo.store import ACTIONS, DEFERRED, INBOX, INSTANCES, OUTBOX
from shared.mongo.timers import LEASES
from shared.mongo.unreadable import UNREADABLE

_DAY = 86_400
_FORGET_INSTANCE = 3_600
_NAMESPACE_EXISTS = 48


@dataclass(frozen=True, slots=True)
class Index:
    """One index; `expire_after` in seconds makes it a TTL index on a date."""

    collection: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    expire_after: int | None = None
    partial: dict[str, Any] | None = None


MESSAGING: tuple[Index, ...] = (
    Index(INBOX, (("at", 1),), expire_after=INBOX_DAYS * _DAY),
    Index(OUTBOX, (("owner", 1), ("_id", 1))),
    Index(DEFERRED, (("since", 1),)),
    Index(ACTIONS, (("actor", 1), ("at", 1))),
    Index(ACTIONS, (("changed", 1),)),
    Index(COUNTS, (("until", 1),), expire_after=0),
    Index(INSTANCES, (("until", 1),), expire_after=_FORGET_INSTANCE),
    Index(TIMERS.name, (("next", 1),), partial={"next": {"$exists": True}}),
    Index(TIMERS.name, (("due", 1),)),
    # Longer than its dead letter lies there: a replay finds it.
    Index(
        TIMERS.name,
        (("died_at", 1),),
        expire_after=INBOX_DAYS * _DAY,
        partial={"died_at": {"$exists": True}},
    ),
)

MESSAGING_COLLECTIONS = frozenset({UNREADABLE, LEASES, *(index.collection for index in MESSAGING)})
"""What every service has besides its own."""


async def migrate(
    database: Database,
    collections: Sequence[str],
    indexes: Sequence[Index],
    apart: Mapping[str, str] | None = None,
) -> None:
    """Create what is missing; run again it changes nothing. Raises Unavailable.

    `apart` names the collections that lie in a part of the data, a database of their own.

    An index that is there is not asked for again: a service may lack the right to make one.

    Collections are made beforehand: making one inside a transaction would hold its catalogue lock.
    """
    parts = apart or {}
    wanted = {*collections, *MESSAGING_COLLECTIONS, *(index.collection for index in indexes)}
    with translated():
        for name in ("", *sorted(set(parts.values()))):
            here = {one for one in wanted if parts.get(one, "") == name}
            theirs = [one for one in (*MESSAGING, *indexes) if one.collection in here]
            await create_missing(part(database, name), here, theirs)


async def create_missing(
    database: Database, collections: Collection[str], indexes: Sequence[Index]
) -> None:
    """Create what is missing of these in one database."""
    there = set(await database.list_collection_names())
    for missing in sorted(set(collections) - there):
        await _create(database, missing)
    for index in indexes:
        await _index(database, index)


async def _create(database: Database, name: str) -> None:
    try:
        await database.create_collection(name)
    except CollectionInvalid:
        # Another instance was quicker.
        return
    except OperationFailure as error:
        # Or was so after the driver had looked.
        if error.code != _NAMESPACE_EXISTS:
            raise


async def _index(database: Database, index: Index) -> None:
    options: dict[str, Any] = {"unique": index.unique}
    if index.expire_after is not None:
        options["expireAfterSeconds"] = index.expire_after
    if index.partial is not None:
        options["partialFilterExpression"] = index.partial
    present = await database[index.collection].list_indexes()
    if any(_same(found, index, options) for found in await present.to_list(None)):
        return
    await database[index.collection].create_index(list(index.keys), **options)


def _same(found: Mapping[str, Any], index: Index, options: Mapping[str, Any]) -> bool:
    names = ("expireAfterSeconds", "partialFilterExpression")
    alike = all(found.get(name) == options.get(name) for name in names)
    unique = bool(found.get("unique", False)) == index.unique
    return alike and unique and tuple(found["key"].items()) == index.keys
