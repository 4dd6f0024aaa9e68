"""What is said of refused rows: to machines by codes, to people in Bahasa Indonesia."""

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Final, Protocol

from pydantic import BaseModel

from services.intake.domain.imports import neutral
from shared.web.texts import Texts

REPORT_TYPE: Final = "text/csv; charset=utf-8"
_BOM: Final = "\ufeff"
"""By it Excel knows UTF-8."""
_EVENT: Final = ("event_unknown", "event_needed")
_OFFERS: Final = ("create_event", "without_event")


class Named(Protocol):
    """A refused row."""

    @property
    def row(self) -> int:
        """Return its number."""
        ...

    @property
    def faults(self) -> Mapping[str, str]:
        """Return the reasons by the names of cells."""
        ...


class CellAnswer(BaseModel):
    """A cell that is wrong, as a spreadsheet names it, and why."""

    cell: str
    code: str
    text: str


class RowAnswer(BaseModel):
    """A refused row, with each cell that is wrong in it."""

    row: int
    cells: list[CellAnswer]


class OfferAnswer(BaseModel):
    """What can be done where an event is not known."""

    offer: str
    text: str


def words(code: str, texts: Texts) -> str:
    """Return what people are told of a reason."""
    key = f"import.{code}"
    return texts(key if key in texts else "import.other")


def row_answer(bad: Named, texts: Texts) -> RowAnswer:
    """Return a refused row with words."""
    return RowAnswer(
        row=bad.row,
        cells=[
            CellAnswer(cell=cell, code=code, text=words(code, texts))
            for cell, code in bad.faults.items()
        ],
    )


def offers(reason: str, texts: Texts) -> list[dict[str, str]]:
    """Return what can be done about an event that nobody has named or announced."""
    if reason not in _EVENT:
        return []
    return [
        OfferAnswer(offer=one, text=texts(f"import.offer_{one}")).model_dump() for one in _OFFERS
    ]


def report(found: Iterable[Named], texts: Texts) -> str:
    """Return refused rows as CSV; whatever a spreadsheet would calculate is made a text."""
    written = StringIO()
    table = csv.writer(written, delimiter=";", lineterminator="\r\n")
    heads = [texts(f"import.report_{name}") for name in ("row", "cell", "code", "why")]
    table.writerow(map(neutral, heads))
    for bad in found:
        for one in row_answer(bad, texts).cells:
            table.writerow(map(neutral, (str(bad.row), one.cell, one.code, one.text)))
    return _BOM + written.getvalue()
