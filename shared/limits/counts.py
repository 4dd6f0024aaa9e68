"""Counts that all processes of a service share, and tries that are counted by them.

    tries = Tries(counts, clock, key)
    if (seconds := await tries.waits([(rate, "login/siti")])) is not None: ...
    await tries.count([(rate, "login/siti")])

To ask is one read; only what is wrong is written. A count's key is a keyed hash of who is counted
and by what rate: the database shows neither an address nor a name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from typing import Final, Protocol

from shared.limits.rates import Rate

Clock = Callable[[], datetime]
Counted = Sequence[tuple[Rate, str]]
"""Who is counted, each by a rate."""
_DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Addition:
    """So many more in one window of one who is counted; of use until a time."""

    bucket: str
    times: int
    until: datetime


class Counts(Protocol):
    """Where counts are kept: `shared.mongo.counts`. Every method may raise Unavailable."""

    async def of(self, buckets: Sequence[str]) -> Mapping[str, int]:
        """Return the counts there are; what has none, or is of no use any more, may be missing."""
        ...

    async def add(self, additions: Sequence[Addition]) -> None:
        """Add to counts, each by itself, also at the same moment as others."""
        ...


def bucket_of(who: str, window: int) -> str:
    """Return the id of the count of one who is counted in one window."""
    return f"{who}/{window}"


def addition(rate: Rate, bucket: str, times: int, now: float) -> Addition:
    """Return what to add to the count of now's window: it is of use in the next one too."""
    until = datetime.fromtimestamp((rate.window(now) + 2) * rate.seconds, UTC)
    return Addition(bucket, times, until)


class Tries:
    """Tries of those who are counted by keyed hashes. Every method may raise Unavailable.

    Tries at the same moment are admitted together.
    """

    def __init__(self, counts: Counts, clock: Clock, key: bytes) -> None:
        self._counts = counts
        self._clock = clock
        self._key = sha256(key).digest()  # whatever its length

    async def waits(self, counted: Counted) -> int | None:
        """Return the longest that one of them has to wait, in seconds; None: nobody."""
        now = self._clock().timestamp()
        hashed = [(rate, self._hash(rate, who), rate.window(now)) for rate, who in counted]
        found = await self._counts.of(
            [bucket_of(who, window - past) for _, who, window in hashed for past in (0, 1)]
        )
        waits = [
            rate.waits(
                found.get(bucket_of(who, window - 1), 0), found.get(bucket_of(who, window), 0), now
            )
            for rate, who, window in hashed
        ]
        return max((seconds for seconds in waits if seconds is not None), default=None)

    async def count(self, counted: Counted) -> None:
        """Count one more of each."""
        now = self._clock().timestamp()
        await self._counts.add(
            [
                addition(rate, bucket_of(self._hash(rate, who), rate.window(now)), 1, now)
                for rate, who in counted
            ]
        )

    def _hash(self, rate: Rate, who: str) -> str:
        # `hmac.digest` gives the interpreter away each time; a busy process waits to get it back.
        said = f"{rate.text}\x00{who}".encode()
        return blake2b(said, key=self._key, digest_size=_DIGEST_BYTES).hexdigest()
