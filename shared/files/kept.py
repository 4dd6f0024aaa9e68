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


class FileReader(MongoReader):
    """Reads what a service keeps, its files among that."""

    async def files_going(self, limit: int) -> list[str]:
        """Return ids of files whose frames are to be removed."""
        query = {"state": FileState.REMOVING.value}
        return [file.id for file in await self.find(StoredFile, query, limit=limit)]
