"""A rate such as `20/minute`, held over a window that slides.

The window slides by weighing the count of the window before with the part of it that still lies
behind: two numbers for each who is counted, and no list of times. It takes tries for evenly spread,
so a burst at the end of one window may count for a little less in the next.
"""

import re
from dataclasses import dataclass
from typing import Final

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,4})?(second|minute|hour|day)")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so many seconds; `text` as it was written."""

    amount: int
    seconds: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Return the rate written `30/15minute`. Raises ValueError."""
        found = _RATE.fullmatch(text.strip())
        if found is None or not int(found[1]) or found[2] == "0":
            raise ValueError("a limit is written AMOUNT/UNIT or AMOUNT/NUMBERUNIT: 30/15minute")
        return cls(int(found[1]), int(found[2] or 1) * _UNITS[found[3]], text.strip())

    def times(self, factor: int) -> "Rate":
        """Return the same window with so many times the amount."""
        text = f"{self.amount * factor}/{self.text.partition('/')[2]}"
        return Rate(self.amount * factor, self.seconds, text)

    def window(self, now: float) -> int:
        """Return the number of the window that a moment, in seconds since 1970, lies in."""
        return int(now // self.seconds)

    def waits(self, before: int, count: int, now: float) -> int | None:
        """Return the seconds until one more is allowed, None: now.

        `count` are those of the window that now lies in, `before` those of the one before it.
        """
        gone = now % self.seconds
        if before * (1 - gone / self.seconds) + count < self.amount:
            return None
        if count < self.amount:
            return _whole(self._falls(before, self.amount - count) - gone)
        return _whole(self.seconds - gone + self._falls(count, self.amount))

    def _falls(self, before: int, to: int) -> float:
        """Return the second of a window in which the weight of the one before has come down."""
        return self.seconds * (1 - to / before)


def _whole(seconds: float) -> int:
    # At the moment itself it is still refused, and rounding must not bring that moment forward.
    return int(seconds + 1e-6) + 1
