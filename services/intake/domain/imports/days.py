"""Days and times as offices write them.

`03/04/2023` is the third of April, as Indonesia writes it, unless the table says otherwise: a table
in which some second number is above 12 is written month first, and one that has both ways leaves a
date unread that could be either. A weekday that stands beside it decides, and one that contradicts
every reading is a mistake.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from services.intake.domain.imports.rows import Cell, Kind
from services.intake.domain.refusal import Refused

_FIRST_SERIAL, _LAST_SERIAL = 36_526, 73_050
"""Excel's numbers of 1 January 2000 and 2100: what lies outside is another number."""
_SERIALS_FROM: Final = date(1899, 12, 30)
_DAY_SECONDS: Final = 86_400
_MONTHS: Final = 12
_CENTURY: Final = 2000
"""Of a year of two digits: nothing older than 2000 is imported."""
_SHORT_YEAR: Final = 2

_WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("senin", "monday", "mon", "sen"),
            ("selasa", "tuesday", "tue", "sel"),
            ("rabu", "wednesday", "wed", "rab"),
            ("kamis", "thursday", "thu", "kam"),
            ("jumat", "jum'at", "jum\u2019at", "friday", "fri", "jum"),
            ("sabtu", "saturday", "sat", "sab"),
            ("minggu", "ahad", "sunday", "sun", "min"),
        )
    )
    for name in names
}
_NAMES: Final = {
    name: number
    for number, names in enumerate(
        (
            ("januari", "january", "jan"),
            ("februari", "pebruari", "february", "feb", "peb"),
            ("maret", "march", "mar", "mrt"),
            ("april", "apr"),
            ("mei", "may"),
            ("juni", "june", "jun"),
            ("juli", "july", "jul"),
            ("agustus", "august", "agu", "agt", "ags", "aug"),
            ("september", "sept", "sep"),
            ("oktober", "october", "okt", "oct"),
            ("november", "nopember", "nov", "nop"),
            ("desember", "december", "des", "dec"),
        ),
        start=1,
    )
    for name in names
}
_CLOCK: Final = r"([0-9]{1,2})[.:]([0-9]{2})(?:[.:]([0-9]{2})(?:\.0+)?)?(?:\s*(wib|wita|wit))?"
_TIME: Final = re.compile(rf"(?:(?:pukul|jam)\s+)?{_CLOCK}")
_WITH_TIME: Final = re.compile(rf"(.*[0-9])(?:t|[,\s]+(?:(?:pukul|jam)\s+)?){_CLOCK}")
_WITH_WEEKDAY: Final = re.compile(r"(?:hari\s+)?([a-z'\u2019]+)[,\s/]+(.*[0-9].*)")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_NUMBERS: Final = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_DAY_NAME: Final = re.compile(r"([0-9]{1,2})[-/. ]*([a-z]+)\.?[-/, ]*([0-9]{4}|[0-9]{2})")
_NAME_DAY: Final = re.compile(r"([a-z]+)\.? ([0-9]{1,2}),? ([0-9]{4})")
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")


