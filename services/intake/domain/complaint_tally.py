"""How many complaints came and how many of these are resolved."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_HUNDREDTH: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Tally:
    """How many complaints came, and of these how many are resolved, and were answered in time.

    They are counted under the month in which they came, so that of nothing more is resolved than
    came. One that was opened again is not resolved until it is closed once more.
    """

    received: int = 0
    resolved: int = 0
    within_deadline: int = 0

    @property
    def ratio(self) -> Decimal | None:
        """Return resolved by received in percent, with two decimals; None where none came.

        No complaints are not 100 %: the rubric of 2026 has them in its lowest level (Surat BSKDN
        400.10.11/1887/BSKDN).
        """
        if not self.received:
            return None
        share = Decimal(100 * self.resolved) / self.received
        return share.quantize(_HUNDREDTH, ROUND_HALF_UP)


def together(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of some."""
    every = tuple(tallies)
    return Tally(
        sum(one.received for one in every),
        sum(one.resolved for one in every),
        sum(one.within_deadline for one in every),
    )
