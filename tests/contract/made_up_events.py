"""One made-up event in the forms that somebody might give it one after the other."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from shared.contracts.event import Event, Part

TYPE = "desk.letter_opened.v1"


class DeskEvent(Event):
    """What every fact of the made-up producer says."""

    type: ClassVar[str] = TYPE
    aggregate_field: ClassVar[str] = "letter_id"
    correlation_field: ClassVar[str] = "letter_id"

    letter_id: str = Field(pattern="^[a-z0-9]{1,9}$", examples=["a1"])


class First(DeskEvent):
    """A letter was opened."""

    pages: int = Field(ge=1, le=9, examples=[2])


class Reworded(DeskEvent):
    """Somebody opened a letter."""

    pages: int = Field(ge=1, le=9, description="Sheets.", examples=[2])


class OtherExample(DeskEvent):
    """A letter was opened."""

    pages: int = Field(ge=1, le=9, examples=[3])


class WithDate(DeskEvent):
    """A letter was opened."""

    pages: int = Field(ge=1, le=9, examples=[2])
    on: date | None = Field(default=None, examples=["2023-03-11"])


class WithDateAndTray(WithDate):
    """A letter was opened."""

    tray: int | None = Field(default=None, ge=1, le=9, examples=[4])


class Narrower(DeskEvent):
    """A letter was opened."""

    pages: int = Field(ge=1, le=5, examples=[2])


class Stricter(First):
    """A letter was opened; what its schema cannot say is checked as well."""

    @field_validator("pages")
    @classmethod
    def _odd(cls, pages: int) -> int:
        if pages == 2:
            raise ValueError("two pages are none")
        return pages

    pages: int = Field(ge=1, le=9, examples=[3])


class Stamp(Part):
    """A value without an example."""

    value: int


class NoExample(DeskEvent):
    """A letter was opened."""

    stamps: tuple[Stamp, ...]


class BadExample(DeskEvent):
    """A letter was opened."""

    pages: Annotated[int, Field(ge=1, le=9, examples=[99])]


class AlmostExample(DeskEvent):
    """A letter was opened."""

    pages: Annotated[int, Field(ge=1, le=9, examples=["2"])]
