"""Entries into blocks, in the background: noted with each deed, chained a while later."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.audit.trail import AuditEntry, Block, next_block
from shared.contracts.audit import AuditHead
from shared.contracts.schema import producer_of
from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.unit_of_work import Clock, OwnCommands, UnitOfWork

EVERY: Final = 30.0
"""Seconds between two blocks."""
MOST: Final = 500
"""Entries in one block at most; where there are more, the next block follows at once."""
SETTLED: Final = timedelta(minutes=15)
"""How long an entry may wait for its block: one that is older and in none is a finding."""

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
_EARLIEST: Final = BEGINNING + SETTLED
"""What was spoilt has the beginning as its time, and nothing lies before that."""


class Trail(Protocol):
    """The entries and blocks that are committed."""

    async def last_block(self) -> Block | None:
        """Return the newest block."""
        ...

    async def loose(self, since: datetime, limit: int) -> Sequence[AuditEntry]:
        """Return entries since then that are in no block, oldest first."""
        ...

    async def blocks(self, after: str, limit: int) -> Sequence[Block]:
        """Return blocks behind an id, in order."""
        ...

    async def entries(self, ids: Sequence[str]) -> Mapping[str, AuditEntry]:
        """Return entries by their ids."""
        ...

    async def noted(self) -> int:
        """Return how many entries there are."""
        ...


async def chain(block: Block, head: type[AuditHead], uow: UnitOfWork) -> None:
    """Keep a block and publish its hash, unless another instance was quicker with its number.

    The number is the document's id: two instances that chain at one moment meet there, and the
    second finds the first's block instead of its own place.
    """
    if await uow.get(Block, block.id) is not None:
        return
    uow.add(block)
    event = head(
        chain=producer_of(head.type),
        number=block.number,
        head=block.hash,
        entries=len(block.entries),
    )
    uow.publish(event, version=block.number)


class ChainEntries:
    """Puts entries into blocks. `done` is called whenever nothing that has settled is loose."""

    def __init__(
        self,
        trail: Trail,
        commands: OwnCommands,
        clock: Clock,
        head: type[AuditHead],
        done: Callable[[], None],
    ) -> None:
        self._trail = trail
        self._commands = commands
        self._clock = clock
        self._head = head
        self._done = done

    async def run(self) -> None:
        """Chain every EVERY seconds, until cancelled."""
        self._done()
        while True:
            try:
                full = await self.look() == MOST
            except (Unavailable, Conflict):
                full = False
            await asyncio.sleep(0 if full else EVERY)

    async def look(self) -> int:
        """Chain what is loose; return how many entries."""
        last = await self._trail.last_block()
        # Without blocks from the beginning; else from a while before the newest, for an entry may
        # have been committed later than its time says.
        since = max(last.at, _EARLIEST) - SETTLED if last else BEGINNING
        loose = await self._trail.loose(since, MOST)
        if not loose or loose[0].at > self._clock() - SETTLED:
            self._done()
        if loose:
            # A full block ends with its last entry: what waits behind it may be older than SETTLED.
            at = max(one.at for one in loose) if len(loose) == MOST else self._clock()
            block = next_block(last, loose, at)
            await self._commands.run_own(lambda uow: chain(block, self._head, uow), key=block.id)
        return len(loose)
