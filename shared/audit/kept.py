"""What a service that keeps a trail adds to its store: `TRAIL` and `TRAIL_INDEXES`.

The trail lies in a database of its own, `<database>_audit`, in which the service's user may find
and insert and nothing else: so whatever collections a service has, its rights to them say nothing
of the trail.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from shared.audit.trail import SPOILT, AuditEntry, Block
from shared.messaging.collections import Collection
from shared.messaging.message import Document
from shared.mongo.migrations import Index
from shared.mongo.reader import MongoReader
from shared.mongo.users import AddedTo

AUDIT: Final = "audit"
AUDIT_BLOCKS: Final = "audit_blocks"
PART: Final = "audit"

_CUT: Final = timedelta(milliseconds=1)
"""MongoDB keeps no more of a date."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T")


class _Kept(Collection[T]):
    """A collection whose documents are read whatever somebody made of them.

    `sorted_by` is the date that queries read, made of `at`: no digest holds it, so that it is held
    against `at` whenever a document is read.
    """

    def __init__(
        self, name: str, kept: type[T], sorted_by: str, spoilt: Callable[[str], T]
    ) -> None:
        super().__init__(name, kept, derived=self._date, apart=PART, listed=False)
        self._sorted_by = sorted_by
        self._spoilt = spoilt

    def _date(self, kept: Any) -> Mapping[str, Any]:
        return {self._sorted_by: kept.at}

    def decode(self, document: Document) -> T:
        """Return the value of a document: one that was spoilt is a finding, not an error."""
        try:
            kept: Any = super().decode(document)
        except ValidationError:
            return self._spoilt(str(document["_id"]))
        date = document.get(self._sorted_by)
        if not isinstance(date, datetime) or abs(date - kept.at) >= _CUT:
            return self._spoilt(kept.id)
        return kept  # type: ignore[no-any-return]


def _spoilt_entry(id_: str) -> AuditEntry:
    return AuditEntry(id_, _NEVER, SPOILT, "", "")


def _spoilt_block(id_: str) -> Block:
    return Block(id_, 0, "", _NEVER, {})


TRAIL: Final[tuple[Collection[Any], ...]] = (
    _Kept(AUDIT, AuditEntry, "noted", _spoilt_entry),
    _Kept(AUDIT_BLOCKS, Block, "made", _spoilt_block),
)
TRAIL_INDEXES: Final = (
    Index(AUDIT, (("noted", 1), ("_id", 1))),
    Index(AUDIT_BLOCKS, (("made", 1),)),
)
ADDED_TO: Final = AddedTo(PART, (AUDIT, AUDIT_BLOCKS), TRAIL_INDEXES)
"""For provisioning: what every service's user may do there."""


class TrailReader(MongoReader):
    """`chain.Trail`, and the acts of a time. Every method may raise Unavailable."""

    async def last_block(self) -> Block | None:
        """Return the newest block."""
        found = await self.find(Block, sort=(("_id", -1),), limit=1)
        return found[0] if found else None

    async def loose(self, since: datetime, limit: int) -> list[AuditEntry]:
        """Return entries since then that are in no block, oldest first."""
        chained = {
            id_
            for block in await self.find(Block, {"made": {"$gte": since}})
            for id_ in block.entries
        }
        query = {"noted": {"$gte": since}, "_id": {"$nin": sorted(chained)}}
        return await self.find(AuditEntry, query, sort=(("noted", 1), ("_id", 1)), limit=limit)

    async def blocks(self, after: str, limit: int) -> list[Block]:
        """Return blocks behind an id, in order."""
        return await self.find(Block, {"_id": {"$gt": after}}, limit=limit)

    async def entries(self, ids: Sequence[str]) -> Mapping[str, AuditEntry]:
        """Return entries by their ids."""
        return await self.many(AuditEntry, ids)

    async def noted(self) -> int:
        """Return how many entries there are."""
        return await self.count(AuditEntry, {})

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
