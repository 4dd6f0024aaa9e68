"""As much of a MongoDB collection as readers use, over `Memory`: equality, comparisons, sorting.

What it does not know it refuses with NotImplementedError, so that no test passes on a query that
means something else on the real server. Aggregations are for the integration tests.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from shared.messaging.message import Document
from shared.testing.memory import Memory, stored

_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$in": lambda value, wanted: value in wanted,
    "$nin": lambda value, wanted: value not in wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$gt": lambda value, wanted: value is not None and value > wanted,
    "$gte": lambda value, wanted: value is not None and value >= wanted,
    "$lt": lambda value, wanted: value is not None and value < wanted,
    "$lte": lambda value, wanted: value is not None and value <= wanted,
}


class MemoryDatabase:
    """Hands out collections by name, as a database of the driver does, of all parts alike."""

    name = "memory"
    read_concern = None

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    @property
    def client(self) -> "MemoryDatabase":
        """Return what hands out the databases of parts: itself."""
        return self

    def get_database(self, name: str, **_: Any) -> "MemoryDatabase":
        """Return the database of a part: the memory tells collections apart by name alone."""
        del name
        return self

    def __getitem__(self, name: str) -> "MemoryCollection":
        return MemoryCollection(self._memory, name)


class MemoryCollection:
    """One collection, for reading."""

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory = memory
        self._name = name

    async def find_one(
        self,
        query: Mapping[str, Any],
        projection: Mapping[str, Any] | None = None,
        sort: Sequence[tuple[str, int]] = (),
    ) -> Document | None:
        """Return the first document that fits."""
        found = await self.find(query, projection, sort=sort, limit=1).to_list(None)
        return found[0] if found else None

    def find(
        self,
        query: Mapping[str, Any],
        projection: Mapping[str, Any] | None = None,
        *,
        sort: Sequence[tuple[str, int]] = (),
        skip: int = 0,
        limit: int = 0,
    ) -> "MemoryCursor":
        """Return a cursor over the documents that fit; a limit of 0 means none."""
        cursor = MemoryCursor(self._memory, self._name, query, projection)
        return cursor.sort(list(sort)).skip(skip).limit(limit)

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> "MemoryUnion":
        """Return a cursor over documents by id, each beside its collection's name."""
        return MemoryUnion(self._memory, self._name, pipeline)

    async def count_documents(self, query: Mapping[str, Any]) -> int:
        """Return how many documents fit."""
        return len(await self.find(query).to_list(None))


class MemoryCursor:
    """What a query found, in the order asked for."""

    def __init__(
        self,
        memory: Memory,
        name: str,
        query: Mapping[str, Any],
        projection: Mapping[str, Any] | None,
    ) -> None:
        self._memory = memory
        self._name = name
        self._query = query
        self._projection = projection
        self._sort: list[tuple[str, int]] = []
        self._skip = 0
        self._limit = 0

    def sort(self, keys: str | Sequence[tuple[str, int]], direction: int = 1) -> "MemoryCursor":
        """Order by these fields, 1 for up and -1 for down."""
        self._sort = [(keys, direction)] if isinstance(keys, str) else list(keys)
        return self

    def skip(self, count: int) -> "MemoryCursor":
        """Leave out the first."""
        self._skip = count
        return self

    def limit(self, count: int) -> "MemoryCursor":
        """Return so many at most; 0 for all."""
        self._limit = count
        return self

    async def to_list(self, length: int | None = None) -> list[Document]:
        """Return the documents, so many at most."""
        self._memory.reachable()
        found = [one for one in self._memory.copies(self._name) if matches(one, self._query)]
        for field, direction in reversed(self._sort):
            found.sort(key=lambda one: _order(_value(one, field)), reverse=direction < 0)
        end = self._skip + self._limit if self._limit else None
        shown = [_projected(one, self._projection) for one in found[self._skip : end]]
        return shown if length is None else shown[:length]

    async def __aiter__(self) -> AsyncIterator[Document]:
        for document in await self.to_list(None):
            yield document


class MemoryUnion:
    """`$match` and `$replaceWith` of one collection, and the same of others by `$unionWith`."""

    def __init__(self, memory: Memory, name: str, pipeline: Sequence[Mapping[str, Any]]) -> None:
        self._memory = memory
        self._name = name
        self._pipeline = pipeline

    async def __aiter__(self) -> AsyncIterator[Document]:
        """Yield what was found."""
        for row in await self.to_list():
            yield row

    async def to_list(self, length: int | None = None) -> list[Document]:
        """Return what was found, so many at most."""
        rows: list[Document] = []
        for stage in self._pipeline:
            match stage:
                case {"$match": query, **rest} if not rest:
                    rows = await MemoryCursor(self._memory, self._name, query, None).to_list()
                case {"$replaceWith": {"of": {"$literal": name}, "document": "$$ROOT"}}:
                    rows = [{"of": name, "document": row} for row in rows]
                case {"$unionWith": {"coll": name, "pipeline": pipeline}}:
                    rows += await MemoryUnion(self._memory, name, pipeline).to_list()
                case _:
                    raise NotImplementedError(f"the fake has no {list(stage)}")
        return rows if length is None else rows[:length]


def matches(document: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    """Return whether a document fits a query. Raises NotImplementedError for unknown operators."""
    return all(_fits(document, field, wanted) for field, wanted in query.items())


def _fits(document: Mapping[str, Any], field: str, wanted: Any) -> bool:
    if field == "$or":
        return any(matches(document, part) for part in wanted)
    if field == "$and":
        return all(matches(document, part) for part in wanted)
    if field.startswith("$"):
        raise NotImplementedError(f"the fake has no {field}")
    value = _value(document, field)
    if not _is_operators(wanted):
        plain = stored(wanted)
        return value == plain or (isinstance(value, list) and plain in value)
    return all(_compares(value, operator, limit) for operator, limit in wanted.items())


def _compares(value: Any, operator: str, wanted: Any) -> bool:
    if operator not in _OPERATORS:
        raise NotImplementedError(f"the fake has no {operator}")
    if isinstance(value, list) and operator == "$in":
        return any(one in stored(wanted) for one in value)
    if isinstance(value, list):
        raise NotImplementedError(f"the fake has no {operator} on a list")
    return _OPERATORS[operator](value, stored(wanted))


def _is_operators(wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and any(str(key).startswith("$") for key in wanted)


def _value(document: Mapping[str, Any], field: str) -> Any:
    step, _, rest = field.partition(".")
    value = document.get(step)
    if not rest:
        return value
    if isinstance(value, list):
        return [_value(part, rest) for part in value if isinstance(part, Mapping)]
    return _value(value, rest) if isinstance(value, Mapping) else None


def _order(value: Any) -> tuple[bool, Any]:
    # MongoDB sorts what is missing or null before everything else.
    return (value is not None, value if value is not None else 0)


def _projected(document: Document, projection: Mapping[str, Any] | None) -> Document:
    if not projection:
        return document
    fields = {name for name, wanted in projection.items() if wanted}
    if not fields:
        return {name: part for name, part in document.items() if name not in projection}
    hidden = {name for name, wanted in projection.items() if not wanted}
    kept = (fields | {"_id"}) - hidden
    return {name: part for name, part in document.items() if name in kept}
