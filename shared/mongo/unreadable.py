"""Rows that this version of a service cannot read, kept apart with the reason.

A newer version leaves them behind when it is rolled back. They wait in `unreadable`, the others go
on; the next version that can read them moves them back at its start.
"""

from collections.abc import Sequence

from pymongo import ReplaceOne, WriteConcern

from shared.messaging.message import Document, read_document
from shared.mongo.client import Database

UNREADABLE = "unreadable"

_MAJORITY = WriteConcern("majority")
_PAGE = 500


async def set_aside(
    database: Database, collection: str, rows: Sequence[tuple[Document, str]]
) -> None:
    """Move rows with their reasons. Cut off in the middle, it is safe to repeat."""
    moved = [
        {
            "_id": f"{collection}/{row['_id']}",
            "collection": collection,
            "reason": reason,
            "document": row,
        }
        for row, reason in rows
    ]
    operations = [ReplaceOne({"_id": one["_id"]}, one, upsert=True) for one in moved]
    await database[UNREADABLE].with_options(write_concern=_MAJORITY).bulk_write(operations)
    await _remove(database, collection, [row["_id"] for row, _ in rows])


async def move_back(database: Database, owner: str) -> int:
    """Move outbox rows back that can be read now, as this owner's; return how many."""
    found = database[UNREADABLE].find({"collection": "outbox"}, limit=_PAGE)
    kept = [one for one in await found.to_list(None) if read_document(one["document"])[0]]
    if not kept:
        return 0
    rows = [{**one["document"], "owner": owner} for one in kept]
    operations = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows]
    await database["outbox"].with_options(write_concern=_MAJORITY).bulk_write(operations)
    await _remove(database, UNREADABLE, [one["_id"] for one in kept])
    return len(kept)


async def _remove(database: Database, collection: str, ids: Sequence[str]) -> None:
    chosen = {"_id": {"$in": list(ids)}}
    await database[collection].with_options(write_concern=_MAJORITY).delete_many(chosen)
