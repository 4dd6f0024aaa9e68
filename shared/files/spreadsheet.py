"""XLSX, row by row, without calculating anything. Runs in a worker's child.

The archive is weighed before it is opened as a workbook: what unpacks to too much, declares
entities or holds macros is refused by name, whatever the library would make of it.
"""

import os
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

from shared.files.table_limits import (
    CELL,
    COLUMNS,
    DATE,
    FORMULA,
    FORMULA_MARKS,
    NUMBER,
    PARTS,
    RATIO,
    RATIO_FROM,
    STRINGS,
    TIME,
    UNPACKED,
    Cell,
)
from shared.worker.jobs import JobRefused

# One parser for everything, and that a careful one.
os.environ["OPENPYXL_LXML"] = "False"

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.datetime import WINDOWS_EPOCH

_PIECE: Final = 256 * 1024
_OVERLAP: Final = 64
"""Bytes of the piece before that are looked at again: a mark may lie across the border."""
_DECLARED: Final = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C\x00?T|E\x00?N\x00?T)")
"""A document type or an entity, in UTF-8 or UTF-16."""
_STRING: Final = re.compile(rb"<(?:\w+:)?si[ />]")
_BROKEN: Final = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    NotImplementedError,
    EOFError,
    SyntaxError,
    OSError,
)
"""What the library raises over a workbook that is none."""


def xlsx_rows(body: bytes) -> Iterator[list[Cell]]:
    """Yield every row of the one sheet that has any.

    Refuses `zip_bomb`, `entities`, `macros`, `too_many_strings`, `many_sheets`, `dates_1904`,
    `cell_too_long`, `does_not_decode`.
    """
    rows = _read(body)
    while (row := _next(rows)) is not None:
        yield row


def _next(rows: Iterator[list[Cell]]) -> list[Cell] | None:
    """Return the next row. The library's warnings about a workbook are of no use to anybody.

    The filters of warnings belong to the whole process: they are put back before a row is given
    out, or a reader who stops early would put them back whenever his rows are collected.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return next(rows, None)


def _read(body: bytes) -> Iterator[list[Cell]]:
    try:
        _weigh(body)
        book = load_workbook(BytesIO(body), read_only=True, keep_links=False)
        if book.epoch != WINDOWS_EPOCH:
            raise JobRefused("dates_1904")
        filled = [sheet for sheet in book.worksheets if _has_rows(sheet)]
        if len(filled) > 1:
            raise JobRefused("many_sheets")
        for sheet in filled:
            yield from _rows(sheet)
    except DefusedXmlException:
        raise JobRefused("entities") from None
    except _BROKEN:
        raise JobRefused("does_not_decode") from None


def _weigh(body: bytes) -> None:
    """Unpack every part once, and refuse what is no harmless workbook."""
    left = UNPACKED
    with zipfile.ZipFile(BytesIO(body)) as archive:
        parts = archive.infolist()
        if len(parts) > PARTS:
            raise JobRefused("zip_bomb")
        for part in parts:
            name = part.filename.lower()
            if name.endswith("vbaproject.bin") or "macrosheets/" in name:
                raise JobRefused("macros")
            # By what it says of itself, and then by what comes: the first may be a lie.
            if part.file_size > left or _ratio(part) > RATIO:
                raise JobRefused("zip_bomb")
            left -= _looked_through(archive, part, left)


def _ratio(part: zipfile.ZipInfo) -> float:
    return part.file_size / max(1, part.compress_size) if part.file_size > RATIO_FROM else 0


def _looked_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> int:
    """Return how long a part is. Refuses what it must not hold."""
    shared = part.filename.lower().endswith("sharedstrings.xml")
    size, strings, before = 0, 0, b""
    with archive.open(part) as unpacked:
        while piece := unpacked.read(_PIECE):
            size += len(piece)
            if size > most:
                raise JobRefused("zip_bomb")
            seen = before + piece
            if _DECLARED.search(seen):
                raise JobRefused("entities")
            if shared:
                strings += len(_STRING.findall(seen)) - len(_STRING.findall(before))
            if strings > STRINGS:
                raise JobRefused("too_many_strings")
            before = piece[-_OVERLAP:]
    return size


def _has_rows(sheet: Any) -> bool:
    # What a sheet says of its own size may be a lie that hides rows.
    sheet.reset_dimensions()
    return any(any(cell != "" for cell in row) for row in _rows(sheet))


def _rows(sheet: Any) -> Iterator[list[Cell]]:
    for row in sheet.iter_rows(max_col=COLUMNS + 1):
        yield [_cell(cell.value, cell.data_type) for cell in row]


def _cell(value: Any, kind: str) -> Cell:  # noqa: PLR0911 - one for each kind
    match value:
        case None:
            return ""
        case _ if kind == "f":
            return [FORMULA, ""]
        case bool():
            return str(value).upper()
        case int() | float():
            return [NUMBER, repr(value)]
        case datetime():
            return [DATE, value.isoformat(timespec="seconds")]
        case date():
            return [DATE, value.isoformat()]
        case time():
            return [TIME, value.isoformat(timespec="seconds")]
        case timedelta():
            return [TIME, str(value)]
    return _text(str(value))


def _text(value: str) -> Cell:
    text = value.strip()
    if len(text) > CELL:
        raise JobRefused("cell_too_long")
    if text in ("-", "--"):
        return ""
    # It is a text here, and would become a formula wherever it is copied to.
    return [FORMULA, ""] if text.startswith(FORMULA_MARKS) else text
