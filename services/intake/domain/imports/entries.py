"""A row of a history as a request that was made, or every reason why it is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from services.intake.domain.calendar import ZONES
from services.intake.domain.imports.days import Order, read_day, read_time
from services.intake.domain.imports.header import Column, Header
from services.intake.domain.imports.places import Districts, read_district, read_document
from services.intake.domain.imports.rows import Cell, Kind, Row, cell_name
from services.intake.domain.person import Person, checked_name, checked_nik
from services.intake.domain.programme import Programme
from services.intake.domain.refusal import Refused

T = TypeVar("T")

_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_EXACT: Final = 15
"""Digits that a spreadsheet keeps of a number; of a NIK it makes the sixteenth a 0."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a table's rows are read against."""

    header: Header
    order: Order
    programme: Programme
    districts: Districts
    known: Callable[[str], bool]
    """Whether the register of regions has a code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row says was asked for, and when. Who asked is not always in it."""

    row: int
    service: str
    region_code: str
    at: datetime
    person: Person = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is no entry: the reason for each cell, by its name; nothing of what stood there.

    What is wrong with the row as a whole stands under its number alone.
    """

    row: int
    faults: Mapping[str, str]


class _Faults:
    """The faults of one row, gathered while it is read on."""

    def __init__(self, row: Row, header: Header) -> None:
        self._row = row
        self._header = header
        self.found: dict[str, str] = {}

    def cell(self, column: Column) -> Cell:
        return self._row.cell(self._header.places.get(column))

    def read(self, column: Column, read: Callable[[Cell], T]) -> T | None:
        """Return what a column's cell says; None where it is a fault."""
        cell = self.cell(column)
        if cell.kind is Kind.FORMULA:
            self.add(column, "formula")
            return None
        try:
            return read(cell)
        except Refused as refused:
            self.add(column, refused.reason)
        return None

    def add(self, column: Column, code: str) -> None:
        place = self._header.places.get(column, self._header.places[Column.DATE])
        self.found[cell_name(place, self._row.number)] = code


def read_entry(row: Row, reading: Reading) -> Entry | Bad:
    """Return the request that a row tells of, or all that is wrong in it."""
    faults = _Faults(row, reading.header)
    at = _moment(faults, reading)
    service = faults.read(Column.DOCUMENT, lambda cell: read_document(cell, reading.programme))
    region = faults.read(Column.DISTRICT, lambda cell: _district(cell, reading))
    nik = faults.read(Column.NIK, lambda cell: _nik(cell, reading))
    name = faults.read(Column.NAME, _name)
    if faults.found or at is None or service is None or region is None:
        return Bad(row.number, faults.found)
    return Entry(row.number, service, region, at, Person(name or "", nik))


def _moment(faults: _Faults, reading: Reading) -> datetime | None:
    zone = ZONES[reading.programme.time_zone]
    called = zone.tzname(None)
    day = faults.read(Column.DATE, lambda cell: read_day(cell, reading.order))
    at = faults.read(Column.TIME, lambda cell: read_time(cell, called))
    if day is None:
        return None
    clock = at or day[1]
    if clock is None:
        if not faults.found:
            faults.add(Column.TIME, "time_missing")
        return None
    moment = datetime.combine(day[0], clock, zone).astimezone(UTC)
    if moment < _EARLIEST:
        faults.add(Column.DATE, "too_old")
        return None
    return moment


def _district(cell: Cell, reading: Reading) -> str:
    code = read_district(cell, reading.districts)
    if not reading.known(code):
        raise Refused("district_unknown", "district: no region has this code")
    return code


def _nik(cell: Cell, reading: Reading) -> str | None:
    if cell.empty:
        return None
    if cell.kind is Kind.NUMBER or "e+" in cell.text.lower():
        raise Refused("nik_as_number", f"nik: as a number it keeps {_EXACT} digits; make it a text")
    nik = checked_nik(cell.text.strip("'"))
    if not reading.known(nik[:2]):
        raise Refused("nik_malformed", "nik: its first two digits are no province")
    return nik


def _name(cell: Cell) -> str:
    return "" if cell.empty else checked_name(cell.text)
