"""CSV as offices write it: any of three separators, UTF-8 or what Windows writes, BOM or not.

Runs in a worker's child.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from shared.files.table_limits import CELL, FORMULA, FORMULA_MARKS, LINE, Cell
from shared.worker.jobs import JobRefused

_SEPARATORS: Final = (";", ",", "\t")
_LOOKED_AT: Final = 20
"""First lines by which the separator is found."""
_STATED: Final = "sep="
"""A first line by which Excel is told the separator."""
_BLANKS: Final = ("-", "--")
"""What people write where there is nothing."""


def csv_rows(body: bytes) -> Iterator[list[Cell]]:
    """Yield every row, empty ones too.

    Refuses `encoding`, `not_a_table`, `row_too_long`, `cell_too_long`, `does_not_decode`.
    """
    text = _text(body)
    separator, skipped = _separator(text)
    csv.field_size_limit(LINE)
    rows = csv.reader(_lines(text), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(rows):
            if number >= skipped:
                yield [_cell(value) for value in row]
    except csv.Error as error:
        long = "field larger" in str(error)
        raise JobRefused("row_too_long" if long else "does_not_decode") from None


def _text(body: bytes) -> str:
    try:
        if body.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = body.decode("utf-16")
        else:
            text = _eight_bits(body)
    except UnicodeDecodeError:
        raise JobRefused("encoding") from None
    if "\x00" in text:
        raise JobRefused("not_a_table")
    return text


def _eight_bits(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252")


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends; only line feeds and returns end one, as spreadsheets have it."""
    for line in StringIO(text, newline=None):
        if len(line) > LINE:
            raise JobRefused("row_too_long")
        yield line


def _separator(text: str) -> tuple[str, int]:
    """Return the separator, and how many rows before the table state it."""
    first = text[:LINE].partition("\n")[0].strip().lower()
    if first.startswith(_STATED) and text[len(_STATED)] in _SEPARATORS:
        return text[len(_STATED)], 1
    head = [line for _, line in zip(range(_LOOKED_AT), _lines(text), strict=False)]
    widest = {one: max((line.count(one) for line in head), default=0) for one in _SEPARATORS}
    found = max(_SEPARATORS, key=widest.__getitem__)
    if not widest[found]:
        raise JobRefused("not_a_table")
    return found, 0


def _cell(value: str) -> Cell:
    text = value.strip(" \u00a0")
    if len(text) > CELL:
        raise JobRefused("cell_too_long")
    if text in _BLANKS:
        return ""
    if text.startswith(FORMULA_MARKS):
        return [FORMULA, ""]
    return text.strip()
