"""Whether a trail is whole: by command with the heads that were published, and all the time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from shared.audit.chain import MOST, SETTLED, Trail, before
from shared.audit.patience import again_and_again
from shared.audit.trail import Block, Place, block_id, wrong_entries
from shared.messaging.unit_of_work import Clock

PAGE: Final = 50
"""Blocks that are looked at together."""
HOUR: Final = 3_600.0
"""Seconds between two looks at what is new."""
DAY: Final = 86_400.0
"""Seconds between two looks at the whole trail."""
REST: Final = 1.0
"""Seconds between two pages of a look, so that it takes no more of the server than it may."""
SHOWN: Final = 20
"""Findings that are named; there may be more."""

_log = logging.getLogger(__name__)
Rest = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a look came: the newest block, and when it began."""

    block: Block | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification has found; `head` is the newest block's number and hash."""

    entries: int
    blocks: int
    head: str
    findings: Sequence[str]
    seen: Seen

    @property
    def heads(self) -> Mapping[int, str]:
        """Return the newest block's hash by its number; none where there is no block."""
        return {self.seen.block.number: self.seen.block.hash} if self.seen.block else {}


async def _at_once() -> None:
    """Go on."""


async def verify(
    trail: Trail, now: datetime, published: Mapping[int, str], rest: Rest = _at_once
) -> Verdict:
    """Hold every block against the one before it, its entries, and the heads that were published.

    `published` are hashes by number, from wherever the events were kept.
    """
    return await Walk(trail, now, published).to_its_end(rest)


class Walk:
    """A walk along a trail, from its beginning or from where another came to.

    Cut off by an error it is gone on with. First the blocks, then the entries that none of them
    holds: each page of entries is held against all blocks there are by then.
    """

    def __init__(
        self,
        trail: Trail,
        now: datetime,
        published: Mapping[int, str],
        since: Seen | None = None,
    ) -> None:
        self._trail = trail
        self._now = now
        self._published = published
        self._since = since
        self._last = since.block if since else None
        self._place: Place = before(since.at) if since else before(now)
        self._entries = 0
        self._held: bool = since is None or since.block is None
        self.findings: list[str] = []

    async def to_its_end(self, rest: Rest) -> Verdict:
        """Go on to the end of the trail. Raises Unavailable."""
        await self._still_there()
        while page := await self._trail.blocks(self._last.id if self._last else "", PAGE):
            for block in page:
                self.findings += await self._wrong(block)
                self._last = block
            await rest()
        while places := await self._page():
            self.findings += await self._unchained(places, rest)
            self._place, self._entries = places[-1], self._entries + len(places)
            await rest()
        number = self._last.number if self._last else 0
        head = f"{number}:{self._last.hash}" if self._last else "none"
        gone = [f"block {n} was published and is missing" for n in self._published if n > number]
        seen = Seen(self._last, self._now)
        return Verdict(self._entries, number, head, [*self.findings, *gone], seen)

    async def _page(self) -> Sequence[Place]:
        """Return the next entries: all by their ids, or by when they were noted what is new."""
        at, id_ = self._place
        if self._since is not None:
            return await self._trail.places(self._place, MOST)
        return [(at, one) for one in await self._trail.ids(id_, MOST)]

    async def _still_there(self) -> None:
        """Hold the block that the walk before this saw last against what lies there now."""
        if self._held or self._last is None:
            return
        found = await self._trail.blocks(block_id(self._last.number - 1), 1)
        if [one.hash for one in found if one.id == self._last.id] != [self._last.hash]:
            self.findings.append(f"block {self._last.number} is not the one that was seen")
        self._held = True

    async def _wrong(self, block: Block) -> list[str]:
        findings = []
        if not block.follows(self._last):
            findings.append(f"block {block.number} does not follow the one before it")
        if self._published.get(block.number, block.hash) != block.hash:
            findings.append(f"block {block.number} is not the one that was published")
        return [*findings, *wrong_entries(block, await self._trail.entries(list(block.entries)))]

    async def _unchained(self, page: Sequence[Place], rest: Rest) -> list[str]:
        """Return which of a page have long been in no block; one that is just chained is in one."""
        loose = await self._loose([id_ for _, id_ in page])
        entries = await self._trail.entries(loose)
        old = [one.id for one in entries.values() if self._now - one.at > SETTLED]
        if not old:
            return []
        await rest()
        return [f"entry {id_} is in no block" for id_ in await self._loose(old)]

    async def _loose(self, ids: Sequence[str]) -> list[str]:
        chained = await self._trail.chained(ids)
        return [id_ for id_ in ids if id_ not in chained]


