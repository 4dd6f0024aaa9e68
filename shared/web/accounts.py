"""How much one account may ask: requests a minute, and persons looked at an hour.

Counted in the memory of each process, so that a request costs no round trip. An account that uses
up a noticeable part of a limit in one process has its counts merged with those of the other
processes every EVERY seconds, through the service's database; all others are never written. While
the database is away each process holds to what it counted and was told before.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.auth.roles import Caller
from shared.limits.counts import Counts, addition, bucket_of
from shared.limits.rates import Rate
from shared.messaging.errors import Unavailable
from shared.observability.security import pseudonym
from shared.web.problems import TooManyRequests

PEOPLE: Final = Rate.parse("600/minute")
"""Ten a second: a page with all its parts a second, or a phone that sends a day's work at once."""
MACHINES: Final = Rate.parse("30000/minute")
"""About what a process can record, so that a program that runs wild leaves something to others."""
PERSONS: Final = Rate.parse("300/hour")
"""Above what is reported (`security.MASS_READ`), so that somebody hears of it before it ends."""
OF_A_CASE: Final = Rate.parse("600/hour")
"""What one account asks about one case. Of the account, so that nobody shuts a case to others."""
EVERY: Final = 5.0
"""Seconds between two merges."""
MERGED_FROM: Final = 0.1
"""Part of a limit that one process must have counted before an account is merged."""
ACCOUNTS: Final = 10_000
"""Accounts that are counted at once; the one that asked longest ago is forgotten. So of cases."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccountRates:
    """What one account may: people, machines, whom either looks at, and about one case."""

    people: Rate = PEOPLE
    machines: Rate = MACHINES
    persons: Rate = PERSONS
    of_a_case: Rate = OF_A_CASE


@dataclass(slots=True)
class _Count:
    """One account's count by one rate: of the window at hand, and all of the one before."""

    rate: Rate
    window: int = 0
    own: int = 0
    others: int = 0
    before: int = 0
    told: int = 0
    """How many of `own` the other processes can know of."""
    seen: set[str] = field(default_factory=set)
    """The persons of this window, each of whom counts once."""

    def waits(self, now: float) -> int | None:
        window = self.rate.window(now)
        if window != self.window:
            followed = window == self.window + 1
            self.before = self.own + self.others if followed else 0
            self.window, self.own, self.others, self.told = window, 0, 0, 0
            self.seen.clear()
        return self.rate.waits(self.before, self.own + self.others, now)

    def merged(self, now: float) -> bool:
        """Whether the account asks so much that other processes are told."""
        much = self.own >= self.rate.amount * MERGED_FROM
        return much and self.window == self.rate.window(now)


_Held = OrderedDict[tuple[str, str], _Count]
"""Counts by account and what is counted, the one that was asked for longest ago first."""


class AccountLimits:
    """Counts what accounts ask of one process, and refuses what is too much."""

    def __init__(
        self,
        counts: Counts,
        clock: Callable[[], datetime],
        rates: AccountRates | None = None,
    ) -> None:
        self._counts = counts
        self._clock = clock
        self._rates = rates or AccountRates()
        self._held: _Held = OrderedDict()
        self._cases: _Held = OrderedDict()

    def admit(self, caller: Caller) -> None:
        """Count one request of an account. Raises TooManyRequests."""
        # A session is a person's; a machine has a token by command.
        rate = self._rates.machines if caller.session is None else self._rates.people
        self._admitted(caller.subject, "requests", rate).own += 1

    def admit_case(self, caller: Caller, case_id: str) -> None:
        """Count one request of an account about a case. Raises TooManyRequests.

        Each process counts by itself: a program that runs wild over one case does so in each.
        """
        key, rate = (caller.subject, case_id), self._rates.of_a_case
        self._counted(self._cases, key, "requests about one case", rate).own += 1

    def admit_look(self, caller: Caller, person: str) -> None:
        """Count that an account looks at a person, once a window. Raises TooManyRequests."""
        held = self._held.get((caller.subject, "persons"))
        now = self._clock().timestamp()
        if held is not None and person in held.seen and held.window == held.rate.window(now):
            return
        count = self._admitted(caller.subject, "persons", self._rates.persons)
        count.own += 1
        count.seen.add(person)

    async def run(self) -> None:
        """Merge every EVERY seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.merge()
            except Unavailable:
                _log.warning("counts of accounts are not merged; each process counts by itself")

    async def merge(self) -> None:
        """Tell the other processes of the accounts that ask much, and learn of them.

        Raises Unavailable; what was not told is told the next time.
        """
        now = self._clock().timestamp()
        asking = {
            _bucket(*key, count.window): count
            for key, count in self._held.items()
            if count.merged(now)
        }
        if asking:
            await self._tell(asking, now)
            found = await self._counts.of([*asking])
            for bucket, count in asking.items():
                count.others = max(count.others, found.get(bucket, 0) - count.told)

    async def _tell(self, asking: Mapping[str, _Count], now: float) -> None:
        untold = {
            bucket: count.own - count.told
            for bucket, count in asking.items()
            if count.own > count.told
        }
        await self._counts.add(
            [addition(asking[bucket].rate, bucket, times, now) for bucket, times in untold.items()]
        )
        for bucket, times in untold.items():
            asking[bucket].told += times

    def _admitted(self, account: str, what: str, rate: Rate) -> _Count:
        return self._counted(self._held, (account, what), what, rate)

    def _counted(self, held: _Held, key: tuple[str, str], what: str, rate: Rate) -> _Count:
        count = held.get(key)
        if count is None:
            count = held[key] = _Count(rate)
        held.move_to_end(key)
        if len(held) > ACCOUNTS:
            held.popitem(last=False)
        waits = count.waits(self._clock().timestamp())
        if waits is None:
            return count
        raise TooManyRequests(
            f"an account has {rate.text} {what}", retry_after=waits, limit=rate.text
        )


def _bucket(account: str, what: str, window: int) -> str:
    return bucket_of(f"{what}/{pseudonym(account)}", window)
