"""The letters that lines' numbers begin with."""

from collections.abc import Iterable
from typing import Final

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What a line's numbers begin with; no I and no O, which read as digits."""


def next_letter(taken: Iterable[str]) -> str:
    """Return the first letter, or the first two, that no line of an event has."""
    used = set(taken)
    names: list[str] = [*LETTERS, *(one + two for one in LETTERS for two in LETTERS)]
    return next(one for one in names if one not in used)
