"""Rows of a table as they were sent."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a cell was, where it was no text."""

    TEXT = ""
    NUMBER = "n"
    DATE = "d"
    TIME = "t"
    FORMULA = "f"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. It does not show itself: it may hold a person's number."""

    text: str = field(default="", repr=False)
    kind: Kind = Kind.TEXT

    @property
    def empty(self) -> bool:
        """Return whether nothing stands in it."""
        return not self.text and self.kind is Kind.TEXT


EMPTY: Final = Cell()


@dataclass(frozen=True, slots=True)
class Row:
    """A row under the number that a spreadsheet shows."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, place: int | None) -> Cell:
        """Return a cell; an empty one where the row has none there, or no place is named."""
        if place is None or place >= len(self.cells):
            return EMPTY
        return self.cells[place]


_LETTERS: Final = 26


def cell_name(place: int, row: int) -> str:
    """Return a cell's name as a spreadsheet shows it: the third of row 17 is C17."""
    name = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, _LETTERS)
        name = chr(ord("A") + letter) + name
    return f"{name}{row}"
