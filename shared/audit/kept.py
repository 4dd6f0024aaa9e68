"""What a service that keeps a trail adds to its store: `TRAIL` and `TRAIL_INDEXES`.

The trail lies in a database of its own, `<database>_audit`, in which the service's user may find
and insert and nothing else: so whatever collections a service has, its rights to them say nothing
of the trail.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from pydantic import ValidationError

from shared.audit.trail import SPOILT, AuditEntry, Block, Place
from shared.messaging.collections import Collection
from shared.messaging.message import Document
from shared.mongo.client import translated
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader
from shared.mongo.users import AddedTo

AUDIT: Final = "audit"
AUDIT_BLOCKS: Final = "audit_blocks"
NOTED: Final = "noted"
PART: Final = "audit"

HOLDS: Final = "holds"
"""Where a block's document has the ids of its entries: an index finds the block of an entry."""
_CUT: Final = timedelta(milliseconds=1)
"""MongoDB keeps no more of a date."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class _Dated(Protocol):
    """What is kept: with its time."""

    @property
    def at(self) -> datetime:
        """When it was made."""
        ...


T = TypeVar("T", bound=_Dated)


class _Kept(Collection[T]):
    """A collection whose documents are read whatever somebody made of them.

    What only queries read is in no digest: it is held against the rest whenever a document is read.
    """

    def __init__(
        self,
        name: str,
        kept: type[T],
        for_queries: Callable[[T], Mapping[str, Any]],
        spoilt: Callable[[str], T],
    ) -> None:
        super().__init__(name, kept, derived=for_queries, apart=PART, listed=False)
        self._for_queries = for_queries
        self._spoilt = spoilt

    def decode(self, document: Document) -> T:
        """Return the value of a document: one that was spoilt is a finding, not an error."""
        try:
            kept = super().decode(document)
        except ValidationError:
            return self._spoilt(str(document["_id"]))
        asked = self._for_queries(kept).items()
        same = all(_same(document.get(field), value) for field, value in asked)
        # A time that somebody took the zone from cannot be held against any other.
        whole = same and kept.at.tzinfo is not None
        return kept if whole else self._spoilt(str(document["_id"]))


def _same(found: Any, value: Any) -> bool:
    if isinstance(value, datetime):
        aware = isinstance(found, datetime) and value.tzinfo is not None
        return aware and abs(found - value) < _CUT
    return bool(found == value)


def _when(entry: AuditEntry) -> Mapping[str, Any]:
    return {NOTED: entry.at}


def _which(block: Block) -> Mapping[str, Any]:
    return {HOLDS: sorted(block.entries)}


def _spoilt_entry(id_: str) -> AuditEntry:
    return AuditEntry(id_, _NEVER, SPOILT, "", "")


def _spoilt_block(id_: str) -> Block:
    return Block(id_, 0, "", _NEVER, {})


TRAIL: Final[tuple[Collection[Any], ...]] = (
    _Kept(AUDIT, AuditEntry, _when, _spoilt_entry),
    _Kept(AUDIT_BLOCKS, Block, _which, _spoilt_block),
)
TRAIL_INDEXES: Final = (
    Index(AUDIT, ((NOTED, 1), ("_id", 1))),
    Index(AUDIT, (("deed", 1), (NOTED, 1), ("_id", 1))),
    Index(AUDIT_BLOCKS, ((HOLDS, 1),)),
)
ADDED_TO: Final = AddedTo(PART, (AUDIT, AUDIT_BLOCKS), TRAIL_INDEXES)
"""For provisioning: what every service's user may do there."""


class TrailReader(MongoReader):
    """`chain.Trail`, and the acts of a time. Every method may raise Unavailable."""

    async def last_block(self) -> Block | None:
        """Return the newest block."""
        found = await self.find(Block, sort=(("_id", -1),), limit=1)
        return found[0] if found else None

    async def places(self, behind: Place, limit: int) -> list[Place]:
        """Return where entries behind a place lie, in the order in which they were noted."""
        at, id_ = behind
        query = {NOTED: {"$gte": at}, "$or": [{NOTED: {"$gt": at}}, {"_id": {"$gt": id_}}]}
        found = await self._fields(AuditEntry, query, (NOTED,), ((NOTED, 1), ("_id", 1)), limit)
        return [(one[NOTED], one["_id"]) for one in found]

    async def ids(self, behind: str, limit: int) -> list[str]:
        """Return ids of entries behind one, in order: also of those whose date is no date."""
        query = {"_id": {"$gt": behind}}
        found = await self._fields(AuditEntry, query, ("_id",), (("_id", 1),), limit)
        return [one["_id"] for one in found]

    async def chained(self, ids: Sequence[str]) -> set[str]:
        """Return those of these entries, a page of them, that are in a block."""
        query = {HOLDS: {"$in": list(ids)}}
        found = await self._fields(Block, query, (HOLDS,), (("_id", 1),), 0)
        return {id_ for one in found for id_ in one[HOLDS]} & set(ids)

    async def blocks(self, after: str, limit: int) -> list[Block]:
        """Return blocks behind an id, in order."""
        return await self.find(Block, {"_id": {"$gt": after}}, limit=limit)

    async def entries(self, ids: Sequence[str]) -> Mapping[str, AuditEntry]:
        """Return entries by their ids."""
        return await self.many(AuditEntry, ids)

    def acts(
        self,
        until: datetime,
        *,
        since: datetime | None = None,
        actor: str | None = None,
        deeds: AbstractSet[str] = frozenset(),
    ) -> AsyncIterator[AuditEntry]:
        """Yield what was done before `until`, oldest first: by one or all, some deeds or all."""
        query: dict[str, Any] = {"noted": {"$lt": until, **({"$gte": since} if since else {})}}
        query |= {"actor": actor} if actor else {}
        query |= {"deed": {"$in": sorted(deeds)}} if deeds else {}
        return self.each(AuditEntry, query, sort=(("noted", 1), ("_id", 1)))

    async def _fields(
        self,
        kept: type[Any],
        query: Mapping[str, Any],
        fields: Sequence[str],
        sort: Sequence[tuple[str, int]],
        limit: int,
    ) -> list[Document]:
        """Return some fields of documents, as they lie there."""
        with translated():
            place = self._place(self._collections.of(kept))
            found = place.find(query, dict.fromkeys(fields, 1), sort=list(sort), limit=limit)
            return list(await found.to_list(None))
