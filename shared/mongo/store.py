"""The database of messaging: one transaction per batch, one round trip per collection in it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from pymongo import DeleteOne, InsertOne, ReplaceOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession as Session
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.failpoints import failpoint
from shared.messaging.message import Document, to_document
from shared.messaging.store import Changes, Removal, Write
from shared.mongo.client import Client, Database, Places, to_its_end, translated

INBOX = "inbox"
OUTBOX = "outbox"
DEFERRED = "deferred"
ACTIONS = "actions"
INSTANCES = "instances"

Place = AsyncCollection[dict[str, Any]]

_COMMIT_TRIES = 3
_MAJORITY = WriteConcern("majority")
_SNAPSHOT = ReadConcern("snapshot")


class MongoStore:
    """Documents, inbox and outbox of one service, in one database of its own.

    `apart` names collections that lie in a part of it, a database of their own.
    """

    def __init__(
        self, client: Client, database: str, owner: str, apart: Mapping[str, str] | None = None
    ) -> None:
        self._apart = apart or {}
        self._client = client
        self._owner = owner
        self._db: Database = client.get_database(database, read_concern=ReadConcern("majority"))
        self._places = Places(self._db)

    async def processed(self, inbox: Sequence[str]) -> dict[str, Document]:
        """Return the inbox records that are committed, by id. Raises Unavailable."""
        return await self.load(INBOX, inbox)

    async def versions(self, collection: str, ids: Sequence[str]) -> dict[str, int]:
        """Return the newest versions of the documents that exist, by id. Raises Unavailable."""
        # Not what a majority has: the transaction that conflicted saw the newest.
        newest = self._place(collection).with_options(read_concern=ReadConcern("local"))
        with translated():
            found = newest.find({"_id": {"$in": list(ids)}}, {"version": 1})
            return {one["_id"]: one["version"] for one in await found.to_list(None)}

    async def load(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """Return the documents that exist, by id. Raises Unavailable."""
        with translated():
            return await _by_id(self._place(collection), ids)

    async def load_all(self, asked: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Document]]:
        """Return the documents that exist, by collection and id. Raises Unavailable."""
        with translated():
            return {name: await _by_id(self._place(name), ids) for name, ids in asked.items()}

    async def commit(self, changes: Changes) -> None:
        """Write all or nothing, durable on a majority. Raises Conflict or Unavailable."""
        # A session speaks to the server only with what is done in it.
        with translated():
            async with self._client.start_session() as session:
                await session.start_transaction(read_concern=_SNAPSHOT, write_concern=_MAJORITY)
                try:
                    await to_its_end(self._write(changes, session))
                    await failpoint("commit.written")
                except BaseException:
                    await to_its_end(_abort(session))
                    raise
                await self._commit(session)

    async def _commit(self, session: Session) -> None:
        try:
            await _commit(session)
        except (Unavailable, PyMongoError):
            # If it did not happen it is still open, and locks what its repetition would write.
            with suppress(PyMongoError):
                await self._client.admin.command("killSessions", [session.session_id])
            raise

    async def _write(self, changes: Changes, session: Session) -> None:
        inserts = (
            (INBOX, changes.inbox),
            (DEFERRED, changes.deferred),
            (ACTIONS, changes.actions),
            (OUTBOX, [{**to_document(p), "owner": self._owner} for p in changes.messages]),
        )
        for collection, documents in inserts:
            if documents:
                await self._place(collection).insert_many(documents, session=session)
        for collection, writes in _by_collection(changes.writes).items():
            await _write_documents(self._place(collection), writes, session)

    def _place(self, collection: str) -> Any:
        return self._places.of(collection, self._apart.get(collection, ""))


async def _by_id(place: Place, ids: Sequence[str]) -> dict[str, Document]:
    found = await place.find({"_id": {"$in": list(ids)}}).to_list(None)
    return {one["_id"]: one for one in found}


async def _write_documents(place: Place, writes: list[Write | Removal], session: Session) -> None:
    operations = [_operation(write) for write in writes]
    done = await place.bulk_write(operations, ordered=False, session=session)
    # What meets a version that has moved on matches nothing and raises nothing: count.
    if done.inserted_count + done.matched_count + done.deleted_count != len(writes):
        raise Conflict(f"{place.name}: a version has changed")


def _by_collection(writes: Sequence[Write | Removal]) -> dict[str, list[Write | Removal]]:
    grouped: dict[str, list[Write | Removal]] = {}
    for write in writes:
        grouped.setdefault(write.collection, []).append(write)
    return grouped


_Operation = InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]] | DeleteOne


def _operation(write: Write | Removal) -> _Operation:
    if isinstance(write, Removal):
        return DeleteOne({"_id": write.id, "version": write.base})
    if write.base is None:
        return InsertOne(write.document)
    return ReplaceOne({"_id": write.document["_id"], "version": write.base}, write.document)


async def _commit(session: Session) -> None:
    """Commit, asking again while the server has not answered whether it did (the driver's rule).

    Asking again is safe: a commit that happened answers that it did.
    """
    for left in reversed(range(_COMMIT_TRIES)):
        try:
            await to_its_end(session.commit_transaction())
        except PyMongoError as error:
            unknown = error.has_error_label("UnknownTransactionCommitResult")
            if not unknown:
                raise
            if left == 0:
                raise Unavailable("the outcome of a commit is not known") from error
        else:
            return


async def _abort(session: Session) -> None:
    try:
        await session.abort_transaction()
    except (PyMongoError, OperationFailure):
        # The server ends it by itself; what made us abort is what matters.
        return
