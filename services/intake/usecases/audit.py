"""The audit trail: noted with each deed, chained into blocks a while later, and verified."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from services.intake.domain import AuditEntry, Block, Deed, next_block, wrong_entries
from services.intake.usecases.ports import Clock
from shared.contracts.envelope import new_id
from shared.contracts.intake import AuditHeadPublished
from shared.messaging.errors import Conflict, Unavailable
from shared.messaging.unit_of_work import UnitOfWork, UseCase

EVERY: Final = 30.0
"""Seconds between two blocks."""
MOST: Final = 500
"""Entries in one block at most; where there are more, the next block follows at once."""
SETTLED: Final = timedelta(minutes=15)
"""How long an entry may wait for its block: one that is older and in none is a finding."""


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


class OwnCommands(Protocol):
    """Runs what the service does by its own rule."""

    def run_own(self, use_case: UseCase, *, key: str) -> Awaitable[Any]:
        """Return what the use case answers."""
        ...


def note(deed: Deed, about: str, uow: UnitOfWork, *said: str, actor: str = "") -> None:
    """Note a deed, in the unit of work that does it."""
    uow.add(AuditEntry(new_id(), uow.now(), deed, actor or uow.actor, about, said))


async def chain(block: Block, uow: UnitOfWork) -> None:
    """Keep a block and publish its hash, unless another instance was quicker with its number.

    The number is the document's id: two instances that chain at one moment meet there, and the
    second finds the first's block instead of its own place.
    """
    if await uow.get(Block, block.id) is not None:
        return
    uow.add(block)
    event = AuditHeadPublished(
        chain="intake", number=block.number, head=block.hash, entries=len(block.entries)
    )
    uow.publish(event, version=block.number)


class ChainEntries:
    """Puts entries into blocks, in the background."""

    def __init__(self, trail: Trail, commands: OwnCommands, clock: Clock) -> None:
        self._trail = trail
        self._commands = commands
        self._clock = clock

    async def run(self) -> None:
        """Chain every EVERY seconds, until cancelled."""
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
        since = last.at - SETTLED if last else datetime.min.replace(tzinfo=self._clock().tzinfo)
        loose = await self._trail.loose(since, MOST)
        if loose:
            block = next_block(last, loose, self._clock())
            await self._commands.run_own(lambda uow: chain(block, uow), key=block.id)
        return len(loose)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found; `head` is the newest block's number and hash."""

    entries: int
    blocks: int
    head: str
    findings: Sequence[str]


async def verify(trail: Trail, now: datetime, published: Mapping[int, str]) -> Verdict:
    """Hold every block against the one before it, its entries, and the heads that were published.

    `published` are hashes by number, from wherever the events were kept.
    """
    findings: list[str] = []
    before: Block | None = None
    chained = number = 0
    while page := await trail.blocks(before.id if before else "", 100):
        for block in page:
            if not block.follows(before):
                findings.append(f"block {block.number} does not follow the one before it")
            if published.get(block.number, block.hash) != block.hash:
                findings.append(f"block {block.number} is not the one that was published")
            findings += wrong_entries(block, await trail.entries(list(block.entries)))
            chained, number, before = chained + len(block.entries), block.number, block
    findings += [f"block {n} was published and is missing" for n in published if n > number]
    findings += await _unchained(trail, now, chained)
    head = f"{before.number}:{before.hash}" if before else "none"
    return Verdict(await trail.noted(), number, head, findings)


async def _unchained(trail: Trail, now: datetime, chained: int) -> list[str]:
    if await trail.noted() <= chained:
        return []
    loose = await trail.loose(datetime.min.replace(tzinfo=now.tzinfo), MOST)
    return [f"entry {one.id} is in no block" for one in loose if now - one.at > SETTLED]
