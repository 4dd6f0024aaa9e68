"""What a service that keeps files adds to its store, beside `FILES` in its `COLLECTIONS`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from shared.files.stored import FILES, FileState, StoredFile
from shared.mongo.files import CHUNKS, GRIDFS_INDEXES
from shared.mongo.files import FILES as GRIDFS_FILES
from shared.mongo.migrations import Index

RAW_FILES: Final = (GRIDFS_FILES, CHUNKS)
FILE_INDEXES: Final = (
    *GRIDFS_INDEXES,
    Index(FILES.name, (("state", 1),), partial={"state": FileState.REMOVING.value}),
)


class Finds(Protocol):
    """Finds files by a query; `MongoReader` does."""

    async def find(
        self, kept: type[StoredFile], query: Mapping[str, Any], *, limit: int
    ) -> Sequence[StoredFile]:
        """Return those that fit, so many at most."""
        ...


async def files_going(reader: Finds, limit: int) -> list[str]:
    """Return ids of files whose frames are to be removed."""
    query = {"state": FileState.REMOVING.value}
    return [file.id for file in await reader.find(StoredFile, query, limit=limit)]
