"""Committed documents, read outside any unit of work: for lists, pages and single look-ups."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar

from shared.messaging.collections import Collection, Collections
from shared.messaging.message import Document
from shared.mongo.client import Database, Places, translated
from shared.mongo.gets import LIMIT, Gets
from shared.mongo.store import ACTIONS

T = TypeVar("T")


class MongoReader:
    """Reads what a service keeps, as its types. Every method may raise Unavailable."""

    def __init__(self, database: Database, collections: Collections) -> None:
        self._places = Places(database)
        self._gets = Gets(self._places)
        self._collections = collections

    async def get(self, kept: type[T], id_: str) -> T | None:
        """Return what is kept under an id, or None. Many at the same time are one command."""
        return (await self.many(kept, (id_,))).get(id_)

    async def first(self, kept: type[T], query: Mapping[str, Any]) -> T | None:
        """Return the first that fits, or None."""
        collection = self._collections.of(kept)
        with translated():
            document = await self._place(collection).find_one(dict(query))
        return None if document is None else collection.decode(document)

    async def find(
        self,
        kept: type[T],
        query: Mapping[str, Any] | None = None,
        *,
        sort: Sequence[tuple[str, int]] = (("_id", 1),),
        limit: int = 0,
    ) -> list[T]:
        """Return those that fit, in order of their ids by default; 0: all."""
        collection = self._collections.of(kept)
        with translated():
            place = self._place(collection)
            found = place.find(dict(query or {}), sort=list(sort), limit=limit)
            return [collection.decode(document) for document in await found.to_list(None)]

    async def each(
        self,
        kept: type[T],
        query: Mapping[str, Any],
        *,
        sort: Sequence[tuple[str, int]] = (("_id", 1),),
    ) -> AsyncIterator[T]:
        """Yield those that fit, one by one: for more of them than memory should hold at once."""
        collection = self._collections.of(kept)
        with translated():
            async for document in self._place(collection).find(dict(query), sort=list(sort)):
                yield collection.decode(document)

    async def many(self, kept: type[T], ids: Sequence[str]) -> dict[str, T]:
        """Return those that are there, by their ids."""
        collection = self._collections.of(kept)
        if len(ids) > LIMIT:
            found = await self.find(kept, {"_id": {"$in": list(ids)}})
            return {collection.key(one): one for one in found}
        with translated():
            documents = await self._gets.documents(collection.name, collection.apart, ids)
        return {id_: collection.decode(document) for id_, document in documents.items()}

    async def count(self, kept: type[T], query: Mapping[str, Any]) -> int:
        """Return how many fit."""
        with translated():
            place = self._place(self._collections.of(kept))
            return int(await place.count_documents(dict(query)))

    async def actions_on(self, kept: type[Any], id_: str) -> list[Document]:
        """Return the records of actions that changed one of a type, oldest first."""
        changed = f"{self._collections.of(kept).name}/{id_}"
        with translated():
            found = self._places.of(ACTIONS).find({"changed": changed}, sort=[("at", 1)])
            return list(await found.to_list(None))

    def _place(self, collection: Collection[Any]) -> Any:
        return self._places.of(collection.name, collection.apart)
