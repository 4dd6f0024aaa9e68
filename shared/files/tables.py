"""Tables that strangers send, CSV or XLSX, as rows of cells. Runs in a worker's child.

What a cell means is for whoever asked: here it is text, or says that it was a number, a date, a
time or a formula. A row is one line of JSON: its number as a spreadsheet shows it, and its cells.
Nothing is calculated, and no row is left out but an empty one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from shared.files.separated import csv_rows
from shared.files.spreadsheet import xlsx_rows
from shared.files.table_limits import COLUMNS, CSV, ROWS, XLSX, Cell
from shared.worker.jobs import JobRefused, Result

_ZIP: Final = b"PK\x03\x04"
_OLD: Final = b"\xd0\xcf\x11\xe0"
"""Excel's format until 2003, and an XLSX with a password."""
_UNTOLD: Final = {
    "",
    "text/plain",
    "application/csv",
    # What browsers on Windows say of a CSV where Excel is installed.
    "application/vnd.ms-excel",
}
"""Stated types that say nothing of which of the two it is."""


def check_table(arguments: Mapping[str, Any], body: bytes) -> Result:
    """Return the `type` of a table that can be read to its end; its bytes stay the `same`.

    Refuses with the reasons of `purpose.TABLE_SENTENCES`.
    """
    found, rows = _opened(arguments, body)
    for _ in _filled(rows):
        pass
    return Result({"type": found, "same": True})


def read_table(arguments: Mapping[str, Any], body: bytes) -> Result:
    """Return a table's filled rows, one a line, and how many. Refuses as `check_table`."""
    found, rows = _opened(arguments, body)
    lines = [
        json.dumps([number, cells], ensure_ascii=False, separators=(",", ":"))
        for number, cells in _filled(rows)
    ]
    return Result({"type": found, "rows": len(lines)}, "\n".join(lines).encode())


def _opened(arguments: Mapping[str, Any], body: bytes) -> tuple[str, Iterable[list[Cell]]]:
    if body.startswith(_OLD):
        raise JobRefused("old_excel")
    found = XLSX if body.startswith(_ZIP) else CSV
    said = arguments.get("said", "")
    if said not in (found, *_UNTOLD):
        raise JobRefused("wrong_type")
    return found, xlsx_rows(body) if found == XLSX else csv_rows(body)


def _filled(rows: Iterable[list[Cell]]) -> Iterator[tuple[int, list[Cell]]]:
    for number, cells in enumerate(rows, start=1):
        if number > ROWS:
            raise JobRefused("too_many_rows")
        while cells and cells[-1] == "":
            cells.pop()
        if len(cells) > COLUMNS:
            raise JobRefused("too_many_columns")
        if any(cell != "" for cell in cells):
            yield number, cells
