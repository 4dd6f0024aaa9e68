"""Which days are asked for, and a question that is refused."""

from dataclasses import dataclass
from datetime import date
from typing import Final

MAX_DAYS: Final = 366
"""Days in one report at most: a leap year."""


class Refused(Exception):  # noqa: N818 - reads as the decision it is
    """A question that the rules do not allow; `reason` is stable, `detail` a sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both included. Raises Refused: order, too_long."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Refused("order", "the last day comes before the first")
        if (self.last - self.first).days >= MAX_DAYS:
            raise Refused("too_long", f"at most {MAX_DAYS} days")
