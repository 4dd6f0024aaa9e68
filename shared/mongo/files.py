"""Frames of files in GridFS: the layout that MongoDB's tools know, written frame by frame.

The driver's own writer keeps up to 32 MiB of chunks in memory before it sends them; a frame here is
sent when it is there.
"""

from datetime import UTC, datetime
from typing import Any, Final

from bson.binary import Binary
from pymongo import WriteConcern
from pymongo.asynchronous.collection import AsyncCollection

from shared.mongo.client import Database, translated
from shared.mongo.migrations import Index

Collection = AsyncCollection[dict[str, Any]]
FILES: Final = "fs.files"
CHUNKS: Final = "fs.chunks"
GRIDFS_INDEXES: Final = (
    Index(FILES, (("filename", 1), ("uploadDate", 1))),
    Index(CHUNKS, (("files_id", 1), ("n", 1)), unique=True),
)
"""As GridFS' specification asks for them."""


class MongoFrames:
    """`files.Frames` of one service, in its own database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, name: str, number: int, sealed: bytes) -> None:
        """Store a frame."""
        chunk = {"files_id": name, "n": number, "data": Binary(sealed)}
        with translated():
            await self._collection(CHUNKS).insert_one(chunk)

    async def get(self, name: str, number: int) -> bytes | None:
        """Return a frame, or None behind the last."""
        with translated():
            found = await self._collection(CHUNKS).find_one({"files_id": name, "n": number})
        return None if found is None else bytes(found["data"])

    async def close(self, name: str, length: int, frame: int) -> None:
        """Note that a file is complete."""
        file = {"_id": name, "length": length, "chunkSize": frame, "uploadDate": datetime.now(UTC)}
        with translated():
            await self._collection(FILES).insert_one(file)

    async def remove(self, name: str) -> None:
        """Remove whatever there is of a file."""
        with translated():
            await self._collection(CHUNKS).delete_many({"files_id": name})
            await self._collection(FILES).delete_one({"_id": name})

    def _collection(self, name: str) -> Collection:
        return self._database[name].with_options(write_concern=WriteConcern("majority"))