class Told(Protocol):
    """What is told of the looks: `metrics.TrailMetrics`."""

    def found(self, findings: int) -> None:
        """Tell how much is missing or altered."""
        ...

    def failed(self) -> None:
        """Tell that something could not be done, and will be tried again."""
        ...


class WatchTrail:
    """Looks at the whole trail every day and at what is new every hour, as long as it lives.

    What it has seen is in memory: a new process looks at the whole at once, and knows no head that
    one before it saw.
    """

    def __init__(self, trail: Trail, clock: Clock, told: Told) -> None:
        self._trail = trail
        self._clock = clock
        self._told = told
        self._heads: Mapping[int, str] = {}
        self._whole: Walk | None = None
        self._new: Walk | None = None
        self._seen: Seen | None = None
        self._findings: set[str] = set()
        """Of the last look at the whole, and of those at what was new since."""
        self._before: frozenset[str] = frozenset()
        """Those known when the look at the whole began: what it does not find again is mended."""

    async def run(self) -> None:
        """Look at the whole every DAY, with rests, until cancelled."""
        await again_and_again("to verify the audit trail", self._whole_again, self._told.failed)

    async def run_new(self) -> None:
        """Look at what is new every HOUR, with rests, until cancelled."""
        await again_and_again("to verify the newest trail", self._new_again, self._told.failed)

    async def _whole_again(self) -> float:
        await self.look(lambda: asyncio.sleep(REST))
        return DAY

    async def _new_again(self) -> float:
        await self.look_at_new(lambda: asyncio.sleep(REST))
        return HOUR

    async def look(self, rest: Rest = _at_once) -> Verdict:
        """Verify all, or the rest of it where the last look was cut off. Raises Unavailable."""
        if self._whole is None:
            self._whole = Walk(self._trail, self._clock(), self._heads)
            self._before = frozenset(self._findings)
        verdict = await self._end_of(self._whole, rest)
        self._whole = None
        self._has_seen(verdict)
        self._findings = (self._findings - self._before) | set(verdict.findings)
        self._told.found(len(self._findings))
        return verdict

    async def look_at_new(self, rest: Rest = _at_once) -> Verdict | None:
        """Verify what came since the last look; None before there was one. Raises Unavailable."""
        if self._seen is None:
            return None
        walk = self._new = self._new or Walk(self._trail, self._clock(), {}, self._seen)
        verdict = await self._end_of(walk, rest)
        self._new = None
        self._has_seen(verdict)
        return verdict

    def _has_seen(self, verdict: Verdict) -> None:
        """Know the newest block that any look saw: one that is gone is told of from now on."""
        newest = self._seen.block.number if self._seen and self._seen.block else 0
        if max(verdict.heads, default=0) < newest:
            return
        self._seen = verdict.seen
        if not verdict.findings:
            self._heads = verdict.heads or self._heads

    async def _end_of(self, walk: Walk, rest: Rest) -> Verdict:
        """Go on with a walk, and tell as soon as something is found."""

        async def rested() -> None:
            self._tell(walk.findings)
            await rest()

        verdict = await walk.to_its_end(rested)
        for finding in verdict.findings[:SHOWN]:
            _log.error("the audit trail: %s", finding)
        self._tell(verdict.findings)
        return verdict

    def _tell(self, findings: Sequence[str]) -> None:
        self._findings |= set(findings)
        if findings:
            self._told.found(len(self._findings))