class Order(StrEnum):
    """How a table writes dates of three numbers."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    MIXED = "mixed"
    """Both ways."""


def order_of(cells: Iterable[Cell]) -> Order:
    """Return how the dates of a column are written, by those that can be read one way only."""
    pairs = [(int(f[1]), int(f[3])) for f in map(_numbers, cells) if f is not None]
    day_first = any(first > _MONTHS >= second for first, second in pairs)
    month_first = any(second > _MONTHS >= first for first, second in pairs)
    if day_first and month_first:
        return Order.MIXED
    return Order.MONTH_FIRST if month_first else Order.DAY_FIRST


def _numbers(cell: Cell) -> re.Match[str] | None:
    if cell.kind is not Kind.TEXT:
        return None
    _, text = _weekday(_split(cell)[0])
    return _NUMBERS.fullmatch(text)


def read_day(cell: Cell, order: Order) -> tuple[date, time | None]:
    """Return a day, and the time that stands with it. Raises Refused.

    `date_missing`, `date_malformed`, `date_ambiguous`, `weekday_differs`, `time_malformed`.
    """
    if cell.empty:
        raise Refused("date_missing", "date: a day is needed")
    if cell.kind is Kind.DATE:
        found = datetime.fromisoformat(cell.text)
        return found.date(), found.time() if "T" in cell.text else None
    if cell.kind is Kind.TIME:
        raise _no_day()
    if _SERIAL.fullmatch(cell.text):
        return _of_serial(float(cell.text))
    if cell.kind is Kind.NUMBER:
        raise _no_day()
    written, at = _split(cell)
    weekday, text = _weekday(written)
    days = list(_readings(text, order))
    if not days:
        raise _no_day()
    fitting = [day for day in days if weekday in (None, day.weekday())]
    if not fitting:
        raise Refused("weekday_differs", "date: the weekday beside it is another day's")
    if len(fitting) > 1:
        raise Refused("date_ambiguous", "date: day and month cannot be told apart")
    return fitting[0], at


def read_time(cell: Cell, zone: str) -> time | None:
    """Return a time of day, None where none stands there. Raises Refused.

    `zone` is how the programme's zone is called; another one's time is `time_zone_differs`.
    `time_as_number`: 9.5 may have been 09.05 or 09.50 before a spreadsheet took it for a number.
    """
    if cell.empty:
        return None
    if cell.kind is Kind.DATE:
        return datetime.fromisoformat(cell.text).time()
    if cell.kind is Kind.NUMBER:
        part = float(cell.text)
        if not 0 <= part < 1:
            raise Refused("time_as_number", "time: a number, and no time")
        return _of_part(part)
    found = _TIME.fullmatch(cell.text.lower())
    if found is None:
        raise _no_time()
    if found[4] and found[4].upper() != zone:
        raise Refused("time_zone_differs", "time: it names another zone than the programme's")
    return _clock(found)


def _split(cell: Cell) -> tuple[str, time | None]:
    """Return the day's text, and the time that stands behind it."""
    text = " ".join(cell.text.lower().split())
    found = _WITH_TIME.fullmatch(text)
    if found is None:
        return text, None
    at = _TIME.fullmatch(text[found.end(1) :].lstrip("t, "))
    return found[1].rstrip(" ,"), _clock(at) if at else None


def _weekday(text: str) -> tuple[int | None, str]:
    found = _WITH_WEEKDAY.fullmatch(text)
    if found is None or found[1] not in _WEEKDAYS:
        return None, text
    return _WEEKDAYS[found[1]], found[2].strip()


def _readings(text: str, order: Order) -> Iterator[date]:
    """Yield each day that a text can be, once."""
    if found := _YEAR_FIRST.fullmatch(text):
        yield from _day(found[1], int(found[3]), found[4])
    elif found := _NUMBERS.fullmatch(text):
        first, second, year = found[1], found[3], found[4]
        readings = {
            Order.DAY_FIRST: [(second, first)],
            Order.MONTH_FIRST: [(first, second)],
            Order.MIXED: [(second, first), (first, second)],
        }[order]
        for month, day in dict.fromkeys((int(month), int(day)) for month, day in readings):
            yield from _day(year, month, str(day))
    elif found := _DAY_NAME.fullmatch(text):
        yield from _day(found[3], _NAMES.get(found[2], 0), found[1])
    elif found := _NAME_DAY.fullmatch(text):
        yield from _day(found[3], _NAMES.get(found[1], 0), found[2])


def _day(year: str, month: int, day: str) -> Iterator[date]:
    full = int(year) + (_CENTURY if len(year) == _SHORT_YEAR else 0)
    try:
        yield date(full, month, int(day))
    except ValueError:
        return


def _of_serial(serial: float) -> tuple[date, time | None]:
    if not _FIRST_SERIAL <= serial < _LAST_SERIAL:
        raise _no_day()
    day, part = divmod(serial, 1)
    return _SERIALS_FROM + timedelta(days=int(day)), _of_part(part) if part else None


def _of_part(part: float) -> time:
    # Half a second short of midnight stays on its day.
    seconds = min(round(part * _DAY_SECONDS), _DAY_SECONDS - 1)
    return (datetime.combine(_SERIALS_FROM, time.min) + timedelta(seconds=seconds)).time()


def _clock(found: re.Match[str]) -> time:
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError:
        raise _no_time() from None


def _no_day() -> Refused:
    return Refused("date_malformed", "date: no day can be read")


def _no_time() -> Refused:
    return Refused("time_malformed", "time: a time such as 09.15 or 09:15 is needed")
