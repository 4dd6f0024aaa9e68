"""Entries into blocks, in the background: noted with each deed, chained a while later."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.audit.patience import again_and_again
from shared.audit.trail import AuditEntry, Block, Place, next_block
from shared.contracts.audit import AuditHead
from shared.contracts.schema import producer_of
from shared.messaging.errors import Conflict
from shared.messaging.unit_of_work import Clock, OwnCommands, UnitOfWork

EVERY: Final = 30.0
"""Seconds between two blocks."""
MOST: Final = 500
"""Entries in one block at most, and in one page; where there are more, the next block follows."""
SETTLED: Final = timedelta(minutes=15)
"""How long an entry may wait for its block: one that is older and in none is a finding."""
SWEPT: Final = 10
"""Pages of older entries that are looked at with each block, round and round."""

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_EARLIEST: Final = BEGINNING + SETTLED
"""What was spoilt has the beginning as its time, and nothing lies before that."""
_FIRST: Final[Place] = (BEGINNING, "")


class Trail(Protocol):
    """The entries and blocks that are committed."""

    async def last_block(self) -> Block | None:
        """Return the newest block."""
        ...

    async def blocks(self, after: str, limit: int) -> Sequence[Block]:
        """Return blocks behind an id, in order."""
        ...

    async def entries(self, ids: Sequence[str]) -> Mapping[str, AuditEntry]:
        """Return entries by their ids."""
        ...

    async def places(self, behind: Place, limit: int) -> Sequence[Place]:
        """Return where entries behind a place lie, in the order in which they were noted."""
        ...

    async def ids(self, behind: str, limit: int) -> Sequence[str]:
        """Return ids of entries behind one, in order: also of those whose date is no date."""
        ...

    async def chained(self, ids: Sequence[str]) -> set[str]:
        """Return those of these entries, a page of them, that are in a block."""
        ...


class Progress(Protocol):
    """What is told of the chain: `metrics.TrailMetrics`."""

    def chained(self) -> None:
        """Tell that all there was to chain is chained now."""
        ...

    def failed(self) -> None:
        """Tell that something could not be done, and will be tried again."""
        ...


def before(at: datetime) -> Place:
    """Return the place before all that may have been committed since, later than its time says."""
    return (max(at, _EARLIEST) - SETTLED, "")


async def chain(block: Block, head: type[AuditHead], uow: UnitOfWork) -> bool:
    """Keep a block and publish its hash; False where another instance was quicker with its number.

    The number is the document's id: two instances that chain at one moment meet there, and the
    second finds the first's block instead of its own place.
    """
    if await uow.get(Block, block.id) is not None:
        return False
    uow.add(block)
    event = head(
        chain=producer_of(head.type),
        number=block.number,
        head=block.hash,
        entries=len(block.entries),
    )
    uow.publish(event, version=block.number)
    return True


class ChainEntries:
    """Puts entries into blocks, and tells whenever nothing that has settled is loose.

    Entries are looked for since a while before the newest block, or before now where a clock was
    ahead when that was made. What is loose further back (an instance's clock was behind, or a
    block of the future stands before it) is found by a sweep that begins at the first entry with
    each process and goes round and round, SWEPT pages with each block.
    """

    def __init__(
        self,
        trail: Trail,
        commands: OwnCommands,
        clock: Clock,
        head: type[AuditHead],
        progress: Progress,
    ) -> None:
        self._trail = trail
        self._commands = commands
        self._clock = clock
        self._head = head
        self._progress = progress
        self._swept = _FIRST

    async def run(self) -> None:
        """Chain every EVERY seconds, until cancelled."""
        self._progress.chained()
        await again_and_again("to chain the audit trail", self._again, self._progress.failed)

    async def _again(self) -> float:
        try:
            return 0 if await self.look() == MOST else EVERY
        except Conflict:
            return EVERY

    async def look(self) -> int:
        """Chain what is loose; return how many entries, 0 where another instance did."""
        last = await self._trail.last_block()
        begin = before(min(last.at, self._clock())) if last else _FIRST
        loose = await self._loose_since(begin)
        if len(loose) < MOST:
            loose = await self._with_older(loose)
        if not loose or min(one.at for one in loose) > self._clock() - SETTLED:
            self._progress.chained()
        if not loose:
            return 0
        # A full block ends with its last entry: what waits behind it may be older than SETTLED.
        at = max(one.at for one in loose) if len(loose) == MOST else self._clock()
        block = next_block(last, loose, at)
        added = await self._commands.run_own(
            lambda uow: chain(block, self._head, uow), key=block.id
        )
        return len(loose) if added else 0

    async def _loose_since(self, place: Place) -> list[AuditEntry]:
        """Return entries behind a place that are in no block, oldest first, MOST at most."""
        found: list[AuditEntry] = []
        while page := await self._trail.places(place, MOST):
            found += await self._loose_of(page)
            if len(found) >= MOST or len(page) < MOST:
                break
            place = page[-1]
        return found[:MOST]

    async def _with_older(self, loose: list[AuditEntry]) -> list[AuditEntry]:
        """Return these with what the sweep has found, MOST at most."""
        found = {one.id: one for one in loose}
        for _ in range(SWEPT):
            page = await self._trail.places(self._swept, MOST - len(found))
            found |= {one.id: one for one in await self._loose_of(page)}
            self._swept = page[-1] if page else _FIRST
            if not page or len(found) == MOST:
                break
        return list(found.values())

    async def _loose_of(self, page: Sequence[Place]) -> list[AuditEntry]:
        ids = [id_ for _, id_ in page]
        chained = await self._trail.chained(ids)
        entries = await self._trail.entries([id_ for id_ in ids if id_ not in chained])
        return [entries[id_] for id_ in ids if id_ in entries]
