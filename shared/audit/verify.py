"""Whether a trail is whole: by command with the heads that were published, and all the time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.audit.chain import BEGINNING, MOST, SETTLED, Trail
from shared.audit.trail import Block, wrong_entries
from shared.messaging.errors import Unavailable
from shared.messaging.unit_of_work import Clock

PAGE: Final = 50
"""Blocks that are looked at together."""
ROUND: Final = 3_600.0
"""Seconds between two looks at the whole trail."""
REST: Final = 1.0
"""Seconds between two pages of such a look, so that it takes no more of the server than it may."""
SHOWN: Final = 20
"""Findings that are named; there may be more."""

_log = logging.getLogger(__name__)
Rest = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found; `head` is the newest block's number and hash."""

    entries: int
    blocks: int
    head: str
    findings: Sequence[str]

    @property
    def heads(self) -> Mapping[int, str]:
        """Return the newest block's hash by its number; none where there is no block."""
        number, _, hash_ = self.head.partition(":")
        return {int(number): hash_} if hash_ else {}


async def _at_once() -> None:
    """Go on."""


async def verify(
    trail: Trail, now: datetime, published: Mapping[int, str], rest: Rest = _at_once
) -> Verdict:
    """Hold every block against the one before it, its entries, and the heads that were published.

    `published` are hashes by number, from wherever the events were kept.
    """
    findings: list[str] = []
    before: Block | None = None
    chained = number = 0
    noted = await trail.noted()
    while page := await trail.blocks(before.id if before else "", PAGE):
        for block in page:
            findings += await _wrong(block, before, published, trail)
            chained, number, before = chained + len(block.entries), block.number, block
        await rest()
    findings += [f"block {n} was published and is missing" for n in published if n > number]
    findings += await _unchained(trail, now, noted - chained)
    head = f"{before.number}:{before.hash}" if before else "none"
    return Verdict(noted, number, head, findings)


async def _wrong(
    block: Block, before: Block | None, published: Mapping[int, str], trail: Trail
) -> list[str]:
    findings = []
    if not block.follows(before):
        findings.append(f"block {block.number} does not follow the one before it")
    if published.get(block.number, block.hash) != block.hash:
        findings.append(f"block {block.number} is not the one that was published")
    return [*findings, *wrong_entries(block, await trail.entries(list(block.entries)))]


async def _unchained(trail: Trail, now: datetime, loose: int) -> list[str]:
    if loose <= 0:
        return []
    found = await trail.loose(BEGINNING, MOST)
    return [f"entry {one.id} is in no block" for one in found if now - one.at > SETTLED]


class WatchTrail:
    """Verifies the whole trail again and again; each look knows the head that the last one saw."""

    def __init__(self, trail: Trail, clock: Clock, found: Callable[[int], None]) -> None:
        self._trail = trail
        self._clock = clock
        self._found = found
        self._heads: Mapping[int, str] = {}

    async def run(self) -> None:
        """Look every ROUND seconds until cancelled; a minute after the database was away."""
        while True:
            try:
                await self.look(lambda: asyncio.sleep(REST))
                pause = ROUND
            except Unavailable:
                pause = 60.0
            await asyncio.sleep(pause)

    async def look(self, rest: Rest = _at_once) -> Verdict:
        """Verify once, and tell. Raises Unavailable."""
        verdict = await verify(self._trail, self._clock(), self._heads, rest)
        # A head that is gone is told of as long as this process lives.
        if not verdict.findings:
            self._heads = verdict.heads or self._heads
        self._found(len(verdict.findings))
        for finding in verdict.findings[:SHOWN]:
            _log.error("the audit trail: %s", finding)
        return verdict
