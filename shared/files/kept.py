"""What a service that keeps files adds to its store, beside `FILES` in its `COLLECTIONS`."""

from typing import Final

from shared.files.stored import FILES, FileState, StoredFile
from shared.mongo.files import CHUNKS, GRIDFS_INDEXES
from shared.mongo.files import FILES as GRIDFS_FILES
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader

RAW_FILES: Final = (GRIDFS_FILES, CHUNKS)
FILE_INDEXES: Final = (
    *GRIDFS_INDEXES,
    Index(FILES.name, (("state", 1),), partial={"state": FileState.REMOVING.value}),
)

_MASTER: Final = "sealed_key.master"


class FileReader(MongoReader):
    """Reads what a service keeps, its files among that."""

    async def files_going(self, limit: int) -> list[str]:
        """Return ids of files whose frames are to be removed."""
        query = {"state": FileState.REMOVING.value}
        return [file.id for file in await self.find(StoredFile, query, limit=limit)]

    async def files_under(self, master: str) -> int:
        """Return how many files' keys a master key of the service's own wraps."""
        return await self.count(StoredFile, {_MASTER: master})

    async def files_not_under(self, master: str, after: str, limit: int) -> list[str]:
        """Return files whose keys another master key wraps, in order of ids behind `after`."""
        query = {_MASTER: {"$exists": True, "$ne": master}, "_id": {"$gt": after}}
        return [file.id for file in await self.find(StoredFile, query, limit=limit)]
